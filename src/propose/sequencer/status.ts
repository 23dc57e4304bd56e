/** What an operator is told, and whether he may stop the node. */
import type { ProduceStatus } from './produce.ts'

export type SequencerStatus = {
  /** `idle`: not our window. `building`: blocks are being made. `waiting`: our window, but something has to happen first. */
  readonly type: 'idle' | 'waiting' | 'building' | 'done'
  /** A sentence for an operator. */
  readonly detail: string
  /** What became of the last look at L1. */
  readonly posting: string
  /** Ours that runs, or comes next as far as it is known. Slots, and the timestamp of the last in seconds. */
  readonly window?: { readonly firstSlot: bigint; readonly lastSlot: bigint; readonly end: bigint }
  /** Promised blocks that L1 does not have yet, and the proposals they will take. */
  readonly unlanded: { readonly blocks: number; readonly batches: number }
  /** Stopping the node now breaks no promise and misses no window. */
  readonly canShutdown: boolean
  /** Seconds: while `canShutdown`, until when (absent: no window of ours is known); else when it will be possible at the latest. */
  readonly until?: bigint
}

export function describeStatus(input: {
  readonly produced: ProduceStatus
  readonly posting: string
  readonly isBuilding: boolean
  readonly unlanded: SequencerStatus['unlanded']
  readonly secondsPerSlot: bigint
}): SequencerStatus {
  const { produced, posting, isBuilding, unlanded } = input
  const { type, detail, answer } = produced
  const window = answer?.type === 'none' ? answer.next : answer?.window
  const isDone = answer?.type === 'ended' && unlanded.blocks === 0
  const canShutdown = !isBuilding && answer !== undefined && (answer.type === 'none' || isDone)
  // A next window begins where the one before ends; ours is behind us once L1 has a block after its last slot.
  const next = answer?.type === 'none' ? answer.next?.previousEnd : undefined
  const until = canShutdown ? next : window && window.end + input.secondsPerSlot
  return {
    ...{ type, detail, posting, unlanded, canShutdown },
    ...(window && {
      window: { firstSlot: window.firstSlot, lastSlot: window.lastSlot, end: window.end },
    }),
    ...(until !== undefined && { until }),
  }
}
