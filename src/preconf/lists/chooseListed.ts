/**
 * Which pooled transactions go on a list. A list protects what a builder would rather leave out, and only what can be executed: so half of
 * it is what pays best, which nobody can push out with dust, and the rest what has waited longest among what pays, which nobody can
 * outbid. A pure function of the pool's content: the same pool gives the same list.
 */
import type { Hash } from '../../primitives/hex.ts'
import { encodeRlp } from '../../primitives/rlp.ts'
import { LISTED_BYTES_MAX } from '../../promise/inclusionList.ts'
import type { PooledTransaction } from '../../propose/pool/transaction.ts'

/** Bytes of transactions taken by what they pay. */
const BEST_PAYING_BYTES = LISTED_BYTES_MAX / 2
/** Prefix of the RLP list: one byte, and two that count up to 65,535 bytes. */
const LIST_PREFIX_BYTES = 3

/** @param candidates Executable ones, best paying first, each sender's by nonce (the pool's `pendingByPrice`). */
export function chooseListed(candidates: Iterable<PooledTransaction>): readonly PooledTransaction[] {
  const byPrice = [...candidates]
  const chosen: PooledTransaction[] = []
  const taken = new Set<Hash>()
  let bytes = LIST_PREFIX_BYTES
  const take = (ordered: Iterable<PooledTransaction>, bytesMax: number): void => {
    /** A transaction that is left out leaves out the later ones of its sender: they could not be executed. */
    const ended = new Set<string>()
    for (const transaction of ordered) {
      const { hash, sender } = transaction
      if (taken.has(hash) || ended.has(sender)) continue
      const size = listedBytes(transaction.raw)
      if (bytes + size > bytesMax) {
        ended.add(sender)
        continue
      }
      taken.add(hash)
      chosen.push(transaction)
      bytes += size
    }
  }
  take(byPrice, BEST_PAYING_BYTES)
  take(oldestFirst(byPrice), LISTED_BYTES_MAX)
  return chosen
}

/** By arrival, but never before an earlier one of the same sender: that one's place is also the place of those behind it. */
function oldestFirst(byPrice: readonly PooledTransaction[]): readonly PooledTransaction[] {
  const placeOf = new Map<Hash, number>()
  const lastOf = new Map<string, number>()
  for (const { hash, sender, arrival } of byPrice) {
    const place = Math.max(arrival, lastOf.get(sender) ?? arrival)
    lastOf.set(sender, place)
    placeOf.set(hash, place)
  }
  // Stable: those of one place stay in the order of their nonces.
  return [...byPrice].sort((a, b) => (placeOf.get(a.hash) ?? 0) - (placeOf.get(b.hash) ?? 0))
}

/** In the RLP list: a legacy transaction is a list itself. */
function listedBytes(raw: Uint8Array): number {
  return (raw[0] ?? 0) >= 0xc0 ? raw.length : encodeRlp(raw).length
}
