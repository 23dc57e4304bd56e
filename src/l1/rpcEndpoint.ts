/** One JSON-RPC server, over HTTP or in this process: bounded concurrency and rate, batches, a deadline and a size limit. */
import PQueue from 'p-queue'
import { sleep } from '../primitives/async.ts'
import { TemporaryError } from '../primitives/errors.ts'
import { type HttpFetch, parseJson, readHttp } from './http.ts'

export type RpcCall = {
  readonly method: string
  readonly params: readonly unknown[]
  /** A revert of the contract that is called is an answer: null. Otherwise it is an error like any other. */
  readonly mayRevert?: boolean
}

/** A server in this process. Throws for an RPC error, with a numeric `code` where it has one. */
export type RpcRequest = (
  method: string,
  params: readonly unknown[],
  signal?: AbortSignal,
) => Promise<unknown>

export type RpcEndpointOptions = {
  /** What messages and the status call it; never contains a key. */
  readonly name: string
  readonly limits?: Partial<RpcLimits>
} & (
  | {
      readonly url: string
      readonly headers?: Readonly<Record<string, string>>
      readonly fetch?: HttpFetch
    }
  | { readonly request: RpcRequest }
)

export type RpcLimits = {
  /** For one HTTP exchange. */
  readonly timeoutMs: number
  /** Largest answer, in bytes. The receipts of a full mainnet block are about 2 MB of JSON. */
  readonly responseBytesMax: number
  readonly concurrency: number
  /** HTTP requests a second. */
  readonly requestsPerSecond: number
  /** Calls in one JSON-RPC batch; 1 for servers that refuse batches. */
  readonly batchMax: number
}

export const DEFAULT_RPC_LIMITS: RpcLimits = {
  timeoutMs: 15_000,
  responseBytesMax: 64 * 1024 * 1024,
  concurrency: 8,
  requestsPerSecond: 50,
  batchMax: 32,
}

/** The server understood and refused (JSON-RPC 2.0 §5.1). */
export class RpcError extends TemporaryError {
  override readonly name = 'RpcError'
  readonly code: number

  constructor(data: { code: number; message: string }) {
    super(`RPC error ${data.code}: ${data.message}`)
    this.code = data.code
  }
}

export type RpcEndpoint = {
  readonly name: string
  /** Results in the order of the calls; all or none. Throws TemporaryError. */
  call(calls: readonly RpcCall[], signal?: AbortSignal): Promise<readonly unknown[]>
}

export function createRpcEndpoint(options: RpcEndpointOptions): RpcEndpoint {
  const limits = { ...DEFAULT_RPC_LIMITS, ...options.limits }
  const queue = new PQueue({
    concurrency: limits.concurrency,
    interval: 1000,
    intervalCap: limits.requestsPerSecond,
  })
  let batchMax = 'url' in options ? limits.batchMax : 1

  const send = async (calls: readonly RpcCall[], signal?: AbortSignal): Promise<readonly unknown[]> => {
    if ('request' in options) return requestInProcess(options.request, calls, limits.timeoutMs, signal)
    const body = calls.map(({ method, params }, id) => ({ jsonrpc: '2.0', id, method, params }))
    const { bytes } = await readHttp({
      url: options.url,
      fetch: options.fetch,
      headers: options.headers,
      json: body.length === 1 ? body[0] : body,
      timeoutMs: limits.timeoutMs,
      bytesMax: limits.responseBytesMax,
      signal,
    })
    const answer = parseJson(bytes)
    if (body.length === 1) return [readResult(answer, calls[0])]
    if (!Array.isArray(answer)) {
      // One error object for the whole batch: this server takes no batches.
      batchMax = 1
      throw new TemporaryError('the server does not answer batches')
    }
    return readBatch(answer, calls)
  }
  const queued = (calls: readonly RpcCall[], signal?: AbortSignal) =>
    queue.add(() => {
      signal?.throwIfAborted()
      return send(calls, signal)
    })

  return {
    name: options.name,
    async call(calls, signal) {
      const chunks: (readonly RpcCall[])[] = []
      for (let at = 0; at < calls.length; at += batchMax) chunks.push(calls.slice(at, at + batchMax))
      const results = await Promise.all(chunks.map((chunk) => queued(chunk, signal)))
      return results.flat()
    },
  }
}

async function requestInProcess(
  request: RpcRequest,
  calls: readonly RpcCall[],
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<readonly unknown[]> {
  const ending = new AbortController()
  const onAbort = () => ending.abort(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  const late = sleep(timeoutMs, ending.signal).then(() => {
    throw new TemporaryError(`no answer within ${timeoutMs} ms`)
  })
  late.catch(() => {})
  try {
    const all = Promise.all(
      calls.map(({ method, params, mayRevert }) =>
        request(method, params, ending.signal).catch((error) => {
          if (mayRevert && isRevert(error)) return null
          throw error
        }),
      ),
    )
    return await Promise.race([all, late])
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof TemporaryError) throw error
    const { code, message } = error as { code?: unknown; message?: unknown }
    if (typeof code === 'number') throw new RpcError({ code, message: String(message) })
    throw new TemporaryError(String(message ?? error), { cause: error })
  } finally {
    signal?.removeEventListener('abort', onAbort)
    ending.abort(new Error('done'))
  }
}

function readBatch(answers: readonly unknown[], calls: readonly RpcCall[]): readonly unknown[] {
  const byId = new Map<unknown, unknown>()
  for (const answer of answers.slice(0, calls.length))
    byId.set((answer as { id?: unknown } | null)?.id, answer)
  return calls.map((call, id) => readResult(byId.get(id), call))
}

function readResult(answer: unknown, call: RpcCall | undefined): unknown {
  if (typeof answer !== 'object' || answer === null) throw new TemporaryError('the answer is not JSON-RPC')
  const { error, result } = answer as { error?: unknown; result?: unknown }
  if (error !== undefined && error !== null) {
    const { code, message } = error as { code?: unknown; message?: unknown }
    if (call?.mayRevert && isRevert(error)) return null
    throw new RpcError({ code: typeof code === 'number' ? code : 0, message: String(message) })
  }
  if (result === undefined) throw new TemporaryError('the answer is not JSON-RPC')
  return result
}

/** Code 3 is geth's for a revert, which others took over; before there was only the message. */
function isRevert(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown }
  return code === 3 || /revert/i.test(String(message))
}
