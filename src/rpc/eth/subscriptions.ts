/** `eth_subscribe` on connections that can push: new heads, logs with those a reorg takes back, and what enters the pool. */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { matches } from '../../chain/logs.ts'
import { assertNever } from '../../primitives/assert.ts'
import { bytesToHex } from '../../primitives/hex.ts'
import type { RpcDeps } from '../deps.ts'
import { limitExceeded, RpcError } from '../errors.ts'
import type { BlockFeed } from '../feed.ts'
import { pendingTransactionJson } from '../json.ts'
import { COST, type RpcLimits } from '../limits.ts'
import { type CallContext, defineMethod, type Methods, type PushConnection } from '../method.ts'
import { syncingJson } from '../node.ts'
import { type LogFilterParameter, logFilterParam } from '../params.ts'
import { requirePool } from '../pool.ts'
import { streamSubscription } from '../preconf/stream.ts'
import { bytes } from '../schemas/words.ts'
import { headerText, logText } from './feedText.ts'
import { logSelection } from './logs.ts'

const KINDS = [
  'newHeads',
  'logs',
  'newPendingTransactions',
  'syncing',
  'preconfBlocks',
  'preconfFrags',
] as const
const kindParam = z.enum(KINDS, { error: `one of ${KINDS.join(', ')} wanted` })
/** How often the node is asked whether it is synced, in milliseconds. */
const SYNC_CHECK_MS = 1_000
/** Logs take a filter, pending transactions whether they come whole. */
const optionParam = z.union([logFilterParam, z.boolean()]).optional()

type Subscription = (push: (result: unknown) => void) => () => void

type SubscriptionDeps = Pick<RpcDeps, 'chain' | 'pool' | 'preconf' | 'sync'> & { readonly feed: BlockFeed }

export function subscriptionMethods(deps: SubscriptionDeps & { readonly limits: RpcLimits }): Methods {
  const { limits } = deps
  /** On all connections. */
  let open = 0
  return {
    eth_subscribe: defineMethod({
      cost: COST.call,
      summary: "Begins notifications on this connection; their subscription's id.",
      params: { kind: kindParam, option: optionParam },
      result: bytes,
      handle: ({ kind, option }, context) => {
        const connection = pushConnection(context)
        const { subscriptions } = connection
        const start = createSubscription(deps, kind, option)
        if (subscriptions.size >= limits.subscriptionsMax)
          throw limitExceeded(`at most ${limits.subscriptionsMax} subscriptions a connection`)
        if (open >= limits.subscribersMax) throw limitExceeded('too many subscriptions on this node')
        const id = bytesToHex(randomBytes(16))
        let stop = () => {}
        open++
        subscriptions.set(id, () => {
          open--
          stop()
        })
        connection.afterReply(() => {
          if (subscriptions.has(id)) stop = start((result) => connection.notify(id, result))
        })
        return id
      },
    }),
    eth_unsubscribe: defineMethod({
      cost: COST.read,
      summary: 'Ends a subscription of this connection; false if there is none with this id.',
      params: { id: z.string('a subscription id wanted') },
      result: z.boolean(),
      handle: ({ id }, context) => {
        const { subscriptions } = pushConnection(context)
        subscriptions.get(id)?.()
        return subscriptions.delete(id)
      },
    }),
  }
}

function createSubscription(
  { feed, pool, chain, preconf, sync }: SubscriptionDeps,
  kind: z.output<typeof kindParam>,
  option: LogFilterParameter | boolean | undefined,
): Subscription {
  switch (kind) {
    case 'newHeads':
      // After a reorg the heads of the new branch follow, the lowest first; a client sees it by their numbers.
      return (push) =>
        feed.subscribe((event) => {
          if (event.type === 'added') push(headerText(event))
        })
    case 'logs': {
      const selection = logSelection(typeof option === 'object' ? option : {})
      return (push) =>
        feed.subscribe((event) => {
          for (const log of event.block.logs) if (matches(log, selection)) push(logText(event, log))
        })
    }
    case 'newPendingTransactions': {
      const known = requirePool(pool)
      return (push) =>
        known.onAdded((transaction) =>
          push(option === true ? pendingTransactionJson(transaction) : transaction.hash),
        )
    }
    case 'syncing':
      return (push) => watchSyncing({ chain, sync }, push)
    case 'preconfBlocks':
    case 'preconfFrags':
      if (preconf === undefined)
        throw new RpcError({ code: 'methodNotSupported', message: 'this node follows no sequencer' })
      return streamSubscription({ ...preconf, chain }, kind)
    default:
      return assertNever(kind)
  }
}

/** As go-ethereum: the state of the sync when it begins, and false once it is done. */
function watchSyncing(deps: Pick<RpcDeps, 'chain' | 'sync'>, push: (result: unknown) => void): () => void {
  let before: boolean | undefined
  const look = () => {
    const { isSynced } = deps.sync()
    if (isSynced === before) return
    before = isSynced
    push(isSynced ? false : { syncing: true, status: syncingJson(deps) })
  }
  look()
  const timer = setInterval(look, SYNC_CHECK_MS)
  timer.unref()
  return () => clearInterval(timer)
}

function pushConnection(context: CallContext): PushConnection {
  if (context.connection === undefined)
    throw new RpcError({
      code: 'methodNotSupported',
      message: 'notifications need a WebSocket connection',
    })
  return context.connection
}
