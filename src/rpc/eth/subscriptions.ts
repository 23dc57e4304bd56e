/** `eth_subscribe` on connections that can push: new heads, and logs with those a reorg takes back. */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { matches } from '../../chain/logs.ts'
import { bytesToHex } from '../../primitives/hex.ts'
import { limitExceeded, RpcError } from '../errors.ts'
import type { BlockFeed } from '../feed.ts'
import { headerJson, logJson } from '../json.ts'
import { COST, type RpcLimits } from '../limits.ts'
import { type CallContext, defineMethod, type Methods, type PushConnection } from '../method.ts'
import { type LogFilterParameter, logFilterParam } from '../params.ts'
import { logSelection } from './logs.ts'

const kindParam = z.enum(['newHeads', 'logs'], { error: 'newHeads or logs wanted' })

export function subscriptionMethods(deps: { readonly feed: BlockFeed; readonly limits: RpcLimits }): Methods {
  return {
    eth_subscribe: defineMethod({
      cost: COST.call,
      params: { kind: kindParam, filter: logFilterParam.optional() },
      handle: ({ kind, filter }, context) => {
        const connection = pushConnection(context)
        if (connection.subscriptions.size >= deps.limits.subscriptionsMax)
          throw limitExceeded(`at most ${deps.limits.subscriptionsMax} subscriptions a connection`)
        const id = bytesToHex(randomBytes(16))
        const { subscriptions } = connection
        subscriptions.set(id, () => {})
        connection.afterReply(() => {
          if (!subscriptions.has(id)) return
          const start = kind === 'newHeads' ? pushHeads : pushLogs
          subscriptions.set(id, start(deps.feed, id, connection, filter ?? {}))
        })
        return id
      },
    }),
    eth_unsubscribe: defineMethod({
      cost: COST.read,
      params: { id: z.string('a subscription id wanted') },
      handle: ({ id }, context) => {
        const { subscriptions } = pushConnection(context)
        subscriptions.get(id)?.()
        return subscriptions.delete(id)
      },
    }),
  }
}

/** After a reorg the heads of the new branch follow, the lowest first; a client sees it by their numbers. */
function pushHeads(feed: BlockFeed, id: string, connection: PushConnection): () => void {
  return feed.subscribe(({ type, block }) => {
    if (type === 'added') connection.notify(id, headerJson(block.hash, block.header))
  })
}

function pushLogs(
  feed: BlockFeed,
  id: string,
  connection: PushConnection,
  filter: LogFilterParameter,
): () => void {
  const selection = logSelection(filter)
  return feed.subscribe(({ type, block }) => {
    for (const log of block.logs) {
      if (matches(log, selection)) connection.notify(id, logJson(log, type === 'removed'))
    }
  })
}

function pushConnection(context: CallContext): PushConnection {
  if (context.connection === undefined)
    throw new RpcError({
      code: 'methodNotSupported',
      message: 'notifications need a WebSocket connection',
    })
  return context.connection
}
