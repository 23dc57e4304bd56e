/** The inbox's queue of forced inclusions at one L1 block, and when each has to be taken. ForcedInclusionStore.sol. */
import type { L1Position } from '../l1/l1.ts'
import type { L1Reads } from '../l1/reads.ts'
import { defined } from '../primitives/assert.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import { encodeCall, needAnswer } from './abi.ts'
import type { InboxSchedule } from './detect.ts'

export type PendingInclusion = {
  /** In the queue, since its beginning. */
  readonly index: number
  readonly blobHash: Hash
  /** Start in the decoded payload, in bytes. */
  readonly offset: number
  readonly feeGwei: bigint
  /** Timestamp of the L1 block that queued it, in seconds; so are the next two. */
  readonly savedAt: bigint
  /** From then on no proposal is accepted that leaves it out. */
  readonly dueAt: bigint
  /** After that anyone may propose who takes it. */
  readonly overdueAfter: bigint
}

export type ForcedInclusionQueue = {
  /** L1 block at which it was read. */
  readonly l1: L1Position
  /** Entries waiting. */
  readonly pending: number
  /** The oldest of them, at most INCLUSIONS_MAX. */
  readonly inclusions: readonly PendingInclusion[]
}

/** What five proposals can take. */
const INCLUSIONS_MAX = 50

export async function readForcedInclusions(
  deps: { readonly reads: Pick<L1Reads, 'call'>; readonly inbox: Address; readonly setting: InboxSchedule },
  head: L1Position,
): Promise<ForcedInclusionQueue> {
  const ask = async <T>(functionName: string, args: readonly unknown[] = []): Promise<T> => {
    const [answer] = await deps.reads.call([encodeCall(deps.inbox, functionName, args)], head.hash)
    return needAnswer<T>(functionName, answer)
  }
  const [first, next] = await ask<readonly [number, number]>('getForcedInclusionState')
  const l1 = { number: head.number, hash: head.hash }
  if (first === next) return { l1, pending: 0, inclusions: [] }
  const entries = await ask<
    readonly {
      feeInGwei: bigint
      blobSlice: { blobHashes: readonly Hash[]; offset: number; timestamp: number }
    }[]
  >('getForcedInclusions', [first, INCLUSIONS_MAX])
  return {
    l1,
    pending: next - first,
    inclusions: entries.map(({ feeInGwei, blobSlice }, i) => {
      const savedAt = BigInt(blobSlice.timestamp)
      return {
        index: first + i,
        blobHash: defined(blobSlice.blobHashes[0], 'the blob of a forced inclusion'),
        offset: blobSlice.offset,
        feeGwei: feeInGwei,
        savedAt,
        ...inclusionDeadlines(deps.setting, savedAt),
      }
    }),
  }
}

/** When a forced inclusion saved at a time (seconds) has to be taken, and after when anyone may propose. */
export function inclusionDeadlines(
  setting: Pick<InboxSchedule, 'forcedInclusionDelay' | 'permissionlessInclusionMultiplier'>,
  savedAt: bigint,
): { readonly dueAt: bigint; readonly overdueAfter: bigint } {
  const { forcedInclusionDelay: delay, permissionlessInclusionMultiplier: multiplier } = setting
  return { dueAt: savedAt + delay, overdueAfter: savedAt + delay * multiplier }
}
