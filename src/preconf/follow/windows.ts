/**
 * Whose signature counts for a window. A promise names its window by the end; that has to be the end of a window L1 knows, and the
 * signer the one whose it is. Where anyone may propose, no signature says anything by itself: the operator names whom to believe.
 */
import type { Address, Hash } from '../../primitives/hex.ts'
import type { Schedule, Turn } from '../../schedule/schedule.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'

export type SigningWindow = {
  /** End of the window before: a block of this one is later. Seconds. */
  readonly start: bigint
  /** Seconds. */
  readonly end: bigint
  readonly signers: readonly Address[]
  /** Of the operator whose bond answers, where there is one. */
  readonly registrationRoot?: Hash
}

export type WindowAnswer =
  | { readonly type: 'window'; readonly window: SigningWindow }
  /** No window of this schedule ends then. */
  | { readonly type: 'notAWindow' }
  /** L1 does not say now; the sentence says what is missing. */
  | { readonly type: 'unknown'; readonly reason: string }

export type Windows = {
  /** @param end Seconds. Never throws. */
  endingAt(end: bigint): Promise<WindowAnswer>
  /** Learns the window of a time, in seconds: L1 does not answer for it long after it is over. Never throws. */
  note(timestamp: bigint): Promise<void>
  close(): void
}

/** Windows kept after L1 has stopped answering for them: at most a window a slot, four epochs. */
const REMEMBERED_MAX = 128

export function createWindows(deps: {
  readonly spec: Pick<RollupSpec, 'l1'>
  readonly schedule: Pick<Schedule, 'at' | 'onChange'>
  /** Who is believed where anyone may propose. */
  readonly committers: readonly Address[]
}): Windows {
  const { spec, schedule, committers } = deps
  const { genesisTime, secondsPerSlot } = spec.l1
  const known = new Map<bigint, SigningWindow>()
  /** Windows found before the schedule last changed: good only where it says nothing of them any more. */
  let stale = new Map<bigint, SigningWindow>()
  const stop = schedule.onChange(() => {
    stale = new Map([...stale, ...known].slice(-REMEMBERED_MAX))
    known.clear()
  })

  async function ask(end: bigint): Promise<WindowAnswer> {
    const slot = (end - genesisTime) / secondsPerSlot
    const turn = await schedule.at(slot)
    if (turn === undefined) {
      const earlier = stale.get(end)
      if (earlier !== undefined) return { type: 'window', window: earlier }
      return { type: 'unknown', reason: `the schedule says nothing about slot ${slot} now` }
    }
    const { window } = turn
    if (window.turn.type === 'unknown') return { type: 'unknown', reason: window.turn.reason }
    if (window.lastSlot !== slot) return { type: 'notAWindow' }
    const found = {
      start: genesisTime + (window.firstSlot - 1n) * secondsPerSlot,
      end,
      ...signersOf(window.turn, committers),
    }
    known.set(end, found)
    const [oldest] = known.keys()
    if (known.size > REMEMBERED_MAX && oldest !== undefined) known.delete(oldest)
    return { type: 'window', window: found }
  }

  async function endingAt(end: bigint): Promise<WindowAnswer> {
    if (end < genesisTime || (end - genesisTime) % secondsPerSlot !== 0n) return { type: 'notAWindow' }
    const window = known.get(end)
    if (window !== undefined) return { type: 'window', window }
    try {
      return await ask(end)
    } catch (error) {
      return { type: 'unknown', reason: error instanceof Error ? error.message : String(error) }
    }
  }

  return {
    endingAt,
    async note(timestamp) {
      // A slot's block has the time of its beginning: what is later belongs to the next.
      const slot = (timestamp - genesisTime + secondsPerSlot - 1n) / secondsPerSlot
      const turn = await schedule.at(slot).catch(() => undefined)
      if (turn !== undefined) await endingAt(genesisTime + turn.window.lastSlot * secondsPerSlot)
    },
    close: stop,
  }
}

/** Whose signatures count in a window that is somebody's turn, and whose bond answers for them. */
export function signersOf(
  turn: Turn,
  committers: readonly Address[],
): Pick<SigningWindow, 'signers' | 'registrationRoot'> {
  switch (turn.type) {
    case 'owner':
      return { signers: [turn.owner.committer], registrationRoot: turn.owner.registrationRoot }
    case 'operator':
      return { signers: [turn.operator] }
    case 'anyone':
      return { signers: committers }
    default:
      return { signers: [] }
  }
}
