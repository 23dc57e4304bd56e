/** Starts and stops the servers. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { L1 } from '../l1/l1.ts'
import { CriticalError } from '../primitives/errors.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Access } from './access.ts'
import type { RpcDeps } from './deps.ts'
import { createBlockFeed } from './feed.ts'
import { createHttpApp, type MetricsPage } from './http.ts'
import { createDispatcher, type RequestObserver } from './jsonrpc.ts'
import { DEFAULT_LIMITS, type RpcLimits } from './limits.ts'
import { createMethods, NAMESPACES, type Namespace } from './methods.ts'
import { attachWebSocket } from './ws.ts'

/** L1 blocks: two minutes of 12-second slots. */
const DEFAULT_LAG_MAX = 10n
const LOCAL_NAMES = ['localhost']
const HEADERS_MAX = 64
const HEADER_BYTES_MAX = 16 * 1024

export type RpcOptions = {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Default: WebSocket is served on the HTTP port only. */
  readonly wsPort?: number
  readonly namespaces?: readonly Namespace[]
  /** `--http.vhosts`. Default: `localhost`. */
  readonly vhosts?: readonly string[]
  /** `--http.corsdomain`. Default: none. */
  readonly corsDomains?: readonly string[]
  /** `--ws.origins`. Default: none. */
  readonly wsOrigins?: readonly string[]
  readonly limits?: Partial<RpcLimits>
  readonly lagMax?: bigint
}

export type RpcServer = { readonly url: string; readonly wsUrl: string; close(): Promise<void> }

/** Throws a CriticalError with a sentence when a port cannot be had. */
export async function startRpc(
  deps: RpcDeps & {
    readonly logger: Logger
    readonly metrics?: MetricsPage
    readonly observe?: RequestObserver
    readonly l1?: Pick<L1, 'ancestor'>
  },
  options: RpcOptions,
): Promise<RpcServer> {
  const { logger } = deps
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const feed = createBlockFeed(deps.chain, logger)
  const methods = createMethods({ ...deps, limits, feed }, options.namespaces ?? NAMESPACES)
  const dispatcher = createDispatcher({
    methods,
    limits,
    logger,
    ...(deps.observe === undefined ? {} : { observe: deps.observe }),
  })
  const vhosts = (options.vhosts ?? LOCAL_NAMES).map((name) => name.toLowerCase())
  const httpAccess: Access = { vhosts, origins: options.corsDomains ?? [] }
  const wsAccess: Access = { vhosts, origins: options.wsOrigins ?? [] }
  const app = createHttpApp({
    rpc: deps,
    dispatcher,
    limits,
    access: httpAccess,
    lagMax: options.lagMax ?? DEFAULT_LAG_MAX,
    logger,
    ...(deps.metrics === undefined ? {} : { metrics: deps.metrics }),
    ...(deps.l1 === undefined ? {} : { l1: deps.l1 }),
  })

  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const http = boundedServer((request, response) => void listener(request, response), limits)
  const servers = [http]
  const webSockets = [attachWebSocket(http, { dispatcher, limits, access: wsAccess, logger })]
  if (options.wsPort !== undefined) {
    const ws = boundedServer((_, response) => response.writeHead(426).end('WebSocket wanted\n'), limits)
    servers.push(ws)
    webSockets.push(attachWebSocket(ws, { dispatcher, limits, access: wsAccess, logger }))
  }

  const close = async (): Promise<void> => {
    feed.close()
    for (const sockets of webSockets) sockets.close()
    await Promise.all(servers.map(stop))
  }
  try {
    const port = await listen(http, options.host, options.port)
    const ws = servers[1]
    const wsPort =
      ws === undefined || options.wsPort === undefined ? port : await listen(ws, options.host, options.wsPort)
    const host = options.host.includes(':') ? `[${options.host}]` : options.host
    return { url: `http://${host}:${port}`, wsUrl: `ws://${host}:${wsPort}`, close }
  } catch (error) {
    await close()
    throw error
  }
}

function boundedServer(listener: Parameters<typeof createServer>[1], limits: RpcLimits): Server {
  const { headersTimeoutMs, requestTimeoutMs } = limits
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // Node looks for late connections this often; its default of 30 s would make the timeouts above meaningless.
      connectionsCheckingInterval: Math.ceil(headersTimeoutMs / 4),
    },
    listener,
  )
  server.maxHeadersCount = HEADERS_MAX
  server.maxConnections = limits.connectionsMax
  return server
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(cause, host, port)))
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}

function listenError(cause: NodeJS.ErrnoException, host: string, port: number): CriticalError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} on ${host} is in use by another program; stop it or choose another port`,
    EACCES: `port ${port} on ${host} may not be opened by this user; choose one above 1023`,
    EADDRNOTAVAIL: `${host} is not an address of this machine; choose another one to listen on`,
  }
  const reason = reasons[cause.code ?? ''] ?? `cannot listen on ${host}:${port}: ${cause.message}`
  return new CriticalError(reason, { cause })
}

/** Requests under way are cut off: a client asks again, a node that stops has a database to close. */
function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
