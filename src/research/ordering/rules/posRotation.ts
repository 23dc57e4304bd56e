/** A stake-weighted draw for each slot. */
import { pickWeighted } from '../draw.ts'
import type { OrderingRule } from '../rule.ts'
import { byTip, fillSlots, sortBy } from '../slots.ts'

export const posRotation: OrderingRule = {
  id: 'pos-rotation',
  title: 'Proof-of-stake rotation',
  definition:
    'Proposer of a slot: one of the sequencers, drawn by stake. With its fault probability it does nothing, and the slot stays empty. Within: highest tip first.',
  source: 'Aztec’s sequencer selection (RANDAO-seeded sample of validators)',
  isRandom: true,
  parameters: [],
  order(transactions, context) {
    const { sequencers, draw } = context
    const [elect, fail] = [draw('pos-rotation'), draw('pos-rotation fault')]
    return fillSlots(transactions, context, {
      turnOf: () => {
        const elected = pickWeighted(sequencers, ({ stake }) => stake, elect)
        const isFaulty = elected === undefined || fail() < elected.faultProbability
        return isFaulty ? {} : { sequencer: elected.address }
      },
      arrange: sortBy(byTip),
    })
  },
}
