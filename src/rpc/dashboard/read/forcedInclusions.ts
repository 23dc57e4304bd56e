/** The inbox's queue, as `based_forcedInclusions` has it. */
import { toSafeNumber } from '../../../primitives/bigint.ts'
import type { Schedule } from '../../../schedule/schedule.ts'
import type { RollupSpec } from '../../../spec/rollupSpec.ts'
import type { ForcedInclusionsData } from '../data.ts'

export async function readForcedInclusions(
  { l1: { genesisTime, secondsPerSlot } }: Pick<RollupSpec, 'l1'>,
  schedule: Schedule,
): Promise<ForcedInclusionsData> {
  const { l1, pending, inclusions } = await schedule.forcedInclusions()
  const slotTime =
    inclusions.length === 0 ? 0n : genesisTime + (await schedule.currentSlot()) * secondsPerSlot
  return {
    l1Block: toSafeNumber(l1.number),
    pending,
    inclusions: inclusions.map(({ index, blobHash, feeGwei, savedAt, dueAt, overdueAfter }) => ({
      index,
      blob: blobHash,
      feeGwei: feeGwei.toString(),
      savedAt: toSafeNumber(savedAt),
      dueAt: toSafeNumber(dueAt),
      // Rounds up: the first slot in which no proposal may leave it out.
      dueSlot: toSafeNumber((dueAt - genesisTime + secondsPerSlot - 1n) / secondsPerSlot),
      overdueAfter: toSafeNumber(overdueAfter),
      isOverdue: slotTime > overdueAfter,
    })),
  }
}
