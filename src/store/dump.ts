/** What a database holds, as text that two databases can be compared by. */
import { bytesToHex } from '../primitives/hex.ts'
import type { StoreReader } from './store.ts'

/** Rows per read. */
const PAGE_ROWS = 1_000

/**
 * One line a row, tables in the order given, rows in the order of all their columns: equal content, equal text, whatever
 * the history of inserts and deletes was. Blobs in hex, columns in the order of their names.
 */
export async function* logicalDump(reader: StoreReader, tables: readonly string[]): AsyncIterable<string> {
  for (const table of tables) {
    const columns = (await reader.all(`SELECT name FROM pragma_table_info('${table}') ORDER BY name`)).map(
      (row) => String(row.name),
    )
    yield `${table} (${columns.join(', ')})`
    const order = columns.join(', ')
    for (let offset = 0; ; offset += PAGE_ROWS) {
      const rows = await reader.all(
        `SELECT ${order} FROM ${table} ORDER BY ${order} LIMIT ${PAGE_ROWS} OFFSET ${offset}`,
      )
      for (const row of rows)
        yield `${table} ${JSON.stringify(columns.map((column) => readable(row[column])))}`
      if (rows.length < PAGE_ROWS) break
    }
  }
}

function readable(value: unknown): unknown {
  return value instanceof Uint8Array ? bytesToHex(value) : value
}
