/** Each cell of an experiment by itself: how many, how fast to each clock, how many are missing. */
import { quantile } from '../metrics/quantile.ts'
import { wilson } from '../metrics/wilson.ts'
import { type Outcome, outcomeAt } from './outcome.ts'
import { type Cell, CLOCKS, type Clock, cellsOf, type Plan } from './plan.ts'
import type { ProbeRecord } from './records.ts'

/** A time in ms; `beyond` where the percentile falls among those that are missing; null without any. */
export type Percentile = number | 'beyond' | null

export type Times = {
  /** Those that have a time, and those that are missing. */
  readonly count: number
  readonly p50: Percentile
  readonly p90: Percentile
  readonly p99: Percentile
}

export type ClockStatistics = Times & {
  readonly clock: Clock
  /** There by the cut-off, `untimed` included. */
  readonly reached: number
  readonly missing: number
  readonly untimed: number
  readonly open: number
  readonly notEntered: number
  /** missing / (reached + missing), with its 95 % Wilson interval; null without any. */
  readonly missingShare: { readonly share: number; readonly low: number; readonly high: number } | null
}

export type CellStatistics = Cell & {
  readonly n: number
  readonly accepted: number
  readonly refused: number
  readonly failed: number
  /** What was said to those that were not accepted, and how often. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[]
  /** From sending to the entry point's answer: for `preconf` the promise. Refusals have none. */
  readonly answered: Times
  /** Of `forced`: from sending to the look that found it in the inbox's queue. */
  readonly queued: Times | null
  readonly clocks: readonly ClockStatistics[]
  /** Were in the chain, and were taken out of it again. */
  readonly displaced: number
  /** Promises whose block number is the one that the transaction came to; null where nothing was promised. */
  readonly promises: { readonly made: number; readonly kept: number } | null
}

export function watchedClocks({ until }: Pick<Plan, 'until'>): readonly Clock[] {
  return CLOCKS.slice(0, CLOCKS.indexOf(until) + 1)
}

export function cellStatistics(plan: Plan, records: readonly ProbeRecord[]): readonly CellStatistics[] {
  return cellsOf(plan).map((cell) => {
    const own = records.filter((each) => each.entry === cell.entry && each.class === cell.class)
    return { ...cell, ...statisticsOf(own, plan, cell) }
  })
}

function statisticsOf(
  own: readonly ProbeRecord[],
  plan: Plan,
  { entry }: Cell,
): Omit<CellStatistics, keyof Cell> {
  const answers = own.flatMap(({ answer }) => answer ?? [])
  const of = (outcome: string) => answers.filter((answer) => answer.outcome === outcome)
  const unkind = answers.filter(({ outcome }) => outcome !== 'accepted').map(({ detail }) => detail)
  const promised = own.filter(({ answer }) => answer?.promise !== undefined)
  const kept = promised.filter(
    ({ answer, seen }) => (seen.safe ?? seen.latest)?.block === answer?.promise?.blockNumber,
  )
  return {
    n: own.length,
    accepted: of('accepted').length,
    refused: of('refused').length,
    failed: of('failed').length,
    reasons: [...new Set(unkind)]
      .sort()
      .map((reason) => ({ reason, count: unkind.filter((each) => each === reason).length })),
    answered: timesOf(
      of('accepted').flatMap(({ sentAt, at }) => (sentAt === null ? [] : at - sentAt)),
      0,
    ),
    queued:
      entry === 'forced'
        ? timesOf(
            own.flatMap(({ answer, queued }) =>
              queued?.succeeded && typeof answer?.sentAt === 'number' ? queued.at - answer.sentAt : [],
            ),
            0,
          )
        : null,
    clocks: watchedClocks(plan).map((clock) => clockStatistics(own, clock, plan)),
    displaced: own.reduce((sum, { displaced }) => sum + displaced, 0),
    promises: promised.length === 0 ? null : { made: promised.length, kept: kept.length },
  }
}

function clockStatistics(own: readonly ProbeRecord[], clock: Clock, plan: Plan): ClockStatistics {
  const outcomes = own.map((record) => outcomeAt(record, clock, plan))
  const count = (type: Outcome['type']) => outcomes.filter((each) => each.type === type).length
  const timed = outcomes.flatMap((each) => (each.type === 'reached' ? each.latency : []))
  const [missing, untimed] = [count('missing'), count('untimed')]
  const reached = timed.length + untimed
  const interval = wilson(missing, reached + missing)
  return {
    clock,
    ...timesOf(timed, missing),
    ...{ reached, missing, untimed, open: count('open'), notEntered: count('notEntered') },
    missingShare: interval && { share: missing / (reached + missing), ...interval },
  }
}

/** Percentiles over all of them: those that are missing are later than any other, and never left out. */
function timesOf(values: readonly number[], missing: number): Times {
  const all = [...values, ...Array<number>(missing).fill(Number.POSITIVE_INFINITY)]
  const at = (q: number): Percentile => {
    const value = quantile(all, q)
    return value === null || Number.isFinite(value) ? value : 'beyond'
  }
  return { count: all.length, p50: at(0.5), p90: at(0.9), p99: at(0.99) }
}
