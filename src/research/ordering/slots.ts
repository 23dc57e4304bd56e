/** What rules that go slot by slot share: what has arrived by a slot, what fits into it, and what is left for the next. */
import { defined } from '../../primitives/assert.ts'
import type { Address } from '../../primitives/hex.ts'
import { keepNonceOrder, takeReady } from './nonceOrder.ts'
import type { OrderableTransaction, OrderedSlot, OrderingContext, OrderingSlot } from './rule.ts'

export type SlotTurn = {
  /** Who orders it; absent: nobody, it stays empty. */
  readonly sequencer?: Address
  readonly payment?: NonNullable<OrderedSlot['payment']>
}

export type SlotRule = {
  readonly turnOf: (slot: OrderingSlot) => SlotTurn
  /** The rule's order of what is ready; `nextNonces` are those of the accounts before the slot. */
  readonly arrange: (
    ready: readonly OrderableTransaction[],
    slot: OrderingSlot,
    nextNonces: ReadonlyMap<Address, bigint>,
  ) => readonly OrderableTransaction[]
  /** When it may be ordered, in milliseconds since the range began; default: when it arrives. */
  readonly readyMs?: (transaction: OrderableTransaction) => number
}

/** Each slot takes, in the rule's order, what is ready before its end and fits its gas. What is left waits for the next. */
export function fillSlots(
  transactions: readonly OrderableTransaction[],
  { slots }: Pick<OrderingContext, 'slots'>,
  { turnOf, arrange, readyMs = ({ arrivalMs }) => arrivalMs }: SlotRule,
): readonly OrderedSlot[] {
  let waiting = [...transactions].sort(byArrival)
  const nextNonces = firstNonces(transactions)
  return slots.map((slot): OrderedSlot => {
    const turn = turnOf(slot)
    if (turn.sequencer === undefined) return { slot: slot.index, transactions: [] }
    const ready = takeReady(
      waiting.filter((transaction) => readyMs(transaction) < slot.endMs),
      nextNonces,
    )
    const taken = takeFitting(keepNonceOrder(arrange(ready, slot, nextNonces)), slot.gasLimit)
    for (const { sender, nonce } of taken) nextNonces.set(sender, nonce + 1n)
    const isTaken = new Set(taken)
    waiting = waiting.filter((transaction) => !isTaken.has(transaction))
    return { ...turn, slot: slot.index, transactions: taken }
  })
}

/** A transaction that does not fit is passed over, and with it the later ones of its sender. */
export function takeFitting(
  ordered: readonly OrderableTransaction[],
  gasLimit: bigint,
): readonly OrderableTransaction[] {
  let left = gasLimit
  const passedOver = new Set<Address>()
  return ordered.filter(({ sender, gas }) => {
    if (passedOver.has(sender)) return false
    if (gas > left) {
      passedOver.add(sender)
      return false
    }
    left -= gas
    return true
  })
}

export function firstNonces(transactions: readonly OrderableTransaction[]): Map<Address, bigint> {
  const first = new Map<Address, bigint>()
  for (const { sender, nonce } of transactions) {
    const known = first.get(sender)
    if (known === undefined || nonce < known) first.set(sender, nonce)
  }
  return first
}

/** The one sequencer of rules that know one. */
export function onlySequencer({ sequencers }: OrderingContext): Address {
  return defined(sequencers[0], 'a sequencer').address
}

export const byArrival = (a: OrderableTransaction, b: OrderableTransaction): number =>
  a.arrivalMs - b.arrivalMs || a.canonicalIndex - b.canonicalIndex

export const byTip = (a: OrderableTransaction, b: OrderableTransaction): number =>
  a.tip === b.tip ? byArrival(a, b) : a.tip > b.tip ? -1 : 1

export const sortBy = (
  compare: (a: OrderableTransaction, b: OrderableTransaction) => number,
): ((ready: readonly OrderableTransaction[]) => readonly OrderableTransaction[]) => {
  return (ready) => [...ready].sort(compare)
}

/** Tips of all gas, in wei. */
export function tipsOf(transactions: readonly OrderableTransaction[]): bigint {
  return transactions.reduce((sum, { tip, gas }) => sum + tip * gas, 0n)
}
