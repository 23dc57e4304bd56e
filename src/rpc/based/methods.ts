/** The `based_` namespace: what only a based rollup's node can say. */
import { z } from 'zod'
import type { RpcDeps } from '../deps.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { hashParam, quantityParam } from '../params.ts'
import { explainSourceJson, proposalJson, provenanceJson } from './provenance.ts'
import { syncStatusJson } from './syncStatus.ts'

/** Proposal ids are 48-bit in every fork; a JSON number is taken too. */
const proposalIdParam = z.union(
  [
    quantityParam.refine((id) => id < 2n ** 48n),
    z
      .number()
      .int()
      .nonnegative()
      .max(2 ** 48 - 1)
      .transform(BigInt),
  ],
  { error: 'a proposal id below 2^48, as a number or a hex quantity, wanted' },
)
const sourceIndexParam = z.number('a source index wanted').int().nonnegative().max(65_535)

export function basedMethods(deps: Pick<RpcDeps, 'spec' | 'chain' | 'sync'>): Methods {
  const { chain } = deps
  return {
    based_syncStatus: defineMethod({ cost: COST.block, params: {}, handle: () => syncStatusJson(deps) }),
    based_rollupConfig: defineMethod({
      cost: COST.constant,
      params: {},
      handle: () => jsonSafe(deps.spec),
    }),
    based_getProposal: defineMethod({
      cost: COST.block,
      params: { proposalId: proposalIdParam },
      handle: async ({ proposalId }) => {
        const proposal = await chain.proposal(proposalId)
        return proposal === undefined ? null : proposalJson(proposal)
      },
    }),
    based_getTransactionProvenance: defineMethod({
      cost: COST.block,
      params: { transactionHash: hashParam },
      handle: ({ transactionHash }) => provenanceJson(chain, transactionHash),
    }),
    based_explainSource: defineMethod({
      cost: COST.proof,
      params: { proposalId: proposalIdParam, sourceIndex: sourceIndexParam },
      handle: ({ proposalId, sourceIndex }) => explainSourceJson(chain, proposalId, sourceIndex),
    }),
  }
}

/** A spec as JSON: bigint as a hex quantity. */
function jsonSafe(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? `0x${item.toString(16)}` : item)),
  )
}
