/**
 * One HTTP exchange with a foreign server: a deadline for the whole of it, and a size limit counted while reading.
 * viem's transport reads a body to its end before anyone can count it, so requests go through fetch directly.
 */
import { concatBytes } from '../primitives/bytes.ts'
import { TemporaryError } from '../primitives/errors.ts'

/** The part of the global `fetch` that is used; tests put an in-process server here. */
export type HttpFetch = (
  url: string,
  init: {
    method: string
    headers: Record<string, string>
    body?: string
    signal: AbortSignal
  },
) => Promise<Response>

export type HttpRequest = {
  readonly url: string
  readonly fetch?: HttpFetch | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Sent as JSON by POST; without it the request is a GET. */
  readonly json?: unknown
  /** Whole exchange, from connecting to the last byte: a body that trickles is cut too. */
  readonly timeoutMs: number
  /** Largest body read, after decompression. */
  readonly bytesMax: number
  readonly signal?: AbortSignal | undefined
}

export class HttpTimeoutError extends TemporaryError {
  override readonly name = 'HttpTimeoutError'
}

export class HttpSizeError extends TemporaryError {
  override readonly name = 'HttpSizeError'
}

export class HttpStatusError extends TemporaryError {
  override readonly name = 'HttpStatusError'
  readonly status: number
  /** What the server asked us to wait, from `Retry-After`. */
  readonly retryAfterMs?: number

  constructor(data: { status: number; retryAfterMs?: number; body: string }) {
    super(`HTTP status ${data.status}${data.body === '' ? '' : `: ${data.body}`}`)
    this.status = data.status
    if (data.retryAfterMs !== undefined) this.retryAfterMs = data.retryAfterMs
  }
}

/** Bytes of an error page worth repeating in a message. */
const ERROR_BODY_BYTES_MAX = 200

export type HttpBody = { readonly contentType: string; readonly bytes: Uint8Array }

/** The body of a 2xx answer. Every failure is a TemporaryError, except the reason of the caller's own signal. */
export async function readHttp(request: HttpRequest): Promise<HttpBody> {
  const abort = new AbortController()
  const onAbort = () => abort.abort(request.signal?.reason)
  if (request.signal?.aborted) throw request.signal.reason
  request.signal?.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(
    () => abort.abort(new HttpTimeoutError(`no complete answer within ${request.timeoutMs} ms`)),
    request.timeoutMs,
  )
  // A server stub or a stuck socket may not heed the signal, so the deadline is raced as well.
  const ended = new Promise<never>((_, reject) => {
    abort.signal.addEventListener('abort', () => reject(abort.signal.reason), { once: true })
  })
  ended.catch(() => {})
  try {
    return await Promise.race([exchange(request, abort.signal), ended])
  } catch (error) {
    if (abort.signal.aborted) throw abort.signal.reason
    if (error instanceof TemporaryError) throw error
    throw new TemporaryError(`the connection failed: ${describeCause(error)}`, { cause: error })
  } finally {
    clearTimeout(timer)
    request.signal?.removeEventListener('abort', onAbort)
    if (!abort.signal.aborted) abort.abort(new Error('done'))
  }
}

export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
  } catch (cause) {
    throw new TemporaryError('the answer is not JSON, or is cut short', { cause })
  }
}

async function exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpBody> {
  const send = request.fetch ?? fetch
  const isPost = request.json !== undefined
  const response = await send(request.url, {
    method: isPost ? 'POST' : 'GET',
    headers: {
      accept: 'application/json',
      ...(isPost ? { 'content-type': 'application/json' } : {}),
      ...request.headers,
    },
    ...(isPost ? { body: JSON.stringify(request.json) } : {}),
    signal,
  })
  if (!response.ok) {
    const body = await readBody(response, ERROR_BODY_BYTES_MAX, true).catch(() => new Uint8Array(0))
    const retryAfterMs = readRetryAfter(response.headers.get('retry-after'))
    throw new HttpStatusError({
      status: response.status,
      body: Buffer.from(body).toString('utf8').replace(/\s+/g, ' ').trim(),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })
  }
  const contentType = response.headers.get('content-type') ?? ''
  return { contentType, bytes: await readBody(response, request.bytesMax, false) }
}

async function readBody(response: Response, bytesMax: number, cut: boolean): Promise<Uint8Array> {
  const announced = Number(response.headers.get('content-length') ?? 0)
  if (announced > bytesMax && !cut) throw tooLarge(bytesMax)
  if (response.body === null) return new Uint8Array(0)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > bytesMax) {
      if (!cut) throw tooLarge(bytesMax)
      chunks.push(chunk.subarray(0, chunk.length - (length - bytesMax)))
      break
    }
    chunks.push(chunk)
  }
  return concatBytes(...chunks)
}

function tooLarge(bytesMax: number): HttpSizeError {
  return new HttpSizeError(`the answer is larger than ${bytesMax} bytes`)
}

/** Seconds or an HTTP date (RFC 9110 §10.2.3), as milliseconds from now. */
function readRetryAfter(value: string | null): number | undefined {
  if (value === null) return undefined
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}

/** fetch hides the reason ("fetch failed") in nested causes. */
function describeCause(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error ? `${error.message} (${cause.message})` : error.message
}
