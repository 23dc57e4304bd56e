/** A queue of bounded length where everybody's next comes before anybody's second, and nobody can keep the others out. */
import { CallerBusyError } from './errors.ts'

export type FairQueue<T> = {
  readonly size: number
  /** When the queue is full, whoever holds most of it gives way, unless that is `client`: then CallerBusyError. What gave way is answered. */
  push(client: string, item: T): T | undefined
  shift(): T | undefined
}

export function createFairQueue<T>(max: number): FairQueue<T> {
  /** In the order of their turns. */
  const waiting = new Map<string, T[]>()
  let size = 0

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
    shift() {
      const [client, items] = waiting.entries().next().value ?? []
      if (client === undefined || items === undefined) return undefined
      waiting.delete(client)
      const item = items.shift()
      if (items.length > 0) waiting.set(client, items)
      size--
      return item
    },
  }
}
