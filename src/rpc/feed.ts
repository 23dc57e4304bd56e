/**
 * The chain's changes with their contents, for subscriptions and filters. A block that a reorg takes away is gone from
 * the chain when we hear of it, so what was announced is remembered for as long as it may be taken back.
 */
import { setImmediate } from 'node:timers/promises'
import type { ChainReader, FoundLog } from '../chain/chain.ts'
import { logsOf } from '../chain/logs.ts'
import type { BlockHeader } from '../primitives/header.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Logger } from '../telemetry/log.ts'

type SeenBlock = {
  readonly hash: Hash
  readonly header: BlockHeader
  readonly logs: readonly FoundLog[]
}

export type FeedEvent =
  | { readonly type: 'added'; readonly block: SeenBlock }
  | { readonly type: 'removed'; readonly block: SeenBlock }

export type BlockFeed = {
  /** Events come in order: removed blocks newest first, then added ones. Returns the unsubscribe function. */
  subscribe(listener: (event: FeedEvent) => void): () => void
  close(): void
}

/** Blocks remembered: over half an hour of two-second blocks, far past any L1 reorg seen. */
const REMEMBERED_BLOCKS = 1024
/** Of all remembered blocks together: some 50 MB. Fewer blocks are remembered where each has many. */
const REMEMBERED_LOGS = 100_000
/** Milliseconds of telling listeners after which others get a turn: there may be thousands. */
const TURN_MS = 10

/** Reads the chain only while somebody listens. */
export function createBlockFeed(chain: ChainReader, logger: Logger): BlockFeed {
  const listeners = new Set<(event: FeedEvent) => void>()
  const seen = new Map<Hash, SeenBlock>()
  let stopWatching: (() => void) | undefined
  let queue: Promise<void> = Promise.resolve()

  let rememberedLogs = 0

  async function emit(event: FeedEvent): Promise<void> {
    let turnStart = performance.now()
    for (const listener of [...listeners]) {
      // Gone while others were told.
      if (!listeners.has(listener)) continue
      listener(event)
      if (performance.now() - turnStart < TURN_MS) continue
      await setImmediate()
      turnStart = performance.now()
    }
  }

  function remember(block: SeenBlock): void {
    seen.set(block.hash, block)
    rememberedLogs += block.logs.length
    while (seen.size > REMEMBERED_BLOCKS || (seen.size > 1 && rememberedLogs > REMEMBERED_LOGS)) {
      const oldest = seen.values().next().value
      if (oldest === undefined) return
      forget(oldest)
    }
  }

  function forget(block: SeenBlock): void {
    seen.delete(block.hash)
    rememberedLogs -= block.logs.length
  }

  async function follow(change: Parameters<Parameters<ChainReader['onChange']>[0]>[0]): Promise<void> {
    for (const { hash } of change.removed) {
      const block = seen.get(hash)
      // Never announced (too old, or gone before we read it): there is nothing to take back.
      if (block === undefined) continue
      forget(block)
      await emit({ type: 'removed', block })
    }
    for (const { hash } of change.added) {
      const stored = await chain.blockByHash(hash)
      if (stored === undefined) continue
      const block = { hash, header: stored.header, logs: logsOf(stored) }
      remember(block)
      await emit({ type: 'added', block })
    }
  }

  function stopIfIdle(): void {
    if (listeners.size > 0) return
    stopWatching?.()
    stopWatching = undefined
    seen.clear()
    rememberedLogs = 0
  }

  return {
    subscribe(listener) {
      listeners.add(listener)
      stopWatching ??= chain.onChange((change) => {
        queue = queue
          .then(() => follow(change))
          .catch((error) => logger.error({ error }, 'subscribers missed a change of the chain'))
      })
      return () => {
        listeners.delete(listener)
        stopIfIdle()
      }
    },
    close() {
      listeners.clear()
      stopIfIdle()
    },
  }
}
