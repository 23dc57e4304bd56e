/** Tests of paired differences. Within a group cells are in drawn order, so under "no difference" either sign is as likely. */

/** Exact up to so many pairs that differ: 2^16 sign patterns. */
const EXACT_MAX = 16
const PERMUTATIONS = 10_000
/** Bits of one draw. */
const DRAW_BITS = 53

/** Two-sided exact binomial test of `a` against `b`, both as likely. 1 without any. */
export function signTest(a: number, b: number): number {
  const n = a + b
  let tail = 0
  let logChoose = 0
  for (let k = 0; k <= Math.min(a, b); k++) {
    if (k > 0) logChoose += Math.log(n - k + 1) - Math.log(k)
    tail += Math.exp(logChoose - n * Math.LN2)
  }
  return Math.min(1, 2 * tail)
}

/**
 * Share of sign patterns under which the mean is as far from 0 as it is; two-sided. All patterns where there are few, else drawn ones,
 * the observed one counted among them.
 */
export function signFlipTest(differences: readonly number[], next: () => number): number {
  const sizes = differences.filter((each) => each !== 0)
  const observed = Math.abs(sum(sizes))
  // Sums of milliseconds, which are whole numbers: they are exact.
  if (sizes.length <= EXACT_MAX) {
    const patterns = 2 ** sizes.length
    let asFar = 0
    for (let pattern = 0; pattern < patterns; pattern++)
      if (Math.abs(flippedSum(sizes, (i) => (pattern >> i) & 1)) >= observed) asFar++
    return asFar / patterns
  }
  let asFar = 1
  for (let permutation = 0; permutation < PERMUTATIONS; permutation++)
    if (Math.abs(flippedSum(sizes, drawnBits(next))) >= observed) asFar++
  return asFar / (PERMUTATIONS + 1)
}

/** Holm's step-down adjustment, in the order given. https://en.wikipedia.org/wiki/Holm%E2%80%93Bonferroni_method */
export function holm(values: readonly number[]): readonly number[] {
  const ranked = values.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p)
  const adjusted: number[] = []
  let highest = 0
  for (const [rank, { p, index }] of ranked.entries()) {
    highest = Math.max(highest, Math.min(1, p * (values.length - rank)))
    adjusted[index] = highest
  }
  return adjusted
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0)
}

function flippedSum(sizes: readonly number[], bitAt: (index: number) => number): number {
  let total = 0
  for (const [index, size] of sizes.entries()) total += bitAt(index) === 0 ? size : -size
  return total
}

/** One bit after the other, as many of each draw as it has. */
function drawnBits(next: () => number): () => number {
  let left = 0
  let bits = 0
  return () => {
    if (left === 0) {
      bits = next()
      left = DRAW_BITS
    }
    bits *= 2
    left--
    const bit = Math.floor(bits)
    bits -= bit
    return bit
  }
}
