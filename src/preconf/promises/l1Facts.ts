/** What the follower of promises asks of L1: how far it is derived and final, by time, and which slots stayed empty. */
import { LRUCache } from 'lru-cache'
import type { L1, L1Header, L1Position } from '../../l1/l1.ts'

export type L1Moment = L1Position & {
  /** Seconds. */
  readonly timestamp: bigint
}

export type L1Facts = {
  /** Up to where L1 is derived, and up to where that is final. Undefined before the first derived block. */
  moments(): Promise<{ readonly derived: L1Moment; readonly finalized?: L1Moment } | undefined>
  /** Whether a derived L1 block has this timestamp (seconds); undefined where that is too long ago to look. */
  hasBlockAt(timestamp: bigint): Promise<boolean | undefined>
}

/** L1 blocks to walk back for the end of a window: two epochs, as far ahead as windows are known. */
const WALK_MAX = 64
const KNOWN_SLOTS = 4096

export function createL1Facts(deps: {
  readonly l1: Pick<L1, 'ancestor' | 'status'>
  /** Up to which L1 block everything is derived. */
  readonly cursor: () => L1Position | undefined
}): L1Facts {
  const { l1, cursor } = deps
  const headers = new LRUCache<string, L1Header>({ max: KNOWN_SLOTS })

  async function headerOf(at: L1Position): Promise<L1Header> {
    const known = headers.get(at.hash)
    if (known !== undefined) return known
    const header = await l1.ancestor(at, at.number)
    headers.set(at.hash, header)
    return header
  }

  const momentOf = async (at: L1Position): Promise<L1Moment> => {
    const { number, hash, timestamp } = await headerOf(at)
    return { number, hash, timestamp }
  }

  return {
    async moments() {
      const at = cursor()
      if (at === undefined) return undefined
      const derived = await momentOf(at)
      const { finalized } = l1.status()
      if (finalized === undefined) return { derived }
      return { derived, finalized: finalized.number < at.number ? await momentOf(finalized) : derived }
    },
    async hasBlockAt(timestamp) {
      const at = cursor()
      if (at === undefined) return undefined
      let header = await headerOf(at)
      for (let step = 0; header.timestamp > timestamp; step++) {
        if (step === WALK_MAX || header.number === 0n) return undefined
        header = await headerOf({ number: header.number - 1n, hash: header.parentHash })
      }
      return header.timestamp === timestamp
    },
  }
}
