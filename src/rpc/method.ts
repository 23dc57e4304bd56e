/** A method is data: what it is for and costs, which parameters it takes in which order, what it answers, and a function. */
import type { z } from 'zod'
import type { Client } from './client.ts'
import { invalidParams } from './errors.ts'

/** What a handler may know of its caller. */
export type CallContext = {
  /** Aborted when the caller has gone or the batch has run out of time. */
  readonly signal: AbortSignal
  /** Absent on the authenticated port, where nobody is counted. */
  readonly client?: Client
  /** Present on connections that can push. */
  readonly connection?: PushConnection
  /** Told when an answer was refused because the client asks too much, with the seconds after which it may ask again. */
  readonly onLimited?: (retryAfterSeconds: number) => void
}

/** A connection on which the server may speak unasked: a WebSocket. */
export type PushConnection = {
  /** By id: what ends them. */
  readonly subscriptions: Map<string, () => void>
  /** Runs once the answer to the current request is on its way: a client must learn an id before it is used. */
  afterReply(work: () => void): void
  notify(subscription: string, result: unknown): void
}

export type Method = {
  /** Relative work, about one in-memory read each; see `batchCostMax`. */
  readonly cost: number
  /** For the OpenRPC document. */
  readonly description: MethodDescription
  /** Throws an RpcError for the client's mistakes. The result must be JSON; undefined becomes null. */
  readonly call: (params: readonly unknown[], context: CallContext) => unknown
}

export type MethodDescription = {
  /** One sentence: what the answer tells. */
  readonly summary: string
  /** By name, in their JSON-RPC order. */
  readonly params: Shape
  /** The answer as JSON: no transforms, and strict objects, so that a test notices a field that nobody described. */
  readonly result: z.ZodType
}

export type Methods = Readonly<Record<string, Method>>

type Shape = Readonly<Record<string, z.ZodType>>
type Parsed<S extends Shape> = { readonly [K in keyof S]: z.output<S[K]> }

/** An omitted or null parameter is for its schema to default. */
export function defineMethod<S extends Shape>(definition: {
  readonly cost: number
  readonly summary: string
  readonly params: S
  readonly result: z.ZodType
  readonly handle: (params: Parsed<S>, context: CallContext) => unknown
}): Method {
  const { cost, summary, params: shape, result } = definition
  return {
    cost,
    description: { summary, params: shape, result },
    call: (params, context) => definition.handle(parseParams(definition.params, params), context),
  }
}

function parseParams<S extends Shape>(shape: S, params: readonly unknown[]): Parsed<S> {
  const names = Object.keys(shape)
  if (params.length > names.length)
    throw invalidParams(`too many parameters: at most ${names.length} wanted, ${params.length} given`)
  const parsed: Record<string, unknown> = {}
  for (const [index, name] of names.entries()) {
    const given = params[index] ?? undefined
    const result = (shape[name] as z.ZodType).safeParse(given)
    if (!result.success) {
      const issue = result.error.issues[0]
      const path = issue === undefined || issue.path.length === 0 ? '' : `.${issue.path.join('.')}`
      const reason = given === undefined ? 'is required' : (issue?.message ?? 'is invalid')
      throw invalidParams(`parameter ${index} (${name}${path}): ${reason}`)
    }
    parsed[name] = result.data
  }
  return parsed as Parsed<S>
}
