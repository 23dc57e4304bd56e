/** Filters: subscriptions that are polled. Each keeps what happened since its last poll. */
import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { matches } from '../../chain/logs.ts'
import { bytesToHex, type Hash } from '../../primitives/hex.ts'
import { limitExceeded, RpcError } from '../errors.ts'
import type { BlockFeed, FeedEvent } from '../feed.ts'
import { JsonText, resultText } from '../jsonText.ts'
import { COST } from '../limits.ts'
import { type CallContext, defineMethod, type Methods } from '../method.ts'
import { type LogFilterParameter, logFilterParam } from '../params.ts'
import { requirePool, type TxPool } from '../pool.ts'
import { logs } from '../schemas/receipt.ts'
import { bytes, hash } from '../schemas/words.ts'
import { logText } from './feedText.ts'
import { type LogDeps, logSelection, queryLogs } from './logs.ts'

type Change = JsonText | Hash

type Filter = {
  /** Taken and emptied by a poll. */
  changes: Change[]
  /** More happened than may be kept: the poller learns it once and starts anew. */
  hasOverflowed: boolean
  readonly logs?: LogFilterParameter
  /** Address of who installed it. */
  readonly owner: string
  readonly unsubscribe: () => void
}

/** Changes of all filters together; past them the fullest one loses its own, as if it had overflowed by itself. */
const HELD_MAX = 100_000
/** Of all filters, what one address may have: its own oldest goes for its newest, not somebody else's. */
const SHARE = 1 / 4

const filterIdParam = z.string('a filter id wanted').regex(/^0x[0-9a-f]{32}$/, 'a filter id wanted')

export function filterMethods(deps: LogDeps & { readonly feed: BlockFeed; readonly pool?: TxPool }): Methods {
  const { limits, feed } = deps
  /** Changes of all filters that wait to be polled. */
  let held = 0
  const filters = new LRUCache<string, Filter>({
    max: limits.filtersMax,
    ttl: limits.filterTtlMs,
    updateAgeOnGet: true,
    ttlAutopurge: false,
    dispose: (filter) => {
      filter.unsubscribe()
      take(filter)
    },
  })

  function take(filter: Filter): readonly Change[] {
    const { changes } = filter
    filter.changes = []
    held -= changes.length
    return changes
  }

  function overflow(filter: Filter): void {
    take(filter)
    filter.hasOverflowed = true
  }

  const fullest = (): Filter =>
    [...filters.values()].reduce((a, b) => (b.changes.length > a.changes.length ? b : a))

  function makeRoom(owner: string): void {
    filters.purgeStale()
    // The least recently used first.
    const own = [...filters.rkeys()].filter((id) => filters.peek(id)?.owner === owner)
    const [oldest] = own
    if (oldest !== undefined && own.length >= Math.ceil(limits.filtersMax * SHARE)) filters.delete(oldest)
  }

  function install(
    { client }: CallContext,
    subscribe: (add: (changes: readonly Change[]) => void) => () => void,
    logs?: LogFilterParameter,
  ): string {
    const owner = client?.address ?? ''
    makeRoom(owner)
    // Unguessable: a filter is its holder's, though everybody shares the server.
    const id = bytesToHex(randomBytes(16))
    const unsubscribe = subscribe((changes) => {
      if (filter.hasOverflowed) return
      filter.changes.push(...changes)
      held += changes.length
      if (filter.changes.length > limits.logsMax) overflow(filter)
      if (held > HELD_MAX) overflow(fullest())
    })
    const filter: Filter = {
      changes: [],
      hasOverflowed: false,
      owner,
      unsubscribe,
      ...(logs === undefined ? {} : { logs }),
    }
    filters.set(id, filter)
    return id
  }

  function find(id: string): Filter {
    const filter = filters.get(id)
    if (filter === undefined) throw new RpcError({ code: 'invalidInput', message: 'filter not found' })
    return filter
  }

  return {
    eth_newFilter: defineMethod({
      cost: COST.call,
      summary: 'Begins to collect the logs that match; the id is for eth_getFilterChanges.',
      params: { filter: logFilterParam },
      result: bytes,
      handle: ({ filter }, context) => {
        const selection = logSelection(filter)
        const toChanges = (event: FeedEvent) =>
          event.block.logs.filter((log) => matches(log, selection)).map((log) => logText(event, log))
        return install(context, (add) => feed.subscribe((event) => add(toChanges(event))), filter)
      },
    }),
    eth_newBlockFilter: defineMethod({
      cost: COST.call,
      summary: 'Begins to collect the hashes of new blocks.',
      params: {},
      result: bytes,
      handle: (_, context) =>
        install(context, (add) =>
          feed.subscribe(({ type, block }) => add(type === 'added' ? [block.hash] : [])),
        ),
    }),
    eth_newPendingTransactionFilter: defineMethod({
      cost: COST.call,
      summary: 'Begins to collect the hashes of transactions that enter the pool.',
      params: {},
      result: bytes,
      handle: (_, context) => {
        const pool = requirePool(deps.pool)
        return install(context, (add) => pool.onAdded(({ hash }) => add([hash])))
      },
    }),
    eth_getFilterChanges: defineMethod({
      cost: COST.block,
      summary: 'What a filter has collected since the last time it was asked.',
      params: { id: filterIdParam },
      result: z.union([z.array(hash), logs]),
      handle: ({ id }) => {
        const filter = find(id)
        if (filter.hasOverflowed) {
          filter.hasOverflowed = false
          throw limitExceeded('more changes than are kept; poll more often or narrow the filter')
        }
        return new JsonText(`[${take(filter).map(resultText).join()}]`)
      },
    }),
    eth_getFilterLogs: defineMethod({
      cost: COST.logs,
      summary: 'All logs that match a filter.',
      params: { id: filterIdParam },
      result: logs,
      handle: ({ id }, context) => {
        const { logs } = find(id)
        if (logs === undefined) throw new RpcError({ code: 'invalidInput', message: 'not a log filter' })
        return queryLogs(deps, logs, context)
      },
    }),
    eth_uninstallFilter: defineMethod({
      cost: COST.read,
      summary: 'Ends a filter; false if there is none with this id.',
      params: { id: filterIdParam },
      result: z.boolean(),
      handle: ({ id }) => filters.delete(id),
    }),
  }
}
