/**
 * One node per database. The lock is SQLite's own exclusive lock on a small file beside it: the operating system gives it
 * back when the process ends in whatever way, so there is no stale lock to remove by hand, and no process id to mistake.
 */
import sqlite3 from 'sqlite3'
import { openConnection } from './connection.ts'
import { StoreBusyError, StoreLockedError } from './errors.ts'

export type StoreLock = { release(): Promise<void> }

/** Throws StoreLockedError at once when another process, or another store of this one, has it. */
export async function lockStore(path: string): Promise<StoreLock> {
  const connection = await openConnection(`${path}.lock`, sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE)
  try {
    await connection.script('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
  } catch (cause) {
    await connection.close()
    if (!(cause instanceof StoreBusyError)) throw cause
    throw new StoreLockedError(`${path} is in use by another node or command; stop that one first`, { cause })
  }
  return { release: () => connection.close() }
}
