/** What one probe says about one clock: a time, that it is missing, or nothing that could be counted. */
import type { Clock, Plan } from './plan.ts'
import type { ProbeRecord } from './records.ts'

export type Outcome =
  /** From sending to the clock, ms: more than `least`, not more than `latency`. */
  | { readonly type: 'reached'; readonly latency: number; readonly least: number }
  /** It is there, but nobody looked for too long: it counts as landed, its time does not count. */
  | { readonly type: 'untimed' }
  /** Not there by the cut-off. */
  | { readonly type: 'missing' }
  /** L1 did not take the transaction that queues it: that says nothing about the rollup. */
  | { readonly type: 'notEntered' }
  /** Still watched, or not sent. */
  | { readonly type: 'open' }

/** A look so much later than the one before it is too late to tell when something came. */
export const LOOK_GAP_MAX_MS = 5_000

export function outcomeAt(record: ProbeRecord, clock: Clock, { cutoffMs }: Pick<Plan, 'cutoffMs'>): Outcome {
  const { answer, queued, entry, isEnded } = record
  const seen = record.seen[clock]
  if (answer === undefined) return { type: 'open' }
  if (seen === undefined) {
    if (!isEnded) return { type: 'open' }
    return { type: entry === 'forced' && !queued?.succeeded ? 'notEntered' : 'missing' }
  }
  const { sentAt } = answer
  if (sentAt === null) return { type: 'untimed' }
  if (seen.after - sentAt >= cutoffMs) return { type: 'missing' }
  if (seen.at - seen.after > LOOK_GAP_MAX_MS) return { type: 'untimed' }
  const latency = seen.at - sentAt
  if (latency > cutoffMs) return { type: 'missing' }
  return { type: 'reached', latency, least: Math.max(0, seen.after - sentAt) }
}
