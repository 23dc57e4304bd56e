/** A table of a report as CSV, with exact values. */
import { formatCsv } from '../../primitives/csv.ts'
import type { MetricTable } from '../metrics/metric.ts'

export function tableCsv({ columns, rows }: MetricTable): string {
  return formatCsv([columns.map(({ name, unit }) => (unit === '' ? name : `${name} (${unit})`)), ...rows])
}
