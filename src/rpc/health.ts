/** Is this node alive, is it ready, and how is it: for orchestrators and people. */
import { toSafeNumber } from '../primitives/bigint.ts'
import { chainIdOf } from '../spec/executionSpec.ts'
import { syncStatusJson } from './based/syncStatus.ts'
import type { RpcDeps } from './deps.ts'
import type { Json } from './json.ts'

export type Readiness = { readonly ready: boolean; readonly reasons: readonly string[] }

/** Ready: answers are about the present. Every reason is a sentence. A chain that no L1 leads is ready as it stands. */
export function readiness(deps: Pick<RpcDeps, 'sync' | 'spec'>, lagMax: bigint): Readiness {
  const { isSynced, problems, cursor, l1 } = deps.sync()
  const reasons = [...problems]
  if (deps.spec === undefined) return { ready: reasons.length === 0, reasons }
  if (!isSynced) reasons.push('derivation has not reached the L1 head yet')
  if (l1.head === undefined) reasons.push('no L1 head is known')
  const lag = l1.head === undefined || cursor === undefined ? 0n : l1.head.number - cursor.number
  if (lag > lagMax) reasons.push(`derivation is ${lag} L1 blocks behind the L1 head`)
  return { ready: reasons.length === 0, reasons }
}

export async function statusJson(
  deps: Pick<RpcDeps, 'execution' | 'spec' | 'chain' | 'sync' | 'clientVersion' | 'pool'>,
  lagMax: bigint,
): Promise<Json> {
  const memory = process.memoryUsage()
  const { execution, spec } = deps
  return {
    version: deps.clientVersion,
    network: execution.spec.name,
    ...(spec === undefined
      ? { chainId: toSafeNumber(chainIdOf(execution)) }
      : { l1ChainId: toSafeNumber(spec.l1.chainId), l2ChainId: toSafeNumber(spec.l2.chainId) }),
    uptimeSeconds: Math.round(process.uptime()),
    memoryBytes: { resident: memory.rss, heap: memory.heapUsed },
    ...readiness(deps, lagMax),
    pool: deps.pool?.status() ?? null,
    ...(spec !== undefined && { sync: await syncStatusJson(deps) }),
  }
}
