/** Movement of the heads: pure functions, so that every rule about the clocks stands here. */
import { assert } from '../primitives/assert.ts'
import type { BlockRef, Heads } from './chain.ts'

/** INV-1: executable and finalized never pass safe, safe never passes latest. */
export function assertHeads(heads: Heads): void {
  assert(heads.safe.number <= heads.latest.number, 'the safe head is past the latest block')
  assert(heads.finalized.number <= heads.safe.number, 'the finalized head is past the safe head')
  assert(heads.executable.number <= heads.safe.number, 'the executable head is past the safe head')
}

export function genesisHeads(genesis: BlockRef): Heads {
  return { latest: genesis, safe: genesis, finalized: genesis, executable: genesis }
}

/** A block derived from L1 becomes the safe head, and the latest block unless unsafe ones stand on it. */
export function advanceSafe(heads: Heads, safe: BlockRef): Heads {
  return { ...heads, safe, latest: heads.latest.number > safe.number ? heads.latest : safe }
}

/** Everything above `target` is gone. Finality and proofs never reach past what is still there. */
export function rewindHeads(heads: Heads, target: BlockRef, executable: BlockRef): Heads {
  return {
    latest: target,
    safe: target,
    finalized: heads.finalized.number > target.number ? target : heads.finalized,
    executable: executable.number > target.number ? target : executable,
  }
}
