/** Starts and stops the servers. */
import { getRequestListener } from '@hono/node-server'
import type { L1 } from '../l1/l1.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Access } from './access.ts'
import { boundedServer, hostInUrl, listen, stop } from './bounded.ts'
import type { RpcDeps } from './deps.ts'
import { createBlockFeed } from './feed.ts'
import { createHttpApp, type MetricsPage } from './http.ts'
import { createDispatcher, type RequestObserver } from './jsonrpc.ts'
import { DEFAULT_LIMITS, type RpcLimits } from './limits.ts'
import { createMethods, NAMESPACES, type Namespace } from './methods.ts'
import { createCommitmentDoor } from './preconf/commitmentDoor.ts'
import { createAddressLimiter } from './preconf/commitmentHttp.ts'
import { attachWebSocket } from './ws.ts'

/** L1 blocks: two minutes of 12-second slots. */
const DEFAULT_LAG_MAX = 10n
const LOCAL_NAMES = ['localhost']

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
  const limit = createAddressLimiter()
  const commitments = deps.preconf?.commitments
  const door = commitments && createCommitmentDoor({ commitments, access: httpAccess, limit, logger })
  const app = createHttpApp({
    rpc: deps,
    dispatcher,
    limits,
    access: httpAccess,
    lagMax: options.lagMax ?? DEFAULT_LAG_MAX,
    commitmentLimit: limit,
    logger,
    ...(deps.metrics === undefined ? {} : { metrics: deps.metrics }),
    ...(deps.l1 === undefined ? {} : { l1: deps.l1 }),
  })

  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const http = boundedServer((request, response) => {
    if (door?.takes(request)) void door.answer(request, response)
    else void listener(request, response)
  }, limits)
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
    const host = hostInUrl(options.host)
    return { url: `http://${host}:${port}`, wsUrl: `ws://${host}:${wsPort}`, close }
  } catch (error) {
    await close()
    throw error
  }
}
