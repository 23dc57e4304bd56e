/** Size of a block's RLP in bytes, as JSON-RPC reports it, without building it. */
import { type BlockHeader, encodeHeader } from './header.ts'

/** `transactions` are EIP-2718 bytes; ommers and withdrawals are empty. */
export function blockSize(header: BlockHeader, transactions: readonly Uint8Array[]): number {
  const transactionsBytes = transactions.reduce((sum, raw) => sum + itemSize(raw), 0)
  const emptyLists = header.withdrawalsRoot === undefined ? 1 : 2
  const payload = encodeHeader(header).length + prefixSize(transactionsBytes) + transactionsBytes + emptyLists
  return prefixSize(payload) + payload
}

/** A legacy transaction is a list already; a typed one stands in the body as a byte string. */
function itemSize(raw: Uint8Array): number {
  const isLegacy = (raw[0] ?? 0) >= 0xc0
  return isLegacy ? raw.length : prefixSize(raw.length) + raw.length
}

function prefixSize(length: number): number {
  if (length < 56) return 1
  let size = 1
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) size++
  return size
}
