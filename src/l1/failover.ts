/**
 * Asks sources in order of preference until one gives an answer that holds. A source that fails is paused, one that lies is
 * demoted and named, one that merely does not have the data is passed over without blame.
 */
import { sleep } from '../primitives/async.ts'
import { CriticalError, LyingProviderError, TemporaryError } from '../primitives/errors.ts'
import type { Logger } from '../telemetry/log.ts'
import { HttpStatusError } from './http.ts'
import type { SourceHealth } from './sourceHealth.ts'
import { WrongDataError } from './wrongData.ts'

export type Source = { readonly name: string; readonly health: SourceHealth }

export type SourceFailure = { readonly source: string; readonly reason: string; readonly error: unknown }

/** No source could answer. `failures` says why, for each that was asked. */
export class SourcesFailedError extends TemporaryError {
  override readonly name = 'SourcesFailedError'
  readonly failures: readonly SourceFailure[]

  constructor(data: { what: string; failures: readonly SourceFailure[] }) {
    const reasons = data.failures.map(({ source, reason }) => `${source}: ${reason}`).join('; ')
    super(`${data.what} could not be read: ${reasons || 'no source is configured'}`)
    this.failures = data.failures
  }
}

/** Longest wait for a paused source before it is asked all the same. */
const WAIT_MAX_MS = 10_000

export type AskOptions<S extends Source, T> = {
  readonly sources: readonly S[]
  /** What is asked for, in words, for messages. */
  readonly what: string
  /** Null means: this source does not have it. Throws WrongDataError for an answer that cannot be true. */
  readonly ask: (source: S) => Promise<T | null>
  /** How often each source is asked before giving up. */
  readonly rounds: number
  readonly log: Logger
  readonly signal?: AbortSignal | undefined
}

/**
 * The first answer that holds; null if at least one source answered and none has the data.
 * Throws SourcesFailedError (or the LyingProviderError, when there is only that) if none could answer.
 */
export async function askInOrder<S extends Source, T>(options: AskOptions<S, T>): Promise<T | null> {
  const failures = new Map<string, SourceFailure>()
  let missing = false
  for (let round = 0; round < options.rounds; round++) {
    const left = new Set(options.sources)
    while (left.size > 0) {
      options.signal?.throwIfAborted()
      const source = nextSource(left)
      left.delete(source)
      // A source that failed is waited for only when nothing else is left to ask.
      const waitMs = Math.min(source.health.waitMs(), WAIT_MAX_MS)
      if (waitMs > 0) {
        if (missing) continue
        await sleep(waitMs, options.signal)
      }
      const outcome = await askOne(source, options)
      if (outcome.type === 'answer') return outcome.value
      if (outcome.type === 'missing') missing = true
      else failures.set(source.name, outcome.failure)
    }
    if (missing) return null
  }
  const all = [...failures.values()]
  const [only] = all
  if (all.length === 1 && only?.error instanceof LyingProviderError) throw only.error
  throw new SourcesFailedError({ what: options.what, failures: all })
}

type Outcome<T> =
  | { readonly type: 'answer'; readonly value: T }
  | { readonly type: 'missing' }
  | { readonly type: 'failed'; readonly failure: SourceFailure }

async function askOne<S extends Source, T>(source: S, options: AskOptions<S, T>): Promise<Outcome<T>> {
  const { health, name } = source
  health.begin()
  try {
    const value = await options.ask(source)
    health.succeed()
    return value === null ? { type: 'missing' } : { type: 'answer', value }
  } catch (error) {
    if (options.signal?.aborted || error instanceof CriticalError) throw error
    if (error instanceof WrongDataError) {
      const lie = demoteSource(source, error, options.log)
      return { type: 'failed', failure: { source: name, reason: error.message, error: lie } }
    }
    if (!(error instanceof TemporaryError)) throw error
    health.fail(error.message, error instanceof HttpStatusError ? error.retryAfterMs : undefined)
    options.log.debug({ source: name, what: options.what, error: error.message }, 'L1 source failed')
    return { type: 'failed', failure: { source: name, reason: error.message, error } }
  }
}

/** Names the liar in the log, and puts it behind the others for a while. */
export function demoteSource(source: Source, cause: WrongDataError, log: Logger): LyingProviderError {
  const lie = new LyingProviderError({ provider: source.name, what: cause.message, cause })
  source.health.demote(lie.message)
  log.warn({ source: source.name, what: cause.message }, 'L1 source gave wrong data and is demoted')
  return lie
}

/** The most preferred source that may be asked now, else the one that will be soonest; liars after the merely failing. */
function nextSource<S extends Source>(sources: ReadonlySet<S>): S {
  const ranked = [...sources].map((source) => ({
    source,
    demoted: source.health.isDemoted() ? 1 : 0,
    waitMs: source.health.waitMs(),
  }))
  ranked.sort((a, b) => a.demoted - b.demoted || a.waitMs - b.waitMs)
  return (ranked[0] as (typeof ranked)[number]).source
}
