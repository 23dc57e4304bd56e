/** L2BEAT's anomaly rule against a second implementation: literal, quadratic, with Welford's recurrences as conventions.md §4.2 tells it. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findAnomalies } from '../../../src/research/metrics/anomalies.ts'

const DAY = 86_400
const TO = 1_800_000_000

type Found = { start: number; duration: number; zScore: number }

/** Every minute of 30 days would take long; only those at which an interval is judged matter. */
function literal(records: readonly number[], to: number): readonly Found[] | null {
  const sorted = records.filter((t) => t <= to && to - t <= 60 * DAY).sort((a, b) => b - a)
  if (sorted.length === 0 || to - sorted.at(-1)! < 59 * DAY) return null
  const withNow = [to, ...sorted]
  const intervals: { start: number; duration: number }[] = []
  for (let i = 1; i < withNow.length; i++)
    intervals.push({ start: withNow[i]!, duration: withNow[i - 1]! - withNow[i]! })
  const found: Found[] = []
  for (const { start, duration } of intervals) {
    if (start < to - 30 * DAY) continue
    const minute = Math.floor(start / 60) * 60
    let [n, mean, m2] = [0, 0, 0]
    for (const other of intervals) {
      if (other.start < minute - 30 * DAY || other.start >= minute) continue
      n++
      const delta = other.duration - mean
      mean += delta / n
      m2 += delta * (other.duration - mean)
    }
    const sigma = n < 2 ? Number.NaN : Math.sqrt(m2 / n)
    const zScore = sigma === 0 ? (duration > mean ? Number.POSITIVE_INFINITY : 0) : (duration - mean) / sigma
    if (zScore >= 15 && duration > mean) found.push({ start, duration, zScore })
  }
  return found
}

/** Records backwards from `to` with these gaps, seconds. */
const recordsOf = (gaps: readonly number[]): number[] => {
  const records: number[] = []
  let at = TO
  for (const gap of gaps) {
    at -= gap
    records.push(at)
  }
  return records
}

function expectSame(records: readonly number[]): readonly Found[] {
  const [ours, theirs] = [findAnomalies(records, TO), literal(records, TO)]
  expect(ours === null).toBe(theirs === null)
  expect(ours?.map(({ start, duration }) => [start, duration])).toEqual(
    theirs?.map(({ start, duration }) => [start, duration]),
  )
  for (const [i, { zScore }] of (ours ?? []).entries()) {
    const other = theirs![i]!.zScore
    if (Number.isFinite(zScore)) expect(zScore).toBeCloseTo(other, 6)
    else expect(other).toBe(zScore)
  }
  return ours ?? []
}

describe('anomalies', () => {
  test('one long gap among alike ones, to the second', () => {
    const gaps = Array.from({ length: 1500 }, (_, i) => 3600 + ((i * 37) % 11))
    gaps[200] = 9000
    const found = expectSame(recordsOf(gaps))
    expect(found.map(({ duration }) => duration)).toEqual([9000])
  })

  test('with constant gaps any longer one is infinitely unusual, and the same is not', () => {
    const gaps = Array.from({ length: 1500 }, () => 3600)
    expect(expectSame(recordsOf(gaps))).toEqual([])
    gaps[100] = 3601
    expect(expectSame(recordsOf(gaps))).toMatchObject([
      { duration: 3601, zScore: Number.POSITIVE_INFINITY, isOngoing: false },
    ])
  })

  test('a gap that has not ended counts as long as it is', () => {
    const gaps = Array.from({ length: 1500 }, (_, i) => 3600 + (i % 5))
    gaps[0] = 40_000
    expect(expectSame(recordsOf(gaps))).toMatchObject([{ duration: 40_000, isOngoing: true }])
  })

  test('less than 59 days say nothing', () => {
    expect(findAnomalies(recordsOf(Array.from({ length: 58 * 24 }, () => 3600)), TO)).toBeNull()
    expect(findAnomalies([], TO)).toBeNull()
  })

  test('any series', () => {
    const gap = fc.oneof(
      { weight: 60, arbitrary: fc.integer({ min: 3000, max: 4000 }) },
      { weight: 30, arbitrary: fc.constant(3600) },
      { weight: 1, arbitrary: fc.integer({ min: 20_000, max: 900_000 }) },
    )
    const series = fc.array(gap, { minLength: 1450, maxLength: 1650 })
    let anomalies = 0
    fc.assert(
      fc.property(series, (gaps) => {
        anomalies += expectSame(recordsOf(gaps)).length
      }),
      { seed: 7, numRuns: 60 },
    )
    expect(anomalies).toBeGreaterThan(10)
  })
})
