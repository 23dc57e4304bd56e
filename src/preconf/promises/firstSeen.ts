/** When transactions were first pooled and first executed here; of the latest ones, until the node stops. */
import { LRUCache } from 'lru-cache'
import type { Hash } from '../../primitives/hex.ts'
import type { SequencerFace } from '../../propose/sequencer/events.ts'
import type { TxPool } from '../../propose/txPool.ts'

export type FirstSeen = {
  /** Milliseconds since 1970. */
  pooledAt(hash: Hash): number | undefined
  /** In a block under way. Milliseconds since 1970. */
  pendingAt(hash: Hash): number | undefined
  close(): void
}

const TRANSACTIONS_MAX = 50_000

export function createFirstSeen(deps: {
  readonly pool?: Pick<TxPool, 'onAdded'>
  /** Ours, or that of the sequencer that is followed. */
  readonly building?: Pick<SequencerFace, 'onEvent'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}): FirstSeen {
  const { pool, building, now } = deps
  const pooled = new LRUCache<Hash, number>({ max: TRANSACTIONS_MAX })
  const pending = new LRUCache<Hash, number>({ max: TRANSACTIONS_MAX })
  const note = (times: LRUCache<Hash, number>, hash: Hash) => {
    if (!times.has(hash)) times.set(hash, now())
  }
  const stops = [
    pool?.onAdded(({ hash }) => note(pooled, hash)),
    building?.onEvent((event) => {
      if (event.type === 'frag') for (const { hash } of event.transactions) note(pending, hash)
    }),
  ]
  return {
    pooledAt: (hash) => pooled.get(hash),
    pendingAt: (hash) => pending.get(hash),
    close() {
      for (const stop of stops) stop?.()
    },
  }
}
