/**
 * Whether what a predecessor left can land through us: asked before anything is promised on top of it, of our own derivation.
 */
import { maxBigint } from '../../primitives/bigint.ts'
import type { Address } from '../../primitives/hex.ts'
import { type CheckDeps, type CheckResult, checkBatch } from './checkBatch.ts'
import { forcedIn, type Group, lastOf } from './groups.ts'
import type { L1View } from './l1View.ts'
import type { SequencingWindow } from './window.ts'

/** Blobs of a transaction on L1 since Osaka; a predecessor may fill more of them than we do. EIP-7594. */
export const BLOBS_PER_TRANSACTION_MAX = 6

export type CheckInherited = (
  groups: readonly Group[],
  at: { readonly view: L1View; readonly window: SequencingWindow },
  signal?: AbortSignal,
) => Promise<Extract<CheckResult, { type: 'refused' }> | undefined>

/** Remembers the last answer: the same blocks in the same window are asked for again and again. */
export function createInheritedCheck(deps: CheckDeps, proposer: Address): CheckInherited {
  const { secondsPerSlot, genesisTime } = deps.spec.l1
  /** The first L1 slot that is not before a time, in seconds: posting waits for it. */
  const slotFrom = (timestamp: bigint) =>
    genesisTime + ((timestamp - genesisTime + secondsPerSlot - 1n) / secondsPerSlot) * secondsPerSlot
  let known: string | undefined
  return async (groups, { view, window }, signal) => {
    const last = groups.at(-1)
    if (last === undefined) return undefined
    const key = `${lastOf(last).hash} ${window.end}`
    if (known === key) return undefined
    const earliest = view.head.timestamp + secondsPerSlot
    let taken = 0
    for (const [i, group] of groups.entries()) {
      const count = forcedIn(group).length
      const checked = await checkBatch(
        deps,
        {
          ...{ group, proposer, secondsPerSlot },
          basefeeSharingPctg: view.config.basefeeSharingPctg,
          blobsMax: BLOBS_PER_TRANSACTION_MAX,
          l1Head: view.head,
          // One an L1 block, at the soonest.
          earliest: maxBigint(
            earliest + BigInt(i) * secondsPerSlot,
            slotFrom(lastOf(group).header.timestamp),
          ),
          latest: window.end,
          forced: view.queue.slice(taken, taken + count),
        },
        signal,
      )
      if (checked.type === 'refused') return checked
      taken += count
    }
    known = key
    return undefined
  }
}
