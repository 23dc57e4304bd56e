/**
 * Three severities, and nothing else, decide what the node does with an error:
 * temporary is retried, reset rewinds to the last good point, critical stops the process with a sentence an operator can act on.
 * Subclass one of them for each failure a caller distinguishes.
 */

/** Not yet, or not from this source: retry, perhaps elsewhere. Nothing about the chain may be concluded from it. */
export class TemporaryError extends Error {
  override readonly name: string = 'TemporaryError'
}

/** What we built on is no longer so (an L1 reorg): rewind and derive again. */
export class ResetError extends Error {
  override readonly name: string = 'ResetError'
}

/** A bug of ours, or a condition only an operator can mend. The message says what to do. */
export class CriticalError extends Error {
  override readonly name: string = 'CriticalError'
}

/** A provider said something that its own commitments contradict. It is demoted, and another one is asked. */
export class LyingProviderError extends TemporaryError {
  override readonly name = 'LyingProviderError'
  readonly provider: string
  readonly what: string

  constructor(data: { provider: string; what: string; cause?: unknown }) {
    super(`${data.provider} gave wrong data: ${data.what}`, { cause: data.cause })
    this.provider = data.provider
    this.what = data.what
  }
}
