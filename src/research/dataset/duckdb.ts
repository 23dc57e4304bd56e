/** What DuckDB makes of our column types, and tables with them. DuckDB writes Parquet, CSV and JSON, and answers SQL over all three. */
import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDecimalValue,
  DuckDBInstance,
} from '@duckdb/node-api'
import { CriticalError } from '../../primitives/errors.ts'
import type { Column, ColumnType, Row, Table, Value } from './column.ts'

/** Digits of a `wei` column: the most DuckDB keeps exactly. */
const WEI_DIGITS = 38
const WEI_MAX = 10n ** BigInt(WEI_DIGITS)

const SQL_TYPES: Readonly<Record<Exclude<ColumnType, 'u256'>, string>> = {
  bool: 'BOOLEAN',
  u8: 'UTINYINT',
  u32: 'UINTEGER',
  u64: 'UBIGINT',
  i64: 'BIGINT',
  f64: 'DOUBLE',
  wei: `DECIMAL(${WEI_DIGITS}, 0)`,
  string: 'VARCHAR',
  hash: 'VARCHAR',
  address: 'VARCHAR',
  timestamp: 'UINTEGER',
  milliseconds: 'UBIGINT',
}

/** The columns as files have them: a `u256` is two. */
export function storedColumns({
  columns,
}: Pick<Table, 'columns'>): readonly { readonly name: string; readonly sqlType: string }[] {
  return columns.flatMap(({ name, type }) =>
    type === 'u256'
      ? [
          { name: `${name}_string`, sqlType: 'VARCHAR' },
          { name: `${name}_f64`, sqlType: 'DOUBLE' },
        ]
      : [{ name, sqlType: SQL_TYPES[type] }],
  )
}

export async function openDuckDb(path = ':memory:'): Promise<{
  readonly connection: DuckDBConnection
  readonly close: () => void
}> {
  // One thread: rows keep their order, and files their bytes.
  const instance = await DuckDBInstance.create(path, { threads: '1' })
  const connection = await instance.connect()
  return {
    connection,
    close() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

export async function createTable(connection: DuckDBConnection, table: Table): Promise<void> {
  const columns = storedColumns(table).map(({ name, sqlType }) => `"${name}" ${sqlType}`)
  await connection.run(`CREATE OR REPLACE TABLE "${table.name}" (${columns.join(', ')})`)
}

/** Throws CriticalError for a row that is not of the table: a bug of ours. */
export function appendRow(appender: DuckDBAppender, table: Table, row: Row): void {
  for (const column of table.columns) appendValue(appender, table, column, row[column.name])
  appender.endRow()
}

function appendValue(appender: DuckDBAppender, table: Table, column: Column, value: Value | undefined): void {
  const wrong = (what: string) =>
    new CriticalError(`internal error: ${table.name}.${column.name} ${what}; please report it`)
  if (value === undefined) throw wrong('was not given')
  if (value === null) {
    if (!column.isNullable) throw wrong('is null')
    appender.appendNull()
    if (column.type === 'u256') appender.appendNull()
    return
  }
  if (column.type === 'wei' && BigInt(value) >= WEI_MAX)
    throw wrong(`is ${value}, more than ${WEI_DIGITS} digits`)
  APPENDERS[column.type](appender, value)
}

type Append = (appender: DuckDBAppender, value: Exclude<Value, null>) => void
const appendText: Append = (appender, value) => appender.appendVarchar(String(value))
const appendU32: Append = (appender, value) => appender.appendUInteger(Number(value))
const appendU64: Append = (appender, value) => appender.appendUBigInt(BigInt(value))

const APPENDERS: Readonly<Record<ColumnType, Append>> = {
  bool: (appender, value) => appender.appendBoolean(value === true),
  u8: (appender, value) => appender.appendUTinyInt(Number(value)),
  u32: appendU32,
  u64: appendU64,
  i64: (appender, value) => appender.appendBigInt(BigInt(value)),
  f64: (appender, value) => appender.appendDouble(Number(value)),
  wei: (appender, value) => appender.appendDecimal(new DuckDBDecimalValue(BigInt(value), WEI_DIGITS, 0)),
  u256: (appender, value) => {
    appender.appendVarchar(String(value))
    appender.appendDouble(Number(value))
  },
  string: appendText,
  hash: appendText,
  address: appendText,
  timestamp: appendU32,
  milliseconds: appendU64,
}

/** What stands inside single quotes. */
export function quoted(text: string): string {
  return text.replaceAll("'", "''")
}
