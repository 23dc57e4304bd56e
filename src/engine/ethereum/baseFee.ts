/** Wei per gas that a plain Ethereum block burns. EIP-1559. */
import { maxBigint } from '../../primitives/bigint.ts'
import type { BlockHeader } from '../../primitives/header.ts'

/** INITIAL_BASE_FEE, of the first block under London's rules. */
const INITIAL_BASE_FEE = 1_000_000_000n
const ELASTICITY = 2n
const MAX_CHANGE_DENOMINATOR = 8n

/** Of a block under London or later on `parent`. */
export function nextBaseFee(parent: Pick<BlockHeader, 'gasLimit' | 'gasUsed' | 'baseFeePerGas'>): bigint {
  const { baseFeePerGas, gasUsed } = parent
  if (baseFeePerGas === undefined) return INITIAL_BASE_FEE
  // All divisions round down, as in the EIP.
  const target = parent.gasLimit / ELASTICITY
  if (gasUsed === target) return baseFeePerGas
  const distance = gasUsed > target ? gasUsed - target : target - gasUsed
  const change = (baseFeePerGas * distance) / target / MAX_CHANGE_DENOMINATOR
  return gasUsed > target ? baseFeePerGas + maxBigint(change, 1n) : baseFeePerGas - change
}

/** Gas limit of a first London block's parent counts twice, so that its target stays where the limit was. */
export function londonParentGasLimit(parent: Pick<BlockHeader, 'gasLimit' | 'baseFeePerGas'>): bigint {
  return parent.baseFeePerGas === undefined ? parent.gasLimit * ELASTICITY : parent.gasLimit
}
