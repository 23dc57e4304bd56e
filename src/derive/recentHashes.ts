/** Hashes of the newest L2 blocks, for BLOCKHASH: every anchor transaction asks for 255 of them, far too many to look up one by one. */
import type { ChainReader } from '../chain/chain.ts'
import { MissingStateError } from '../engine/state/source.ts'
import { toSafeNumber } from '../primitives/bigint.ts'
import type { Hash } from '../primitives/hex.ts'

/** How far BLOCKHASH sees. Yellow Paper, appendix H. */
const BLOCKHASH_DEPTH = 256n
/** Hashes held, as far back from the newest. */
const HELD_MAX = 4_096

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
  /** By numbers, not bigints: those are slow as keys. */
  let held = new Map<number, Hash>()

  function add(block: bigint, hash: Hash): void {
    const number = toSafeNumber(block)
    held.set(number, hash)
    held.delete(number - HELD_MAX)
    // What was on another block of this number is of another branch.
    for (let above = number + 1; held.delete(above); above++);
  }

  const load: RecentHashes['load'] = async (number, hash, parentHash) => {
    const place = toSafeNumber(number)
    if (held.get(place) === hash) return
    if (parentHash !== undefined && held.get(place - 1) === parentHash) return add(number, hash)
    const from = number < BLOCKHASH_DEPTH ? 0n : number - BLOCKHASH_DEPTH
    const blocks = await chain.hashes(from, number)
    held = new Map(blocks.map((block) => [toSafeNumber(block.number), block.hash]))
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
      const hash = held.get(Number(number))
      if (hash === undefined) throw new MissingStateError({ what: `the hash of L2 block ${number}` })
      return hash
    },
  }
}
