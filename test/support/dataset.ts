/** Rows of a dataset by hand: what a test does not say is null where it may be, and nothing otherwise. */
import type { Row, TableName, Value } from '../../src/research/dataset/column.ts'
import { TABLES } from '../../src/research/dataset/tables.ts'
import type { MetricInput } from '../../src/research/metrics/metric.ts'

const NOTHING: Readonly<Record<string, Value>> = {
  bool: false,
  string: '',
  hash: '0x',
  address: '0x',
  u64: 0n,
  i64: 0n,
  wei: 0n,
  u256: 0n,
}

export function rowOf(table: TableName, values: Readonly<Record<string, Value>>): Row {
  const { columns } = TABLES.find(({ name }) => name === table)!
  const unknown = Object.keys(values).filter((name) => !columns.some((column) => column.name === name))
  if (unknown.length > 0) throw new RangeError(`${table} has no column ${unknown.join()}`)
  const row = columns.map(({ name, type, isNullable }) => [name, isNullable ? null : (NOTHING[type] ?? 0)])
  return { ...Object.fromEntries(row), ...values }
}

export function inputOf(
  tables: Partial<Record<TableName, readonly Readonly<Record<string, Value>>[]>>,
  endsAt = 0,
): MetricInput {
  return {
    range: { fromBlock: 0, toBlock: 999 },
    endsAt,
    rows: (table) => (tables[table] ?? []).map((values) => rowOf(table, values)),
  }
}
