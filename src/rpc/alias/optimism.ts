/**
 * `optimism_syncStatus`: the clocks under the names that tools of the OP stack read. Its other methods have no like here: an output
 * root commits to a contract that this chain does not have, and the constants of `optimism_rollupConfig` are of another derivation.
 */
import type { BlockRef, ChainReader } from '../../chain/chain.ts'
import { toSafeNumber } from '../../primitives/bigint.ts'
import { l2Json, syncStatusJson } from '../based/syncStatus.ts'
import type { RpcDeps } from '../deps.ts'
import type { Json } from '../json.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { optimismSyncStatus } from '../schemas/alias.ts'

export function optimismMethods(deps: Pick<RpcDeps, 'chain' | 'sync'>): Methods {
  return {
    optimism_syncStatus: defineMethod({
      cost: COST.block,
      summary: 'How far the node is on both layers, as op-node says it.',
      params: {},
      result: optimismSyncStatus,
      handle: () => optimismStatusJson(deps),
    }),
  }
}

async function optimismStatusJson(deps: Pick<RpcDeps, 'chain' | 'sync'>): Promise<Json> {
  const { chain } = deps
  const { current_l1, head_l1, safe_l1, finalized_l1 } = await syncStatusJson(deps)
  const { latest, safe, finalized } = chain.heads()
  const safeJson = await refJson(chain, safe)
  return {
    current_l1,
    head_l1,
    safe_l1,
    finalized_l1,
    unsafe_l2: await refJson(chain, latest),
    safe_l2: safeJson,
    finalized_l2: await refJson(chain, finalized),
    // Nothing is safe here before its whole proposal is.
    pending_safe_l2: safeJson,
    local_safe_l2: safeJson,
  }
}

/** `l1origin`: the L1 block that the anchor transaction told L2 about. */
async function refJson(chain: ChainReader, ref: BlockRef): Promise<Json> {
  const origin = (await chain.origin(ref.number)) ?? (await chain.unsafeOrigin(ref.number))
  if (origin === undefined) return l2Json(chain, ref)
  const { number, hash } = origin.anchorBlock
  return { ...(await l2Json(chain, ref)), l1origin: { number: toSafeNumber(number), hash } }
}
