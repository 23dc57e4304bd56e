/** The pages for operators (`/healthz`, `/readyz`, `/status`, `/metrics`), the dashboard, and what sequencers serve. JSON-RPC itself is in jsonRpcDoor.ts. */
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import type { L1 } from '../l1/l1.ts'
import type { Logger } from '../telemetry/log.ts'
import { type Access, isHostAllowed } from './access.ts'
import type { PreconfView } from './dashboard/deps.ts'
import { addDashboardRoutes } from './dashboard/routes.ts'
import type { RpcDeps } from './deps.ts'
import { readiness, statusJson } from './health.ts'
import type { AddressLimiter } from './preconf/commitmentHttp.ts'
import { addCommitmentRoutes } from './preconf/commitmentRoutes.ts'
import type { PreconfRpc } from './preconf/deps.ts'
import { addListRoutes } from './preconf/listRoutes.ts'
import { addStreamRoutes } from './preconf/streamRoutes.ts'

export type MetricsPage = { readonly contentType: string; metrics(): Promise<string> }

export function createHttpApp(deps: {
  readonly rpc: RpcDeps
  readonly access: Access
  /** L1 blocks behind the L1 head past which the node is not ready. */
  readonly lagMax: bigint
  readonly metrics?: MetricsPage
  /** For what the dashboard shows of L1. */
  readonly l1?: Pick<L1, 'ancestor'>
  /** Of requests about promises. */
  readonly commitmentLimit: AddressLimiter
  readonly logger: Logger
}): Hono {
  const { rpc, access, metrics, logger } = deps
  const app = new Hono()

  app.use(async (c, next) => {
    if (!isHostAllowed(c.req.header('host'), access))
      return c.text('invalid host: add its name to --http.vhosts\n', 403)
    await next()
  })
  if (access.origins.length > 0)
    app.use(
      cors({
        origin: access.origins.includes('*') ? '*' : [...access.origins],
        allowMethods: ['POST', 'GET'],
        allowHeaders: ['Content-Type'],
      }),
    )

  app.get('/healthz', (c) => c.json({ alive: true, version: rpc.clientVersion }))
  app.get('/readyz', (c) => {
    const state = readiness(rpc, deps.lagMax)
    return c.json(state, state.ready ? 200 : 503)
  })
  app.get('/status', async (c) => c.json(await statusJson(rpc, deps.lagMax)))
  if (metrics !== undefined)
    app.get('/metrics', async (c) =>
      c.body(await metrics.metrics(), 200, { 'Content-Type': metrics.contentType }),
    )

  const { preconf } = rpc
  if (preconf !== undefined) {
    addStreamRoutes(app, { ...preconf, chain: rpc.chain, logger })
    addListRoutes(app, preconf)
    if (preconf.commitments !== undefined)
      addCommitmentRoutes(app, { commitments: preconf.commitments, limit: deps.commitmentLimit, logger })
  }
  const { spec } = rpc
  if (spec !== undefined)
    addDashboardRoutes(app, {
      ...{ rpc: { ...rpc, spec }, lagMax: deps.lagMax, logger },
      ...(deps.l1 && { l1: deps.l1 }),
      ...(preconf && { preconf: viewOf(preconf) }),
    })

  app.onError((error, c) => {
    logger.error({ path: c.req.path, error }, 'an HTTP request failed')
    return c.text('internal error; the node has logged it\n', 500)
  })
  return app
}

function viewOf({ sequencer, follower, book, lists }: PreconfRpc): PreconfView {
  return {
    ...(sequencer && { sequencer }),
    follower: follower.status,
    promises: book,
    lists,
  }
}
