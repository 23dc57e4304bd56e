/** Turns by schedules that need no lookahead: open, or one operator an epoch. Both stand alone and behind the lookahead's. */
import type { L1Header } from '../l1/l1.ts'
import type { L1Reads } from '../l1/reads.ts'
import { type Address, ZERO_ADDRESS } from '../primitives/hex.ts'
import { encodeCall, lowerAddress, needAnswer } from './abi.ts'
import { createSlotClock, type SlotClock } from './clock.ts'
import type { FallbackSource } from './detect.ts'
import type { Turn, Window } from './schedule.ts'

export type TurnAt = (slot: bigint) => Turn

/** As the contract answers at `head`: for the epoch of that block and the next. Read anew at each head, since a removal counts at once. */
export async function readSimpleTurns(
  deps: {
    readonly reads: Pick<L1Reads, 'call'>
    readonly l1: { readonly genesisTime: bigint; readonly secondsPerSlot: bigint }
    readonly clock: SlotClock
    readonly source: FallbackSource
  },
  head: L1Header,
  signal?: AbortSignal,
): Promise<TurnAt> {
  const { reads, l1, source } = deps
  if (source.kind === 'open') return () => ({ type: 'anyone' })
  if (source.kind === 'unknown') {
    const reason = unknownKind(source.address)
    return () => ({ type: 'unknown', reason })
  }
  const views = ['getOperatorForCurrentEpoch', 'getOperatorForNextEpoch'] as const
  const answers = await reads.call(
    views.map((view) => encodeCall(source.address, view)),
    head.hash,
    signal,
  )
  const operators = views.map((view, i) => toTurn(needAnswer<Address>(view, answers[i])))
  const clock =
    source.secondsPerEpoch === undefined
      ? deps.clock
      : createSlotClock(l1, source.secondsPerEpoch / l1.secondsPerSlot)
  const headEpoch = clock.epochOf(clock.slotAt(head.timestamp))
  return (slot) => {
    const epoch = clock.epochOf(slot)
    return (
      operators[Number(epoch - headEpoch)] ?? {
        type: 'unknown',
        reason: `the operator of slot ${slot} is drawn when the epoch before it begins`,
      }
    )
  }
}

export function unknownKind(address: Address): string {
  return `the inbox asks the schedule contract ${address}, which this version cannot read`
}

function toTurn(operator: Address): Turn {
  if (operator === ZERO_ADDRESS) return { type: 'nobody' }
  return { type: 'operator', operator: lowerAddress(operator) }
}

/** The slots from `firstSlot` to `lastSlot` in windows, as few as there are turns. */
export function groupTurns(
  slots: { readonly firstSlot: bigint; readonly lastSlot: bigint },
  turnAt: TurnAt,
  isFallback: boolean,
): readonly Window[] {
  const windows: Window[] = []
  for (let slot = slots.firstSlot; slot <= slots.lastSlot; slot++) {
    const turn = turnAt(slot)
    const last = windows.at(-1)
    if (last !== undefined && isSame(last.turn, turn))
      windows[windows.length - 1] = { ...last, lastSlot: slot }
    else windows.push({ firstSlot: slot, lastSlot: slot, turn, isFallback })
  }
  return windows
}

function isSame(a: Turn, b: Turn): boolean {
  if (a.type === 'operator' && b.type === 'operator') return a.operator === b.operator
  return a.type === b.type && a.type !== 'owner'
}
