/**
 * How concentrated a right to propose is: shares, and what they come to. Definitions of the Edinburgh Decentralisation Index and of
 * docs/metrics.md, over every entity that has at least one unit.
 * https://github.com/Blockchain-Technology-Lab/consensus-decentralization/tree/main/consensus_decentralization/metrics
 */

/** Descending; sums to 1. Empty if nothing was counted. */
export function sharesOf(amounts: readonly number[]): readonly number[] {
  const counted = amounts.filter((amount) => amount > 0).sort((a, b) => b - a)
  const total = counted.reduce((sum, amount) => sum + amount, 0)
  return counted.map((amount) => amount / total)
}

/**
 * Fewest entities whose amounts together exceed the threshold (a fraction) of all; with `isStrict` false, whose amounts reach it, as the
 * Edinburgh index counts. Null if nothing was counted. Compared in whole numbers, so that a half is a half.
 */
export function nakamoto(
  amounts: readonly bigint[],
  threshold: { readonly numerator: bigint; readonly denominator: bigint },
  isStrict: boolean,
): number | null {
  const counted = amounts.filter((amount) => amount > 0n).sort((a, b) => (a < b ? 1 : a > b ? -1 : 0))
  const total = counted.reduce((sum, amount) => sum + amount, 0n)
  const needed = total * threshold.numerator
  let sum = 0n
  for (const [index, amount] of counted.entries()) {
    sum += amount
    const reached = sum * threshold.denominator
    if (isStrict ? reached > needed : reached >= needed) return index + 1
  }
  return null
}

/** Herfindahl–Hirschman index, 0 to 10,000: the sum of squared shares in per cent. */
export function herfindahl(shares: readonly number[]): number {
  return shares.reduce((sum, share) => sum + (100 * share) ** 2, 0)
}

/** 0 (all alike) to 1 − 1/n. Null without entities. */
export function gini(amounts: readonly number[]): number | null {
  const ascending = amounts.filter((amount) => amount > 0).sort((a, b) => a - b)
  const n = ascending.length
  if (n === 0) return null
  const total = ascending.reduce((sum, amount) => sum + amount, 0)
  const weighted = ascending.reduce((sum, amount, index) => sum + (2 * (index + 1) - n - 1) * amount, 0)
  return weighted / (n * total)
}

/** Shannon entropy in bits. */
export function entropy(shares: readonly number[]): number {
  return shares.reduce((sum, share) => (share > 0 ? sum - share * Math.log2(share) : sum), 0)
}

/** Rényi entropy of order 2 in bits: −log2 Σ s². Null without entities. */
export function collisionEntropy(shares: readonly number[]): number | null {
  return shares.length === 0 ? null : -Math.log2(shares.reduce((sum, share) => sum + share ** 2, 0))
}

/** −log2 of the largest share, in bits. Null without entities. */
export function minEntropy([largest]: readonly number[]): number | null {
  return largest === undefined ? null : -Math.log2(largest)
}

/** Theil index, natural logarithm; 0 when all are alike. Null without entities. */
export function theil(amounts: readonly number[]): number | null {
  const counted = amounts.filter((amount) => amount > 0)
  if (counted.length === 0) return null
  const mean = counted.reduce((sum, amount) => sum + amount, 0) / counted.length
  return counted.reduce((sum, amount) => sum + (amount / mean) * Math.log(amount / mean), 0) / counted.length
}
