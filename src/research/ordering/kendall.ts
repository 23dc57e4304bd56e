/** How far one order is from another: Kendall's τ over every pair, in n log n. W. R. Knight 1966 */

/** `ranks`: the place in the other order of each, in this one's order; no two alike. Null below two. */
export function kendallTau(ranks: readonly number[]): number | null {
  const pairs = (ranks.length * (ranks.length - 1)) / 2
  return pairs === 0 ? null : 1 - (2 * sortAndCount([...ranks]).inversions) / pairs
}

function sortAndCount(ranks: readonly number[]): {
  readonly sorted: readonly number[]
  readonly inversions: number
} {
  if (ranks.length < 2) return { sorted: ranks, inversions: 0 }
  const middle = ranks.length >> 1
  const [left, right] = [sortAndCount(ranks.slice(0, middle)), sortAndCount(ranks.slice(middle))]
  const sorted: number[] = []
  let inversions = left.inversions + right.inversions
  let [i, j] = [0, 0]
  while (i < left.sorted.length || j < right.sorted.length) {
    const [a, b] = [left.sorted[i], right.sorted[j]]
    if (a !== undefined && (b === undefined || a <= b)) {
      sorted.push(a)
      i++
    } else if (b !== undefined) {
      sorted.push(b)
      j++
      // It overtakes all that are left on the other side.
      inversions += left.sorted.length - i
    }
  }
  return { sorted, inversions }
}
