/** The rules of a block by its place in its chain. */
import { ethereumForkAt } from '../../spec/ethereumSpec.ts'
import type { ExecutionSpec } from '../../spec/executionSpec.ts'
import { forkAt } from '../../spec/rollupSpec.ts'
import { type EvmRules, ethereumRules, rollupRules } from './evmRules.ts'

/** Genesis of a rollup comes before its first fork: what is asked of its state runs as under Shanghai. */
export function rulesAt(
  execution: ExecutionSpec,
  block: { readonly number: bigint; readonly timestamp: bigint },
): EvmRules {
  if (execution.type === 'ethereum') return ethereumRules(ethereumForkAt(execution.spec, block))
  const fork = forkAt(execution.spec, block)
  return fork === undefined ? ethereumRules('shanghai') : rollupRules(fork)
}
