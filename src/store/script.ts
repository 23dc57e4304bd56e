/**
 * Statements with their values written into their text, so that a whole transaction goes to the disk in one go: through the binding, each
 * statement of it costs a turn of two threads, and of the event loop, which is dear while others keep that busy (bench/guard.ts).
 */
import { CriticalError } from '../primitives/errors.ts'
import type { Connection } from './connection.ts'
import type { SqlValue, Statement } from './store.ts'

/** All of them, or none. They run in the order given, and their rows are not read. */
export async function runScript(
  writer: Pick<Connection, 'script'>,
  statements: readonly Statement[],
): Promise<void> {
  try {
    await writer.script(['BEGIN IMMEDIATE', ...statements.map(writeOut), 'COMMIT'].join(';\n'))
  } catch (error) {
    // Fails when SQLite has rolled back by itself; the first failure is the one to tell.
    await writer.script('ROLLBACK').catch(() => {})
    throw error
  }
}

/** Values stand for the question marks of the text, which has none elsewhere. */
function writeOut([sql, parameters = []]: Statement): string {
  const parts = sql.split('?')
  if (parts.length !== parameters.length + 1)
    throw new CriticalError(
      `internal error: "${sql}" has ${parts.length - 1} places, not ${parameters.length}`,
    )
  return parts.reduce((text, part, i) => `${text}${toLiteral(parameters[i - 1] ?? null)}${part}`)
}

/** https://www.sqlite.org/lang_expr.html §3 */
function toLiteral(value: SqlValue): string {
  if (value === null) return 'NULL'
  if (value instanceof Uint8Array) return `x'${toHex(value)}'`
  if (typeof value === 'string')
    // A text ends where a NUL is.
    return value.includes('\0')
      ? `CAST(x'${toHex(Buffer.from(value))}' AS TEXT)`
      : `'${value.replaceAll("'", "''")}'`
  const isWritable = typeof value === 'bigint' ? Number.isSafeInteger(Number(value)) : Number.isFinite(value)
  if (!isWritable) throw new CriticalError(`internal error: ${value} is no number for a column`)
  return String(value)
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
