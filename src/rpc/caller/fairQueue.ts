/**
 * A queue of bounded length in which whoever has had least is next, and nobody can keep the others out. What somebody has had is
 * forgotten by half every few seconds.
 */
import { LRUCache } from 'lru-cache'
import { CallerBusyError } from './errors.ts'

export type FairQueue<T> = {
  readonly size: number
  /** When the queue is full, whoever holds most of it gives way, unless that is `client`: then CallerBusyError. What gave way is answered. */
  push(client: string, item: T): T | undefined
  /** Of the clients that may have a turn, the one that has had least; undefined when there is none. */
  shift(
    mayHave?: (client: string, hadMs: number) => boolean,
  ): { readonly client: string; readonly item: T } | undefined
  /** Takes out all that `isOver`. */
  drop(isOver: (item: T) => boolean): readonly T[]
  /** `client` has had `ms` milliseconds. */
  charge(client: string, ms: number): void
}

const HALF_LIFE_MS = 5_000
/** Clients remembered; who is forgotten counts as one that has had nothing. */
const CLIENTS_MAX = 10_000

export function createFairQueue<T>(max: number, now: () => number = () => performance.now()): FairQueue<T> {
  /** In the order in which they came. */
  const waiting = new Map<string, T[]>()
  const had = new LRUCache<string, { readonly ms: number; readonly at: number }>({ max: CLIENTS_MAX })
  let size = 0

  function hadBy(client: string): number {
    const known = had.get(client)
    return known === undefined ? 0 : known.ms * 0.5 ** ((now() - known.at) / HALF_LIFE_MS)
  }

  /** The newest of the longest line. */
  function giveWay(client: string): T | undefined {
    let longest: T[] = []
    for (const items of waiting.values()) if (items.length > longest.length) longest = items
    // One more of ours would make us the longest.
    if (longest.length <= (waiting.get(client)?.length ?? 0) + 1)
      throw new CallerBusyError('too many calls are waiting; ask again later')
    size--
    return longest.pop()
  }

  return {
    get size() {
      return size
    },
    push(client, item) {
      const gone = size >= max ? giveWay(client) : undefined
      const own = waiting.get(client)
      if (own === undefined) waiting.set(client, [item])
      else own.push(item)
      size++
      return gone
    },
    shift(mayHave = () => true) {
      let next: string | undefined
      let least = Number.POSITIVE_INFINITY
      for (const client of waiting.keys()) {
        const ms = hadBy(client)
        if (ms >= least || !mayHave(client, ms)) continue
        next = client
        least = ms
      }
      const items = next === undefined ? undefined : waiting.get(next)
      if (next === undefined || items === undefined) return undefined
      // Behind those that have had as little.
      waiting.delete(next)
      const item = items.shift() as T
      if (items.length > 0) waiting.set(next, items)
      size--
      return { client: next, item }
    },
    drop(isOver) {
      const dropped: T[] = []
      for (const [client, items] of waiting) {
        const left = items.filter((item) => !isOver(item))
        dropped.push(...items.filter(isOver))
        if (left.length > 0) waiting.set(client, left)
        else waiting.delete(client)
      }
      size -= dropped.length
      return dropped
    },
    charge(client, ms) {
      had.set(client, { ms: hadBy(client) + ms, at: now() })
    },
  }
}
