/** The `based_` namespace: what only a based rollup's node can say. */
import { z } from 'zod'
import type { RollupRpcDeps } from '../deps.ts'
import { RpcError } from '../errors.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { blockParam, hashParam, quantityParam } from '../params.ts'
import { resolveNumber } from '../resolve.ts'
import {
  explainedSource,
  forcedInclusions,
  lookahead,
  orderingProvider,
  proposal,
  provenance,
  rollupConfig,
  sequencer,
  syncStatus,
} from '../schemas/based.ts'
import { forcedInclusionsJson } from './forcedInclusions.ts'
import { orderingProviderJson } from './ordering.ts'
import { explainSourceJson, proposalJson, provenanceJson } from './provenance.ts'
import { lookaheadJson, sequencerJson } from './schedule.ts'
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

/** Slots and epochs are uint64 on L1. */
const slotParam = z
  .union(
    [
      quantityParam.refine((slot) => slot < 2n ** 64n),
      z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER).transform(BigInt),
    ],
    { error: 'a number below 2^64, as a number or a hex quantity, wanted' },
  )
  .optional()

export function basedMethods(deps: Pick<RollupRpcDeps, 'spec' | 'chain' | 'sync' | 'schedule'>): Methods {
  const { chain, spec } = deps
  const scheduled = () => {
    const { schedule } = deps
    if (schedule === undefined)
      throw new RpcError({ code: 'resourceUnavailable', message: 'this node has no L1 to ask' })
    return { spec, schedule }
  }
  return {
    based_syncStatus: defineMethod({
      cost: COST.block,
      summary: 'How far the node is on both layers; the names of optimism_syncStatus, and two clocks more.',
      params: {},
      result: syncStatus,
      handle: () => syncStatusJson(deps),
    }),
    based_rollupConfig: defineMethod({
      cost: COST.constant,
      summary: 'The chain as data: addresses, forks and constants.',
      params: {},
      result: rollupConfig,
      handle: () => jsonSafe(deps.spec),
    }),
    based_getProposal: defineMethod({
      cost: COST.block,
      summary: 'A proposal as it was derived from L1; null if there is none.',
      params: { proposalId: proposalIdParam },
      result: proposal.nullable(),
      handle: async ({ proposalId }) => {
        const proposal = await chain.proposal(proposalId)
        return proposal === undefined ? null : proposalJson(proposal)
      },
    }),
    based_getTransactionProvenance: defineMethod({
      cost: COST.block,
      summary: 'Which bytes of which blob a transaction came from; null if it is not in the chain.',
      params: { transactionHash: hashParam },
      result: provenance.nullable(),
      handle: ({ transactionHash }) => provenanceJson(chain, transactionHash),
    }),
    based_explainSource: defineMethod({
      cost: COST.proof,
      summary: "What a proposal's source brought, and what was dropped by which rule; null if there is none.",
      params: { proposalId: proposalIdParam, sourceIndex: sourceIndexParam },
      result: explainedSource.nullable(),
      handle: ({ proposalId, sourceIndex }) => explainSourceJson(chain, proposalId, sourceIndex),
    }),
    based_sequencerForSlot: defineMethod({
      cost: COST.block,
      summary: 'Who may propose in an L1 slot; null where L1 has not settled it.',
      params: { slot: slotParam },
      result: sequencer.nullable(),
      handle: ({ slot }, { signal }) => sequencerJson(scheduled(), slot, signal),
    }),
    based_lookahead: defineMethod({
      cost: COST.block,
      summary: 'Who may propose in each window of an L1 epoch; null where L1 has not settled it.',
      params: { epoch: slotParam },
      result: lookahead.nullable(),
      handle: ({ epoch }, { signal }) => lookaheadJson(scheduled(), epoch, signal),
    }),
    based_forcedInclusions: defineMethod({
      cost: COST.proof,
      summary: "What waits in the inbox's queue, until when, and who has to take it.",
      params: {},
      result: forcedInclusions,
      handle: (_, { signal }) => forcedInclusionsJson(scheduled(), signal),
    }),
    based_orderingProvider: defineMethod({
      cost: COST.block,
      summary: 'Who ordered a block, and by which right; null for a block that no proposal made.',
      params: { block: blockParam },
      result: orderingProvider.nullable(),
      handle: async ({ block }) => {
        const number = await resolveNumber(chain, block)
        return number === undefined ? null : orderingProviderJson(deps, number)
      },
    }),
  }
}

/** A spec as JSON: bigint as a hex quantity. */
function jsonSafe(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? `0x${item.toString(16)}` : item)),
  )
}
