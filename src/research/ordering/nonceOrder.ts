/** The one constraint every rule keeps: a sender's transactions execute in the order of their nonces. */
import type { Address } from '../../primitives/hex.ts'
import type { OrderableTransaction } from './rule.ts'

/**
 * The places a rule gave a sender stay; which of his transactions takes which follows their nonces. Of two with one nonce the one the
 * rule put first comes first, and the other becomes invalid when it executes.
 */
export function keepNonceOrder(ordered: readonly OrderableTransaction[]): readonly OrderableTransaction[] {
  const bySender = new Map<Address, OrderableTransaction[]>()
  for (const transaction of ordered) {
    const own = bySender.get(transaction.sender)
    if (own) own.push(transaction)
    else bySender.set(transaction.sender, [transaction])
  }
  for (const own of bySender.values())
    own.sort((a, b) => (a.nonce < b.nonce ? -1 : a.nonce > b.nonce ? 1 : 0))
  return ordered.map(({ sender }) => bySender.get(sender)?.shift() as OrderableTransaction)
}

/** Those whose predecessors by nonce are all there: the others wait, as in a pool. */
export function takeReady(
  candidates: readonly OrderableTransaction[],
  nextNonces: ReadonlyMap<Address, bigint>,
): readonly OrderableTransaction[] {
  const next = new Map(nextNonces)
  const ready: OrderableTransaction[] = []
  const byNonce = [...candidates].sort((a, b) => (a.nonce < b.nonce ? -1 : a.nonce > b.nonce ? 1 : 0))
  for (const transaction of byNonce) {
    const expected = next.get(transaction.sender)
    if (expected !== undefined && transaction.nonce > expected) continue
    next.set(transaction.sender, transaction.nonce + 1n)
    ready.push(transaction)
  }
  return ready
}
