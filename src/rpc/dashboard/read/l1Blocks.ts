/** When L1 blocks were made, and so which slots have one. Read by hash from verified headers; what was read once is kept. */
import { LRUCache } from 'lru-cache'
import type { L1, L1Position } from '../../../l1/l1.ts'
import { maxBigint } from '../../../primitives/bigint.ts'
import { TemporaryError } from '../../../primitives/errors.ts'
import type { Hash } from '../../../primitives/hex.ts'

export type L1Time = { readonly number: bigint; readonly parentHash: Hash; readonly timestamp: bigint }

export type L1Blocks = {
  /** Undefined while no L1 server gives the block. */
  at(position: L1Position): Promise<L1Time | undefined>
  /** From `head` back to the first block at or after `timestamp`, newest first; at most BLOCKS_MAX. Undefined as above. */
  since(head: L1Position, timestamp: bigint): Promise<readonly L1Time[] | undefined>
}

/** Two epochs of 32 slots. */
const BLOCKS_MAX = 64n

export function createL1Blocks(l1: Pick<L1, 'ancestor'>): L1Blocks {
  const kept = new LRUCache<Hash, L1Time>({ max: 4 * Number(BLOCKS_MAX) })

  const read = async (at: L1Position): Promise<L1Time> => {
    const known = kept.get(at.hash)
    if (known !== undefined) return known
    const { number, parentHash, timestamp } = await l1.ancestor(at, at.number)
    const block = { number, parentHash, timestamp }
    kept.set(at.hash, block)
    return block
  }

  const walk = async (head: L1Position, timestamp: bigint): Promise<readonly L1Time[]> => {
    const blocks: L1Time[] = []
    const last = maxBigint(0n, head.number - BLOCKS_MAX + 1n)
    // One look far back lets the node fetch the headers between in one go rather than each by its hash.
    if (!kept.has(head.hash) && !kept.has((await read(head)).parentHash)) await l1.ancestor(head, last)
    let at: L1Position = head
    while (true) {
      const block = await read(at)
      if (block.timestamp < timestamp) return blocks
      blocks.push(block)
      if (block.number === last) return blocks
      at = { number: block.number - 1n, hash: block.parentHash }
    }
  }

  return {
    at: (position) => orUndefined(read(position)),
    since: (head, timestamp) => orUndefined(walk(head, timestamp)),
  }
}

async function orUndefined<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (!(error instanceof TemporaryError)) throw error
    return undefined
  }
}
