/** A short chain with everything in it: all transaction types, a failed one, forced inclusions, missed slots, a proof, empty blocks. */
import { createSimulatedL1, type SimulatedL1, type SimulatedL1Options } from './simulatedL1.ts'

export function createBusyChain(options: SimulatedL1Options): SimulatedL1 {
  const l1 = createSimulatedL1(options)
  const { transactions: tx } = l1
  l1.mine()
  l1.propose({
    payload: Uint8Array.of(1, 2, 3),
    before: [tx.transfer({ type: 0 }), tx.tokenTransfer({ logs: 3 })],
    after: [tx.revert()],
  })
  l1.mine({ missedSlots: 3 })
  l1.saveForcedInclusion({ payload: Uint8Array.of(7), after: [tx.transfer()] })
  // Two blobs of ours among somebody else's.
  l1.propose({
    payload: new Uint8Array(131_000).fill(9),
    before: [tx.foreignBlobs({ payload: Uint8Array.of(8) }), tx.tokenTransfer()],
  })
  l1.prove({ before: Array.from({ length: 20 }, () => tx.tokenTransfer()) })
  l1.mine({
    transactions: Array.from({ length: 130 }, (_, i) => tx.transfer(i % 3 === 0 ? { type: 0 } : {})),
  })
  l1.propose({ payload: Uint8Array.of(4), after: [tx.tokenTransfer({ logs: 2 })] })
  l1.mine()
  return l1
}
