/** Waiting, with a signal that ends every wait. */
import { TemporaryError } from './errors.ts'

/** Resolves after `ms` milliseconds; rejects with the signal's reason when it is aborted first. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/**
 * Reads at most `depth` items ahead of the consumer and keeps their order.
 * An error of the source is thrown where the item would have come; the source is closed when the consumer stops.
 */
export async function* prefetch<T>(source: AsyncIterable<T>, depth: number): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]()
  const ahead: Promise<IteratorResult<T>>[] = []
  const pull = () => {
    const next = iterator.next()
    // The rejection is delivered when this item is awaited in turn; without a handler now it would count as unhandled.
    next.catch(() => {})
    ahead.push(next)
  }
  try {
    for (let i = 0; i < depth; i++) pull()
    for (;;) {
      const item = await ahead.shift()
      if (item === undefined || item.done) return
      pull()
      yield item.value
    }
  } finally {
    await iterator.return?.()
  }
}

export type RetryOptions = {
  /** Delay before the second attempt, in milliseconds; doubled for each later one. */
  readonly delayMs: number
  readonly delayMaxMs: number
  readonly onRetry?: (error: TemporaryError, attempt: number) => void
  readonly signal?: AbortSignal
}

/** Retries for as long as `attempt` fails with a TemporaryError: missing data is waited for, never guessed. */
export async function retryTemporary<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof TemporaryError)) throw error
      options.onRetry?.(error, n)
      await sleep(Math.min(options.delayMs * 2 ** Math.min(n - 1, 20), options.delayMaxMs), options.signal)
    }
  }
}
