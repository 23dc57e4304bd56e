/** A REST server asked by GET: beacon node or blob server. Bounded concurrency and rate, a deadline, a size limit. */
import PQueue from 'p-queue'
import type { Source } from './failover.ts'
import { type HttpBody, type HttpFetch, HttpStatusError, parseJson, readHttp } from './http.ts'
import { createSourceHealth } from './sourceHealth.ts'

export type HttpSourceOptions = {
  /** What messages and the status call it; never contains a key. */
  readonly name: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly fetch?: HttpFetch
  readonly limits?: Partial<HttpSourceLimits>
}

export type HttpSourceLimits = {
  readonly timeoutMs: number
  /** Largest answer, in bytes. 72 blobs in hex are 19 MB; a full beacon block in JSON about as much. */
  readonly responseBytesMax: number
  readonly concurrency: number
  readonly requestsPerSecond: number
}

export const DEFAULT_HTTP_SOURCE_LIMITS: HttpSourceLimits = {
  timeoutMs: 30_000,
  responseBytesMax: 64 * 1024 * 1024,
  concurrency: 4,
  requestsPerSecond: 20,
}

/** What the server answers when it has no such thing, or no such route. */
const ABSENT_STATUSES: readonly number[] = [404, 405, 410, 501]

export type HttpSource = Source & {
  /** `path` follows the base URL; an absolute URL stands alone. Null where the server has no such thing. */
  get(path: string, options?: { accept?: string; signal?: AbortSignal | undefined }): Promise<HttpBody | null>
  getJson(path: string, signal?: AbortSignal): Promise<unknown>
}

export function createHttpSource(
  options: HttpSourceOptions,
  health: { readonly pauseScale?: number } = {},
): HttpSource {
  const limits = { ...DEFAULT_HTTP_SOURCE_LIMITS, ...options.limits }
  const base = options.url.replace(/\/+$/, '')
  const queue = new PQueue({
    concurrency: limits.concurrency,
    interval: 1000,
    intervalCap: limits.requestsPerSecond,
  })
  const get: HttpSource['get'] = async (path, { accept, signal } = {}) => {
    const isForeign = /^https?:\/\//.test(path)
    try {
      return await queue.add(() => {
        signal?.throwIfAborted()
        return readHttp({
          url: isForeign ? path : base + path,
          fetch: options.fetch,
          // A key for this server is no business of another one.
          headers: { ...(isForeign ? {} : options.headers), ...(accept === undefined ? {} : { accept }) },
          timeoutMs: limits.timeoutMs,
          bytesMax: limits.responseBytesMax,
          signal,
        })
      })
    } catch (error) {
      if (error instanceof HttpStatusError && ABSENT_STATUSES.includes(error.status)) return null
      throw error
    }
  }
  return {
    name: options.name,
    health: createSourceHealth(health),
    get,
    async getJson(path, signal) {
      const body = await get(path, { signal })
      return body && parseJson(body.bytes)
    },
  }
}
