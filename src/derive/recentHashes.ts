/** Hashes of the newest L2 blocks, for BLOCKHASH: every anchor transaction asks for 255 of them, far too many to look up one by one. */
import type { ChainReader } from '../chain/chain.ts'
import { MissingStateError } from '../engine/state/source.ts'
import type { Hash } from '../primitives/hex.ts'

/** How far BLOCKHASH sees. Yellow Paper, appendix H. */
const BLOCKHASH_DEPTH = 256n
/** Hashes held, as far back from the newest. */
const HELD_MAX = 4_096n

export type RecentHashes = {
  /**
   * Makes the hashes up to block `number` ready. Reads the chain only when what is held is not of that block's branch, nor of its
   * parent's: a block on what is held need not be in the chain.
   */
  load(number: bigint, hash: Hash, parentHash?: Hash): Promise<void>
  /** A block on top of what is held. */
  add(number: bigint, hash: Hash): void
  /** Throws MissingStateError for a block that is not held. */
  readonly get: (number: bigint) => Hash
}

export function createRecentHashes(chain: Pick<ChainReader, 'hashes'>): RecentHashes {
  let held = new Map<bigint, Hash>()

  function add(number: bigint, hash: Hash): void {
    held.set(number, hash)
    held.delete(number - HELD_MAX)
    // What was on another block of this number is of another branch.
    for (let above = number + 1n; held.delete(above); above++);
  }

  const load: RecentHashes['load'] = async (number, hash, parentHash) => {
    if (held.get(number) === hash) return
    if (parentHash !== undefined && held.get(number - 1n) === parentHash) return add(number, hash)
    const from = number < BLOCKHASH_DEPTH ? 0n : number - BLOCKHASH_DEPTH
    const blocks = await chain.hashes(from, number)
    held = new Map(blocks.map((block) => [block.number, block.hash]))
  }
  let last: Promise<void> = Promise.resolve()

  return {
    // One after the other: what one reads must not replace what another has added meanwhile.
    load(number, hash, parentHash) {
      const loading = last.then(() => load(number, hash, parentHash))
      last = loading.catch(() => {})
      return loading
    },
    add,
    get(number) {
      const hash = held.get(number)
      if (hash === undefined) throw new MissingStateError({ what: `the hash of L2 block ${number}` })
      return hash
    },
  }
}
