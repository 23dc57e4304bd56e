/**
 * Time that moves only when everybody waits for it: what runs in a test is in the same order every time, however fast the machine.
 */
export type VirtualClock = {
  /** Milliseconds. */
  readonly now: () => number
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>
  /** Somebody who will wait from now on; time stands still until he does. Answers how he leaves. */
  join(): () => void
}

type Waiter = { readonly atMs: number; readonly wake: () => void }

/** `onTime` is called at each moment before anybody wakes; what it does takes no time. */
export function createVirtualClock(startMs: number, onTime: (nowMs: number) => Promise<void>): VirtualClock {
  let nowMs = startMs
  let participants = 0
  let waiters: Waiter[] = []
  let isMoving = false

  const move = async (): Promise<void> => {
    if (isMoving) return
    isMoving = true
    try {
      while (waiters.length > 0 && waiters.length >= participants) {
        const next = Math.min(...waiters.map(({ atMs }) => atMs))
        if (next > nowMs) {
          nowMs = next
          await onTime(nowMs)
        }
        const due = waiters.find(({ atMs }) => atMs <= nowMs)
        if (due === undefined) continue
        waiters = waiters.filter((waiter) => waiter !== due)
        due.wake()
        // Whoever was woken runs until he waits again, or leaves.
        await new Promise((resolve) => setImmediate(resolve))
      }
    } finally {
      isMoving = false
    }
  }

  return {
    now: () => nowMs,
    wait: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const leave = () => {
          waiters = waiters.filter((other) => other !== waiter)
          reject(signal?.reason)
        }
        const wake = () => {
          signal?.removeEventListener('abort', leave)
          resolve()
        }
        const waiter = { atMs: nowMs + Math.max(0, ms), wake }
        waiters.push(waiter)
        signal?.addEventListener('abort', leave)
        void move()
      }),
    join() {
      participants++
      let isHere = true
      return () => {
        if (!isHere) return
        isHere = false
        participants--
        void move()
      }
    },
  }
}
