/** Files of a dataset, read back by DuckDB itself. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { chunkRanges, fileOf, writeChunk } from '../../../src/research/dataset/chunk.ts'
import { FORMATS, type Row, type TableName, type Value } from '../../../src/research/dataset/column.ts'
import { openDuckDb, storedColumns } from '../../../src/research/dataset/duckdb.ts'
import { TABLES } from '../../../src/research/dataset/tables.ts'

const dirs: string[] = []
const newDir = () => {
  const dir = mkdtempSync(join(tmpdir(), "plumbline dataset's-"))
  dirs.push(dir)
  return dir
}
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true })
})

/** Every column of every table at the ends of its type, and at null where it may be. */
const MAXIMA: Readonly<Record<string, Value>> = {
  bool: true,
  u8: 255,
  u32: 4_294_967_295,
  u64: 2n ** 64n - 1n,
  i64: -(2n ** 63n),
  f64: 0.1,
  wei: 10n ** 38n - 1n,
  u256: 2n ** 256n - 1n,
  string: 'quoted "text", with \'commas\'',
  hash: `0x${'ab'.repeat(32)}`,
  address: `0x${'cd'.repeat(20)}`,
  timestamp: 4_294_967_295,
  milliseconds: 1_795_270_000_123,
}
const leastOf = (type: string): Value =>
  type === 'bool' ? false : typeof MAXIMA[type] === 'string' ? '0x' : 0
const rowsOf = (name: TableName): readonly Row[] => {
  const { columns, orderBy } = TABLES.find((table) => table.name === name)!
  const row = (change: (column: (typeof columns)[number]) => Value): Row =>
    Object.fromEntries(columns.map((column) => [column.name, change(column)]))
  return [
    row(({ type }) => MAXIMA[type]!),
    row(({ name: column, type, isNullable }) =>
      isNullable && !orderBy.includes(column) ? null : leastOf(type),
    ),
  ]
}

async function write(dir: string) {
  const { connection, close } = await openDuckDb()
  const files = await writeChunk(
    connection,
    { dir, network: 'devnet', formats: FORMATS },
    { from: 0, to: 999 },
    TABLES,
    rowsOf,
  )
  close()
  return files
}

test('keeps every value of every type exactly, in three formats', async () => {
  const dir = newDir()
  await write(dir)
  const { connection, close } = await openDuckDb()
  for (const table of TABLES) {
    const file = (format: 'parquet' | 'csv' | 'ndjson') =>
      join(dir, fileOf('devnet', table.name, { from: 0, to: 999 }, format)).replaceAll("'", "''")
    const read = await connection.runAndReadAll(`SELECT * FROM '${file('parquet')}'`)
    expect(read.columnNames()).toEqual(storedColumns(table).map(({ name }) => name))
    expect(read.columnTypes().map(String)).toEqual(
      storedColumns(table).map(({ sqlType }) => sqlType.replace('(38, 0)', '(38,0)')),
    )
    const rows = read.getRowObjectsJson()
    const [least, most] = [rows.find((row) => row.chain_id === '0'), rows.find((row) => row.chain_id !== '0')]
    for (const { name, type, isNullable } of table.columns) {
      const column = type === 'u256' ? `${name}_string` : name
      expect(String(most![column]), `${table.name}.${name}`).toBe(String(MAXIMA[type]))
      if (isNullable && !table.orderBy.includes(name)) expect(least![column]).toBeNull()
    }
    const types = storedColumns(table).map(({ name, sqlType }) => `'${name}': '${sqlType}'`)
    const same = [
      `SELECT * FROM read_csv('${file('csv')}', columns = {${types}})`,
      `SELECT * FROM read_json('${file('ndjson')}', format = 'newline_delimited', columns = {${types}})`,
    ]
    for (const sql of same)
      expect((await connection.runAndReadAll(sql)).getRowObjectsJson(), sql).toEqual(rows)
  }
  close()
})

test('writes the same bytes twice, and leaves nothing unfinished', async () => {
  const [once, twice] = [newDir(), newDir()]
  expect(await write(twice)).toEqual(await write(once))
  expect(readdirSync(once)).toHaveLength(TABLES.length * FORMATS.length)
})

test('cuts ranges at multiples of the chunk size', () => {
  expect(chunkRanges(1500, 3200, 1000)).toEqual([
    { from: 1500, to: 1999 },
    { from: 2000, to: 2999 },
    { from: 3000, to: 3200 },
  ])
  expect(chunkRanges(5, 5, 1000)).toEqual([{ from: 5, to: 5 }])
})

test('refuses a row that is not of the table', async () => {
  const { connection, close } = await openDuckDb()
  const target = { dir: newDir(), network: 'devnet', formats: FORMATS }
  const broken = (change: object) => (name: TableName) =>
    name === 'l1_blocks' ? [{ ...rowsOf(name)[0]!, ...change }] : []
  const range = { from: 0, to: 9 }
  await expect(writeChunk(connection, target, range, TABLES, broken({ slot: null }))).rejects.toThrow(
    'l1_blocks.slot is null',
  )
  await expect(writeChunk(connection, target, range, TABLES, broken({ slot: undefined }))).rejects.toThrow(
    'l1_blocks.slot was not given',
  )
  close()
})
