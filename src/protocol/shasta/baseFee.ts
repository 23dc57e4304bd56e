/** Base fee after EIP-4396, which scales the target with the time a block took. D-65; Derivation.md §Base Fee Calculation. */
import { maxBigint, minBigint } from '../../primitives/bigint.ts'
import type { ParentContext } from '../protocol.ts'

/** Wei per gas; there is no block time to go by yet. */
const BASE_FEE_AFTER_GENESIS = 25_000_000n
/** Wei per gas. */
const BASE_FEE_MAX = 1_000_000_000n
const ELASTICITY_MULTIPLIER = 2n
const BASE_FEE_CHANGE_DENOMINATOR = 8n
/** Seconds. */
const BLOCK_TIME_TARGET = 2n
/** The target may grow to 95 % of the gas limit. */
const GAS_TARGET_PERCENT_MAX = 95n

/** Wei per gas. `baseFeeMin` is the chain's. Every division rounds down, in the order written. */
export function nextBaseFee(
  parent: Pick<
    ParentContext,
    'number' | 'gasLimit' | 'gasUsed' | 'baseFeePerGas' | 'timestamp' | 'grandparentTimestamp'
  >,
  baseFeeMin: bigint,
): bigint {
  if (parent.number === 0n) return BASE_FEE_AFTER_GENESIS
  const { gasLimit, gasUsed, baseFeePerGas } = parent
  const blockTime = maxBigint(parent.timestamp - parent.grandparentTimestamp, 0n)
  const baseTarget = gasLimit / ELASTICITY_MULTIPLIER
  const target = minBigint(
    (baseTarget * blockTime) / BLOCK_TIME_TARGET,
    (gasLimit * GAS_TARGET_PERCENT_MAX) / 100n,
  )
  const changeFor = (gas: bigint) => (baseFeePerGas * gas) / baseTarget / BASE_FEE_CHANGE_DENOMINATOR
  let next = baseFeePerGas
  if (gasUsed > target) next += maxBigint(changeFor(gasUsed - target), 1n)
  if (gasUsed < target) next -= changeFor(target - gasUsed)
  return minBigint(maxBigint(next, baseFeeMin), BASE_FEE_MAX)
}
