/** A block's transactions and receipts as one row holds them: RLP, so that a body is read back exactly or not at all. */
import { assert, defined } from '../primitives/assert.ts'
import { bigintToBytes, bytesToBigint, EMPTY_BYTES } from '../primitives/bytes.ts'
import { type Address, bytesToHex, hexToBytes } from '../primitives/hex.ts'
import type { Log, Receipt } from '../primitives/receipt.ts'
import { decodeRlp, encodeRlp, type RlpItem } from '../primitives/rlp.ts'
import type { StoredTransaction } from './chain.ts'

/** Body list, transaction, receipt, log list, log, topics. */
const BODY_DEPTH = 6

export function encodeBody(transactions: readonly StoredTransaction[]): Uint8Array {
  return encodeRlp(transactions.map(encodeTransaction))
}

export function decodeBody(body: Uint8Array): readonly StoredTransaction[] {
  return asList(decodeRlp(body, BODY_DEPTH)).map(decodeTransaction)
}

function encodeTransaction(transaction: StoredTransaction): RlpItem {
  const { receipt } = transaction
  return [
    transaction.raw,
    hexToBytes(transaction.hash),
    hexToBytes(transaction.sender),
    encodeOptionalAddress(transaction.to),
    bigintToBytes(transaction.gasUsed),
    bigintToBytes(transaction.effectiveGasPrice),
    encodeOptionalAddress(transaction.createdContract),
    // Shifted by one: no bytes means the anchor transaction, which nobody listed.
    transaction.listedIndex === undefined ? EMPTY_BYTES : bigintToBytes(BigInt(transaction.listedIndex) + 1n),
    [
      bigintToBytes(BigInt(receipt.type)),
      bigintToBytes(receipt.succeeded ? 1n : 0n),
      bigintToBytes(receipt.cumulativeGasUsed),
      receipt.logs.map((log) => [hexToBytes(log.address), log.topics.map(hexToBytes), log.data]),
    ],
  ]
}

function decodeTransaction(item: RlpItem): StoredTransaction {
  const fields = asList(item)
  const bytes = (index: number) => asBytes(fields[index])
  const listed = bytes(7)
  return {
    raw: bytes(0),
    hash: bytesToHex(bytes(1)),
    sender: bytesToHex(bytes(2)),
    to: decodeOptionalAddress(bytes(3)),
    gasUsed: bytesToBigint(bytes(4)),
    effectiveGasPrice: bytesToBigint(bytes(5)),
    createdContract: decodeOptionalAddress(bytes(6)),
    receipt: decodeReceipt(fields[8]),
    ...(listed.length > 0 && { listedIndex: Number(bytesToBigint(listed)) - 1 }),
  }
}

function decodeReceipt(item: RlpItem | undefined): Receipt {
  const [type, status, cumulativeGasUsed, logs] = asList(item)
  return {
    type: Number(bytesToBigint(asBytes(type))),
    succeeded: asBytes(status).length > 0,
    cumulativeGasUsed: bytesToBigint(asBytes(cumulativeGasUsed)),
    logs: asList(logs).map(decodeLog),
  }
}

function decodeLog(item: RlpItem): Log {
  const [address, topics, data] = asList(item)
  return {
    address: bytesToHex(asBytes(address)),
    topics: asList(topics).map((topic) => bytesToHex(asBytes(topic))),
    data: asBytes(data),
  }
}

function encodeOptionalAddress(address: Address | null): Uint8Array {
  return address === null ? EMPTY_BYTES : hexToBytes(address)
}

function decodeOptionalAddress(bytes: Uint8Array): Address | null {
  return bytes.length === 0 ? null : bytesToHex(bytes)
}

function asList(item: RlpItem | undefined): readonly RlpItem[] {
  const value = defined(item, 'a list in a stored block body')
  assert(!(value instanceof Uint8Array), 'stored block body has bytes where a list belongs')
  return value
}

function asBytes(item: RlpItem | undefined): Uint8Array {
  assert(item instanceof Uint8Array, 'stored block body has a list where bytes belong')
  return item
}
