/**
 * SQLite behind a small face: one writer connection, readers of their own, migrations, packed statements.
 * Whatever must change together changes in one `transaction`.
 */

export type SqlValue = string | number | bigint | Uint8Array | null
export type Row = Readonly<Record<string, unknown>>

export type StoreReader = {
  all(sql: string, parameters?: readonly SqlValue[]): Promise<readonly Row[]>
  get(sql: string, parameters?: readonly SqlValue[]): Promise<Row | undefined>
}

export type StoreTransaction = StoreReader & {
  run(sql: string, parameters?: readonly SqlValue[]): Promise<void>
  /** One statement for many rows: `put` replaces, a null value deletes. Table and columns must be of the packed form (k BLOB PRIMARY KEY, v BLOB). */
  writePacked(
    table: string,
    entries: readonly (readonly [key: Uint8Array, value: Uint8Array | null])[],
  ): Promise<void>
}

export type Store = StoreReader & {
  /** Values of many keys of a packed table, in few statements; absent keys are left out. Keys of the map: latin1 of the key bytes. */
  readPacked(table: string, keys: readonly Uint8Array[]): Promise<Map<string, Uint8Array>>
  /** Runs `work` in one immediate transaction; an exception rolls everything back. Transactions queue, they do not nest. */
  transaction<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T>
  close(): Promise<void>
}
