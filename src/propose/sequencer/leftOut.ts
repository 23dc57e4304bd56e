/** Batches that a forced inclusion has overtaken: the inbox takes nothing any more that leaves out what is due. ForcedInclusionStore.sol. */
import { FORCED_INCLUSIONS_MAX } from '../../protocol/shasta/forcedInclusions.ts'
import type { PendingInclusion } from '../../schedule/forcedInclusions.ts'
import { countOwn, forcedIn, type Group } from './groups.ts'

/** The first batch that leaves out an entry which is due when it lands: one lands in each L1 block at most. */
export function findLeftOut(input: {
  /** Of the inbox's next proposal, and those behind it. */
  readonly groups: readonly Group[]
  /** The inbox's queue from its head. */
  readonly queue: readonly PendingInclusion[]
  /** Timestamp of the next L1 block, in seconds. */
  readonly next: bigint
  readonly secondsPerSlot: bigint
}): { readonly group: Group; readonly reason: string } | undefined {
  let taken = 0
  for (const [i, group] of input.groups.entries()) {
    const count = forcedIn(group).length
    taken += count
    const landsAt = input.next + BigInt(i) * input.secondsPerSlot
    const entry = input.queue[taken]
    // One without a block of its own can take more of them.
    if (entry === undefined || countOwn(group) === 0 || count === FORCED_INCLUSIONS_MAX) continue
    if (entry.dueAt <= landsAt)
      return {
        group,
        reason: `batch ${group.proposalId} leaves out forced inclusion ${entry.index}, which is due when it could land, at ${landsAt}`,
      }
  }
  return undefined
}
