/** The base fee a block built now would have. */
import { nextBaseFee } from '../protocol/shasta/baseFee.ts'
import { forkAt, isOfInbox, type RollupSpec } from '../spec/rollupSpec.ts'
import type { RpcDeps } from './deps.ts'

/**
 * Shasta's rule on top of the parent. The older forks' fee hangs on their proposals' parameters, which nobody knows ahead:
 * there the parent's stands for it.
 */
export function createNextBaseFee(spec: RollupSpec): RpcDeps['nextBaseFee'] {
  return (parent, grandparent) => {
    const baseFeePerGas = parent.baseFeePerGas ?? 0n
    const fork = forkAt(spec, parent)
    if (fork !== undefined && !isOfInbox(fork)) return baseFeePerGas
    const { number, timestamp, gasLimit, gasUsed } = parent
    const grandparentTimestamp = grandparent?.timestamp ?? 0n
    return nextBaseFee(
      { number, timestamp, gasLimit, gasUsed, baseFeePerGas, grandparentTimestamp },
      spec.shasta.baseFeeMin,
    )
  }
}
