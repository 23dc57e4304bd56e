/** Beacon slots from L1 timestamps: exact division, so that missed slots do not shift them. */
import { CriticalError } from '../primitives/errors.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'

/** Slot of the L1 block with this timestamp (seconds). CriticalError if no slot begins then: the spec is of another chain. */
export function slotOf(l1: RollupSpec['l1'], timestamp: bigint): bigint {
  const elapsed = timestamp - l1.genesisTime
  if (elapsed < 0n || elapsed % l1.secondsPerSlot !== 0n) {
    throw new CriticalError(
      `no L1 slot begins at ${timestamp} (genesis ${l1.genesisTime}, ${l1.secondsPerSlot} s a slot); ` +
        'check the L1 genesis time and slot length of the rollup configuration',
    )
  }
  return elapsed / l1.secondsPerSlot
}
