/** Which window of ours may be ordered now: the one that runs, once the one before is over, or the next one after an end of window. */
import type { Address } from '../../primitives/hex.ts'
import type { Schedule, Window } from '../../schedule/schedule.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { KnownCommitment } from './events.ts'

export type SequencingWindow = {
  readonly firstSlot: bigint
  readonly lastSlot: bigint
  /** Timestamp of the slot before the first: the predecessor's last chance. Seconds, as is the next. */
  readonly previousEnd: bigint
  /** Timestamp of the last slot: our own, where the schedule is the lookahead. */
  readonly end: bigint
  /** When the last block is sealed, in milliseconds. */
  readonly stopAtMs: number
  /** Until then a signature is waited for, in milliseconds: half of the time for landing is left. */
  readonly signUntilMs: number
}

export type WindowAnswer =
  /** `isOver`: no block of the window before can land any more; before that, only what follows its end of window is safe. */
  | { readonly type: 'ours'; readonly window: SequencingWindow; readonly isPreviousOver: boolean }
  /** Ours, and not to be ordered: its last block is made, or its time is up. */
  | { readonly type: 'ended'; readonly window: SequencingWindow; readonly reason: string }
  | { readonly type: 'none'; readonly reason: string; readonly next?: SequencingWindow }
  /** L1 does not say now whose turn it is: it may be ours. */
  | { readonly type: 'unknown'; readonly reason: string }

export type WindowQuery = {
  readonly nowMs: number
  /** Of the newest L1 block, in seconds. */
  readonly headTimestamp: bigint
  /** Of the latest L2 block, if it was promised. */
  readonly latest: Pick<KnownCommitment, 'commitment'> | undefined
}

export type WindowOptions = {
  readonly committer: Address
  readonly stopBeforeMs: number
  readonly takesOpenWindows: boolean
}

export type Windows = {
  /** What to order now. */
  find(query: WindowQuery, signal?: AbortSignal): Promise<WindowAnswer>
  /** The window of the next L1 block, if it is ours: our proposals may land in it. */
  running(signal?: AbortSignal): Promise<SequencingWindow | undefined>
}

/** Windows looked through for our next one: each is a slot at least, and two epochs are known. */
const WINDOWS_AHEAD_MAX = 128

export function createWindows(
  deps: {
    readonly spec: Pick<RollupSpec, 'l1'>
    readonly schedule: Pick<Schedule, 'currentSlot' | 'at'>
  },
  options: WindowOptions,
): Windows {
  const { schedule } = deps
  const { genesisTime, secondsPerSlot } = deps.spec.l1
  const timestampOf = (slot: bigint) => genesisTime + slot * secondsPerSlot

  const measure = ({ firstSlot, lastSlot }: Window): SequencingWindow => {
    const end = timestampOf(lastSlot)
    const lengthMs = Number((lastSlot - firstSlot + 1n) * secondsPerSlot) * 1000
    const stopBeforeMs = Math.min(options.stopBeforeMs, lengthMs / 2)
    return {
      firstSlot,
      lastSlot,
      previousEnd: timestampOf(firstSlot - 1n),
      end,
      stopAtMs: Number(end) * 1000 - stopBeforeMs,
      signUntilMs: Number(end) * 1000 - stopBeforeMs / 2,
    }
  }

  const follow = async (window: Window, signal?: AbortSignal): Promise<Window | undefined> =>
    (await schedule.at(window.lastSlot + 1n, signal))?.window

  const findNext = async (after: Window, signal?: AbortSignal): Promise<SequencingWindow | undefined> => {
    let window = await follow(after, signal)
    for (let i = 0; window !== undefined && i < WINDOWS_AHEAD_MAX; i++) {
      if (isOurs(window, options)) return measure(window)
      window = await follow(window, signal)
    }
    return undefined
  }

  /** The latest block is its marked end, or one of a window after it. */
  const hasEnded = ({ latest }: WindowQuery, end: bigint): boolean =>
    latest !== undefined &&
    (latest.commitment.windowEnd > end ||
      (latest.commitment.windowEnd === end && latest.commitment.isEndOfWindow))

  /** The first window that has not ended: whoever ends his gives way at once. Undefined where it is not known yet. */
  const findOpen = async (running: Window, query: WindowQuery, signal?: AbortSignal) => {
    let window: Window | undefined = running
    for (let i = 0; window !== undefined && i < WINDOWS_AHEAD_MAX; i++) {
      if (!hasEnded(query, timestampOf(window.lastSlot))) return window
      window = await follow(window, signal)
    }
    return undefined
  }

  const find: Windows['find'] = async (query, signal) => {
    const slot = await schedule.currentSlot(signal)
    const found = await schedule.at(slot, signal)
    if (found === undefined)
      return { type: 'unknown', reason: `L1 has not settled yet whose turn slot ${slot} is` }
    if (found.window.turn.type === 'unknown') return { type: 'unknown', reason: found.window.turn.reason }
    const open = await findOpen(found.window, query, signal)
    if (open === undefined || !isOurs(open, options)) {
      if (open !== found.window && isOurs(found.window, options))
        return {
          type: 'ended',
          window: measure(found.window),
          reason: 'the last block of our window is made',
        }
      const next = await findNext(found.window, signal)
      return { type: 'none', reason: describeTurn(open ?? found.window), ...(next && { next }) }
    }
    const window = measure(open)
    if (open !== found.window) return { type: 'ours', window, isPreviousOver: false }
    if (query.nowMs >= Number(window.end) * 1000)
      return { type: 'ended', window, reason: 'our window is over' }
    // Once its L1 slot is behind us by the clock, too, nothing of the predecessor's can come.
    const isPreviousOver =
      query.headTimestamp >= window.previousEnd ||
      query.nowMs >= Number(window.previousEnd + secondsPerSlot) * 1000
    if (isPreviousOver || hasEnded(query, window.previousEnd)) return { type: 'ours', window, isPreviousOver }
    return {
      type: 'none',
      reason: `the window before ours runs until L1's block of ${window.previousEnd}`,
      next: window,
    }
  }

  return {
    find,
    async running(signal) {
      const found = await schedule.at(await schedule.currentSlot(signal), signal)
      return found && isOurs(found.window, options) ? measure(found.window) : undefined
    },
  }
}

function isOurs({ turn }: Window, { committer, takesOpenWindows }: WindowOptions): boolean {
  switch (turn.type) {
    case 'owner':
      return turn.owner.committer === committer
    case 'operator':
      return turn.operator === committer
    case 'anyone':
      return takesOpenWindows
    default:
      return false
  }
}

function describeTurn({ turn, lastSlot }: Window): string {
  switch (turn.type) {
    case 'owner':
      return `up to slot ${lastSlot} it is the turn of ${turn.owner.committer}`
    case 'operator':
      return `up to slot ${lastSlot} it is the turn of ${turn.operator}`
    case 'anyone':
      return `up to slot ${lastSlot} anyone may propose, and this sequencer leaves such windows alone`
    case 'nobody':
      return 'the schedule has no active operator'
    default:
      return turn.reason
  }
}
