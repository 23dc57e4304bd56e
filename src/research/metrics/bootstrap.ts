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
  if (sample.length === 0) return null
  const places = sample.map((_, place) => mix(place))
  const values = Array.from({ length: RESAMPLES }, (_, index) => {
    const seed = mix(index + 1)
    return statistic(places.map((place) => sample[drawBelow(sample.length, mix(seed ^ place))] as T))
  })
  return { low: quantile(values, LOW) ?? 0, high: quantile(values, HIGH) ?? 0 }
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
