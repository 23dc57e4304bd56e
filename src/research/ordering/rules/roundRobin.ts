/** CometBFT's weighted round robin: deterministic, and by stake in the long run. */
import { defined } from '../../../primitives/assert.ts'
import type { Address } from '../../../primitives/hex.ts'
import type { Sequencer } from '../rule.ts'

/** Each turn adds everybody's stake to its priority; the highest (the first of equals) leads and pays the sum of all stakes. */
export function createRoundRobin(sequencers: readonly Sequencer[]): () => Address {
  const total = sequencers.reduce((sum, { stake }) => sum + stake, 0n)
  const priorities = sequencers.map(() => 0n)
  return () => {
    let leader = 0
    for (const [index, { stake }] of sequencers.entries()) {
      priorities[index] = defined(priorities[index], 'a priority') + stake
      if (defined(priorities[index], 'a priority') > defined(priorities[leader], 'a priority')) leader = index
    }
    priorities[leader] = defined(priorities[leader], 'a priority') - total
    return defined(sequencers[leader], 'a sequencer').address
  }
}
