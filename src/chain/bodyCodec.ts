/**
 * A block's transactions and receipts as one row holds them: RLP, so that a body is read back exactly or not at all. Ommers and withdrawals
 * stand with them in a second form, which a version byte announces.
 */
import { assert, defined } from '../primitives/assert.ts'
import { bigintToBytes, bytesToBigint, concatBytes, EMPTY_BYTES } from '../primitives/bytes.ts'
import { decodeHeader, encodeHeader } from '../primitives/header.ts'
import { type Address, bytesToHex, hexToBytes } from '../primitives/hex.ts'
import type { Log, Receipt } from '../primitives/receipt.ts'
import { decodeRlp, encodeRlp, type RlpItem } from '../primitives/rlp.ts'
import { readWithdrawal, withdrawalItem } from '../primitives/withdrawal.ts'
import type { StoredBlock, StoredTransaction } from './chain.ts'

/** Body list, transaction, receipt, log list, log, topics; one more around the list of transactions in the second form. */
const BODY_DEPTH = 7
/** No RLP list begins with it. */
const SECOND_FORM = 1

type StoredBody = Pick<StoredBlock, 'transactions' | 'ommers' | 'withdrawals'>

export function encodeBody({ transactions, ommers = [], withdrawals }: StoredBody): Uint8Array {
  const items = transactions.map(encodeTransaction)
  if (ommers.length === 0 && withdrawals === undefined) return encodeRlp(items)
  const more = [ommers.map(encodeHeader), ...(withdrawals ? [withdrawals.map(withdrawalItem)] : [])]
  return concatBytes(Uint8Array.of(SECOND_FORM), encodeRlp([items, ...more]))
}

export function decodeBody(body: Uint8Array): StoredBody {
  if (body[0] !== SECOND_FORM)
    return { transactions: asList(decodeRlp(body, BODY_DEPTH)).map(decodeTransaction) }
  const [transactions, ommers, withdrawals] = asList(decodeRlp(body.subarray(1), BODY_DEPTH))
  return {
    transactions: asList(transactions).map(decodeTransaction),
    ommers: asList(ommers).map((header) => decodeHeader(asBytes(header))),
    ...(withdrawals !== undefined && { withdrawals: asList(withdrawals).map(readWithdrawal) }),
  }
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
      ...(receipt.stateRoot === undefined ? [] : [hexToBytes(receipt.stateRoot)]),
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
  const [type, status, cumulativeGasUsed, logs, stateRoot] = asList(item)
  return {
    type: Number(bytesToBigint(asBytes(type))),
    succeeded: asBytes(status).length > 0,
    cumulativeGasUsed: bytesToBigint(asBytes(cumulativeGasUsed)),
    logs: asList(logs).map(decodeLog),
    ...(stateRoot !== undefined && { stateRoot: bytesToHex(asBytes(stateRoot)) }),
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
