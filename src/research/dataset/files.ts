/** Files of a dataset as SQL reads them, whatever format they have. */
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import { DuckDBDecimalValue } from '@duckdb/node-api'
import { defined } from '../../primitives/assert.ts'
import { CriticalError } from '../../primitives/errors.ts'
import type { DatasetFile } from './chunk.ts'
import { type Column, FORMATS, type Format, type Row, type Table, type Value } from './column.ts'
import { quoted, storedColumns } from './duckdb.ts'

/** Parquet, or what there is. */
export function bestFormat(formats: readonly Format[]): Format {
  return defined(
    FORMATS.find((format) => formats.includes(format)),
    'a format of the dataset',
  )
}

/** The table as a relation, every column with its type. `prefix` stands before each file's name, as it is. */
export function relationOf(
  table: Table,
  files: readonly Pick<DatasetFile, 'table' | 'file'>[],
  format: Format,
  prefix = '',
): string {
  const extension = `.${format}`
  const paths = files
    .filter((each) => each.table === table.name && each.file.endsWith(extension))
    .map(({ file }) => `'${quoted(prefix + file)}'`)
  if (paths.length === 0) throw new CriticalError(`the dataset has no file of ${table.name}; export it anew`)
  const list = `[${paths.join(', ')}]`
  if (format === 'parquet') return `read_parquet(${list})`
  const types = storedColumns(table).map(({ name, sqlType }) => `'${name}': '${sqlType}'`)
  const columns = `columns = {${types.join(', ')}}`
  return format === 'csv'
    ? `read_csv(${list}, header = true, ${columns})`
    : `read_json(${list}, format = 'newline_delimited', ${columns})`
}

/** In the table's order. */
export async function readRows(
  connection: DuckDBConnection,
  table: Table,
  relation: string,
): Promise<readonly Row[]> {
  const order = table.orderBy.map((name) => `"${name}"`).join(', ')
  const result = await connection.runAndReadAll(`SELECT * FROM ${relation} ORDER BY ${order}`)
  const at = new Map(result.columnNames().map((name, index) => [name, index]))
  const places = table.columns.map((column) => ({
    column,
    index: at.get(column.type === 'u256' ? `${column.name}_string` : column.name),
  }))
  return result
    .getRows()
    .map((values) =>
      Object.fromEntries(
        places.map(({ column, index }) => [
          column.name,
          toValue(column, index === undefined ? undefined : values[index]),
        ]),
      ),
    )
}

/** As a row holds it: integers up to 32 bits and times are numbers, larger integers bigints. */
function toValue(column: Column, value: DuckDBValue | undefined): Value {
  if (value === null && column.isNullable) return null
  switch (column.type) {
    case 'bool':
      if (typeof value === 'boolean') return value
      break
    case 'u8':
    case 'u32':
    case 'f64':
    case 'timestamp':
      if (typeof value === 'number') return value
      break
    case 'milliseconds':
      if (typeof value === 'bigint') return Number(value)
      break
    case 'u64':
    case 'i64':
      if (typeof value === 'bigint') return value
      break
    case 'wei':
      if (value instanceof DuckDBDecimalValue) return value.value
      break
    case 'u256':
      if (typeof value === 'string') return BigInt(value)
      break
    case 'string':
    case 'hash':
    case 'address':
      if (typeof value === 'string') return value
  }
  throw new CriticalError(`a file of the dataset holds ${String(value)} as ${column.name}; export it anew`)
}
