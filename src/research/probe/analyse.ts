/** All that an experiment's log says, as a pure function of it: the same log gives the same analysis. */
import { quantile } from '../metrics/quantile.ts'
import { type CellStatistics, cellStatistics } from './cells.ts'
import type { TargetClass } from './classes.ts'
import { type Comparison, compareCells } from './compare.ts'
import type { ProbeEvent } from './events.ts'
import { sum } from './paired.ts'
import type { Plan } from './plan.ts'
import { createRecords, type ProbeRecord } from './records.ts'

export type ForcedDelay = {
  readonly class: TargetClass
  /** Taken from the queue, as far as the node says by which L1 block. */
  readonly taken: number
  /** L1 blocks from the one that queued it to the one that took it. */
  readonly blocks: { readonly p50: number | null; readonly max: number | null }
  /** The same in seconds. */
  readonly seconds: { readonly p50: number | null; readonly max: number | null }
  /** Taken later than the inbox's delay. Its L1 block may be later still: the next proposal has to take it. */
  readonly overdue: number
}

export type Analysis = {
  readonly plan: Plan
  readonly records: readonly ProbeRecord[]
  readonly cells: readonly CellStatistics[]
  readonly comparisons: readonly Comparison[]
  readonly forced: {
    /** Seconds after which a proposal must take what is queued, and as a multiple of it, after which anyone may propose. */
    readonly due: number
    readonly multiplier: number
    readonly byClass: readonly ForcedDelay[]
  } | null
  readonly groups: {
    readonly sent: number
    /** Sent by a process that ended meanwhile: what it had not heard of has no time. */
    readonly interrupted: number
    /** From the first to the last request of a group, ms: median and longest. */
    readonly spread: { readonly p50: number | null; readonly max: number | null }
  }
  /** The most that it can have cost, wei. */
  readonly cost: { readonly l1: bigint; readonly l2: bigint }
}

export function analyse(plan: Plan, events: readonly ProbeEvent[]): Analysis {
  const records = createRecords(events).all()
  return {
    plan,
    records,
    cells: cellStatistics(plan, records),
    comparisons: compareCells(plan, records),
    forced: forcedDelays(plan, records, events),
    groups: groupStatistics(records),
    cost: costOf(events),
  }
}

/** The most that what is logged can cost, wei. */
export function costOf(events: readonly ProbeEvent[]): { readonly l1: bigint; readonly l2: bigint } {
  let [l1, l2] = [0n, 0n]
  for (const event of events) {
    if (event.type === 'contract') l2 += BigInt(event.cost)
    if (event.type === 'group') [l1, l2] = [l1 + BigInt(event.cost.l1), l2 + BigInt(event.cost.l2)]
  }
  return { l1, l2 }
}

function forcedDelays(
  plan: Plan,
  records: readonly ProbeRecord[],
  events: readonly ProbeEvent[],
): Analysis['forced'] {
  const inbox = events.find((event) => event.type === 'inbox')
  if (inbox === undefined || !plan.entries.includes('forced')) return null
  const byClass = plan.classes.map((targetClass) => {
    const delays = records.flatMap(({ entry, class: own, queued, seen }) => {
      const taken = seen.safe?.l1
      if (entry !== 'forced' || own !== targetClass || !queued?.succeeded || !taken) return []
      return { blocks: taken.block - queued.l1Block, seconds: taken.time - queued.l1Time }
    })
    return {
      class: targetClass,
      taken: delays.length,
      blocks: middleAndMost(delays.map(({ blocks }) => blocks)),
      seconds: middleAndMost(delays.map(({ seconds }) => seconds)),
      overdue: delays.filter(({ seconds }) => seconds > inbox.forcedInclusionDelay).length,
    }
  })
  return { due: inbox.forcedInclusionDelay, multiplier: inbox.multiplier, byClass }
}

function groupStatistics(records: readonly ProbeRecord[]): Analysis['groups'] {
  const groups = new Map<number, ProbeRecord[]>()
  for (const record of records) {
    if (record.answer === undefined) continue
    groups.set(record.group, [...(groups.get(record.group) ?? []), record])
  }
  const times = [...groups.values()].map((group) => group.map(({ answer }) => answer?.sentAt ?? null))
  const whole = times.flatMap((group) => {
    const known = group.filter((at) => at !== null)
    return known.length === group.length ? [Math.max(...known) - Math.min(...known)] : []
  })
  return {
    sent: groups.size,
    interrupted: sum(times.map((group) => (group.includes(null) ? 1 : 0))),
    spread: middleAndMost(whole),
  }
}

function middleAndMost(values: readonly number[]) {
  return { p50: quantile(values, 0.5), max: quantile(values, 1) }
}
