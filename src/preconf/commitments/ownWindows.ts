/** Slots that our keys may promise for, and until when: a promise must leave the sequencer time to land it. */
import type { Address } from '../../primitives/hex.ts'
import type { Schedule, Turn, Window } from '../../schedule/schedule.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { SLOTS_AHEAD } from '../promises/recent.ts'
import { CommitmentRefusedError } from './errors.ts'
import { createLookedUp } from './lookedUp.ts'

export type OwnSlot = {
  readonly slot: bigint
  /** Timestamp of the slot, in seconds: the latest one an L2 block of the promise may have. */
  readonly deadline: bigint
  /** Timestamp of the window's last slot, in seconds. */
  readonly windowEnd: bigint
  readonly window: Window
  readonly key: Address
  /** L2 blocks of the window can be made now. */
  readonly isRunning: boolean
}

export type OwnWindows = {
  /** Throws CommitmentRefusedError for a slot that nothing can be promised for. */
  find(slot: bigint): Promise<OwnSlot>
  list(): Promise<readonly OwnSlot[]>
  close(): void
}

export type WindowOptions = {
  /** Ours, in order of preference where anyone may sign. */
  readonly keys: readonly Address[]
  /** Promise where anyone may propose; only where no other sequencer does. */
  readonly takesOpenWindows: boolean
  /** Milliseconds before its end at which the last block of a window is sealed. The sequencer's `stopBeforeMs`. */
  readonly stopBeforeMs: number
  /** Milliseconds that a promise needs at least: a block or two. */
  readonly marginMs: number
}

export function createOwnWindows(
  deps: {
    readonly spec: Pick<RollupSpec, 'l1'>
    readonly schedule: Pick<Schedule, 'at' | 'onChange'>
    /** The guard's: windows that end later are not signed for yet. Seconds. */
    readonly reach: () => Promise<bigint>
    /** Milliseconds since 1970. */
    readonly now: () => number
  },
  options: WindowOptions,
): OwnWindows {
  const { schedule, now } = deps
  const { genesisTime, secondsPerSlot } = deps.spec.l1
  const timestampOf = (slot: bigint) => genesisTime + slot * secondsPerSlot
  const currentSlot = () => {
    const seconds = BigInt(Math.floor(now() / 1000))
    return seconds < genesisTime ? 0n : (seconds - genesisTime) / secondsPerSlot
  }

  // A new L1 head is read behind the answers: a slot more or less is what L1 itself takes to tell of one.
  const ageMaxMs = Number(secondsPerSlot) * 1000
  const turns = createLookedUp({
    read: (slot: bigint) => schedule.at(slot),
    ...{ now, ageMaxMs },
    mayKeep: (found) => found !== undefined && found.window.turn.type !== 'unknown',
  })
  const unsubscribe = schedule.onChange(turns.clear)
  const reaches = createLookedUp({ read: (_: 'guard') => deps.reach(), now, ageMaxMs })
  const readReach = () => reaches.get('guard')

  async function read(slot: bigint): Promise<OwnSlot | undefined> {
    const turn = await turns.get(slot)
    if (turn === undefined) throw new CommitmentRefusedError('slotTooFar', `L1 has not settled slot ${slot}`)
    if (turn.window.turn.type === 'unknown')
      throw new CommitmentRefusedError('syncing', `whose slot ${slot} is, is not known now`)
    const { window } = turn
    const key = keyFor(window.turn, options)
    if (key === undefined) return undefined
    return {
      slot,
      deadline: timestampOf(slot),
      windowEnd: timestampOf(window.lastSlot),
      window,
      key,
      // A slot's L2 blocks are made while its L1 block is awaited: in the slot before.
      isRunning: window.firstSlot <= currentSlot() + 1n,
    }
  }

  const isOpen = ({ deadline, windowEnd }: OwnSlot): boolean => {
    const latestMs = Math.min(Number(deadline) * 1000, Number(windowEnd) * 1000 - options.stopBeforeMs)
    return now() + options.marginMs <= latestMs
  }

  return {
    async find(slot) {
      const current = currentSlot()
      if (slot < current) throw new CommitmentRefusedError('slotPast', `${slot}, it is slot ${current}`)
      if (slot > current + SLOTS_AHEAD)
        throw new CommitmentRefusedError('slotTooFar', `${slot}, at most slot ${current + SLOTS_AHEAD}`)
      const found = await read(slot)
      if (found === undefined) throw new CommitmentRefusedError('notOurWindow', `${slot}`)
      const reach = await readReach()
      if (found.windowEnd > reach)
        throw new CommitmentRefusedError(
          'slotTooFar',
          `its window ends after ${reach}, which is not signed for yet`,
        )
      if (!isOpen(found)) throw new CommitmentRefusedError('notEnoughTime')
      return found
    },
    async list() {
      const current = currentSlot()
      const reach = await readReach()
      const found: OwnSlot[] = []
      for (let slot = current; slot <= current + SLOTS_AHEAD; slot++) {
        const own = await read(slot).catch((error: unknown) => {
          if (error instanceof CommitmentRefusedError) return undefined
          throw error
        })
        if (own !== undefined && own.windowEnd <= reach && isOpen(own)) found.push(own)
      }
      return found
    },
    close: unsubscribe,
  }
}

function keyFor(turn: Turn, { keys, takesOpenWindows }: WindowOptions): Address | undefined {
  switch (turn.type) {
    case 'owner':
      return keys.find((key) => key === turn.owner.committer)
    case 'operator':
      return keys.find((key) => key === turn.operator)
    case 'anyone':
      return takesOpenWindows ? keys[0] : undefined
    default:
      return undefined
  }
}
