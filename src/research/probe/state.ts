/** An experiment as far as it has come: its log, and what the log comes to so far. */
import type { Hash } from '../../primitives/hex.ts'
import type { EventOf, LoggedGroup, LoggedProbe, ProbeEvent } from './events.ts'
import type { ProbeLog } from './log.ts'
import { createRecords, type ProbeRecord } from './records.ts'

export type ProbeState = {
  events(): readonly ProbeEvent[]
  /** The only event of its type. */
  only<T extends 'inbox' | 'contract'>(type: T): EventOf<T> | undefined
  group(group: number): LoggedGroup | undefined
  /** Just before the first request of a group; undefined where none of it was sent. Milliseconds since 1970. */
  begunAt(group: number): number | undefined
  begun(): number
  probe(hash: Hash): LoggedProbe | undefined
  record(hash: Hash): ProbeRecord | undefined
  records(): readonly ProbeRecord[]
  /** On the disk when it returns. */
  write(...events: readonly ProbeEvent[]): void
}

export function createProbeState(log: ProbeLog): ProbeState {
  const records = createRecords([])
  const single = new Map<ProbeEvent['type'], ProbeEvent>()
  const groups = new Map<number, LoggedGroup>()
  const begun = new Map<number, number>()
  const probes = new Map<Hash, LoggedProbe>()
  const note = (event: ProbeEvent): void => {
    records.add(event)
    if (event.type === 'sending') begun.set(event.group, event.at)
    else if (event.type === 'group') {
      groups.set(event.group, event)
      for (const probe of event.probes) probes.set(probe.hash, probe)
    } else single.set(event.type, event)
  }
  log.events().forEach(note)
  return {
    events: log.events,
    only: <T extends ProbeEvent['type']>(type: T) => single.get(type) as EventOf<T> | undefined,
    group: (group) => groups.get(group),
    begunAt: (group) => begun.get(group),
    begun: () => begun.size,
    probe: (hash) => probes.get(hash),
    record: records.get,
    records: records.all,
    write(...events) {
      log.append(...events)
      events.forEach(note)
    },
  }
}
