import { CriticalError } from './errors.ts'

/** Our own expectation about ourselves. A failure is a bug and stops the node; never use it on foreign input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new CriticalError(`internal error: ${message}; this is a bug, please report it`)
}

export function assertNever(value: never): never {
  throw new CriticalError(`internal error: unexpected variant ${JSON.stringify(value)}`)
}

/** Narrows a value that must be there, as an index read inside a checked range. */
export function defined<T>(value: T | undefined | null, what: string): T {
  assert(value !== undefined && value !== null, `${what} is missing`)
  return value
}
