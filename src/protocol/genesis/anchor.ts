/** `anchor`: what the anchor transaction of a block before Ontake says. D-67; taiko.md §3.3. */
import { concatBytes, toWord } from '../../primitives/bytes.ts'
import { hexToBytes } from '../../primitives/hex.ts'
import type { L1BlockRef } from '../protocol.ts'

/** Gas of the anchor transaction, on top of the block's gas limit. taiko-geth, `AnchorGasLimit`. */
export const ANCHOR_GAS_LIMIT = 250_000n
/** anchor(bytes32 l1BlockHash, bytes32 l1StateRoot, uint64 l1BlockId, uint32 parentGasUsed). */
const ANCHOR_SELECTOR = hexToBytes('0xda69d3db')

export function encodeAnchor(input: {
  readonly anchorBlock: Pick<L1BlockRef, 'number' | 'hash' | 'stateRoot'>
  readonly parentGasUsed: bigint
}): Uint8Array {
  return concatBytes(
    ANCHOR_SELECTOR,
    hexToBytes(input.anchorBlock.hash),
    hexToBytes(input.anchorBlock.stateRoot),
    toWord(input.anchorBlock.number),
    toWord(input.parentGasUsed),
  )
}
