/** Who begins slots: the wall clock, or a test. Both answer the same calls. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Slots begin when asked for, as fast as they compute; timestamps follow the slots. */
export function createManualDriver(chain) {
  const repeat = async (count, action) => {
    for (let i = 0; i < count; i++) await action()
  }
  return {
    next: (count) => repeat(count, chain.produce),
    skip: (count) => repeat(count, chain.skip),
  }
}

/**
 * Slots begin by the wall clock; `next` waits for them. A machine that is too slow makes late blocks, not missed ones:
 * what a test sees does not depend on the load.
 */
export function createClockDriver(chain, { genesisTime, secondsPerSlot }) {
  let toSkip = 0
  const run = async () => {
    for (;;) {
      const dueMs = (genesisTime + (chain.currentSlot() + 1) * secondsPerSlot) * 1000
      await sleep(Math.max(0, dueMs - Date.now()))
      if (toSkip > 0) {
        toSkip--
        await chain.skip()
      } else await chain.produce()
    }
  }
  run().catch((error) => {
    console.error(error)
    process.exit(1)
  })
  return {
    next: (count) =>
      new Promise((resolve) => {
        let left = count
        const stop = chain.subscribe(({ type }) => {
          if (type !== 'head' || --left > 0) return
          stop()
          resolve()
        })
      }),
    skip: async (count) => {
      toSkip += count
    },
  }
}
