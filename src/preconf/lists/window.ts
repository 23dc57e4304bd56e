/** Whether a window ends where a list says, and who may sign for it. */
import { TemporaryError } from '../../primitives/errors.ts'
import type { Address } from '../../primitives/hex.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { type SigningWindow, signersOf } from '../follow/windows.ts'
import type { ListWindow, Refused } from './record.ts'

export type WindowDeps = {
  readonly spec: Pick<RollupSpec, 'l1'>
  readonly schedule: Pick<Schedule, 'at' | 'currentSlot'>
  /** Who may sign where anyone may propose. */
  readonly committers: readonly Address[]
}

export type FoundWindow = ListWindow &
  Pick<SigningWindow, 'signers' | 'registrationRoot'> & { readonly type: 'window' }

export async function findWindow(deps: WindowDeps, windowEnd: bigint): Promise<FoundWindow | Refused> {
  const { genesisTime, secondsPerSlot } = deps.spec.l1
  const sinceGenesis = windowEnd - genesisTime
  if (sinceGenesis < 0n || sinceGenesis % secondsPerSlot !== 0n)
    return refuse('notAWindow', `no slot begins at ${windowEnd}`)
  const slot = sinceGenesis / secondsPerSlot
  try {
    const current = await deps.schedule.currentSlot()
    if (slot < current) return refuse('tooLate', `the window is over: slot ${slot} is before ${current}`)
    const turn = await deps.schedule.at(slot)
    if (turn === undefined)
      return {
        ...refuse(
          'notAWindow',
          `slot ${slot} is in no epoch that is settled: only this one and the next are`,
        ),
        isForNow: true,
      }
    const { firstSlot, lastSlot } = turn.window
    if (lastSlot !== slot)
      return refuse('notAWindow', `the window of slot ${slot} ends with slot ${lastSlot}`)
    if (turn.window.turn.type === 'unknown') return notNow(turn.window.turn.reason)
    const isNamed = turn.window.turn.type === 'owner'
    const signers = signersOf(turn.window.turn, deps.committers)
    return { type: 'window', windowEnd, firstSlot, lastSlot, isNamed, ...signers }
  } catch (error) {
    if (!(error instanceof TemporaryError)) throw error
    return notNow('L1 does not say now whose window it is')
  }
}

function notNow(detail: string): Refused {
  return { ...refuse('notNow', detail), isForNow: true }
}

function refuse(refusal: Refused['refusal'], detail: string): Refused {
  return { type: 'refused', refusal, detail }
}
