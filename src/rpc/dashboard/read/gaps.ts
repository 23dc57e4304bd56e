/** The time between landed proposals, from the proposals that derivation stored: L1 blocks' timestamps, nobody's clock. */
import type { BlockRef, ChainReader, StoredProposal } from '../../../chain/chain.ts'
import { toSafeNumber } from '../../../primitives/bigint.ts'
import type { Hash } from '../../../primitives/hex.ts'
import type { RollupSpec } from '../../../spec/rollupSpec.ts'
import type { GapsData, ProposalData } from '../data.ts'

/** Proposals on the page: with one in each slot, four epochs. */
export const PROPOSALS_MAX = 128n

/** The newest proposals up to the safe head, oldest first; read anew only when that has moved. */
export function createProposalLog(
  chain: ChainReader,
): (safe: BlockRef) => Promise<readonly StoredProposal[]> {
  let read: { readonly safe: Hash; readonly proposals: readonly StoredProposal[] } | undefined
  return async (safe) => {
    if (read?.safe === safe.hash) return read.proposals
    const newest = (await chain.origin(safe.number))?.proposalId
    const proposals: StoredProposal[] = []
    if (newest !== undefined) {
      const oldest = newest < PROPOSALS_MAX ? 0n : newest - PROPOSALS_MAX + 1n
      for (let id = newest; id >= oldest; id--) {
        const proposal = await chain.proposal(id)
        // The one before it is of a time that this chain was not derived for, or a reorg came between.
        if (proposal === undefined) break
        proposals.unshift(proposal)
      }
    }
    read = { safe: safe.hash, proposals }
    return proposals
  }
}

export function readGaps(spec: Pick<RollupSpec, 'l1'>, proposals: readonly StoredProposal[]): GapsData {
  const described = proposals.map((proposal, i): ProposalData => {
    const before = proposals[i - 1]
    return {
      id: toSafeNumber(proposal.id),
      slot: toSafeNumber(slotOf(spec, proposal.timestamp)),
      timestamp: toSafeNumber(proposal.timestamp),
      gapSeconds: before === undefined ? null : toSafeNumber(proposal.timestamp - before.timestamp),
      proposer: proposal.proposer,
      firstBlock: toSafeNumber(proposal.firstBlock),
      lastBlock: toSafeNumber(proposal.lastBlock),
      l1Block: toSafeNumber(proposal.l1.blockNumber),
    }
  })
  const gaps = described.flatMap(({ gapSeconds }) => gapSeconds ?? []).sort((a, b) => a - b)
  return {
    medianSeconds: median(gaps),
    longestSeconds: gaps.at(-1) ?? null,
    lastLandedAt: described.at(-1)?.timestamp ?? null,
    proposals: described,
  }
}

/** Of sorted numbers; of an even count the mean of the two in the middle. */
function median(sorted: readonly number[]): number | null {
  const middle = sorted.length >> 1
  const upper = sorted[middle]
  const lower = sorted[sorted.length - 1 - middle]
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2
}

/** Of a timestamp in seconds; rounds down, since a development L1 may be a second off its slots. */
export function slotOf({ l1 }: Pick<RollupSpec, 'l1'>, timestamp: bigint): bigint {
  return timestamp <= l1.genesisTime ? 0n : (timestamp - l1.genesisTime) / l1.secondsPerSlot
}
