/** One random thing happening on a simulated L1: mostly blocks, often proposals, sometimes forced inclusions, proofs and garbage. */
import type { SimulatedL1 } from '../l1/simulatedL1.ts'
import { payloadAfter } from './payload.ts'

/** Distinct payloads are few: each new blob costs 50 ms to commit to. */
const GARBAGE = [Uint8Array.of(1, 2, 3), new Uint8Array(200).fill(7)]

/**
 * `transactions` are raw L2 transactions that proposals draw from; most of them will not be valid where they land.
 * A dense chain proposes in nearly every block.
 */
export function happen(sim: SimulatedL1, transactions: readonly Uint8Array[], isDense = false): void {
  const { random } = sim
  const missedSlots = random.below(6) === 0 ? 1 + random.below(3) : 0
  const roll = isDense ? 9 + random.below(8) : random.below(20)
  if (roll < 9) sim.mine({ missedSlots })
  else if (roll < 15) {
    const start = random.below(transactions.length)
    sim.propose({
      payload: payloadAfter(sim, {
        blocks: 1 + random.below(3),
        transactions: transactions.slice(start, start + 3),
      }),
      missedSlots,
    })
  } else if (roll < 17) sim.propose({ payload: GARBAGE[random.below(GARBAGE.length)]!, missedSlots })
  else if (roll < 19 && sim.proposals().length > 0) {
    sim.saveForcedInclusion({ payload: payloadAfter(sim, { transactions: [transactions[0]!] }), missedSlots })
  } else if (sim.proposals().length > 0) prove(sim, missedSlots)
  else sim.mine({ missedSlots })
}

function prove(sim: SimulatedL1, missedSlots: number): void {
  try {
    sim.prove({ missedSlots })
  } catch {
    // Everything is proven already.
    sim.mine({ missedSlots })
  }
}
