/**
 * How much a number of a sample would vary: the sample is drawn anew with replacement, each time by another seed. Every draw is a function of
 * its seed and its place alone, in whole numbers below 2^32, so that SQL draws the same.
 */
import { quantile } from './quantile.ts'

/** Samples, of seeds from 1 on. */
export const RESAMPLES = 200
const LOW = 0.025
const HIGH = 0.975

/** Ends of the middle 95 % of `statistic` over the samples; null of an empty sample. */
export function bootstrapInterval<T>(
  sample: readonly T[],
  statistic: (resampled: readonly T[]) => number,
): { readonly low: number; readonly high: number } | null {
  return middleOf(
    Array.from(drawPlaces(sample.length), (places) => statistic(places.map((at) => sample[at] as T))),
  )
}

/** How often each of the names comes in each sample. */
export function resampleCounts(items: readonly string[]): readonly (readonly number[])[] {
  const numbers = new Map([...new Set(items)].map((name, number) => [name, number]))
  const owners = items.map((name) => numbers.get(name) ?? 0)
  return Array.from(drawPlaces(items.length), (places) => {
    const counts = Array.from(numbers, () => 0)
    for (const place of places) {
      const owner = owners[place] ?? 0
      counts[owner] = (counts[owner] ?? 0) + 1
    }
    return counts
  })
}

/** Ends of the middle 95 %; null of no values. */
export function middleOf(values: readonly number[]): { readonly low: number; readonly high: number } | null {
  const [low, high] = [quantile(values, LOW), quantile(values, HIGH)]
  return low === null || high === null ? null : { low, high }
}

/** Of each sample the places that it takes; none of an empty one. */
function* drawPlaces(length: number): Generator<readonly number[]> {
  const places = Array.from({ length }, (_, place) => mix(place))
  for (let seed = 1; length > 0 && seed <= RESAMPLES; seed++) {
    const mixed = mix(seed)
    yield places.map((place) => drawBelow(length, mix(mixed ^ place)))
  }
}

/** From 0 to `count` − 1, for a uniform number below 2^32. Exact up to two million. */
function drawBelow(count: number, uniform: number): number {
  return Math.floor((uniform * count) / 2 ** 32)
}

/** A permutation of the numbers below 2^32 that looks like none. https://nullprogram.com/blog/2018/07/31/ (lowbias32) */
function mix(value: number): number {
  let mixed = value ^ (value >>> 16)
  mixed = Math.imul(mixed, 0x7feb352d)
  mixed ^= mixed >>> 15
  mixed = Math.imul(mixed, 0x846ca68b)
  mixed ^= mixed >>> 16
  return mixed >>> 0
}
