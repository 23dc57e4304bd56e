/** How large an answer may grow. Counted while it grows: what is refused at the end has filled the memory before. */

/** The answer is larger than the node sends. */
export class TraceTooLargeError extends Error {
  override readonly name = 'TraceTooLargeError'

  constructor(bytesMax: number) {
    super(
      `the trace is larger than the ${bytesMax} bytes of an answer: trace one transaction, or ask for less of each step (disableStack, disableStorage, limit)`,
    )
  }
}

export type TraceSize = {
  /** Throws a TraceTooLargeError when `bytes` more are too many. */
  add(bytes: number): void
}

export function createTraceSize(bytesMax: number): TraceSize {
  let total = 0
  return {
    add(bytes) {
      total += bytes
      if (total > bytesMax) throw new TraceTooLargeError(bytesMax)
    },
  }
}
