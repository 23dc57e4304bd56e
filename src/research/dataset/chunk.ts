/** One file for each table and range of L1 blocks, named as cryo names them, the same bytes from the same rows. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Format, Row, Table, TableName } from './column.ts'
import { appendRow, createTable, quoted } from './duckdb.ts'

const EXTENSIONS: Readonly<Record<Format, string>> = { parquet: 'parquet', csv: 'csv', ndjson: 'ndjson' }
const COPY_OPTIONS: Readonly<Record<Format, string>> = {
  parquet: 'FORMAT parquet, COMPRESSION zstd',
  csv: "FORMAT csv, HEADER, NULL ''",
  ndjson: 'FORMAT json',
}

export type DatasetFile = {
  readonly table: TableName
  readonly file: string
  readonly rows: number
  readonly bytes: number
  readonly sha256: string
}

export type ChunkRange = { readonly from: number; readonly to: number }

/** As cryo: `NETWORK__TABLE__FROM_to_TO`, block numbers with eight digits. */
export function fileOf(network: string, table: TableName, { from, to }: ChunkRange, format: Format): string {
  const pad = (number: number) => String(number).padStart(8, '0')
  return `${network}__${table}__${pad(from)}_to_${pad(to)}.${EXTENSIONS[format]}`
}

/** Ranges between `from` and `to` that begin and end at multiples of `size`, as far as they can. */
export function chunkRanges(from: number, to: number, size: number): readonly ChunkRange[] {
  const ranges: ChunkRange[] = []
  for (let at = from; at <= to; ) {
    const end = Math.min(to, at - (at % size) + size - 1)
    ranges.push({ from: at, to: end })
    at = end + 1
  }
  return ranges
}

/** Writes the tables of one range, each whole or not at all; a table without rows has a file too. */
export async function writeChunk(
  connection: DuckDBConnection,
  target: { readonly dir: string; readonly network: string; readonly formats: readonly Format[] },
  range: ChunkRange,
  tables: readonly Table[],
  rowsOf: (table: TableName) => readonly Row[],
): Promise<readonly DatasetFile[]> {
  const { dir, network, formats } = target
  await mkdir(dir, { recursive: true })
  const written: DatasetFile[] = []
  for (const table of tables) {
    const rows = rowsOf(table.name)
    await fillTable(connection, table, rows)
    for (const format of formats) {
      const file = fileOf(network, table.name, range, format)
      const unfinished = join(dir, `${file}.part`)
      const order = table.orderBy.map((name) => `"${name}"`).join(', ')
      await connection.run(
        `COPY (SELECT * FROM "${table.name}" ORDER BY ${order}) TO '${quoted(unfinished)}' (${COPY_OPTIONS[format]})`,
      )
      await rename(unfinished, join(dir, file))
      written.push({ table: table.name, file, rows: rows.length, ...(await describeFile(join(dir, file))) })
    }
    await connection.run(`DROP TABLE "${table.name}"`)
  }
  return written
}

async function fillTable(connection: DuckDBConnection, table: Table, rows: readonly Row[]): Promise<void> {
  await createTable(connection, table)
  const appender = await connection.createAppender(table.name)
  for (const row of rows) appendRow(appender, table, row)
  appender.closeSync()
}

export async function describeFile(
  path: string,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const { size } = await stat(path)
  return {
    bytes: size,
    sha256: createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
  }
}
