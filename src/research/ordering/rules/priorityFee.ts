/** Who pays more per gas comes first. */
import type { OrderingRule } from '../rule.ts'
import { byTip, fillSlots, onlySequencer, sortBy } from '../slots.ts'

export const priorityFee: OrderingRule = {
  id: 'priority-fee',
  title: 'Priority fee',
  definition:
    'One sequencer. Of what has arrived and fits: highest tip per gas first, the earlier of equals.',
  source: 'Ethereum’s default block building; OP Stack and Base sequencers',
  isRandom: false,
  parameters: [],
  order(transactions, context) {
    const sequencer = onlySequencer(context)
    return fillSlots(transactions, context, { turnOf: () => ({ sequencer }), arrange: sortBy(byTip) })
  },
}
