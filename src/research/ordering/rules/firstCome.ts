/** First come, first served, by a clock that may be coarse. */
import type { OrderableTransaction, OrderingRule } from '../rule.ts'
import { byArrival, fillSlots, onlySequencer } from '../slots.ts'

export const firstCome: OrderingRule = {
  id: 'first-come',
  title: 'First come, first served',
  definition:
    'One sequencer. Transactions go by floor(arrival / granularity), and in random order where that is the same; with granularity 0 by arrival alone.',
  source: 'Arbitrum’s and others’ central sequencers; Aequitas-like granularity',
  isRandom: true,
  parameters: [
    { name: 'granularity-ms', default: 0, definition: 'Arrivals closer together than this are one, ms.' },
  ],
  order(transactions, context) {
    const sequencer = onlySequencer(context)
    const granularity = context.parameter('granularity-ms')
    return fillSlots(transactions, context, {
      turnOf: () => ({ sequencer }),
      arrange: granularity === 0 ? (ready) => [...ready].sort(byArrival) : byBucket(),
    })

    function byBucket() {
      const next = context.draw('first-come')
      const inOrder = [...transactions].sort((a, b) => a.canonicalIndex - b.canonicalIndex)
      const lots = new Map(inOrder.map((transaction) => [transaction, next()]))
      const lotOf = (transaction: OrderableTransaction) => lots.get(transaction) ?? 0
      const bucketOf = ({ arrivalMs }: OrderableTransaction) => Math.floor(arrivalMs / granularity)
      return (ready: readonly OrderableTransaction[]) =>
        [...ready].sort((a, b) => bucketOf(a) - bucketOf(b) || lotOf(a) - lotOf(b))
    }
  },
}
