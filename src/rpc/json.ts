/** Blocks, transactions, receipts and logs as JSON: field for field what https://github.com/ethereum/execution-apis describes. */
import { parseTransaction, type Hex as ViemHex } from 'viem'
import type { FoundLog, StoredBlock, StoredTransaction } from '../chain/chain.ts'
import { logsOf } from '../chain/logs.ts'
import { GAS_PER_BLOB } from '../engine/rules/filter.ts'
import { blockSize } from '../primitives/blockSize.ts'
import { type BlockHeader, headerHash } from '../primitives/header.ts'
import { type Address, bytesToHex, type Hash, type Hex, toQuantity } from '../primitives/hex.ts'
import { logsBloom } from '../primitives/receipt.ts'
import type { Withdrawal } from '../primitives/withdrawal.ts'
import { logJson } from './logJson.ts'

const BLOB_TRANSACTION = 3

export type Json = { readonly [key: string]: unknown }

export function headerJson(hash: Hash, header: BlockHeader): Json {
  return {
    number: toQuantity(header.number),
    hash,
    parentHash: header.parentHash,
    sha3Uncles: header.ommersHash,
    miner: header.coinbase,
    stateRoot: header.stateRoot,
    transactionsRoot: header.transactionsRoot,
    receiptsRoot: header.receiptsRoot,
    logsBloom: bytesToHex(header.logsBloom),
    difficulty: toQuantity(header.difficulty),
    gasLimit: toQuantity(header.gasLimit),
    gasUsed: toQuantity(header.gasUsed),
    timestamp: toQuantity(header.timestamp),
    extraData: bytesToHex(header.extraData),
    mixHash: header.mixHash,
    nonce: bytesToHex(header.nonce),
    ...present('baseFeePerGas', header.baseFeePerGas),
    ...present('withdrawalsRoot', header.withdrawalsRoot),
    ...present('blobGasUsed', header.blobGasUsed),
    ...present('excessBlobGas', header.excessBlobGas),
    ...present('parentBeaconBlockRoot', header.parentBeaconBlockRoot),
    ...present('requestsHash', header.requestsHash),
  }
}

/** Blocks of a rollup have neither uncles nor withdrawals; the list of withdrawals is there from Shanghai on. */
export function blockJson(block: StoredBlock, isFull: boolean): Json {
  return {
    ...headerJson(block.hash, block.header),
    size: toQuantity(block.size),
    transactions: isFull
      ? block.transactions.map((_, index) => transactionJson(block, index))
      : block.transactions.map(({ hash }) => hash),
    uncles: (block.ommers ?? []).map(headerHash),
    ...(block.header.withdrawalsRoot === undefined
      ? {}
      : { withdrawals: (block.withdrawals ?? []).map(withdrawalJson) }),
  }
}

/** Null when the block has no such uncle: a header, as geth shows it. */
export function uncleJson(block: StoredBlock, index: number): Json | null {
  const uncle = block.ommers?.[index]
  if (uncle === undefined) return null
  return { ...headerJson(headerHash(uncle), uncle), size: toQuantity(blockSize(uncle, [])), uncles: [] }
}

export function withdrawalJson(withdrawal: Withdrawal): Json {
  return {
    index: toQuantity(withdrawal.index),
    validatorIndex: toQuantity(withdrawal.validatorIndex),
    address: withdrawal.address,
    amount: toQuantity(withdrawal.amount),
  }
}

/** Null when the block has no such index. `gasPrice` is what was paid, base fee included, whatever the type. */
export function transactionJson(block: StoredBlock, index: number): Json | null {
  const transaction = block.transactions[index]
  if (transaction === undefined) return null
  return {
    blockHash: block.hash,
    blockNumber: toQuantity(block.header.number),
    blockTimestamp: toQuantity(block.header.timestamp),
    transactionIndex: toQuantity(index),
    ...signedJson(transaction),
    gasPrice: toQuantity(transaction.effectiveGasPrice),
  }
}

export function pendingTransactionJson(transaction: {
  readonly raw: Uint8Array
  readonly hash: Hash
  readonly sender: Address
}): Json {
  return { blockHash: null, blockNumber: null, transactionIndex: null, ...signedJson(transaction) }
}

/** What the sender signed, and the signature. */
function signedJson(transaction: {
  readonly raw: Uint8Array
  readonly hash: Hash
  readonly sender: Address
}): Json {
  const { raw, hash, sender } = transaction
  const signed = parseTransaction(bytesToHex(raw))
  const isLegacy = signed.type === 'legacy'
  const parity = toQuantity(signed.yParity ?? 0)
  return {
    hash,
    type: toQuantity(isLegacy ? 0 : (raw[0] ?? 0)),
    from: sender,
    nonce: toQuantity(signed.nonce ?? 0),
    to: signed.to ?? null,
    value: toQuantity(signed.value ?? 0n),
    gas: toQuantity(signed.gas ?? 0n),
    gasPrice: toQuantity(signed.gasPrice ?? signed.maxFeePerGas ?? 0n),
    ...(hasFeeCap(signed.type)
      ? {
          maxFeePerGas: toQuantity(signed.maxFeePerGas ?? 0n),
          maxPriorityFeePerGas: toQuantity(signed.maxPriorityFeePerGas ?? 0n),
        }
      : {}),
    ...present('maxFeePerBlobGas', signed.maxFeePerBlobGas),
    ...present('blobVersionedHashes', signed.blobVersionedHashes),
    input: signed.data ?? '0x',
    ...present('chainId', signed.chainId),
    ...(isLegacy ? {} : { accessList: signed.accessList ?? [] }),
    ...(signed.authorizationList === undefined
      ? {}
      : { authorizationList: signed.authorizationList.map(authorizationJson) }),
    r: trimHex(signed.r),
    s: trimHex(signed.s),
    ...(isLegacy ? { v: toQuantity(signed.v ?? 0n) } : { yParity: parity, v: parity }),
  }
}

function hasFeeCap(type: string | undefined): boolean {
  return type === 'eip1559' || type === 'eip4844' || type === 'eip7702'
}

function authorizationJson(authorization: {
  readonly address: ViemHex
  readonly chainId: number
  readonly nonce: number
  readonly r: ViemHex
  readonly s: ViemHex
  readonly yParity?: number | undefined
}): Json {
  return {
    address: authorization.address,
    chainId: toQuantity(authorization.chainId),
    nonce: toQuantity(authorization.nonce),
    r: trimHex(authorization.r),
    s: trimHex(authorization.s),
    yParity: toQuantity(authorization.yParity ?? 0),
  }
}

/** Every receipt of a block, in order. `blobBaseFee`: wei per blob gas, of a block that may have blobs. */
export function receiptsJson(block: StoredBlock, blobBaseFee?: bigint): readonly Json[] {
  const logs = logsOf(block)
  let firstLog = 0
  return block.transactions.map((transaction, index) => {
    const own = logs.slice(firstLog, firstLog + transaction.receipt.logs.length)
    firstLog += own.length
    return receiptJson(block, { transaction, index, logs: own }, blobBaseFee)
  })
}

/** Null when the block has no such index. */
export function receiptJsonAt(block: StoredBlock, index: number, blobBaseFee?: bigint): Json | null {
  const transaction = block.transactions[index]
  if (transaction === undefined) return null
  const logs = logsOf(block).filter(({ transactionIndex }) => transactionIndex === index)
  return receiptJson(block, { transaction, index, logs }, blobBaseFee)
}

function receiptJson(
  block: StoredBlock,
  {
    transaction,
    index,
    logs,
  }: {
    readonly transaction: StoredTransaction
    readonly index: number
    readonly logs: readonly FoundLog[]
  },
  blobBaseFee: bigint | undefined,
): Json {
  const { receipt } = transaction
  return {
    blockHash: block.hash,
    blockNumber: toQuantity(block.header.number),
    transactionHash: transaction.hash,
    transactionIndex: toQuantity(index),
    type: toQuantity(receipt.type),
    from: transaction.sender,
    to: transaction.to,
    contractAddress: transaction.createdContract,
    ...(receipt.stateRoot === undefined
      ? { status: receipt.succeeded ? '0x1' : '0x0' }
      : { root: receipt.stateRoot }),
    gasUsed: toQuantity(transaction.gasUsed),
    cumulativeGasUsed: toQuantity(receipt.cumulativeGasUsed),
    effectiveGasPrice: toQuantity(transaction.effectiveGasPrice),
    logs: logs.map((log) => logJson(log)),
    logsBloom: bytesToHex(logsBloom(receipt.logs)),
    ...blobReceiptJson(transaction, blobBaseFee),
  }
}

function blobReceiptJson({ raw, receipt }: StoredTransaction, blobBaseFee: bigint | undefined): Json {
  if (receipt.type !== BLOB_TRANSACTION || blobBaseFee === undefined) return {}
  const blobs = parseTransaction(bytesToHex(raw)).blobVersionedHashes?.length ?? 0
  return { blobGasUsed: toQuantity(BigInt(blobs) * GAS_PER_BLOB), blobGasPrice: toQuantity(blobBaseFee) }
}

function present(key: string, value: bigint | number | Hex | readonly Hex[] | undefined): Json {
  if (value === undefined) return {}
  return { [key]: typeof value === 'bigint' || typeof value === 'number' ? toQuantity(value) : value }
}

/** A signature part as a quantity: no leading zeros. */
function trimHex(word: string | undefined): Hex {
  return toQuantity(BigInt(word ?? '0x0'))
}
