/** Percentiles by linear interpolation (type 7 of Hyndman and Fan): PostgreSQL's `percentile_cont`, DuckDB's `quantile_cont`. */

/** Of values in any order; null without any. `q` from 0 to 1. */
export function quantile(values: readonly number[], q: number): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  const position = (sorted.length - 1) * q
  const lower = sorted[Math.floor(position)]
  const upper = sorted[Math.ceil(position)]
  if (lower === undefined || upper === undefined) return null
  return lower + (upper - lower) * (position - Math.floor(position))
}
