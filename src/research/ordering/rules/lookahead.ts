/** Each slot belongs to the proposer that L1 elected for it. */
import { defined } from '../../../primitives/assert.ts'
import type { OrderingRule } from '../rule.ts'
import { byTip, fillSlots, sortBy } from '../slots.ts'

export const lookahead: OrderingRule = {
  id: 'lookahead',
  title: 'Based, deterministic lookahead',
  definition:
    'Operator of a slot: who proposed it in history; where L1 does not say, one of the sequencers, drawn with equal chances. Within: highest tip first, of what has arrived and fits.',
  source: 'Taiko preconfirmations (lookahead store); greedy is the chosen builder policy',
  isRandom: true,
  parameters: [],
  order(transactions, context) {
    const { sequencers, draw } = context
    // Nothing is drawn where history says it.
    let next: (() => number) | undefined
    const drawn = () => {
      next ??= draw('lookahead')
      return defined(sequencers[Math.floor(next() * sequencers.length)], 'a sequencer').address
    }
    return fillSlots(transactions, context, {
      turnOf: ({ proposer }) => ({ sequencer: proposer ?? drawn() }),
      arrange: sortBy(byTip),
    })
  },
}
