/** The price of a place in the forced-inclusion queue. taiko.md §2.10. */
import { minBigint } from '../../primitives/bigint.ts'

/** u64, as the queue keeps it. */
const FEE_MAX = 2n ** 64n - 1n

/** Forced inclusions a proposal takes at most. Derivation.md, MAX_FORCED_INCLUSIONS_PER_PROPOSAL. */
export const FORCED_INCLUSIONS_MAX = 10
/** `numForcedInclusions` that takes as many as there are. */
export const ALL_FORCED_INCLUSIONS = 0xffff

/** Gwei. Grows by the base fee for every `doubleThreshold` entries waiting; rounds down, as the inbox does. */
export function forcedInclusionFee(input: {
  readonly baseFeeInGwei: bigint
  readonly doubleThreshold: bigint
  readonly pending: bigint
}): bigint {
  const fee = (input.baseFeeInGwei * (input.doubleThreshold + input.pending)) / input.doubleThreshold
  return minBigint(fee, FEE_MAX)
}
