/**
 * One SQLite connection with promises, cached statements, and values as the rest of the house has them.
 *
 * Every statement is run to its end (`all`, never sqlite3's `get`): a half-stepped statement would keep a read transaction open,
 * serve an old snapshot and stop the write-ahead log from being folded back.
 */
import { LRUCache } from 'lru-cache'
import sqlite3 from 'sqlite3'
import { CriticalError } from '../primitives/errors.ts'
import { toStoreError } from './errors.ts'
import type { Row, SqlValue } from './store.ts'

/** Statements differ by their text only; a few dozen texts exist, with packed reads in a handful of sizes. */
const STATEMENTS_MAX = 256
/** How long a statement waits for another process, in milliseconds. Readers never wait for the writer (write-ahead log). */
const BUSY_TIMEOUT_MS = 5_000

export type Connection = {
  readonly path: string
  all(sql: string, parameters?: readonly SqlValue[]): Promise<readonly Row[]>
  /** As `all`, but blobs stay the Buffers that SQLite's binding made: for rows that are taken apart at once. */
  rawRows(sql: string, parameters: readonly SqlValue[]): Promise<readonly Row[]>
  /** Several statements without parameters or result. */
  script(sql: string): Promise<void>
  close(): Promise<void>
}

export async function openConnection(path: string, flags: number): Promise<Connection> {
  const database = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened = new sqlite3.Database(path, flags, (error) =>
      error ? reject(toStoreError(error, path)) : resolve(opened),
    )
  })
  // Statements are executed in the order they were asked for, even when not awaited one by one.
  database.serialize()
  database.configure('busyTimeout', BUSY_TIMEOUT_MS)
  const statements = new LRUCache<string, sqlite3.Statement>({
    max: STATEMENTS_MAX,
    dispose: (statement) => statement.finalize(),
  })

  function prepare(sql: string, reject: (error: unknown) => void): sqlite3.Statement {
    const cached = statements.get(sql)
    if (cached !== undefined) return cached
    const statement = database.prepare(sql, (error) => {
      if (!error) return
      statements.delete(sql)
      reject(toStoreError(error, path))
    })
    statements.set(sql, statement)
    return statement
  }

  function rawRows(sql: string, parameters: readonly SqlValue[]): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      const statement = prepare(sql, reject)
      statement.all<Row>(parameters.map(toSqlite), (error, rows) =>
        error ? reject(toStoreError(error, path)) : resolve(rows),
      )
    })
  }

  return {
    path,
    rawRows,
    all: async (sql, parameters = []) => {
      const rows = await rawRows(sql, parameters)
      for (const row of rows) fromSqlite(row as Record<string, unknown>, sql)
      return rows
    },
    script: (sql) =>
      new Promise((resolve, reject) => {
        database.exec(sql, (error) => (error ? reject(toStoreError(error, path)) : resolve()))
      }),
    close: () => {
      statements.clear()
      return new Promise((resolve, reject) => {
        database.close((error) => (error ? reject(toStoreError(error, path)) : resolve()))
      })
    },
  }
}

/** sqlite3 binds integers of up to 31 bits as INTEGER and larger ones as REAL, which an INTEGER column turns back exactly. */
function toSqlite(value: SqlValue): string | number | Buffer | null {
  if (typeof value === 'bigint') {
    const number = Number(value)
    if (!Number.isSafeInteger(number))
      throw new CriticalError(`internal error: ${value} is too large for an INTEGER column`)
    return number
  }
  if (value instanceof Uint8Array && !Buffer.isBuffer(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return value as string | number | Buffer | null
}

function fromSqlite(row: Record<string, unknown>, sql: string): void {
  for (const column in row) {
    const value = row[column]
    // A Buffer's `slice` aliases where a Uint8Array's copies: hand out the plain type.
    if (Buffer.isBuffer(value)) row[column] = toPlainBytes(value)
    else if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
      throw new CriticalError(`internal error: column ${column} of "${sql}" holds an integer past 2^53`)
  }
}

export function toPlainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
