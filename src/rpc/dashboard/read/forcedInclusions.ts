/** The inbox's queue, as `based_forcedInclusions` has it. */
import { maxBigint, toSafeNumber } from '../../../primitives/bigint.ts'
import { TemporaryError } from '../../../primitives/errors.ts'
import type { Schedule } from '../../../schedule/schedule.ts'
import type { RollupSpec } from '../../../spec/rollupSpec.ts'
import type { ForcedInclusionsData, Turn } from '../data.ts'
import { describeTurn } from './turn.ts'

export async function readForcedInclusions(
  { l1: { genesisTime, secondsPerSlot } }: Pick<RollupSpec, 'l1'>,
  schedule: Schedule,
): Promise<ForcedInclusionsData> {
  const { l1, pending, inclusions } = await schedule.forcedInclusions()
  const currentSlot = inclusions.length === 0 ? 0n : await schedule.currentSlot()
  // At most fifty, and all by the same reading of L1.
  const entries = inclusions.map(async (inclusion) => {
    const { index, blobHash, feeGwei, savedAt, dueAt, overdueAfter } = inclusion
    // Rounds up: the first slot in which no proposal may leave it out.
    const dueSlot = (dueAt - genesisTime + secondsPerSlot - 1n) / secondsPerSlot
    return {
      index,
      blob: blobHash,
      feeGwei: feeGwei.toString(),
      savedAt: toSafeNumber(savedAt),
      dueAt: toSafeNumber(dueAt),
      dueSlot: toSafeNumber(dueSlot),
      takenBy: await turnAt(schedule, maxBigint(dueSlot, currentSlot)),
      overdueAfter: toSafeNumber(overdueAfter),
      isDue: currentSlot >= dueSlot,
      isOverdue: genesisTime + currentSlot * secondsPerSlot > overdueAfter,
    }
  })
  return { l1Block: toSafeNumber(l1.number), pending, inclusions: await Promise.all(entries) }
}

/** The queue is worth knowing without the lookahead. */
async function turnAt(schedule: Schedule, slot: bigint): Promise<Turn | null> {
  try {
    const turn = await schedule.at(slot)
    return turn === undefined ? null : describeTurn(turn.window)
  } catch (error) {
    if (!(error instanceof TemporaryError)) throw error
    return null
  }
}
