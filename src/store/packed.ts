/**
 * Many rows in few statements, most of them for tables of the packed form (k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID.
 *
 * Writing binds three values whatever the number of rows: all keys end to end, all values end to end, and their places as JSON.
 * Reading asks with IN lists of a few fixed sizes, so that the statements stay prepared. Measured in bench/state.ts.
 */
import type { Connection } from './connection.ts'
import { toPlainBytes } from './connection.ts'
import type { PackedEntry, SqlValue } from './store.ts'

/** Rows of one statement: bounds the memory of its three values (a few MB at our row sizes). */
const WRITE_ROWS_MAX = 8_192
const READ_KEYS_MAX = 256

export async function readPacked(
  connection: Pick<Connection, 'rawRows'>,
  table: string,
  keys: readonly Uint8Array[],
): Promise<Map<string, Uint8Array>> {
  const queries: Promise<readonly PackedRow[]>[] = []
  for (let from = 0; from < keys.length; from += READ_KEYS_MAX) {
    const parameters: SqlValue[] = keys.slice(from, from + READ_KEYS_MAX)
    const size = sizeOfList(parameters.length)
    while (parameters.length < size) parameters.push(null)
    const list = new Array(size).fill('?').join(',')
    queries.push(
      connection.rawRows(`SELECT k, v FROM ${table} WHERE k IN (${list})`, parameters) as Promise<
        readonly PackedRow[]
      >,
    )
  }
  const found = new Map<string, Uint8Array>()
  for (const rows of await Promise.all(queries)) {
    for (const { k, v } of rows) found.set(k.latin1Slice(0, k.length), toPlainBytes(v))
  }
  return found
}

type PackedRow = {
  readonly k: Buffer & { latin1Slice(from: number, to: number): string }
  readonly v: Buffer
}

/** 1, 4, 16, 64 or 256. */
function sizeOfList(count: number): number {
  let size = 1
  while (size < count) size *= 4
  return size
}

/**
 * In key order, so that neighbouring rows are written to a page while it is at hand. A key may be given once only.
 * One statement after the other: past a failure SQLite may have rolled back already, and another one would commit by itself.
 */
export async function writePacked(
  connection: Pick<Connection, 'rawRows'>,
  table: string,
  entries: readonly PackedEntry[],
): Promise<void> {
  const puts: (readonly [Uint8Array, Uint8Array])[] = []
  const deletes: Uint8Array[] = []
  for (const [key, value] of entries) {
    if (value === null) deletes.push(key)
    else puts.push([key, value])
  }
  puts.sort((a, b) => Buffer.compare(a[0], b[0]))
  deletes.sort(Buffer.compare)
  for (let from = 0; from < deletes.length; from += WRITE_ROWS_MAX)
    await deleteRows(connection, table, deletes.slice(from, from + WRITE_ROWS_MAX))
  for (let from = 0; from < puts.length; from += WRITE_ROWS_MAX)
    await putRows(connection, table, puts.slice(from, from + WRITE_ROWS_MAX))
}

function putRows(
  connection: Pick<Connection, 'rawRows'>,
  table: string,
  rows: readonly (readonly [Uint8Array, Uint8Array])[],
): Promise<unknown> {
  const places: string[] = []
  let keyAt = 1
  let valueAt = 1
  for (const [key, value] of rows) {
    places.push(`[${keyAt},${key.length},${valueAt},${value.length}]`)
    keyAt += key.length
    valueAt += value.length
  }
  return connection.rawRows(
    `INSERT OR REPLACE INTO ${table} SELECT substr(?1, value->>0, value->>1), substr(?2, value->>2, value->>3) FROM json_each(?3)`,
    [joinBytes(rows.map((row) => row[0])), joinBytes(rows.map((row) => row[1])), `[${places.join(',')}]`],
  )
}

function deleteRows(
  connection: Pick<Connection, 'rawRows'>,
  table: string,
  keys: readonly Uint8Array[],
): Promise<unknown> {
  const places: string[] = []
  let at = 1
  for (const key of keys) {
    places.push(`[${at},${key.length}]`)
    at += key.length
  }
  return connection.rawRows(
    `DELETE FROM ${table} WHERE k IN (SELECT substr(?1, value->>0, value->>1) FROM json_each(?2))`,
    [joinBytes(keys), `[${places.join(',')}]`],
  )
}

/** One byte is added at the end: SQLite's binding turns an empty blob into NULL. */
function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([...parts, Uint8Array.of(0)])
}

/** Rows of one statement, largest first: four texts a table, which stay prepared. */
const INSERT_SIZES = [64, 16, 4, 1] as const

/** Many rows of any table, in a few statements. Each row has a value for every column; bytes are never NULL, however few. */
export async function insertRows(
  connection: Pick<Connection, 'rawRows'>,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly SqlValue[])[],
): Promise<void> {
  // SQLite's binding turns an empty blob into NULL.
  const cells = (rows[0] ?? []).map((value) => (value instanceof Uint8Array ? `coalesce(?, x'')` : '?'))
  const row = `(${cells.join(', ')})`
  for (let from = 0; from < rows.length; ) {
    const size = INSERT_SIZES.find((each) => from + each <= rows.length) ?? 1
    await connection.rawRows(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${new Array(size).fill(row).join(', ')}`,
      rows.slice(from, from + size).flat(),
    )
    from += size
  }
}
