/** When transactions were first pooled and first executed here: answered from memory for the latest ones, and the first of it written down. */
import { LRUCache } from 'lru-cache'
import type { Hash } from '../../primitives/hex.ts'
import type { SequencerFace } from '../../propose/sequencer/events.ts'
import type { TxPool } from '../../propose/txPool.ts'
import type { Statement, Store } from '../../store/store.ts'
import type { Logger } from '../../telemetry/log.ts'

export type FirstSeen = {
  /** Milliseconds since 1970. */
  pooledAt(hash: Hash): number | undefined
  /** In a block under way. Milliseconds since 1970. */
  pendingAt(hash: Hash): number | undefined
  /** Writes what waits. */
  close(): Promise<void>
}

const TRANSACTIONS_MAX = 50_000
/** Transactions whose time stays on the disk, about 100 bytes each. */
const WRITTEN_MAX = 2_000_000
/** What is pooled waits so long for others to be written with; a crash forgets no more than that. */
const WRITE_MS = 500

export function createFirstSeen(deps: {
  readonly pool?: Pick<TxPool, 'onAdded'>
  /** Ours, or that of the sequencer that is followed. */
  readonly building?: Pick<SequencerFace, 'onEvent'>
  /** With PROMISES_SCHEMA. */
  readonly store: Pick<Store, 'write'>
  readonly logger: Logger
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly writtenMax?: number
}): FirstSeen {
  const { pool, building, store, logger, now, writtenMax = WRITTEN_MAX } = deps
  const pooled = new LRUCache<Hash, number>({ max: TRANSACTIONS_MAX })
  const pending = new LRUCache<Hash, number>({ max: TRANSACTIONS_MAX })
  let waiting: (readonly [hash: Hash, at: number])[] = []
  let timer: NodeJS.Timeout | undefined
  let last: Promise<void> = Promise.resolve()

  function notePooled(hash: Hash): void {
    if (pooled.has(hash)) return
    const at = Math.floor(now())
    pooled.set(hash, at)
    waiting.push([hash, at])
    timer ??= setTimeout(() => void write(), WRITE_MS)
  }

  function write(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const batch = JSON.stringify(waiting)
    if (waiting.length > 0)
      last = last
        .then(() => store.write(() => insert(batch, writtenMax)))
        .catch((error: unknown) =>
          logger.error({ error }, 'when transactions were seen cannot be written down'),
        )
    waiting = []
    return last
  }

  const stops = [
    pool?.onAdded(({ hash }) => notePooled(hash)),
    building?.onEvent((event) => {
      if (event.type !== 'frag') return
      for (const { hash } of event.transactions) if (!pending.has(hash)) pending.set(hash, now())
    }),
  ]
  return {
    pooledAt: (hash) => pooled.get(hash),
    pendingAt: (hash) => pending.get(hash),
    async close() {
      for (const stop of stops) stop?.()
      await write()
    },
  }
}

/** One that is there already was seen sooner. */
function insert(batch: string, max: number): readonly Statement[] {
  return [
    [
      `INSERT OR IGNORE INTO first_seen (hash, at)
       SELECT unhex(substr(value ->> 0, 3)), value ->> 1 FROM json_each(?)`,
      [batch],
    ],
    ['DELETE FROM first_seen WHERE id <= (SELECT max(id) FROM first_seen) - ?', [max]],
  ]
}
