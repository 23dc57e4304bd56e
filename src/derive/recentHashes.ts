/** Hashes of the newest L2 blocks, for BLOCKHASH: every anchor transaction asks for 255 of them, far too many to look up one by one. */
import type { ChainReader } from '../chain/chain.ts'
import { MissingStateError } from '../engine/state/source.ts'
import type { Hash } from '../primitives/hex.ts'

/** How far BLOCKHASH sees. Yellow Paper, appendix H. */
const BLOCKHASH_DEPTH = 256n
/** Hashes held; above this the old ones go, a window at a time. */
const HELD_MAX = 4_096

export type RecentHashes = {
  /** Makes the hashes up to block `number` ready. Reads the chain only when what is held is not of that block's branch. */
  load(number: bigint, hash: Hash): Promise<void>
  /** A block on top of what is held. */
  add(number: bigint, hash: Hash): void
  /** Throws MissingStateError for a block that is not held. */
  readonly get: (number: bigint) => Hash
}

export function createRecentHashes(chain: Pick<ChainReader, 'hashes'>): RecentHashes {
  let held = new Map<bigint, Hash>()
  return {
    async load(number, hash) {
      const isCurrent = held.get(number) === hash && held.size <= HELD_MAX
      if (isCurrent) return
      const from = number < BLOCKHASH_DEPTH ? 0n : number - BLOCKHASH_DEPTH
      const blocks = await chain.hashes(from, number)
      held = new Map(blocks.map((block) => [block.number, block.hash]))
    },
    add(number, hash) {
      held.set(number, hash)
    },
    get(number) {
      const hash = held.get(number)
      if (hash === undefined) throw new MissingStateError({ what: `the hash of L2 block ${number}` })
      return hash
    },
  }
}
