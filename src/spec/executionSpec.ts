/** Whose rules a chain's blocks execute under. Data, so that another process can be told. */
import type { EthereumSpec } from './ethereumSpec.ts'
import type { RollupSpec } from './rollupSpec.ts'

export type ExecutionSpec =
  | { readonly type: 'rollup'; readonly spec: RollupSpec }
  | { readonly type: 'ethereum'; readonly spec: EthereumSpec }

export function chainIdOf(execution: ExecutionSpec): bigint {
  return execution.type === 'rollup' ? execution.spec.l2.chainId : execution.spec.chainId
}
