/**
 * Base fee before Shasta: the price e^(excess / target) / target of a bonding curve on which gas is issued with time and
 * consumed by blocks. The anchor contract computes the same and reverts on a difference. D-66;
 * https://github.com/taikoxyz/taiko-mono/blob/d28b8b7e0f/packages/protocol/contracts/layer2/based/LibEIP1559.sol
 */
import { assert } from '../../primitives/assert.ts'
import { maxBigint, minBigint } from '../../primitives/bigint.ts'
import type { BaseFeeConfig } from './baseFeeConfig.ts'
import { EXP_INPUT_MAX, expWad, lnWad, WAD } from './fixedPoint.ts'

const U64_MAX = 2n ** 64n - 1n

/** What the anchor contract remembers of the last block, in its storage slot 253. */
export type FeeSlot = {
  readonly parentGasExcess: bigint
  /** Seconds. */
  readonly parentTimestamp: bigint
  /** 0 until the first Ontake block. */
  readonly parentGasTarget: bigint
}

/** Four u64, lowest first: gas excess, last synced block, timestamp, gas target. */
export function decodeFeeSlot(word: bigint): FeeSlot {
  return {
    parentGasExcess: word & U64_MAX,
    parentTimestamp: (word >> 128n) & U64_MAX,
    parentGasTarget: (word >> 192n) & U64_MAX,
  }
}

/** Wei per gas. */
export function bondingCurveBaseFee(input: {
  /** From the parent's state. */
  readonly slot: FeeSlot
  readonly config: BaseFeeConfig
  /** Of the block, in seconds. */
  readonly timestamp: bigint
  readonly parentGasUsed: bigint
}): bigint {
  const { slot, config, timestamp } = input
  assert(timestamp >= slot.parentTimestamp, `the block at ${timestamp} is older than its parent`)
  const adjusted = adjustExcess({
    oldTarget: slot.parentGasTarget,
    newTarget: config.gasIssuancePerSecond * config.adjustmentQuotient,
    excess: slot.parentGasExcess,
  })
  let issuance = (timestamp - slot.parentTimestamp) * config.gasIssuancePerSecond
  if (config.maxGasIssuancePerBlock !== 0n) issuance = minBigint(issuance, config.maxGasIssuancePerBlock)
  const used = adjusted.excess + input.parentGasUsed
  const excess = minBigint(maxBigint(used > issuance ? used - issuance : 1n, config.minGasExcess), U64_MAX)
  return spotPrice(adjusted.target, excess)
}

/**
 * Keeps the price when the target changes: newTarget·ln(newTarget/oldTarget) + excess·newTarget/oldTarget, at least 0.
 * A target of 0 cannot be scaled from or to, so then the contract keeps what it has.
 */
export function adjustExcess(input: {
  readonly oldTarget: bigint
  readonly newTarget: bigint
  readonly excess: bigint
}): { readonly target: bigint; readonly excess: bigint } {
  const { oldTarget, newTarget, excess } = input
  if (oldTarget === 0n) return { target: newTarget, excess }
  if (newTarget === 0n || oldTarget === newTarget) return { target: oldTarget, excess }
  const ratio = (WAD * newTarget) / oldTarget
  if (ratio === 0n) return { target: newTarget, excess }
  const scaled = newTarget * lnWad(ratio) + excess * ratio
  return { target: newTarget, excess: scaled < 0n ? 0n : minBigint(scaled / WAD, U64_MAX) }
}

/** At least 1 wei per gas. Both divisions round down. */
export function spotPrice(target: bigint, excess: bigint): bigint {
  if (target === 0n) return 1n
  const exponent = minBigint((WAD * excess) / target, EXP_INPUT_MAX)
  return maxBigint(expWad(exponent) / WAD / target, 1n)
}
