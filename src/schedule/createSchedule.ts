/** The room put together. Everything is read when somebody asks, and at most once for each L1 head. */
import type { L1, L1Position } from '../l1/l1.ts'
import type { L1Reads } from '../l1/reads.ts'
import { defined } from '../primitives/assert.ts'
import { maxBigint } from '../primitives/bigint.ts'
import { TemporaryError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import type { Logger } from '../telemetry/log.ts'
import { createSlotClock, type SlotClock } from './clock.ts'
import { detectSchedule, type InboxSchedule, type ScheduleSource } from './detect.ts'
import { inclusionDeadlines, readForcedInclusions } from './forcedInclusions.ts'
import { readLookaheadProof } from './lookaheadProof.ts'
import { createLookaheads, type Lookaheads } from './lookaheads.ts'
import { createPerHead } from './perHead.ts'
import type { Schedule } from './schedule.ts'
import { readLookaheadSnapshot, readSimpleSnapshot, type Snapshot } from './snapshot.ts'

/** Mainnet preset; a schedule contract may say another number. */
const SLOTS_PER_EPOCH = 32n
/** Milliseconds in which a failed reading is not tried again. */
const FAILURE_PAUSE_MS = 2_000

export type ScheduleDeps = {
  readonly spec: Pick<RollupSpec, 'l1'>
  readonly l1: Pick<L1, 'ancestor' | 'status'>
  readonly reads: L1Reads
  readonly logger: Logger
  /** Seconds since the Unix epoch. */
  readonly now?: () => bigint
  readonly failurePauseMs?: number
}

/** What does not change while the inbox runs the same code. */
type Setting = {
  readonly inbox: InboxSchedule
  readonly clock: SlotClock
  readonly lookaheads?: Lookaheads
}

export function createSchedule(deps: ScheduleDeps): Schedule {
  const { spec, l1, reads, logger } = deps
  const now = deps.now ?? (() => BigInt(Math.floor(Date.now() / 1000)))
  const failurePauseMs = deps.failurePauseMs ?? FAILURE_PAUSE_MS
  const plainClock = createSlotClock(spec.l1, SLOTS_PER_EPOCH)
  const listeners = new Set<() => void>()
  let found: Setting | undefined
  let problems: readonly string[] = []
  let fingerprint: string | undefined

  const headNow = (): L1Position => {
    const { head } = l1.status()
    if (head === undefined) throw new TemporaryError('the L1 head is not known yet')
    return head
  }

  const readSetting = async (at: Hash): Promise<Setting> => {
    if (found !== undefined) return found
    const inbox = await detectSchedule(reads, spec.l1.inbox, at)
    const { source } = inbox
    const clock = createSlotClock(spec.l1, slotsPerEpochOf(source, spec.l1.secondsPerSlot))
    found = {
      inbox,
      clock,
      ...(source.kind === 'lookahead' && { lookaheads: createLookaheads({ l1, reads, clock, source }) }),
    }
    logger.info({ kind: source.kind }, 'found the schedule of the inbox')
    return found
  }

  const read = async (position: L1Position): Promise<Snapshot> => {
    const head = await l1.ancestor(position, position.number)
    const { inbox, clock, lookaheads } = await readSetting(head.hash)
    const { source } = inbox
    const common = { spec, l1, reads, clock }
    return source.kind === 'lookahead'
      ? readLookaheadSnapshot({ ...common, lookaheads: defined(lookaheads, 'the lookaheads') }, source, head)
      : readSimpleSnapshot(common, source, head)
  }

  const announce = ({ epochs }: Snapshot): void => {
    const seen = JSON.stringify(
      epochs.map(({ epoch, windows }) => [epoch, windows]),
      (_key, value) => (typeof value === 'bigint' ? value.toString() : value),
    )
    if (seen === fingerprint) return
    const isFirst = fingerprint === undefined
    fingerprint = seen
    if (!isFirst) for (const listener of listeners) listener()
  }

  const snapshot = createPerHead<Snapshot>({
    head: headNow,
    failurePauseMs,
    async read(position) {
      try {
        const answer = await read(position)
        problems = answer.problems
        announce(answer)
        return answer
      } catch (error) {
        problems = [`the schedule cannot be read: ${error instanceof Error ? error.message : String(error)}`]
        throw error
      }
    },
  })
  const queue = createPerHead({
    head: headNow,
    failurePauseMs,
    read: async (position) =>
      readForcedInclusions(
        { reads, inbox: spec.l1.inbox, setting: (await readSetting(position.hash)).inbox },
        position,
      ),
  })

  /** By way of the snapshot, whose bounds hold for it too; what kind it is may be known although the rest cannot be read. */
  const settingNow = async (): Promise<Setting> => {
    if (found === undefined)
      await snapshot().catch((error) => {
        if (found === undefined) throw error
      })
    return defined(found, 'the schedule of the inbox')
  }
  const currentSlot = async (signal?: AbortSignal): Promise<bigint> => {
    const head = headNow()
    const { timestamp } = await l1.ancestor(head, head.number, signal)
    const next = plainClock.slotAt(timestamp) + 1n
    // A third into a slot its block is there or missed: attesters have voted (consensus-specs, ATTESTATION_DUE_BPS).
    const { secondsPerSlot } = spec.l1
    const byClock = plainClock.slotAt(now() + secondsPerSlot - secondsPerSlot / 3n)
    // An L1 that is further behind does not keep the clock's time: a development chain. Of that far ahead nothing is known anyway.
    return byClock > next + SLOTS_PER_EPOCH ? next : maxBigint(byClock, next)
  }

  return {
    kind: async () => (await settingNow()).inbox.source.kind,
    slotsPerEpoch: async () => (await settingNow()).clock.slotsPerEpoch,
    currentSlot,
    async currentEpoch(signal) {
      return (await settingNow()).clock.epochOf(await currentSlot(signal))
    },
    async epoch(epoch, signal) {
      return (await snapshot(signal)).epochs.find((each) => each.epoch === epoch)
    },
    async at(slot, signal) {
      const { epochs } = await snapshot(signal)
      const schedule = epochs.find(({ firstSlot, lastSlot }) => firstSlot <= slot && slot <= lastSlot)
      const window = schedule?.windows.find((each) => each.firstSlot <= slot && slot <= each.lastSlot)
      if (schedule === undefined || window === undefined) return undefined
      const { epoch, kind, trust } = schedule
      return { slot, timestamp: plainClock.timestampOf(slot), epoch, kind, window, trust }
    },
    evidence: async (slot, signal) => (await snapshot(signal)).evidence(slot),
    async proof(signal) {
      const { head, lookahead } = await snapshot(signal)
      const { inbox, clock } = await readSetting(head.hash)
      if (inbox.source.kind !== 'lookahead' || lookahead === undefined)
        throw new TemporaryError('this schedule wants no proof of a lookahead')
      return readLookaheadProof({ reads, source: inbox.source, clock }, { head, lookahead }, signal)
    },
    forcedInclusions: queue,
    inclusionDeadlines: async (savedAt) => inclusionDeadlines((await settingNow()).inbox, savedAt),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    refresh(anew) {
      if (anew === 'settings') found = undefined
      if (fingerprint === undefined || listeners.size > 0) snapshot().catch(() => {})
    },
    problems: () => problems,
  }
}

function slotsPerEpochOf(source: ScheduleSource, secondsPerSlot: bigint): bigint {
  if (source.kind === 'lookahead') return source.slotsPerEpoch
  const seconds = source.kind === 'whitelist' ? source.secondsPerEpoch : undefined
  return seconds === undefined ? SLOTS_PER_EPOCH : seconds / secondsPerSlot
}
