/** Starts and stops the servers. */
import { getRequestListener } from '@hono/node-server'
import type { L1 } from '../l1/l1.ts'
import type { Logger } from '../telemetry/log.ts'
import { type Access, isNamespaceServed, mayUse } from './access.ts'
import { boundedServer, hostInUrl, listen, stop } from './bounded.ts'
import { limitConnections } from './connections.ts'
import type { RpcDeps } from './deps.ts'
import type { Door } from './door.ts'
import { createBlockFeed } from './feed.ts'
import { createHttpApp, type MetricsPage } from './http.ts'
import { createJsonRpcDoor } from './jsonRpcDoor.ts'
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
  /** `--http.api`. Default: all, but those of the operator only for programs on this machine (access.ts). */
  readonly namespaces?: readonly Namespace[]
  /** `--http.vhosts`. Default: `localhost`. */
  readonly vhosts?: readonly string[]
  /** `--http.corsdomain`. Default: none. */
  readonly corsDomains?: readonly string[]
  /** `--ws.origins`. Default: none. */
  readonly wsOrigins?: readonly string[]
  readonly limits?: Partial<RpcLimits>
  /** Of whoever makes the caller: how many calls run at once. */
  readonly callProcesses?: number
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
  const { namespaces: named } = options
  const served = NAMESPACES.filter((namespace) => isNamespaceServed(namespace, named))
  const dispatcher = createDispatcher({
    methods: createMethods({ ...deps, limits, feed }, served),
    limits,
    logger,
    mayUse: (method, client) => mayUse(method, client, named),
    ...(deps.observe === undefined ? {} : { observe: deps.observe }),
  })
  const vhosts = (options.vhosts ?? LOCAL_NAMES).map((name) => name.toLowerCase())
  const httpAccess: Access = { vhosts, origins: options.corsDomains ?? [] }
  const wsAccess: Access = { vhosts, origins: options.wsOrigins ?? [] }
  const limit = createAddressLimiter()
  const commitments = deps.preconf?.commitments
  const doors: readonly Door[] = [
    createJsonRpcDoor({ dispatcher, limits, access: httpAccess, logger }),
    ...(commitments ? [createCommitmentDoor({ commitments, access: httpAccess, limit, logger })] : []),
  ]
  const app = createHttpApp({
    rpc: deps,
    access: httpAccess,
    lagMax: options.lagMax ?? DEFAULT_LAG_MAX,
    commitmentLimit: limit,
    logger,
    ...(deps.metrics === undefined ? {} : { metrics: deps.metrics }),
    ...(deps.l1 === undefined ? {} : { l1: deps.l1 }),
  })

  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const http = boundedServer((request, response) => {
    const door = doors.find(({ takes }) => takes(request))
    if (door === undefined) void listener(request, response)
    else void door.answer(request, response)
  }, limits)
  const servers = [http]
  const webSockets = [attachWebSocket(http, { dispatcher, limits, access: wsAccess, logger })]
  if (options.wsPort !== undefined) {
    const ws = boundedServer((_, response) => response.writeHead(426).end('WebSocket wanted\n'), limits)
    servers.push(ws)
    webSockets.push(attachWebSocket(ws, { dispatcher, limits, access: wsAccess, logger }))
  }

  for (const server of servers) limitConnections(server, limits.connectionsPerAddressMax)

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
