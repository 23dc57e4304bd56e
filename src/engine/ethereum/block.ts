/** A plain Ethereum block as it is passed on: header, transactions, ommers and, from Shanghai, withdrawals. Yellow Paper §4.3, EIP-2718, EIP-4895. */
import { type BlockHeader, decodeHeader, encodeHeader, headerHash } from '../../primitives/header.ts'
import type { Hash } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { orderedTrieRoot } from '../../primitives/orderedTrie.ts'
import { decodeRlp, encodeRlp, RlpError, type RlpItem } from '../../primitives/rlp.ts'
import { readWithdrawal, type Withdrawal, withdrawalItem } from '../../primitives/withdrawal.ts'

export type EthereumBlock = {
  readonly header: BlockHeader
  /** EIP-2718 bytes. */
  readonly transactions: readonly Uint8Array[]
  readonly ommers: readonly BlockHeader[]
  readonly withdrawals?: readonly Withdrawal[]
}

/** Block, list of transactions, transaction; typed ones are bytes. */
const DEPTH_MAX = 3

export function encodeBlock({ header, transactions, ommers, withdrawals }: EthereumBlock): Uint8Array {
  return encodeRlp([
    headerItem(header),
    transactions.map(transactionItem),
    ommers.map(headerItem),
    ...(withdrawals === undefined ? [] : [withdrawals.map(withdrawalItem)]),
  ])
}

/** Throws RlpError for bytes that are no block. */
export function decodeBlock(bytes: Uint8Array): EthereumBlock {
  const items = listOf(decodeRlp(bytes, DEPTH_MAX))
  const [header, transactions, ommers, withdrawals, ...rest] = items
  if (header === undefined || rest.length > 0) throw new RlpError('a block has three or four fields')
  return {
    header: readHeader(header),
    transactions: listOf(transactions).map((item) => (item instanceof Uint8Array ? item : encodeRlp(item))),
    ommers: listOf(ommers).map(readHeader),
    ...(withdrawals !== undefined && { withdrawals: listOf(withdrawals).map(readWithdrawal) }),
  }
}

export function ommersHash(ommers: readonly BlockHeader[]): Hash {
  return keccak256Hex(encodeRlp(ommers.map(headerItem)))
}

export function withdrawalsRoot(withdrawals: readonly Withdrawal[]): Hash {
  return orderedTrieRoot(withdrawals.map((withdrawal) => encodeRlp(withdrawalItem(withdrawal))))
}

/** A legacy transaction is a list already; a typed one stands in the body as a byte string. */
function transactionItem(raw: Uint8Array): RlpItem {
  return (raw[0] ?? 0) >= 0xc0 ? decodeRlp(raw, 1) : raw
}

function headerItem(header: BlockHeader): RlpItem {
  return decodeRlp(encodeHeader(header), 1)
}

function readHeader(item: RlpItem): BlockHeader {
  const bytes = encodeRlp(item)
  const header = decodeHeader(bytes)
  // Numbers with leading zeros would be read as if they had none, and be another header.
  if (headerHash(header) !== keccak256Hex(bytes)) throw new RlpError('a header is not canonical')
  return header
}

function listOf(item: RlpItem | undefined): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw new RlpError('expected a list')
  return item
}
