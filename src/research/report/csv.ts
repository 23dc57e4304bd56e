/** A table as CSV, RFC 4180, with exact values. */
import type { Value } from '../dataset/column.ts'
import type { MetricTable } from '../metrics/metric.ts'

export function tableCsv({ columns, rows }: MetricTable): string {
  const head = columns.map(({ name, unit }) => (unit === '' ? name : `${name} (${unit})`))
  return [head, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('')
}

/** A text that a spreadsheet would run as a formula gets an apostrophe before it: names come from labels files. */
function field(value: Value): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
