/** `based_forcedInclusions`: what waits in the inbox's queue, until when, and who has to take it. */
import { maxBigint } from '../../primitives/bigint.ts'
import { toQuantity } from '../../primitives/hex.ts'
import type { PendingInclusion } from '../../schedule/forcedInclusions.ts'
import { RpcError } from '../errors.ts'
import type { Json } from '../json.ts'
import { fromL1, type ScheduleDeps, sequencerJson } from './schedule.ts'

export async function forcedInclusionsJson(deps: ScheduleDeps, signal: AbortSignal): Promise<Json> {
  return fromL1(async () => {
    const { l1, pending, inclusions } = await deps.schedule.forcedInclusions(signal)
    const currentSlot = inclusions.length === 0 ? 0n : await deps.schedule.currentSlot(signal)
    const described: Json[] = []
    // At most fifty, and all by the same reading of L1.
    for (const inclusion of inclusions)
      described.push(await inclusionJson(deps, inclusion, currentSlot, signal))
    return {
      l1Block: { number: toQuantity(l1.number), hash: l1.hash },
      pending: toQuantity(pending),
      inclusions: described,
    }
  })
}

async function inclusionJson(
  deps: ScheduleDeps,
  inclusion: PendingInclusion,
  currentSlot: bigint,
  signal: AbortSignal,
): Promise<Json> {
  const { genesisTime, secondsPerSlot } = deps.spec.l1
  // Rounds up: the first slot in which no proposal may leave it out. One that is due already concerns the next slot.
  const dueSlot = (inclusion.dueAt - genesisTime + secondsPerSlot - 1n) / secondsPerSlot
  const mustInclude = await sequencerJson(deps, maxBigint(dueSlot, currentSlot), signal).catch((error) => {
    // The queue is worth knowing without the lookahead.
    if (error instanceof RpcError) return null
    throw error
  })
  return {
    index: toQuantity(inclusion.index),
    blob: inclusion.blobHash,
    offset: inclusion.offset,
    feeGwei: toQuantity(inclusion.feeGwei),
    savedAt: toQuantity(inclusion.savedAt),
    dueAt: toQuantity(inclusion.dueAt),
    dueSlot: toQuantity(dueSlot),
    /** In a slot that begins after this time anyone may propose who takes it. */
    overdueAfter: toQuantity(inclusion.overdueAfter),
    isOverdue: genesisTime + currentSlot * secondsPerSlot > inclusion.overdueAfter,
    /** As of based_sequencerForSlot; null while that slot's sequencer is not settled. */
    mustInclude,
  }
}
