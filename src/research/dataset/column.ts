/**
 * Columns of a dataset's tables: names and types after cryo's, so that its users know them.
 * https://github.com/paradigmxyz/cryo (README, "Schemas")
 */

/**
 *  - `u256` has no column type of its own: it becomes two columns, `NAME_string` (decimal, exact) and `NAME_f64` (rounded).
 *  - `wei` is a whole amount below 10^38, exact; more than any L1 or L2 holds.
 *  - `hash` and `address` are `0x` and lower-case hexadecimals.
 *  - `timestamp` is seconds since the Unix epoch, `milliseconds` the same in thousandths.
 */
export type ColumnType =
  | 'bool'
  | 'u8'
  | 'u32'
  | 'u64'
  | 'i64'
  | 'f64'
  | 'wei'
  | 'u256'
  | 'string'
  | 'hash'
  | 'address'
  | 'timestamp'
  | 'milliseconds'

export type Column = {
  readonly name: string
  readonly type: ColumnType
  /** What null means stands in the definition. */
  readonly isNullable?: boolean
  /** One sentence: meaning, unit, source. Goes into dataset.json and the docs. */
  readonly definition: string
}

export type Table = {
  readonly name: TableName
  readonly definition: string
  /** Rows are written in this order, which is total: two exports of one range are the same bytes. */
  readonly orderBy: readonly string[]
  /** Its rows are about all of the range: one file, not one for each chunk. */
  readonly isOfWholeRange?: true
  readonly columns: readonly Column[]
}

/** A value as a row holds it: integers up to 32 bits and milliseconds are numbers, larger ones bigints. */
export type Value = string | number | bigint | boolean | null
export type Row = Readonly<Record<string, Value>>

export const TABLE_NAMES = [
  'l1_blocks',
  'proposals',
  'sources',
  'l2_blocks',
  'transactions',
  'logs',
  'forced_inclusions',
  'windows',
  'promises',
  'preconfirmed_blocks',
  'proposers',
] as const
export type TableName = (typeof TABLE_NAMES)[number]

/** Of files; the first of those there are is the one that is read. */
export const FORMATS = ['parquet', 'csv', 'ndjson'] as const
export type Format = (typeof FORMATS)[number]
