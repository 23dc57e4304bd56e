/** Blocks, transactions, receipts and logs as an execution client words them. */
import { encodeHeader } from '../../../src/primitives/header.ts'
import { bytesToHex, toQuantity } from '../../../src/primitives/hex.ts'
import { logsBloom } from '../../../src/primitives/receipt.ts'
import { decodeRlp, encodeRlp } from '../../../src/primitives/rlp.ts'
import { BYTES_PER_BLOB } from './blob.ts'
import type { L1Block } from './block.ts'
import { blobBaseFee, effectiveGasPrice } from './fees.ts'
import type { SignedTransaction } from './transaction.ts'

export type Json = Record<string, unknown>

export function formatBlock(block: L1Block, fullTransactions: boolean): Json {
  const { header } = block
  return {
    ...formatHeader(block),
    size: toQuantity(blockSize(block)),
    transactions: fullTransactions
      ? block.transactions.map((_, index) => formatTransaction(block, index))
      : block.transactions.map((transaction) => transaction.hash),
    uncles: [],
    ...(header.withdrawalsRoot === undefined ? {} : { withdrawals: [] }),
  }
}

function formatHeader({ header, hash }: L1Block): Json {
  return {
    hash,
    parentHash: header.parentHash,
    sha3Uncles: header.ommersHash,
    miner: header.coinbase,
    stateRoot: header.stateRoot,
    transactionsRoot: header.transactionsRoot,
    receiptsRoot: header.receiptsRoot,
    logsBloom: bytesToHex(header.logsBloom),
    difficulty: toQuantity(header.difficulty),
    number: toQuantity(header.number),
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

function present(key: string, value: bigint | string | undefined): Json {
  if (value === undefined) return {}
  return { [key]: typeof value === 'bigint' ? toQuantity(value) : value }
}

export function formatTransaction(block: L1Block, index: number): Json {
  const tx = block.transactions[index]!
  const place = {
    blockHash: block.hash,
    blockNumber: toQuantity(block.header.number),
    blockTimestamp: toQuantity(block.header.timestamp),
    transactionIndex: toQuantity(index),
  }
  return formatPlaced(tx, place, effectiveGasPrice(tx, block.header.baseFeePerGas ?? 0n))
}

/** In no block yet. */
export function formatPooled(tx: SignedTransaction): Json {
  const nowhere = { blockHash: null, blockNumber: null, transactionIndex: null }
  return formatPlaced(tx, nowhere, tx.maxFeePerGas)
}

function formatPlaced(tx: SignedTransaction, place: Json, gasPrice: bigint): Json {
  const { r, s, yParity } = tx.signature
  const common = {
    ...place,
    hash: tx.hash,
    type: toQuantity(tx.type),
    chainId: toQuantity(tx.chainId),
    nonce: toQuantity(tx.nonce),
    from: tx.from,
    to: tx.to,
    gas: toQuantity(tx.gas),
    value: toQuantity(tx.value),
    input: bytesToHex(tx.input),
    gasPrice: toQuantity(gasPrice),
    r: toQuantity(r),
    s: toQuantity(s),
  }
  if (tx.type === 0) return { ...common, v: toQuantity(tx.chainId * 2n + 35n + BigInt(yParity)) }
  const typed = {
    ...common,
    maxFeePerGas: toQuantity(tx.maxFeePerGas),
    maxPriorityFeePerGas: toQuantity(tx.maxPriorityFeePerGas),
    accessList: [],
    v: toQuantity(yParity),
    yParity: toQuantity(yParity),
  }
  if (tx.type === 2) return typed
  return { ...typed, maxFeePerBlobGas: toQuantity(tx.maxFeePerBlobGas), blobVersionedHashes: tx.blobHashes }
}

export function formatReceipt(block: L1Block, index: number): Json {
  const tx = block.transactions[index]!
  const receipt = block.receipts[index]!
  const before = block.receipts[index - 1]?.cumulativeGasUsed ?? 0n
  const firstLog = block.receipts.slice(0, index).reduce((sum, { logs }) => sum + logs.length, 0)
  return {
    type: toQuantity(receipt.type),
    status: receipt.succeeded ? '0x1' : '0x0',
    cumulativeGasUsed: toQuantity(receipt.cumulativeGasUsed),
    logs: receipt.logs.map((_, i) => formatLog(block, index, i, firstLog + i)),
    logsBloom: bytesToHex(logsBloom(receipt.logs)),
    transactionHash: tx.hash,
    transactionIndex: toQuantity(index),
    blockHash: block.hash,
    blockNumber: toQuantity(block.header.number),
    gasUsed: toQuantity(receipt.cumulativeGasUsed - before),
    effectiveGasPrice: toQuantity(effectiveGasPrice(tx, block.header.baseFeePerGas ?? 0n)),
    from: tx.from,
    to: tx.to,
    contractAddress: null,
    ...(tx.type === 3
      ? {
          blobGasUsed: toQuantity(tx.blobHashes.length * BYTES_PER_BLOB),
          blobGasPrice: toQuantity(blobBaseFee(block.header.excessBlobGas ?? 0n)),
        }
      : {}),
  }
}

export function formatLogs(block: L1Block): Json[] {
  const out: Json[] = []
  for (const [index, receipt] of block.receipts.entries())
    for (const i of receipt.logs.keys()) out.push(formatLog(block, index, i, out.length))
  return out
}

function formatLog(block: L1Block, transactionIndex: number, indexInReceipt: number, logIndex: number): Json {
  const log = block.receipts[transactionIndex]!.logs[indexInReceipt]!
  return {
    address: log.address,
    topics: log.topics,
    data: bytesToHex(log.data),
    blockNumber: toQuantity(block.header.number),
    transactionHash: block.transactions[transactionIndex]!.hash,
    transactionIndex: toQuantity(transactionIndex),
    blockHash: block.hash,
    blockTimestamp: toQuantity(block.header.timestamp),
    logIndex: toQuantity(logIndex),
    removed: false,
  }
}

function blockSize({ header, transactions }: L1Block): number {
  const body = transactions.map(({ type, raw }) => (type === 0 ? decodeRlp(raw, 1) : raw))
  return encodeRlp([decodeRlp(encodeHeader(header), 1), body, [], []]).length
}
