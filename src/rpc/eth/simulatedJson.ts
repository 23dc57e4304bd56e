/** A simulated block as JSON: as one of the chain, with the result of every call beside it. */
import type {
  SimulatedBlock,
  SimulatedCall,
  SimulatedLog,
  SimulatedTransaction,
} from '../../engine/simulate/simulated.ts'
import { revertReason } from '../../engine/trace/revertReason.ts'
import { decodeTransaction, type Transaction } from '../../engine/transaction.ts'
import { assert } from '../../primitives/assert.ts'
import { minBigint } from '../../primitives/bigint.ts'
import { bytesToHex, toQuantity } from '../../primitives/hex.ts'
import { accessListJson } from '../callRequest.ts'
import { ERROR_CODES } from '../errors.ts'
import { headerJson, type Json } from '../json.ts'

export function simulatedBlockJson(block: SimulatedBlock, isFull: boolean): Json {
  const { hash, header, transactions, calls, withdrawals } = block
  return {
    ...headerJson(hash, header),
    size: toQuantity(block.size),
    transactions: isFull
      ? transactions.map((_, index) => unsignedJson(block, index))
      : transactions.map((transaction) => transaction.hash),
    uncles: [],
    ...(withdrawals && {
      withdrawals: withdrawals.map(({ index, validatorIndex, address, amount }) => ({
        index: toQuantity(index),
        validatorIndex: toQuantity(validatorIndex),
        address,
        amount: toQuantity(amount),
      })),
    }),
    calls: calls.map((call, index) => callJson(block, call, index)),
  }
}

function callJson(block: SimulatedBlock, call: SimulatedCall, index: number): Json {
  const { outcome, gasUsed, gasUsedAtMost, logs } = call
  return {
    returnData: outcome.type === 'succeeded' ? bytesToHex(outcome.returnData) : '0x',
    logs: logs.map((log) => logJson(block, log, index)),
    gasUsed: toQuantity(gasUsed),
    maxUsedGas: toQuantity(gasUsedAtMost),
    status: outcome.type === 'succeeded' ? '0x1' : '0x0',
    ...(outcome.type !== 'succeeded' && { error: errorJson(outcome) }),
  }
}

function errorJson(outcome: Exclude<SimulatedCall['outcome'], { type: 'succeeded' }>): Json {
  if (outcome.type === 'reverted') {
    const reason = revertReason(outcome.returnData)
    const message = reason === undefined ? 'execution reverted' : `execution reverted: ${reason}`
    return { code: ERROR_CODES.executionReverted, message, data: bytesToHex(outcome.returnData) }
  }
  const capped = outcome.isGasCapped ? " (gas limit was capped by the RPC server's global gas cap)" : ''
  return { code: ERROR_CODES.vmError, message: outcome.error + capped }
}

function logJson({ hash, header, transactions }: SimulatedBlock, log: SimulatedLog, index: number): Json {
  return {
    address: log.address,
    topics: log.topics,
    data: bytesToHex(log.data),
    blockNumber: toQuantity(header.number),
    blockHash: hash,
    blockTimestamp: toQuantity(header.timestamp),
    transactionHash: transactions[index]?.hash,
    transactionIndex: toQuantity(index),
    logIndex: toQuantity(log.index),
    removed: false,
  }
}

/** The sender is not in its bytes, and its signature is zeros. */
function unsignedJson({ hash, header, transactions }: SimulatedBlock, index: number): Json | undefined {
  const transaction = transactions[index]
  if (transaction === undefined) return undefined
  return {
    blockHash: hash,
    blockNumber: toQuantity(header.number),
    blockTimestamp: toQuantity(header.timestamp),
    transactionIndex: toQuantity(index),
    ...unsignedFieldsJson(transaction, header.baseFeePerGas ?? 0n),
  }
}

/** A transaction that `encodeUnsigned` made. */
export function unsignedFieldsJson(transaction: SimulatedTransaction, baseFee: bigint): Json {
  const decoded = decodeTransaction(transaction.raw)
  assert(decoded.type === 'transaction', 'an unsigned transaction does not decode')
  return fieldsJson(decoded.transaction, transaction, baseFee)
}

function fieldsJson(transaction: Transaction, { hash, sender }: SimulatedTransaction, baseFee: bigint): Json {
  const { type, nonce, to, value, gasLimit, maxFeePerGas, maxPriorityFeePerGas, data, blobs } = transaction
  const isLegacy = type === 0
  const price = isLegacy ? maxFeePerGas : minBigint(baseFee + maxPriorityFeePerGas, maxFeePerGas)
  return {
    hash,
    type: toQuantity(type),
    from: sender,
    nonce: toQuantity(nonce),
    to: to === null ? null : bytesToHex(to),
    value: toQuantity(value),
    gas: toQuantity(gasLimit),
    gasPrice: toQuantity(price),
    input: bytesToHex(data),
    ...(!isLegacy && {
      maxFeePerGas: toQuantity(maxFeePerGas),
      maxPriorityFeePerGas: toQuantity(maxPriorityFeePerGas),
      chainId: toQuantity(transaction.chainId ?? 0n),
      accessList: accessListJson(transaction.accessList),
      yParity: '0x0',
    }),
    ...(isLegacy && { chainId: UNSIGNED_LEGACY_CHAIN_ID }),
    ...(blobs && {
      maxFeePerBlobGas: toQuantity(blobs.maxFeePerBlobGas),
      blobVersionedHashes: blobs.versionedHashes.map(bytesToHex),
    }),
    ...(transaction.authorizations && {
      authorizationList: transaction.authorizations.map((item) => ({
        chainId: toQuantity(item.chainId),
        address: bytesToHex(item.address),
        nonce: toQuantity(item.nonce),
        yParity: toQuantity(item.yParity),
        r: toQuantity(item.r),
        s: toQuantity(item.s),
      })),
    }),
    ...{ r: '0x0', s: '0x0', v: '0x0' },
  }
}

/** What geth reads out of a signature's `v` of zero: (2^64 − 35) / 2. */
const UNSIGNED_LEGACY_CHAIN_ID = toQuantity((2n ** 64n - 35n) / 2n)
