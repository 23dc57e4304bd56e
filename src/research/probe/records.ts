/** Events put together: one record for each probe, which says all that the analysis knows of it. */
import type { Address, Hash } from '../../primitives/hex.ts'
import type { EventOf, LoggedGroup, ProbeEvent } from './events.ts'
import type { Cell, Clock } from './plan.ts'

export type Seen = Omit<EventOf<'seen'>, 'type' | 'hash' | 'clock'>

export type ProbeRecord = Cell & {
  readonly group: number
  /** In its group, from 0: the drawn order. */
  readonly order: number
  readonly sender: Address
  readonly to: Address | null
  readonly hash: Hash
  /** Absent until the group is sent. */
  answer?: EventOf<'answer'>
  queued?: EventOf<'queued'>
  readonly seen: { [clock in Clock]?: Seen }
  displaced: number
  isEnded: boolean
}

export type Records = {
  add(event: ProbeEvent): void
  get(hash: Hash): ProbeRecord | undefined
  /** By group, in drawn order. */
  all(): readonly ProbeRecord[]
}

export function createRecords(events: readonly ProbeEvent[]): Records {
  const records = new Map<Hash, ProbeRecord>()
  const add = (event: ProbeEvent): void => {
    if (event.type === 'group') for (const record of newRecords(event)) records.set(record.hash, record)
    else if ('hash' in event) note(records.get(event.hash), event)
  }
  events.forEach(add)
  return { add, get: (hash) => records.get(hash), all: () => [...records.values()] }
}

function newRecords({ group, probes }: LoggedGroup): readonly ProbeRecord[] {
  return probes.map(({ entry, class: targetClass, sender, to, hash }, order) => ({
    ...{ group, order, entry, class: targetClass, sender, to, hash },
    ...{ seen: {}, displaced: 0, isEnded: false },
  }))
}

function note(record: ProbeRecord | undefined, event: Extract<ProbeEvent, { readonly hash: Hash }>): void {
  if (record === undefined) return
  switch (event.type) {
    case 'answer':
      record.answer = event
      break
    case 'queued':
      record.queued = event
      break
    case 'seen': {
      const { type: _, hash: __, clock, ...seen } = event
      record.seen[clock] ??= seen
      break
    }
    case 'displaced':
      record.displaced++
      break
    case 'ended':
      record.isEnded = true
      break
  }
}
