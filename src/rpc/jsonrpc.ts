/**
 * JSON-RPC 2.0: bytes of a request in, text of the response out; no transport. https://www.jsonrpc.org/specification
 * Whatever the bytes are, the answer is a response object, never an exception.
 */
import { setImmediate } from 'node:timers/promises'
import type { Logger } from '../telemetry/log.ts'
import { shapeOf } from './bodyShape.ts'
import type { Client } from './client.ts'
import { limitExceeded, RpcError } from './errors.ts'
import { resultText } from './jsonText.ts'
import type { RpcLimits } from './limits.ts'
import type { CallContext, Methods } from './method.ts'
import { createRates } from './rates.ts'

export type Dispatcher = {
  /** Undefined when there is nothing to answer: every request was a notification. */
  handle(body: Uint8Array, context: CallContext): Promise<string | undefined>
}

/** `method` is `unknown` for a name that does not exist, so that labels stay few. */
export type RequestObserver = (request: { method: string; code: number; seconds: number }) => void

type Id = string | number | null
type Request = { readonly id: Id | undefined; readonly method: string; readonly params: readonly unknown[] }

/** Bytes of a body that take as long to parse as a constant to answer: a large one is no cheap request whatever it asks. */
const BYTES_PER_COST = 8192

/** Commas and colons of a body; what stands between them is parsed, and checked one by one. */
const SEPARATORS_PER_COST = 20

/** Bytes of a body below which its shape makes no difference. */
const SMALL_BODY = 8192

/** Of an answer: what is found and written for it. */
const ANSWER_BYTES_PER_COST = 2048

/** Milliseconds of a batch after which others get a turn, whose requests may all be answered from memory. */
const TURN_MS = 5

export function createDispatcher(deps: {
  readonly methods: Methods
  readonly limits: RpcLimits
  readonly logger: Logger
  readonly observe?: RequestObserver
  /** Whether this client may use a method. Default: all methods are everybody's. */
  readonly mayUse?: (method: string, client: Client | undefined) => boolean
}): Dispatcher {
  const { methods, limits, logger, mayUse = () => true } = deps
  const rates = createRates(limits.costPerSecond)
  const decoder = new TextDecoder('utf-8', { fatal: true })

  async function handle(body: Uint8Array, context: CallContext): Promise<string | undefined> {
    const text = await handleBody(body, context)
    rates.charge(context.client, Math.floor((text?.length ?? 0) / ANSWER_BYTES_PER_COST))
    return text
  }

  async function handleBody(body: Uint8Array, context: CallContext): Promise<string | undefined> {
    if (body.length >= SMALL_BODY) {
      const refused = await refuseUnparsed(body, context)
      if (refused !== undefined) return errorText(null, refused)
    }
    let input: unknown
    try {
      input = JSON.parse(decoder.decode(body))
    } catch {
      return errorText(null, new RpcError({ code: 'parse', message: 'the body is not valid JSON' }))
    }
    if (!Array.isArray(input)) {
      const refusal = await refuseRate(costOf(input), context)
      if (refusal !== undefined) return answerOf(input, refusal)
      return limitSize(await answer(input, context), input)
    }
    return answerBatch(input, context)
  }

  async function refuseUnparsed(body: Uint8Array, context: CallContext): Promise<RpcError | undefined> {
    const tooLarge = await refuseRate(Math.floor(body.length / BYTES_PER_COST), context)
    if (tooLarge !== undefined) return tooLarge
    const { separators, problem } = shapeOf(body)
    if (problem !== undefined) return problem
    return refuseRate(Math.floor(separators / SEPARATORS_PER_COST), context)
  }

  /** At once where nothing is counted, as for programs on this machine. */
  function refuseRate(
    cost: number,
    { client, onLimited }: CallContext,
  ): undefined | Promise<RpcError | undefined> {
    return rates.take(client, cost)?.then((retryAfter) => {
      if (retryAfter === undefined) return undefined
      onLimited?.(retryAfter)
      return limitExceeded(`too much was asked from your address; ask again in ${retryAfter} s`)
    })
  }

  /** One after the other: a batch gets no more of the node than a patient client would. */
  async function answerBatch(items: readonly unknown[], context: CallContext): Promise<string | undefined> {
    if (items.length === 0) return errorText(null, invalidRequest('an empty batch'))
    if (items.length > limits.batchItemsMax)
      return errorText(null, invalidRequest(`a batch of ${items.length}; at most ${limits.batchItemsMax}`))
    const asked = items.reduce<number>((sum, item) => sum + costOf(item), 0)
    const tooMuch = await refuseRate(Math.min(asked, limits.batchCostMax), context)
    const deadline = performance.now() + limits.batchTimeoutMs
    const answers: string[] = []
    let cost = 0
    let bytes = 0
    let turnStart = performance.now()
    for (const item of items) {
      if (performance.now() - turnStart > TURN_MS) {
        await setImmediate()
        turnStart = performance.now()
      }
      cost += costOf(item)
      // Nobody is there to read the answer: a client that asks and leaves must not keep the node busy.
      if (context.signal.aborted) return undefined
      const refusal = tooMuch ?? refuse(cost, bytes, deadline)
      const text =
        refusal === undefined
          ? limitSize(await answer(item, context), item, limits.responseBytesMax - bytes)
          : answerOf(item, refusal)
      if (text === undefined) continue
      bytes += text.length + 1
      answers.push(text)
    }
    return answers.length === 0 ? undefined : `[${answers.join(',')}]`
  }

  function refuse(cost: number, bytes: number, deadline: number): RpcError | undefined {
    if (cost > limits.batchCostMax)
      return new RpcError({ code: 'limitExceeded', message: 'the batch asks for too much work; split it' })
    if (bytes > limits.responseBytesMax)
      return new RpcError({ code: 'limitExceeded', message: 'the batch response is too large' })
    if (performance.now() > deadline)
      return new RpcError({ code: 'resourceUnavailable', message: 'the batch ran out of time' })
    return undefined
  }

  async function answer(item: unknown, context: CallContext): Promise<string | undefined> {
    const request = readRequest(item)
    if (request instanceof RpcError) return errorText(idOf(item) ?? null, request)
    const start = performance.now()
    const isOpen = Object.hasOwn(methods, request.method) && mayUse(request.method, context.client)
    const method = isOpen ? methods[request.method] : undefined
    let code = 0
    let text: string
    try {
      if (method === undefined)
        throw new RpcError({
          code: 'methodNotFound',
          message: `the method ${request.method.slice(0, 100)} does not exist or is not enabled`,
        })
      const result = (await method.call(request.params, context)) ?? null
      text = `{"jsonrpc":"2.0","id":${JSON.stringify(request.id ?? null)},"result":${resultText(result)}}`
    } catch (error) {
      const answered = error instanceof RpcError ? error : hideInternal(error, request.method)
      code = answered.code
      text = errorText(request.id ?? null, answered)
    }
    const seconds = (performance.now() - start) / 1000
    deps.observe?.({ method: method === undefined ? 'unknown' : request.method, code, seconds })
    return request.id === undefined ? undefined : text
  }

  function hideInternal(error: unknown, method: string): RpcError {
    logger.error({ method, error }, 'an RPC method failed')
    return new RpcError({ code: 'internal', message: 'internal error; the node has logged it' })
  }

  function limitSize(
    text: string | undefined,
    item: unknown,
    bytesMax = limits.responseBytesMax,
  ): string | undefined {
    if (text === undefined || text.length <= bytesMax) return text
    return answerOf(item, new RpcError({ code: 'limitExceeded', message: 'the response is too large' }))
  }

  function costOf(item: unknown): number {
    const name = isObject(item) ? item.method : undefined
    return typeof name === 'string' && Object.hasOwn(methods, name) ? (methods[name]?.cost ?? 1) : 1
  }

  return { handle }
}

/** Undefined where the request was a notification. */
function answerOf(item: unknown, error: RpcError): string | undefined {
  const request = readRequest(item)
  if (request instanceof RpcError) return errorText(idOf(item) ?? null, request)
  return request.id === undefined ? undefined : errorText(request.id, error)
}

function readRequest(item: unknown): Request | RpcError {
  if (!isObject(item)) return invalidRequest('a request must be an object')
  if (item.jsonrpc !== '2.0') return invalidRequest('jsonrpc must be "2.0"')
  if (typeof item.method !== 'string') return invalidRequest('method must be a string')
  if (Object.hasOwn(item, 'id') && idOf(item) === undefined)
    return invalidRequest('id must be a string, a number or null')
  const params = item.params ?? []
  if (!Array.isArray(params))
    return new RpcError({ code: 'invalidParams', message: 'params must be an array' })
  return { id: idOf(item), method: item.method, params }
}

/** Undefined when absent or not an id: a number JSON cannot write back (1e400) is none. */
function idOf(item: unknown): Id | undefined {
  if (!isObject(item) || !Object.hasOwn(item, 'id')) return undefined
  const { id } = item
  if (id === null || typeof id === 'string' || Number.isFinite(id)) return id as Id
  return undefined
}

function errorText(id: Id, error: RpcError): string {
  const body = {
    code: error.code,
    message: error.message,
    ...(error.data === undefined ? {} : { data: error.data }),
  }
  return JSON.stringify({ jsonrpc: '2.0', id, error: body })
}

function invalidRequest(message: string): RpcError {
  return new RpcError({ code: 'invalidRequest', message })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
