/** JSON-RPC over HTTP: `POST /`. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '../telemetry/log.ts'
import type { Access } from './access.ts'
import { ClientGoneError, readIncoming } from './body.ts'
import { clientOf } from './client.ts'
import { type Door, endWith, originHeaders, refuse, refuseHost } from './door.ts'
import type { Dispatcher } from './jsonrpc.ts'
import type { RpcLimits } from './limits.ts'
import type { CallContext } from './method.ts'

/** geth's list. A browser cannot send these across origins without asking first (CORS preflight). */
const CONTENT_TYPES = ['application/json', 'application/json-rpc', 'application/jsonrequest']

export function createJsonRpcDoor(deps: {
  readonly dispatcher: Dispatcher
  readonly limits: Pick<RpcLimits, 'bodyBytesMax'>
  readonly access: Access
  readonly logger: Logger
}): Door {
  const { dispatcher, limits, access, logger } = deps

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = originHeaders(request.headers.origin, access)
    const problem = headerProblem(request.headers)
    if (problem !== undefined) return refuse(response, 415, problem, headers)
    const body = await readIncoming(request, limits.bodyBytesMax)
    if (body === undefined) {
      const sentence = `the body is larger than ${limits.bodyBytesMax} bytes`
      // The rest of the body is not wanted; the connection cannot be used again.
      return refuse(response, 413, sentence, { ...headers, Connection: 'close' })
    }
    let retryAfter: number | undefined
    let signal: AbortSignal | undefined
    const context: CallContext = {
      // Few methods ask for it.
      get signal() {
        signal ??= signalOf(response)
        return signal
      },
      client: clientOf(request),
      onLimited: (seconds) => {
        retryAfter = seconds
      },
    }
    const text = await dispatcher.handle(body, context)
    if (retryAfter !== undefined)
      return endWith(
        response,
        429,
        { ...headers, ...JSON_TYPE, 'Retry-After': String(retryAfter) },
        text ?? '',
      )
    if (text === undefined) response.writeHead(204, headers).end()
    else endWith(response, 200, { ...headers, ...JSON_TYPE }, text)
  }

  return {
    takes: ({ method, url }) => method === 'POST' && (url === '/' || url?.startsWith('/?') === true),
    async answer(request, response) {
      try {
        if (!refuseHost(request, response, access)) await serve(request, response)
      } catch (error) {
        if (error instanceof ClientGoneError) return
        logger.error({ error }, 'a JSON-RPC request failed')
        if (!response.headersSent) refuse(response, 500, 'internal error; the node has logged it')
      }
    },
  }
}

const JSON_TYPE = { 'Content-Type': 'application/json' }

function headerProblem(headers: IncomingHttpHeaders): string | undefined {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') return 'compressed bodies are not accepted'
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  return type === undefined || !CONTENT_TYPES.includes(type)
    ? 'content type application/json wanted'
    : undefined
}

/** Aborted when the client leaves before it has its answer. */
function signalOf(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  if (response.closed) gone.abort()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  return gone.signal
}
