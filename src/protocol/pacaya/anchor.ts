/** `anchorV3`: what the anchor transaction of a Pacaya block says. D-67; taiko.md §3.2. */
import { concatBytes, toWord } from '../../primitives/bytes.ts'
import { type Hash, hexToBytes } from '../../primitives/hex.ts'
import { type BaseFeeConfig, encodeBaseFeeConfig } from '../legacy/baseFeeConfig.ts'
import type { L1BlockRef } from '../protocol.ts'

/** Gas of the anchor transaction, on top of the batch's gas limit. */
export const ANCHOR_GAS_LIMIT = 1_000_000n
/** anchorV3(uint64 anchorBlockId, bytes32 anchorStateRoot, uint32 parentGasUsed, BaseFeeConfig, bytes32[] signalSlots). */
const ANCHOR_V3_SELECTOR = hexToBytes('0x48080a45')
/** Three words, five of the fee configuration, and the offset itself. */
const SIGNAL_SLOTS_OFFSET = 9n * 32n

export function encodeAnchorV3(input: {
  readonly anchorBlock: Pick<L1BlockRef, 'number' | 'stateRoot'>
  readonly parentGasUsed: bigint
  readonly baseFeeConfig: BaseFeeConfig
  readonly signalSlots: readonly Hash[]
}): Uint8Array {
  return concatBytes(
    ANCHOR_V3_SELECTOR,
    toWord(input.anchorBlock.number),
    hexToBytes(input.anchorBlock.stateRoot),
    toWord(input.parentGasUsed),
    encodeBaseFeeConfig(input.baseFeeConfig),
    toWord(SIGNAL_SLOTS_OFFSET),
    toWord(BigInt(input.signalSlots.length)),
    ...input.signalSlots.map(hexToBytes),
  )
}
