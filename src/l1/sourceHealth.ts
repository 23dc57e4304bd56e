/**
 * How much a source of data (JSON-RPC provider, beacon node, blob server) may be asked now.
 * Failures pause it for a growing, jittered time, which is the circuit breaker: after the pause one caller probes, and the
 * others wait for the outcome. A lie demotes it: for a longer time it is asked only when no other source is left, since what it
 * says is checked anyway. Both end by themselves; nothing is banned for ever.
 */

/** Pause after the first failure; doubled for each further one in a row. */
const PAUSE_MS = 250
const PAUSE_MAX_MS = 30_000
/** A server may ask for patience with Retry-After, but not for an hour of silence. */
const RETRY_AFTER_MAX_MS = 60_000
/** Demotion after the first lie; doubled for each later one. */
const DEMOTION_MS = 60_000
const DEMOTION_MAX_MS = 3_600_000

export type SourceHealth = {
  /** Milliseconds until a failing source should be asked again; 0 if now. */
  waitMs(): number
  /** It lied, and its time of demotion is not over. */
  isDemoted(): boolean
  /** Called before a request: while a paused source is probed, others see it as still paused. */
  begin(): void
  succeed(): void
  fail(error: string, retryAfterMs?: number): void
  demote(error: string): void
  status(): { readonly demotions: number; readonly lastError?: string }
}

export type SourceHealthOptions = {
  /** Multiplies every pause; tests use a small one. */
  readonly pauseScale?: number
}

export function createSourceHealth(options: SourceHealthOptions = {}): SourceHealth {
  const scale = options.pauseScale ?? 1
  let failures = 0
  let demotions = 0
  let pausedUntil = 0
  let demotedUntil = 0
  let lastError: string | undefined
  const now = () => performance.now()
  const pauseMs = () =>
    scale * Math.min(PAUSE_MS * 2 ** (failures - 1), PAUSE_MAX_MS) * (0.5 + Math.random() / 2)

  return {
    waitMs: () => Math.max(0, pausedUntil - now()),
    isDemoted: () => demotedUntil > now(),
    begin() {
      if (failures > 0) pausedUntil = now() + pauseMs()
    },
    succeed() {
      failures = 0
      pausedUntil = 0
    },
    fail(error, retryAfterMs) {
      failures = Math.min(failures + 1, 30)
      lastError = error
      const asked = scale * Math.min(retryAfterMs ?? 0, RETRY_AFTER_MAX_MS)
      pausedUntil = now() + Math.max(asked, pauseMs())
    },
    demote(error) {
      demotedUntil = now() + scale * Math.min(DEMOTION_MS * 2 ** Math.min(demotions, 20), DEMOTION_MAX_MS)
      demotions++
      lastError = error
    },
    status: () => ({ demotions, ...(lastError === undefined ? {} : { lastError }) }),
  }
}
