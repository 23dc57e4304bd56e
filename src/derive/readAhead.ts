/** What the blocks of a proposal will touch for sure, so that their state is read in one go and not block by block. Only a hint. */
import type { TouchedKeys } from '../engine/state/flatState.ts'
import { concatBytes, toWord } from '../primitives/bytes.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'
import { GOLDEN_TOUCH_ADDRESS } from '../protocol/goldenTouch.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import type { PreparedProposal } from './prepare.ts'

/** Slot of the anchor contract's mapping from a block's number to its hash, of Shasta's and of ours: each block's anchor writes its parent's. */
const BLOCK_HASHES_SLOT = toWord(251n)
/** Blocks that are looked at; a proposal has rarely more. */
const BLOCKS_MAX = 768

/** `parent`: number of the block that the first one is built on. */
export function touchedBy(
  spec: Pick<RollupSpec, 'l2'>,
  { sources, parties }: Pick<PreparedProposal, 'sources' | 'parties'>,
  parent: bigint,
): TouchedKeys {
  const touched = new Map<Address, readonly Hex[]>([[GOLDEN_TOUCH_ADDRESS, []]])
  let blocks = 0
  for (const source of sources) {
    blocks += source.blocks.length
    for (const { coinbase } of source.blocks) touched.set(coinbase, [])
  }
  for (const party of parties) touched.set(party, [])
  touched.set(
    spec.l2.anchor,
    Array.from({ length: Math.min(blocks, BLOCKS_MAX) }, (_, i) => blockHashSlot(parent + BigInt(i))),
  )
  return touched
}

function blockHashSlot(number: bigint): Hex {
  return keccak256Hex(concatBytes(toWord(number), BLOCK_HASHES_SLOT))
}
