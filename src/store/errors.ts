/** What SQLite can fail with, as the three severities and sentences an operator can act on. */
import { CriticalError, TemporaryError } from '../primitives/errors.ts'

/** No room for the transaction. It was rolled back; the same one can be tried again once there is space. */
export class DiskFullError extends TemporaryError {
  override readonly name = 'DiskFullError'
}

/** Another connection holds a lock for longer than we wait. */
export class StoreBusyError extends TemporaryError {
  override readonly name = 'StoreBusyError'
}

/** The file cannot be opened, read or written. */
export class StoreIoError extends CriticalError {
  override readonly name = 'StoreIoError'
}

/** The file is not what was written to it, or never was a database. */
export class StoreDamagedError extends CriticalError {
  override readonly name = 'StoreDamagedError'
}

/** Another process works on the same data directory. */
export class StoreLockedError extends CriticalError {
  override readonly name = 'StoreLockedError'
}

/** The database belongs to another program, or to a newer version of this one. */
export class StoreSchemaError extends CriticalError {
  override readonly name = 'StoreSchemaError'
}

/** Wraps what SQLite reported about `path`; anything that is not a known failure is a bug of ours in the statement. */
export function toStoreError(cause: unknown, path: string): Error {
  const message = cause instanceof Error ? cause.message : String(cause)
  switch ((cause as { code?: unknown }).code) {
    case 'SQLITE_FULL':
      return new DiskFullError(`the disk is full: ${path} cannot grow; make room, nothing was lost`, {
        cause,
      })
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
      return new StoreBusyError(`${path} is locked by another process; nothing was written`, { cause })
    case 'SQLITE_IOERR':
      return new StoreIoError(
        `the disk failed while working on ${path} (${message}); the last transaction was rolled back, check the disk and restart`,
        { cause },
      )
    case 'SQLITE_CANTOPEN':
    case 'SQLITE_PERM':
    case 'SQLITE_READONLY':
      return new StoreIoError(`${path} cannot be opened for this (${message}); check path and permissions`, {
        cause,
      })
    case 'SQLITE_CORRUPT':
      return new StoreDamagedError(
        `${path} is damaged (${message}); restore it, or remove it and sync again`,
        { cause },
      )
    case 'SQLITE_NOTADB':
      return new StoreDamagedError(`${path} is not a database; choose another path or remove the file`, {
        cause,
      })
    default:
      return new CriticalError(`internal error: SQLite refused a statement: ${message}`, { cause })
  }
}
