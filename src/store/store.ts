/**
 * SQLite behind a small face: one writer connection, readers of their own, migrations, packed statements.
 * Whatever must change together changes in one `transaction`.
 */

/**
 * A `bigint` is written as an INTEGER and must be within ±(2^53 − 1), as SQLite's numbers come back as JavaScript numbers;
 * larger integers are stored as BLOBs. Reading an integer column past that bound is an error, never a rounded number.
 */
export type SqlValue = string | number | bigint | Uint8Array | null
export type Row = Readonly<Record<string, unknown>>

export type StoreReader = {
  all(sql: string, parameters?: readonly SqlValue[]): Promise<readonly Row[]>
  get(sql: string, parameters?: readonly SqlValue[]): Promise<Row | undefined>
}

/** What a state is read from: a store, or one moment of it. */
export type StoreSnapshot = StoreReader & {
  /** Values of many keys of a packed table, in few statements; absent keys are left out. Keys of the map: latin1 of the key bytes. */
  readPacked(table: string, keys: readonly Uint8Array[]): Promise<Map<string, Uint8Array>>
}

/** Null deletes the row. */
export type PackedEntry = readonly [key: Uint8Array, value: Uint8Array | null]

/** Sees what it has written itself. */
export type StoreTransaction = StoreSnapshot & {
  run(sql: string, parameters?: readonly SqlValue[]): Promise<void>
  /** One statement for many rows: `put` replaces, a null value deletes. Table and columns must be of the packed form (k BLOB PRIMARY KEY, v BLOB). */
  writePacked(table: string, entries: readonly PackedEntry[]): Promise<void>
  /** New rows of any table, in few statements: a value for every column, of the same kinds in every row. */
  insertRows(table: string, columns: readonly string[], rows: readonly (readonly SqlValue[])[]): Promise<void>
}

/** With a `?` for each value, and none elsewhere in the text. */
export type Statement = readonly [sql: string, parameters?: readonly SqlValue[]]

export type Store = StoreSnapshot & {
  /** Runs `work` in one immediate transaction; an exception rolls everything back. Transactions queue, they do not nest. */
  transaction<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T>
  /**
   * All of these statements or, on any failure, none, as a transaction does and in turn with them; nobody reads their rows. Where they are
   * few it takes a fraction of the time. Asked for when their turn has come. Together up to 1 GB of text (SQLITE_MAX_SQL_LENGTH).
   * Throws the store's errors; CriticalError for values that no column holds, or of another number than places.
   */
  write(statements: () => readonly Statement[]): Promise<void>
  /** Waits for queued transactions, then closes every connection and gives the lock back. */
  close(): Promise<void>
}

/**
 * Per room, its migrations in order: entry i brings the room's tables from version i to i + 1.
 * An entry that was released is never edited; a change of the schema is a new entry.
 */
export type StoreSchemas = Readonly<Record<string, readonly string[]>>
