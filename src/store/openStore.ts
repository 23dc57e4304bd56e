/**
 * Opens the database: lock, settings, migrations, one writer and a few readers.
 *
 * Write-ahead log: readers see the last commit while the writer works, and never wait for it. `synchronous = FULL`: a commit is on the disk when it
 * returns, since a signature or an answer given to others may rest on it; that costs one sync per L1 step (12 seconds), which
 * NORMAL would only defer. Not for network file systems, whose locks and syncs do not hold.
 */
import { statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import sqlite3 from 'sqlite3'
import { CriticalError } from '../primitives/errors.ts'
import { closeAll } from '../primitives/resources.ts'
import { type Connection, openConnection } from './connection.ts'
import { StoreIoError } from './errors.ts'
import { lockStore } from './lock.ts'
import { migrate } from './migrate.ts'
import { readPacked } from './packed.ts'
import { runScript } from './script.ts'
import type { Store, StoreSchemas } from './store.ts'
import { runTransaction } from './transaction.ts'

const READERS = 2
const CACHE_KIB_DEFAULT = 128 * 1024
/** Pages (4 KiB) of the write-ahead log before it is folded back: large, since steps rewrite the same pages of the tries. */
const WAL_CHECKPOINT_PAGES = 32_000
/** The log file is cut back to this size, in bytes, after a fold: one large step must not keep its room for ever. */
const WAL_BYTES_KEPT = 160 * 1024 * 1024
/** `statfs` types of NFS, SMB, CIFS and SMB2. https://www.sqlite.org/howtocorrupt.html §2.1 */
const NETWORK_FILE_SYSTEMS: readonly number[] = [0x6969, 0x517b, 0xff534d42, 0xfe534d42]

export type StoreOptions = {
  /** File, or `:memory:` (then reads outside a transaction share its connection and see what it has written so far). */
  readonly path: string
  readonly schemas: StoreSchemas
  /** No lock and no writing; a node may be running on the same file. */
  readonly readOnly?: boolean
  /** Page cache of the writer, in KiB; each reader has half of it. Default 128 MiB. */
  readonly cacheKiB?: number
}

/** Throws StoreLockedError, StoreSchemaError, StoreDamagedError or StoreIoError, each with what to do. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const isMemory = options.path === ':memory:'
  const path = isMemory ? options.path : resolve(options.path)
  const readOnly = options.readOnly ?? false
  if (!isMemory) await refuseNetworkFileSystem(path)
  const lock = isMemory || readOnly ? undefined : await lockStore(path)
  const connections: Connection[] = []
  const close = () => closeAll([...connections.toReversed(), { close: async () => await lock?.release() }])
  try {
    const cacheKiB = options.cacheKiB ?? CACHE_KIB_DEFAULT
    const writer = await openConnection(
      path,
      readOnly ? sqlite3.OPEN_READONLY : sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE,
    )
    connections.push(writer)
    if (!readOnly)
      await writer.script(
        `PRAGMA journal_mode = WAL;
         PRAGMA wal_autocheckpoint = ${WAL_CHECKPOINT_PAGES};
         PRAGMA journal_size_limit = ${WAL_BYTES_KEPT}`,
      )
    await writer.script(
      `PRAGMA synchronous = FULL; PRAGMA cache_size = -${cacheKiB}; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON`,
    )
    await migrate(writer, options.schemas, readOnly)
    while (!isMemory && connections.length < 1 + READERS) {
      const reader = await openConnection(path, sqlite3.OPEN_READONLY)
      connections.push(reader)
      await reader.script(`PRAGMA cache_size = -${Math.ceil(cacheKiB / 2)}; PRAGMA temp_store = MEMORY`)
    }
    return createStore(writer, connections, readOnly, close)
  } catch (error) {
    await close().catch(() => {})
    throw error
  }
}

function createStore(
  writer: Connection,
  connections: readonly Connection[],
  readOnly: boolean,
  release: () => Promise<void>,
): Store {
  const readers = connections.length > 1 ? connections.slice(1) : connections
  let turn = 0
  let queue: Promise<unknown> = Promise.resolve()
  /** Transactions running or waiting. */
  let transactions = 0
  /** Settles when no packed read is left on the writer. */
  let writerReads: Promise<unknown> = Promise.resolve()
  let closing: Promise<void> | undefined
  const reader = (): Connection => {
    if (closing) throw new CriticalError('internal error: the store is closed')
    turn = (turn + 1) % readers.length
    return readers[turn] ?? writer
  }
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    if (closing) throw new CriticalError('internal error: the store is closed')
    if (readOnly) throw new CriticalError('internal error: a transaction on a read-only store')
    transactions++
    const result = Promise.all([queue, writerReads])
      .then(work)
      .finally(() => {
        transactions--
      })
    // The next one waits for this one's end, whatever it was; the failure itself goes to the caller.
    queue = result.catch(() => {})
    return result
  }
  return {
    all: async (sql, parameters) => reader().all(sql, parameters),
    get: async (sql, parameters) => (await reader().all(sql, parameters))[0],
    readPacked: async (table, keys) => {
      // A commit empties the page cache of every connection but its own: while the writer is idle, it reads the state.
      const connection = transactions === 0 && !closing ? writer : reader()
      const found = readPacked(connection, table, keys)
      if (connection === writer) writerReads = Promise.allSettled([writerReads, found])
      return found
    },
    transaction: async (work) => inTurn(() => runTransaction(writer, work)),
    write: async (statements) => inTurn(() => runScript(writer, statements())),
    close: () => {
      closing ??= Promise.all([queue, writerReads]).then(release)
      return closing
    },
  }
}

async function refuseNetworkFileSystem(path: string): Promise<void> {
  const directory = dirname(path)
  const { type } = await statfs(directory).catch((cause: unknown) => {
    throw new StoreIoError(`the directory ${directory} cannot be read; create it first`, { cause })
  })
  if (NETWORK_FILE_SYSTEMS.includes(type >>> 0))
    throw new StoreIoError(`${directory} is on a network file system, which loses commits; use a local disk`)
}
