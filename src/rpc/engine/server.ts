/** The authenticated port: JSON-RPC over HTTP, each request with its token. For local software and the operator alone. */
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import type { Logger } from '../../telemetry/log.ts'
import { readBody } from '../body.ts'
import { boundedServer, hostInUrl, listen, stop } from '../bounded.ts'
import { createDispatcher } from '../jsonrpc.ts'
import type { RpcLimits } from '../limits.ts'
import type { Methods } from '../method.ts'
import { checkEngineJwt } from './jwt.ts'

export type EngineServer = { readonly url: string; close(): Promise<void> }

/** Throws a CriticalError with a sentence when the port cannot be had. */
export async function startEngineServer(
  deps: {
    readonly methods: Methods
    readonly limits: RpcLimits
    /** 32 bytes. */
    readonly secret: Uint8Array
    readonly logger: Logger
    /** Milliseconds since the Unix epoch. */
    readonly now: () => number
  },
  { host, port }: { readonly host: string; readonly port: number },
): Promise<EngineServer> {
  const { methods, limits, secret, logger, now } = deps
  const dispatcher = createDispatcher({ methods, limits, logger })
  const app = new Hono()
  app.post('/', async (c) => {
    const check = await checkEngineJwt(c.req.header('authorization'), secret, Math.floor(now() / 1000))
    if (check.type === 'refused') return c.text(`${check.reason}\n`, 401)
    const body = await readBody(c.req.raw, limits.bodyBytesMax)
    if (body === undefined) {
      c.header('Connection', 'close')
      return c.text(`the body is larger than ${limits.bodyBytesMax} bytes\n`, 413)
    }
    const answer = await dispatcher.handle(body, { signal: c.req.raw.signal })
    if (answer === undefined) return c.body(null, 204)
    return c.body(answer, 200, { 'Content-Type': 'application/json' })
  })
  app.onError((error, c) => {
    logger.error({ error }, 'a request to the authenticated port failed')
    return c.text('internal error; the node has logged it\n', 500)
  })
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const server = boundedServer((request, response) => void listener(request, response), limits)
  const taken = await listen(server, host, port)
  return { url: `http://${hostInUrl(host)}:${taken}`, close: () => stop(server) }
}
