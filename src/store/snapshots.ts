/**
 * A database read from another process than its node's, one snapshot at a time. The write-ahead log lets the node go on writing
 * meanwhile; it cannot be folded back past a snapshot, so each must be short.
 */
import { resolve } from 'node:path'
import sqlite3 from 'sqlite3'
import { openConnection } from './connection.ts'
import { readPacked } from './packed.ts'
import type { StoreSnapshot } from './store.ts'

export type Snapshots = {
  /** What `work` reads is of one moment, however long it takes. One at a time. */
  read<T>(work: (snapshot: StoreSnapshot) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** `path`: a database that its node has opened, and brought to the schema of this version. */
export async function openSnapshots(options: {
  readonly path: string
  /** Page cache, in KiB; emptied by every commit of the node. */
  readonly cacheKiB: number
}): Promise<Snapshots> {
  const connection = await openConnection(resolve(options.path), sqlite3.OPEN_READONLY)
  await connection.script(`PRAGMA cache_size = -${options.cacheKiB}; PRAGMA temp_store = MEMORY`)
  const snapshot: StoreSnapshot = {
    all: (sql, parameters) => connection.all(sql, parameters),
    get: async (sql, parameters) => (await connection.all(sql, parameters))[0],
    readPacked: (table, keys) => readPacked(connection, table, keys),
  }
  return {
    async read(work) {
      // The snapshot is taken by the first statement that reads; all later ones see the same.
      await connection.script('BEGIN')
      try {
        return await work(snapshot)
      } finally {
        await connection.script('ROLLBACK')
      }
    },
    close: () => connection.close(),
  }
}
