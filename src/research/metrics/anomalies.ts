/**
 * L2BEAT's liveness anomalies: an interval between two records is one if its z-score against the last 30 days is 15 or more.
 * Minute by minute a trailing window of 30 days keeps mean and population deviation of the intervals whose record lies in it.
 */

const MINUTE = 60
const DAY = 24 * 60 * MINUTE
/** Seconds that are judged. */
export const WINDOW = 30 * DAY
/** What is loaded, and how old the oldest record must be for anything to be said. */
const LOADED = 60 * DAY
const HISTORY_MIN = 59 * DAY
export const Z_THRESHOLD = 15

export type Anomaly = {
  /** The record after which nothing came for `duration`. Seconds since the epoch. */
  readonly start: number
  /** Seconds. */
  readonly duration: number
  /** Infinity where all intervals before were alike. */
  readonly zScore: number
  /** Whether it had not ended at `to`. */
  readonly isOngoing: boolean
  /** From which duration on it would have been one: mean + 15 deviations. Seconds. */
  readonly threshold: number
}

/** A gap after a record. */
export type Interval = { readonly start: number; readonly duration: number; readonly isOngoing: boolean }

/**
 * From records (seconds, any order) up to `to`. Newest first, as the rows of the rule: with a virtual record at `to`, so that a gap that
 * has not ended counts. Null where there is not enough history to judge.
 */
export function findAnomalies(records: readonly number[], to: number): readonly Anomaly[] | null {
  const loaded = records.filter((time) => time <= to && time >= to - LOADED).sort((a, b) => b - a)
  const oldest = loaded.at(-1)
  if (oldest === undefined || oldest > to - HISTORY_MIN) return null
  const intervals = intervalsOf([to, ...loaded])
  const statistics = trailingStatistics(intervals, to)
  return intervals.flatMap((interval) => {
    if (interval.start < to - WINDOW) return []
    const { mean, deviation } = statistics(startOfMinute(interval.start))
    const zScore = zOf(interval.duration, mean, deviation)
    return zScore >= Z_THRESHOLD && interval.duration > mean
      ? [{ ...interval, zScore, threshold: mean + Z_THRESHOLD * deviation }]
      : []
  })
}

/** Newest first; each belongs to its older record. */
export function intervalsOf(newestFirst: readonly number[]): readonly Interval[] {
  return newestFirst.slice(1).map((start, index) => ({
    start,
    duration: (newestFirst[index] as number) - start,
    isOngoing: index === 0,
  }))
}

function zOf(duration: number, mean: number, deviation: number): number {
  if (Number.isNaN(deviation)) return Number.NaN
  if (deviation === 0) return duration > mean ? Number.POSITIVE_INFINITY : 0
  return (duration - mean) / deviation
}

const startOfMinute = (time: number): number => time - (time % MINUTE)

/** Mean and population deviation of the intervals whose record is in [minute − 30 days, minute), for each of the last 30 days' minutes. */
function trailingStatistics(
  intervals: readonly Interval[],
  to: number,
): (minute: number) => { readonly mean: number; readonly deviation: number } {
  const oldestFirst = intervals.toReversed()
  const asked = oldestFirst
    .map(({ start }) => startOfMinute(start))
    .filter((minute) => minute >= to - WINDOW - MINUTE)
  const found = new Map<number, { readonly mean: number; readonly deviation: number }>()
  const window = createWindow()
  let [first, next] = [0, 0]
  for (const minute of asked) {
    if (found.has(minute)) continue
    for (; (oldestFirst[next]?.start ?? Number.POSITIVE_INFINITY) < minute; next++)
      window.add((oldestFirst[next] as Interval).duration)
    for (; (oldestFirst[first]?.start ?? Number.POSITIVE_INFINITY) < minute - WINDOW; first++)
      window.remove((oldestFirst[first] as Interval).duration)
    found.set(minute, window.read())
  }
  return (minute) => found.get(minute) ?? { mean: 0, deviation: Number.NaN }
}

/**
 * In whole numbers: with running floating-point sums, equal intervals would be left with a deviation that is not quite 0 once others have
 * come and gone, and what is infinitely unusual would have some large score.
 */
function createWindow() {
  let [count, sum, squares] = [0n, 0n, 0n]
  const change = (value: number, sign: bigint): void => {
    const exact = BigInt(value)
    count += sign
    sum += sign * exact
    squares += sign * exact * exact
  }
  return {
    add: (value: number) => change(value, 1n),
    remove: (value: number) => change(value, -1n),
    /** NaN below two values. */
    read() {
      if (count < 2n) return { mean: Number.NaN, deviation: Number.NaN }
      const mean = Number(sum) / Number(count)
      return { mean, deviation: Math.sqrt(Number(count * squares - sum * sum)) / Number(count) }
    },
  }
}
