/** Laid over any rule: what is due must be in, whatever the rule would rather have. */
import { keepNonceOrder } from '../nonceOrder.ts'
import type { OrderableTransaction, OrderedSlot, OrderingRule } from '../rule.ts'
import { byArrival, takeFitting } from '../slots.ts'

/** `inclusion-list+RULE`. */
export function withInclusionList(inner: OrderingRule): OrderingRule {
  return {
    id: `inclusion-list+${inner.id}`,
    title: `${inner.title}, with inclusion lists`,
    definition: `As ${inner.id}, but a transaction is due in the slot in which its deadline falls (where there is none: due-ms after it arrived), or the first one somebody orders after it, and there takes gas ahead of everything that is not due. It goes to the end of the block, or to its beginning with at-start=1. What it displaces goes to the next slot.`,
    source: 'FOCIL (EIP-7805); forced inclusions of rollups',
    isRandom: inner.isRandom,
    parameters: [
      ...inner.parameters,
      { name: 'due-ms', default: 12_000, definition: 'Longest wait before it is due, ms.' },
      { name: 'at-start', default: 0, definition: '1: what is due goes to the beginning of the block.' },
    ],
    order(transactions, context) {
      const atStart = context.parameter('at-start') === 1
      const dueOf = ({ dueMs, arrivalMs }: OrderableTransaction) =>
        dueMs ?? arrivalMs + context.parameter('due-ms')
      const unplaced = new Set([...transactions].sort(byArrival))
      let displaced: readonly OrderableTransaction[] = []
      return inner.order(transactions, context).map((ordered): OrderedSlot => {
        const slot = context.slots[ordered.slot]
        const wanted = [...displaced, ...ordered.transactions].filter((each) => unplaced.has(each))
        if (slot === undefined || ordered.sequencer === undefined) {
          displaced = wanted
          return ordered
        }
        const isWanted = new Set(wanted)
        const late = [...unplaced].filter((each) => !isWanted.has(each) && dueOf(each) < slot.endMs)
        const due = withPredecessors(late, unplaced, isWanted)
        const isDue = new Set([...due, ...wanted.filter((each) => dueOf(each) < slot.endMs)])
        // Room is given to what is due first; the block's order is another matter.
        const inOrder = keepNonceOrder(atStart ? [...due, ...wanted] : [...wanted, ...due])
        const kept = new Set(
          takeFitting([...isDue, ...inOrder.filter((each) => !isDue.has(each))], slot.gasLimit),
        )
        const placed = withoutGaps(
          inOrder.filter((each) => kept.has(each)),
          unplaced,
        )
        for (const each of placed) unplaced.delete(each)
        displaced = [...isDue, ...wanted].filter(
          (each, index, all) => unplaced.has(each) && all.indexOf(each) === index,
        )
        return { ...ordered, transactions: placed }
      })
    },
  }
}

/** A nonce cannot be forced in without those before it. */
function withPredecessors(
  late: readonly OrderableTransaction[],
  unplaced: ReadonlySet<OrderableTransaction>,
  isWanted: ReadonlySet<OrderableTransaction>,
): readonly OrderableTransaction[] {
  const highest = new Map<string, bigint>()
  for (const { sender, nonce } of late) {
    const known = highest.get(sender)
    if (known === undefined || nonce > known) highest.set(sender, nonce)
  }
  return [...unplaced].filter((each) => {
    const upTo = highest.get(each.sender)
    return upTo !== undefined && each.nonce <= upTo && !isWanted.has(each)
  })
}

/** What was left out for gas takes the later nonces of its sender with it. */
function withoutGaps(
  ordered: readonly OrderableTransaction[],
  unplaced: ReadonlySet<OrderableTransaction>,
): readonly OrderableTransaction[] {
  const isIn = new Set(ordered)
  const firstLeftOut = new Map<string, bigint>()
  for (const each of unplaced) {
    if (isIn.has(each)) continue
    const known = firstLeftOut.get(each.sender)
    if (known === undefined || each.nonce < known) firstLeftOut.set(each.sender, each.nonce)
  }
  return ordered.filter(({ sender, nonce }) => {
    const leftOut = firstLeftOut.get(sender)
    return leftOut === undefined || nonce < leftOut
  })
}
