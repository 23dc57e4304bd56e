/** A time that others move: it stands still while those who were woken work, so that a run takes as many slots on any machine. */

export type SteppedClock = {
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>
  /** Moves on, wakes whoever has waited until then, and resolves when all of them wait again. */
  advance(toMs: number): Promise<void>
}

type Waiter = { readonly atMs: number; readonly wake: () => void }

/** Milliseconds of real time in which somebody who was woken waits again, or has ended. */
const WORK_MAX_MS = 10_000
/** Times that somebody may wait for nothing in one moment. */
const ROUNDS_MAX = 1_000

export function createSteppedClock(startMs: number): SteppedClock {
  let nowMs = startMs
  let working = 0
  let rested: (() => void) | undefined
  const waiters = new Set<Waiter>()

  const rest = (): void => {
    if (working > 0 && --working === 0) rested?.()
  }

  const untilRested = async (): Promise<void> => {
    if (working === 0) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      rested = resolve
      timer = setTimeout(resolve, WORK_MAX_MS)
    })
    clearTimeout(timer)
    working = 0
  }

  return {
    now: () => nowMs,
    wait: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const leave = () => {
          waiters.delete(waiter)
          reject(signal?.reason)
        }
        const waiter: Waiter = {
          atMs: nowMs + Math.max(0, ms),
          wake: () => {
            signal?.removeEventListener('abort', leave)
            resolve()
          },
        }
        waiters.add(waiter)
        signal?.addEventListener('abort', leave, { once: true })
        rest()
      }),
    async advance(toMs) {
      nowMs = toMs
      for (let round = 0; round < ROUNDS_MAX; round++) {
        const due = [...waiters].filter(({ atMs }) => atMs <= nowMs)
        if (due.length === 0) return
        working = due.length
        for (const waiter of due) {
          waiters.delete(waiter)
          waiter.wake()
        }
        await untilRested()
      }
    },
  }
}
