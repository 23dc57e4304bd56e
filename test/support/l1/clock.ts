/** L1 by the clock: a block at the beginning of each slot, from what the pool holds, unless the slot is to be missed. */
import type { L1Transaction } from './calls.ts'
import type { MineNextOptions, SimulatedL1 } from './simulatedL1.ts'
import { numberOf } from './tree.ts'

export type L1Clock = {
  /** The slot that the clock is in. */
  slot(): number
  /** The next so many slots have no block. */
  missSlots(count: number): void
  /** Until it is called again: transactions of the pool that proposers do not take; none without an argument. */
  leaveOut(leavesOut?: (tx: L1Transaction) => boolean): void
  /** Into the next block, with what the pool has for it. */
  insertNext(tx: L1Transaction): void
  /** In the next slot that is not missed, something else takes the place of its block, such as a reorg. */
  insteadOfNext(act: () => void): void
  /** Rejects with what a slot failed with. */
  stop(): Promise<void>
}

export type L1ClockOptions = {
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number
  /** Blocks by which what is final stays behind the head; absent: nothing becomes final. */
  readonly finalizesBehind?: number
}

export function runClock(l1: SimulatedL1, options: L1ClockOptions = {}): L1Clock {
  const { now = Date.now, finalizesBehind } = options
  const genesisMs = Number(l1.config.genesisTime) * 1000
  const slotMs = Number(l1.config.secondsPerSlot) * 1000
  const slot = () => Math.floor((now() - genesisMs) / slotMs)
  let toMiss = 0
  let leavesOut: MineNextOptions['leavesOut']
  let instead: (() => void) | undefined
  let inserted: L1Transaction[] = []
  let failure: unknown
  let timer: NodeJS.Timeout | undefined

  const act = (): void => {
    const missedSlots = slot() - l1.head().beacon.slot - 1
    // The timer came early, or a reorg has filled the slot.
    if (missedSlots < 0) return
    if (toMiss > 0) {
      toMiss--
      return
    }
    if (instead !== undefined) {
      const once = instead
      instead = undefined
      once()
    } else {
      l1.mineNext({ missedSlots, transactions: inserted, ...(leavesOut && { leavesOut }) })
      inserted = []
    }
    if (finalizesBehind === undefined) return
    const final = numberOf(l1.head()) - finalizesBehind
    if (final > numberOf(l1.view.finalized())) l1.setFinalized(final)
  }
  const wait = (): void => {
    const delay = genesisMs + (slot() + 1) * slotMs - now()
    timer = setTimeout(() => {
      try {
        act()
        wait()
      } catch (error) {
        failure = error
      }
    }, delay)
  }
  wait()
  return {
    slot,
    missSlots: (count) => {
      toMiss += count
    },
    leaveOut: (next) => {
      leavesOut = next
    },
    insertNext: (tx) => {
      inserted.push(tx)
    },
    insteadOfNext: (next) => {
      instead = next
    },
    async stop() {
      clearTimeout(timer)
      if (failure !== undefined) throw failure
    },
  }
}
