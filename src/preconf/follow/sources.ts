/**
 * All sources at once, each in a loop of its own: connected, read, and connected again after a pause that grows. What one sends is
 * taken one at a time and not too fast, so that it delays only itself; one that sends what cannot be right is let go for a while.
 */
import { sleep } from '../../primitives/async.ts'
import type { Logger } from '../../telemetry/log.ts'
import { createSource, type Source, type SourceItem } from './source.ts'
import type { Fault } from './verify.ts'

export type SourceState = 'connecting' | 'connected' | 'waiting' | 'banned'

export type SourceHealth = {
  readonly name: string
  readonly state: SourceState
  /** A sentence. */
  readonly detail: string
  /** Messages taken, and those of them that cannot be right. */
  readonly received: number
  readonly invalid: number
  /** Its newest block, by its own word. */
  readonly tip?: bigint
  /** Milliseconds since the Unix epoch. */
  readonly heardAt?: number
}

/** What came of a message. */
export type Judgement =
  | { readonly type: 'good' | 'known' | 'later' }
  | { readonly type: 'invalid'; readonly fault: Fault; readonly detail: string }

export type Sources = {
  /** Until the signal. */
  run(signal: AbortSignal): Promise<void>
  /** Asks for blocks of a range that are missing here; the source that told of them first. Never throws. */
  fill(source: string, from: bigint, count: number): void
  health(): readonly SourceHealth[]
}

/** Within this time, in milliseconds, a source may send INVALID_MAX messages that cannot be right; a reorg of L1 can make some so. */
const INVALID_PERIOD_MS = 10_000
const INVALID_MAX = 4
const BAN_MS = 30_000
const BAN_MAX_MS = 600_000
const RECONNECT_MS = 250
const RECONNECT_MAX_MS = 30_000
/** A connection that lasted this long was a good one. Milliseconds. */
const GOOD_CONNECTION_MS = 60_000
/** Messages a source may send in a burst, and a second: ten frags a second and a block are eleven. */
const BURST = 512
const MESSAGES_PER_SECOND = 128
/** Between two requests to one source for the same blocks. Milliseconds. */
const FILL_PAUSE_MS = 1_000

type Running = {
  readonly source: Source
  state: SourceState
  detail: string
  received: number
  invalid: number
  tip?: bigint
  heardAt?: number
  /** Times of recent invalid messages, in milliseconds. */
  offences: number[]
  bans: number
  /** A token bucket. */
  tokens: number
  filledAt: number
  asked?: { readonly from: bigint; readonly at: number }
  isAsking: boolean
}

export type SourcesDeps = {
  readonly urls: readonly string[]
  /** First block wanted when a source is connected. */
  readonly from: () => bigint
  /** Whether anything can be done with messages yet. */
  readonly isReady: () => boolean
  take(json: unknown, source: string): Promise<Judgement>
  onTip(number: bigint, source: string): void
  readonly now: () => number
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
  readonly logger: Logger
}

/** CriticalError for a URL that is none. */
export function createSources(deps: SourcesDeps): Sources {
  const { now, logger } = deps
  const wait = deps.wait ?? sleep
  const all: Running[] = deps.urls.map((url) => ({
    source: createSource(url),
    state: 'waiting',
    detail: 'not started',
    received: 0,
    invalid: 0,
    offences: [],
    bans: 0,
    tokens: BURST,
    filledAt: now(),
    isAsking: false,
  }))
  let ending: AbortSignal | undefined

  async function take(running: Running, item: SourceItem, signal: AbortSignal): Promise<void> {
    running.heardAt = now()
    if (item.type === 'tip') {
      if (item.number === undefined) return
      running.tip = item.number
      deps.onTip(item.number, running.source.name)
      return
    }
    // Missing blocks that were asked for count as well, beside this loop.
    if (recentOffences(running).length >= INVALID_MAX) throw new BannedError('missing blocks it gave')
    await spendToken(running, signal)
    running.received++
    const judgement: Judgement =
      item.type === 'message'
        ? await deps.take(item.json, running.source.name)
        : { type: 'invalid', fault: 'malformed', detail: item.detail }
    if (judgement.type === 'invalid') note(running, judgement)
  }

  async function spendToken(running: Running, signal: AbortSignal): Promise<void> {
    const refill = ((now() - running.filledAt) / 1000) * MESSAGES_PER_SECOND
    running.tokens = Math.min(BURST, running.tokens + refill)
    running.filledAt = now()
    if (running.tokens < 1) await wait(1000 / MESSAGES_PER_SECOND, signal)
    running.tokens--
  }

  const recentOffences = ({ offences }: Running) => offences.filter((at) => at > now() - INVALID_PERIOD_MS)

  function note(running: Running, { fault, detail }: Extract<Judgement, { type: 'invalid' }>): void {
    running.invalid++
    running.offences = [...recentOffences(running), now()]
    logger.debug({ source: running.source.name, fault, detail }, 'a source sent what cannot be right')
    if (running.offences.length >= INVALID_MAX) throw new BannedError(`${fault}: ${detail}`)
  }

  async function readOnce(running: Running, signal: AbortSignal): Promise<void> {
    running.state = 'connecting'
    running.detail = 'connecting'
    for await (const item of running.source.read(deps.from(), signal)) {
      running.state = 'connected'
      running.detail = 'connected'
      await take(running, item, signal)
    }
  }

  /** How long to stay away, in milliseconds. */
  function judgeEnd(running: Running, error: unknown, failures: number): number {
    if (error instanceof BannedError) {
      const pause = Math.min(BAN_MS * 2 ** Math.min(running.bans++, 10), BAN_MAX_MS)
      running.state = 'banned'
      running.detail = `let go for ${pause / 1000} seconds, since it sent what cannot be right: ${error.message}`
      logger.warn({ source: running.source.name, reason: error.message }, 'let a source go for a while')
      running.offences = []
      return pause
    }
    running.state = 'waiting'
    running.detail = error instanceof Error ? error.message : String(error)
    return Math.min(RECONNECT_MS * 2 ** Math.min(failures - 1, 10), RECONNECT_MAX_MS)
  }

  async function runOne(running: Running, signal: AbortSignal): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      if (!deps.isReady()) {
        running.detail = 'waiting until L1 is followed at its head'
        await wait(RECONNECT_MS, signal).catch(() => {})
        continue
      }
      const since = now()
      try {
        await readOnce(running, signal)
      } catch (error) {
        if (signal.aborted) return
        failures = now() - since > GOOD_CONNECTION_MS ? 1 : failures + 1
        await wait(judgeEnd(running, error, failures), signal).catch(() => {})
      }
    }
  }

  async function fillFrom(running: Running, from: bigint, count: number, signal: AbortSignal): Promise<void> {
    const blocks = await running.source.blocks(from, count, signal)
    for (const json of blocks) await take(running, { type: 'message', json }, signal)
  }

  return {
    async run(signal) {
      ending = signal
      const ended = new Promise<void>((resolve) => {
        if (signal.aborted) resolve()
        else signal.addEventListener('abort', () => resolve(), { once: true })
      })
      await Promise.all([ended, ...all.map((running) => runOne(running, signal))])
    },
    fill(name, from, count) {
      const signal = ending
      const running = all.find(({ source }) => source.name === name)
      if (running === undefined || signal === undefined || signal.aborted) return
      const { asked } = running
      const isTooSoon = asked !== undefined && asked.from === from && now() < asked.at + FILL_PAUSE_MS
      if (running.state !== 'connected' || running.isAsking || isTooSoon) return
      running.isAsking = true
      running.asked = { from, at: now() }
      fillFrom(running, from, count, signal)
        .catch((error: Error) =>
          logger.debug({ source: name, reason: error.message }, 'missing blocks did not come'),
        )
        .finally(() => {
          running.isAsking = false
        })
    },
    health: () =>
      all.map(({ source, state, detail, received, invalid, tip, heardAt }) => ({
        name: source.name,
        state,
        detail,
        received,
        invalid,
        ...(tip !== undefined && { tip }),
        ...(heardAt !== undefined && { heardAt }),
      })),
  }
}

class BannedError extends Error {
  override readonly name = 'BannedError'
}
