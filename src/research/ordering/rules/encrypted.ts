/** Order first, read afterwards. */
import type { OrderableTransaction, OrderingRule } from '../rule.ts'
import { byArrival, byTip, fillSlots, takeFitting } from '../slots.ts'
import { createRoundRobin } from './roundRobin.ts'

export const encrypted: OrderingRule = {
  id: 'encrypted',
  title: 'Encrypted ordering',
  definition:
    'The leader commits to an order before it can read anything: as it arrived. Of each block’s gas builder-percent at the bottom are the builder’s, who sees contents and puts the highest tips there. Leader: round robin by stake.',
  source: 'Radius (PVDE, SKDE) and threshold encryption; top of the block protected',
  isRandom: false,
  parameters: [
    {
      name: 'builder-percent',
      default: 0,
      definition: 'Share of a block’s gas at its bottom that is not encrypted, per cent.',
    },
  ],
  order(transactions, context) {
    const nextLeader = createRoundRobin(context.sequencers)
    const protectedPercent = BigInt(100 - context.parameter('builder-percent'))
    return fillSlots(transactions, context, {
      turnOf: () => ({ sequencer: nextLeader() }),
      arrange(ready, { gasLimit }) {
        const committed = [...ready].sort(byArrival)
        const top = new Set<OrderableTransaction>(
          takeFitting(committed, (gasLimit * protectedPercent) / 100n),
        )
        return [...top, ...committed.filter((each) => !top.has(each)).sort(byTip)]
      },
    })
  },
}
