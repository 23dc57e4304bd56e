/** The state of a guard's memory: its generation, and until when it is quiet because it may have gaps. */
import { randomBytes } from 'node:crypto'
import { maxBigint } from '../../primitives/bigint.ts'
import type { Statement, StoreReader } from '../../store/store.ts'
import type { Count } from './counter.ts'
import type { L1View } from './position.ts'

/** Of a database that no guard has opened. */
const NO_LIFE = '0'.repeat(16)

/** Why a memory may have gaps. */
export type QuietCause = 'new' | 'databaseLost' | 'oldCopy' | 'counterLost' | 'imported' | 'journalLost'

export type State = Count & {
  /** L1 must pass this time before anything is signed. Seconds. */
  readonly quietUntil: bigint
  readonly quietCause: QuietCause | Importing
}

/** Imported while no guard ran: the wait begins when one opens. */
type Importing = 'importing'

export type GuardStatus =
  | { readonly type: 'ready'; readonly sentence: string }
  /** `time`: nothing is signed until L1 passes `until`. `landedBlock`: no blocks until one of a later time has landed. Seconds. */
  | {
      readonly type: 'waiting'
      readonly for: 'time' | 'landedBlock'
      readonly until: bigint
      readonly cause: QuietCause
      readonly sentence: string
    }

const CAUSES: Readonly<Record<QuietCause, string>> = {
  new: 'its memory is new, and what the keys signed before is not known',
  databaseLost: 'its database was lost, and with it what the keys signed last',
  oldCopy: 'its database is an old copy, which lacks what the keys signed since',
  counterLost: 'its counter was lost, so that its database may be an old copy',
  imported: 'what another guard signed was imported, perhaps not all of it',
  journalLost:
    'the journal of the blocks that were signed was lost (preconf.db), so that they cannot be gone on with',
}

export function describeStatus(
  { quietUntil, quietCause }: State,
  { timestamp, landed }: L1View,
): GuardStatus {
  const cause = quietCause === 'importing' ? 'imported' : quietCause
  const waiting = { type: 'waiting', until: quietUntil, cause } as const
  const why = `because ${CAUSES[cause]}`
  if (timestamp <= quietUntil)
    return {
      ...waiting,
      for: 'time',
      sentence: `the guard signs nothing until L1 has passed ${timeOf(quietUntil)} (${quietUntil - timestamp} s from its head), ${why}`,
    }
  if (landed.timestamp <= quietUntil)
    return {
      ...waiting,
      for: 'landedBlock',
      sentence: `the guard signs no blocks until an L2 block later than ${timeOf(quietUntil)} has landed on L1 (block ${landed.number}, the last one, is of ${timeOf(landed.timestamp)}), ${why}; a batch without promises will do, as plumbline sequence and plumbline propose post them`,
    }
  return { type: 'ready', sentence: 'the guard signs' }
}

function timeOf(seconds: bigint): string {
  return new Date(Number(seconds) * 1000).toISOString()
}

/** What was signed in a gap is past, by L1 time, a window from now. Copies from before are of another life. */
export function startQuiet(
  state: State,
  { cause, l1Timestamp, windowSeconds }: { cause: QuietCause; l1Timestamp: bigint; windowSeconds: bigint },
): State {
  const now = maxBigint(state.l1Timestamp, l1Timestamp)
  return {
    ...state,
    life: randomBytes(8).toString('hex'),
    quietUntil: maxBigint(state.quietUntil, now + windowSeconds),
    quietCause: cause,
    l1Timestamp: now,
  }
}

/** What the files say about each other at opening. Undefined: the memory is whole. */
export function findGap(
  state: State,
  counted: Count | undefined,
  isJournalNew = false,
): QuietCause | undefined {
  if (counted === undefined) return state.generation === 0n ? 'new' : 'counterLost'
  if (state.generation === 0n) return 'databaseLost'
  if (state.quietCause === 'importing') return 'imported'
  const isOfThisLife = state.life === counted.life
  if (!isOfThisLife || state.generation < counted.generation) return 'oldCopy'
  return isJournalNew ? 'journalLost' : undefined
}

/** Generation 0 of a database that is new. */
export async function readState(reader: StoreReader): Promise<State> {
  const row = await reader.get(
    'SELECT generation, quiet_until, l1_timestamp, quiet_cause, life FROM guard_state',
  )
  if (row === undefined)
    return { generation: 0n, life: NO_LIFE, quietUntil: 0n, quietCause: 'new', l1Timestamp: 0n }
  return {
    generation: BigInt(row.generation as number),
    life: row.life as string,
    quietUntil: BigInt(row.quiet_until as number),
    quietCause: row.quiet_cause as State['quietCause'],
    l1Timestamp: BigInt(row.l1_timestamp as number),
  }
}

export function writeState(state: State): Statement {
  return [
    `INSERT OR REPLACE INTO guard_state (id, generation, quiet_until, l1_timestamp, quiet_cause, life)
     VALUES (1, ?, ?, ?, ?, ?)`,
    [state.generation, state.quietUntil, state.l1Timestamp, state.quietCause, state.life],
  ]
}
