/** The transaction pool of a node that proposes or sequences, at the head of its chain. */
import { rollupRules } from '../engine/rules/evmRules.ts'
import type { Rooms } from '../node.ts'
import type { PoolRules } from '../propose/pool/admission.ts'
import { createPoolState, followChain, readPoolHead } from '../propose/pool/followChain.ts'
import { DEFAULT_BUILDER_OPTIONS } from '../propose/proposer.ts'
import { createTxPool, type TxPool } from '../propose/txPool.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import type { Logger } from '../telemetry/log.ts'

/** Under the newest fork of the chain: what it admits early, a block under the fork before leaves in the pool. */
export function poolRulesOf(spec: RollupSpec): PoolRules {
  const newest = spec.forks.at(-1)?.name ?? 'shasta'
  return { chainId: spec.l2.chainId, evm: rollupRules(newest), minTip: 0n }
}

/** `gasLimitTarget` is the builder's or the sequencer's: gas a block aims for, without the anchor's. */
export async function createNodePool(
  { chain, spec, state }: Rooms,
  logger: Logger,
  gasLimitTarget: bigint = DEFAULT_BUILDER_OPTIONS.gasLimitTarget,
): Promise<TxPool> {
  const pool = createTxPool(
    { state: createPoolState(() => state.source()), logger },
    { rules: poolRulesOf(spec), head: await readPoolHead(chain, spec, gasLimitTarget) },
  )
  followChain({ pool, chain, spec, gasLimitTarget, logger })
  return pool
}
