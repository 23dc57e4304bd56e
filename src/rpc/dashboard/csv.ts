/** A table as CSV, RFC 4180. */
import type { Table } from './tables/table.ts'

export function toCsv({ columns, rows }: Table): string {
  const lines = [columns.map(({ key }) => key), ...rows.map(({ cells }) => cells.map(({ value }) => value))]
  return lines.map((line) => `${line.map(field).join(',')}\r\n`).join('')
}

/** A text that a spreadsheet would run as a formula gets an apostrophe before it: it may come from a foreign server. */
function field(value: string | number | null): string {
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value ?? '') ? `'${value}` : (value ?? '')
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
