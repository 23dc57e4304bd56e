/**
 * One transaction on the writer connection.
 *
 * Past a failure SQLite may already have rolled back (a full disk does that), and the next statement would commit by itself.
 * So statements run one at a time, the first failure refuses all later ones, and the commit fails even if `work` swallowed it.
 */
import { CriticalError } from '../primitives/errors.ts'
import type { Connection } from './connection.ts'
import { insertRows, readPacked, writePacked } from './packed.ts'
import type { Row, SqlValue, StoreTransaction } from './store.ts'

export async function runTransaction<T>(
  writer: Connection,
  work: (transaction: StoreTransaction) => Promise<T>,
): Promise<T> {
  await writer.script('BEGIN IMMEDIATE')
  const guarded = guardStatements(writer)
  try {
    const result = await work(createTransaction(guarded))
    await guarded.finish()
    await writer.script('COMMIT')
    return result
  } catch (error) {
    await guarded.finish().catch(() => {})
    // Fails when SQLite has rolled back by itself; the first failure is the one to tell.
    await writer.script('ROLLBACK').catch(() => {})
    throw error
  }
}

type GuardedConnection = Pick<Connection, 'all' | 'rawRows'> & {
  /** Waits for what was asked, refuses what comes later, and throws the first failure. */
  finish(): Promise<void>
}

function guardStatements(writer: Connection): GuardedConnection {
  let last: Promise<unknown> = Promise.resolve()
  let failure: { readonly error: unknown } | undefined
  let finished = false
  function queue<T>(statement: () => Promise<T>): Promise<T> {
    if (finished) throw new CriticalError('internal error: a statement after the end of its transaction')
    const result = last.then(() => {
      if (failure) throw failure.error
      return statement()
    })
    last = result.catch((error: unknown) => {
      failure ??= { error }
    })
    return result
  }
  return {
    all: (sql, parameters) => queue(() => writer.all(sql, parameters)),
    rawRows: (sql, parameters) => queue(() => writer.rawRows(sql, parameters)),
    finish: async () => {
      finished = true
      await last
      if (failure) throw failure.error
    },
  }
}

function createTransaction(connection: GuardedConnection): StoreTransaction {
  const all = async (sql: string, parameters?: readonly SqlValue[]): Promise<readonly Row[]> =>
    connection.all(sql, parameters)
  return {
    all,
    get: async (sql, parameters) => (await all(sql, parameters))[0],
    run: async (sql, parameters) => {
      await all(sql, parameters)
    },
    readPacked: async (table, keys) => readPacked(connection, table, keys),
    writePacked: async (table, entries) => writePacked(connection, table, entries),
    insertRows: async (table, columns, rows) => insertRows(connection, table, columns, rows),
  }
}
