/** How values of one kind are spread: a row of a table, the same for every metric. */
import type { Value } from '../dataset/column.ts'
import type { MetricColumn, MetricTable } from './metric.ts'
import { quantile } from './quantile.ts'

export type Series = {
  readonly name: string
  readonly values: readonly number[]
  /** Cases that have no value, because what is measured has not happened by the end of the range. Never left out silently. */
  readonly censored?: number
}

const statisticsIn = (unit: string): readonly MetricColumn[] => [
  { name: 'count', unit: 'count' },
  { name: 'not yet', unit: 'count' },
  { name: 'min', unit },
  { name: 'p50', unit },
  { name: 'p90', unit },
  { name: 'p95', unit },
  { name: 'p99', unit },
  { name: 'max', unit },
]

/** One row a series; percentiles are over those that have happened, and the rest is counted beside them. */
export function distributionTable(
  about: { readonly id: string; readonly title: string; readonly unit: string; readonly of: string },
  series: readonly Series[],
): MetricTable {
  return {
    id: about.id,
    title: about.title,
    columns: [{ name: about.of, unit: '' }, ...statisticsIn(about.unit)],
    rows: series.map(({ name, values, censored = 0 }): readonly Value[] => [
      name,
      values.length,
      censored,
      ...[0, 0.5, 0.9, 0.95, 0.99, 1].map((q) => quantile(values, q)),
    ]),
  }
}
