/** A table as CSV. */
import { formatCsv } from '../../primitives/csv.ts'
import type { Table } from './tables/table.ts'

export function toCsv({ columns, rows }: Table): string {
  return formatCsv([
    columns.map(({ key }) => key),
    ...rows.map(({ cells }) => cells.map(({ value }) => value)),
  ])
}
