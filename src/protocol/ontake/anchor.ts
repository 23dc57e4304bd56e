/** `anchorV2`: what the anchor transaction of an Ontake block says. D-67; taiko.md §3.3. */
import { concatBytes, toWord } from '../../primitives/bytes.ts'
import { hexToBytes } from '../../primitives/hex.ts'
import { type BaseFeeConfig, encodeBaseFeeConfig } from '../legacy/baseFeeConfig.ts'
import type { L1BlockRef } from '../protocol.ts'

/** Gas of the anchor transaction, on top of the block's gas limit. */
export const ANCHOR_GAS_LIMIT = 250_000n
/** anchorV2(uint64 anchorBlockId, bytes32 anchorStateRoot, uint32 parentGasUsed, BaseFeeConfig). */
const ANCHOR_V2_SELECTOR = hexToBytes('0xfd85eb2d')

export function encodeAnchorV2(input: {
  readonly anchorBlock: Pick<L1BlockRef, 'number' | 'stateRoot'>
  readonly parentGasUsed: bigint
  readonly baseFeeConfig: BaseFeeConfig
}): Uint8Array {
  return concatBytes(
    ANCHOR_V2_SELECTOR,
    toWord(input.anchorBlock.number),
    hexToBytes(input.anchorBlock.stateRoot),
    toWord(input.parentGasUsed),
    encodeBaseFeeConfig(input.baseFeeConfig),
  )
}
