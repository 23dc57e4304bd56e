/**
 * Derivation constants by kind of chain. Mainnet has wider windows and a higher floor than every other chain.
 * https://github.com/taikoxyz/taiko-mono/blob/b9c5bb2a2000dc2db94c9dc6e621591e01c1fe7b/packages/protocol/docs/Derivation.md#constants
 */
import type { ShastaConstants } from './rollupSpec.ts'

const SECONDS_PER_L1_SLOT = 12n
const MAINNET_ANCHOR_MAX_OFFSET = 512n
const OTHERS_ANCHOR_MAX_OFFSET = 128n

export const MAINNET_SHASTA_CONSTANTS: ShastaConstants = {
  timestampMaxOffset: SECONDS_PER_L1_SLOT * MAINNET_ANCHOR_MAX_OFFSET,
  anchorMaxOffset: MAINNET_ANCHOR_MAX_OFFSET,
  baseFeeMin: 10_000_000n,
}

export const OTHERS_SHASTA_CONSTANTS: ShastaConstants = {
  timestampMaxOffset: SECONDS_PER_L1_SLOT * OTHERS_ANCHOR_MAX_OFFSET,
  anchorMaxOffset: OTHERS_ANCHOR_MAX_OFFSET,
  baseFeeMin: 5_000_000n,
}
