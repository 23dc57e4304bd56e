/** Fields of a row by type; a wrong type is a bug of ours, or a file that was changed by hand. */
import { CriticalError } from '../../primitives/errors.ts'
import type { Row, Value } from '../dataset/column.ts'

export function numberOf(row: Row, name: string): number {
  const value = optionalNumber(row, name)
  if (value === null) throw wrong(name, null)
  return value
}

export function optionalNumber(row: Row, name: string): number | null {
  const value = row[name]
  if (value === null) return null
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  throw wrong(name, value)
}

export function bigintOf(row: Row, name: string): bigint {
  const value = optionalBigint(row, name)
  if (value === null) throw wrong(name, null)
  return value
}

export function optionalBigint(row: Row, name: string): bigint | null {
  const value = row[name]
  if (value === null || typeof value === 'bigint') return value
  if (typeof value === 'number') return BigInt(value)
  throw wrong(name, value)
}

export function textOf(row: Row, name: string): string {
  const value = row[name]
  if (typeof value !== 'string') throw wrong(name, value)
  return value
}

export function optionalText(row: Row, name: string): string | null {
  const value = row[name]
  if (value === null || typeof value === 'string') return value
  throw wrong(name, value)
}

function wrong(name: string, value: Value | undefined): CriticalError {
  return new CriticalError(
    `the dataset's column ${name} holds ${String(value)}, which it cannot; export it anew`,
  )
}

/** Rows by a key, in the order in which the keys first come. */
export function groupRows(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const key = keyOf(row)
    const group = groups.get(key)
    if (group) group.push(row)
    else groups.set(key, [row])
  }
  return groups
}
