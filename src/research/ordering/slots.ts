/** What rules that go slot by slot share: what has arrived by a slot, what fits into it, and what is left for the next. */
import type { Address } from '../../primitives/hex.ts'
import { keepNonceOrder, takeReady } from './nonceOrder.ts'
import type { OrderableTransaction, OrderedSlot, OrderingContext, OrderingSlot } from './rule.ts'

export type SlotTurn = {
  readonly slot: OrderingSlot
  /** Who orders it; absent: nobody, it stays empty. */
  readonly sequencer?: Address
}

/**
 * Each slot takes, in the rule's order, what has arrived before its end and fits its gas. What is left waits for the next; what is never
 * taken is in the last list of none, so a caller can tell how much that is.
 */
export function fillSlots(
  transactions: readonly OrderableTransaction[],
  { slots }: Pick<OrderingContext, 'slots'>,
  turnOf: (slot: OrderingSlot) => SlotTurn,
  arrange: (arrived: readonly OrderableTransaction[], turn: SlotTurn) => readonly OrderableTransaction[],
): readonly OrderedSlot[] {
  let waiting = [...transactions].sort(
    (a, b) => a.arrivalMs - b.arrivalMs || a.canonicalIndex - b.canonicalIndex,
  )
  const nextNonces = firstNonces(transactions)
  return slots.map((slot) => {
    const turn = turnOf(slot)
    if (turn.sequencer === undefined) return { slot: slot.index, transactions: [] }
    const ready = takeReady(
      waiting.filter(({ arrivalMs }) => arrivalMs < slot.endMs),
      nextNonces,
    )
    const taken = fit(keepNonceOrder(arrange(ready, turn)), slot.gasLimit)
    for (const { sender, nonce } of taken) nextNonces.set(sender, nonce + 1n)
    const isTaken = new Set(taken)
    waiting = waiting.filter((transaction) => !isTaken.has(transaction))
    return { slot: slot.index, sequencer: turn.sequencer, transactions: taken }
  })
}

/** A transaction that does not fit is passed over, and with it the later ones of its sender. */
function fit(ordered: readonly OrderableTransaction[], gasLimit: bigint): readonly OrderableTransaction[] {
  let left = gasLimit
  const passedOver = new Set<Address>()
  return ordered.filter(({ sender, gasLimit: gas }) => {
    if (passedOver.has(sender)) return false
    if (gas > left) {
      passedOver.add(sender)
      return false
    }
    left -= gas
    return true
  })
}

function firstNonces(transactions: readonly OrderableTransaction[]): Map<Address, bigint> {
  const first = new Map<Address, bigint>()
  for (const { sender, nonce } of transactions) {
    const known = first.get(sender)
    if (known === undefined || nonce < known) first.set(sender, nonce)
  }
  return first
}

export const byArrival = (a: OrderableTransaction, b: OrderableTransaction): number =>
  a.arrivalMs - b.arrivalMs || a.canonicalIndex - b.canonicalIndex

export const byTip = (a: OrderableTransaction, b: OrderableTransaction): number =>
  a.tip === b.tip ? byArrival(a, b) : a.tip > b.tip ? -1 : 1
