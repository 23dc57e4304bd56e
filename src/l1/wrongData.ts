/** What a pure check throws when foreign data contradicts its own commitments. Who gave the data is known one level up. */
export class WrongDataError extends Error {
  override readonly name = 'WrongDataError'
}

/** Throws WrongDataError with `what` unless the condition holds. */
export function check(condition: unknown, what: string): asserts condition {
  if (!condition) throw new WrongDataError(what)
}
