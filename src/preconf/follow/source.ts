/** A place the stream is read from: a sequencer or another follower, by URL. What it sends is foreign; what it is called may hold a key. */
import { CriticalError, TemporaryError } from '../../primitives/errors.ts'
import { createHttpSource } from './httpSource.ts'
import { createWebSocketSource } from './webSocketSource.ts'

export type SourceItem =
  /** Not checked in any way but its size. */
  | { readonly type: 'message'; readonly json: unknown }
  /** What its newest block is, by its own word; comes at least every few seconds. */
  | { readonly type: 'tip'; readonly number: bigint | undefined }
  /** No JSON, or larger than a message may be. */
  | { readonly type: 'unreadable'; readonly detail: string }

export type Source = {
  /** Host and path, without user, password or query. */
  readonly name: string
  /**
   * Blocks from `from` on, then what comes. Ends only by an error: TemporaryError when the source is gone, silent or says so.
   * Reads no further than it is consumed.
   */
  read(from: bigint, signal: AbortSignal): AsyncGenerator<SourceItem>
  /** Published blocks from `from` on, as many as it gives at a time. */
  blocks(from: bigint, count: number, signal: AbortSignal): Promise<readonly unknown[]>
}

/** A source that says nothing for this long is gone: it sends its tip three times as often. Milliseconds. */
export const SILENCE_MAX_MS = 15_000
/** Of a request for blocks. Milliseconds. */
export const REQUEST_TIMEOUT_MS = 10_000

/** CriticalError for a URL that is none of http, https, ws, wss. */
export function createSource(text: string): Source {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new CriticalError('a source of preconfirmations is no URL; give one as in ws://host:8546')
  }
  switch (url.protocol) {
    case 'http:':
    case 'https:':
      return createHttpSource(url)
    case 'ws:':
    case 'wss:':
      return createWebSocketSource(url)
    default:
      throw new CriticalError(
        `a source of preconfirmations is ${url.protocol}; http, https, ws or wss wanted`,
      )
  }
}

export function nameOf(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`
}

export class SourceGoneError extends TemporaryError {
  override readonly name = 'SourceGoneError'
}

/** Of a tip as the stream has it. */
export function readTip(json: unknown): SourceItem {
  const number = (json as { readonly number?: unknown } | null)?.number
  if (number === null || number === undefined) return { type: 'tip', number: undefined }
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0)
    return { type: 'unreadable', detail: 'its tip has no number' }
  return { type: 'tip', number: BigInt(number) }
}
