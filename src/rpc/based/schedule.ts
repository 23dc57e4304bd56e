/** `based_sequencerForSlot`, `based_lookahead`: who may propose when, as schedule/ finds it on L1. */
import { TemporaryError } from '../../primitives/errors.ts'
import { toQuantity } from '../../primitives/hex.ts'
import type { EpochSchedule, Schedule, ScheduleKind, Window } from '../../schedule/schedule.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { RpcError } from '../errors.ts'
import type { Json } from '../json.ts'

export type ScheduleDeps = { readonly spec: Pick<RollupSpec, 'l1'>; readonly schedule: Schedule }

/** Without `slot`: the one in which a block can come next. Null for a slot of neither epoch that L1 has settled. */
export async function sequencerJson(
  { spec, schedule }: ScheduleDeps,
  slot: bigint | undefined,
  signal: AbortSignal,
): Promise<Json | null> {
  return fromL1(async () => {
    const turn = await schedule.at(slot ?? (await schedule.currentSlot(signal)), signal)
    if (turn === undefined) return null
    return {
      slot: toQuantity(turn.slot),
      epoch: toQuantity(turn.epoch),
      timestamp: toQuantity(turn.timestamp),
      schedule: turn.kind,
      trust: turn.trust,
      ...windowJson(spec, turn.kind, turn.window),
    }
  })
}

/** Without `epoch`: that of the slot in which a block can come next. Null for an epoch that L1 has not settled, or a past one. */
export async function lookaheadJson(
  { spec, schedule }: ScheduleDeps,
  epoch: bigint | undefined,
  signal: AbortSignal,
): Promise<Json | null> {
  return fromL1(async () => {
    const found = await schedule.epoch(epoch ?? (await schedule.currentEpoch(signal)), signal)
    return found === undefined ? null : epochJson(spec, found)
  })
}

function epochJson(spec: Pick<RollupSpec, 'l1'>, found: EpochSchedule): Json {
  return {
    epoch: toQuantity(found.epoch),
    schedule: found.kind,
    trust: found.trust,
    firstSlot: toQuantity(found.firstSlot),
    lastSlot: toQuantity(found.lastSlot),
    dependentRoot: found.dependentRoot ?? null,
    l1Block: { number: toQuantity(found.l1.number), hash: found.l1.hash },
    windows: found.windows.map((window) => windowJson(spec, found.kind, window)),
  }
}

/** `sequencers` are the accounts that may propose: null is anyone, an empty list nobody or, with a `reason`, not known. */
function windowJson({ l1 }: Pick<RollupSpec, 'l1'>, kind: ScheduleKind, window: Window): Json {
  const { turn, isFallback } = window
  const owner = turn.type === 'owner' ? turn.owner : undefined
  const sequencers =
    turn.type === 'anyone'
      ? null
      : turn.type === 'operator'
        ? [turn.operator]
        : owner
          ? [owner.committer, ...(owner.poster === undefined ? [] : [owner.poster])]
          : []
  return {
    right: isFallback ? 'fallback' : kind,
    sequencers,
    owner: owner
      ? { validatorIndex: toQuantity(owner.validatorIndex), registrationRoot: owner.registrationRoot }
      : null,
    window: {
      firstSlot: toQuantity(window.firstSlot),
      lastSlot: toQuantity(window.lastSlot),
      /** Timestamp of the last slot. */
      end: toQuantity(l1.genesisTime + window.lastSlot * l1.secondsPerSlot),
    },
    reason: turn.type === 'unknown' ? turn.reason : null,
  }
}

/** What L1 or a beacon node does not give now is no failure of ours; whoever runs the node reads the reason in its status. */
export async function fromL1<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof TemporaryError)) throw error
    throw new RpcError({
      code: 'resourceUnavailable',
      message: 'L1 does not say now; the warnings of based_syncStatus say why',
    })
  }
}
