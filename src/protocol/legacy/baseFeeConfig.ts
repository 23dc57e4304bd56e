/** How an inbox before Shasta priced gas; every event carries its own. taiko.md §3.1. */
import { concatBytes, toWord } from '../../primitives/bytes.ts'

export const BASE_FEE_CONFIG_STRUCT =
  'struct BaseFeeConfig { uint8 adjustmentQuotient; uint8 sharingPctg; uint32 gasIssuancePerSecond; uint64 minGasExcess; uint32 maxGasIssuancePerBlock; }'

export type BaseFeeConfig = {
  readonly adjustmentQuotient: bigint
  /** Percent of the base fee that the coinbase receives. */
  readonly sharingPctg: number
  readonly gasIssuancePerSecond: bigint
  readonly minGasExcess: bigint
  /** 0: no bound. */
  readonly maxGasIssuancePerBlock: bigint
}

export function toBaseFeeConfig(config: {
  readonly adjustmentQuotient: number
  readonly sharingPctg: number
  readonly gasIssuancePerSecond: number
  readonly minGasExcess: bigint
  readonly maxGasIssuancePerBlock: number
}): BaseFeeConfig {
  return {
    adjustmentQuotient: BigInt(config.adjustmentQuotient),
    sharingPctg: config.sharingPctg,
    gasIssuancePerSecond: BigInt(config.gasIssuancePerSecond),
    minGasExcess: config.minGasExcess,
    maxGasIssuancePerBlock: BigInt(config.maxGasIssuancePerBlock),
  }
}

/** Five words, as anchorV2 and anchorV3 take it. */
export function encodeBaseFeeConfig(config: BaseFeeConfig): Uint8Array {
  return concatBytes(
    toWord(config.adjustmentQuotient),
    toWord(BigInt(config.sharingPctg)),
    toWord(config.gasIssuancePerSecond),
    toWord(config.minGasExcess),
    toWord(config.maxGasIssuancePerBlock),
  )
}
