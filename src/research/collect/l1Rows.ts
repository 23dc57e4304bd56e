/** Rows of L1 blocks, and of what came of forced inclusions. */
import type { StoredProposal } from '../../chain/chain.ts'
import type { L1Header } from '../../l1/l1.ts'
import { slotOf } from '../../l1/slot.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Row } from '../dataset/column.ts'
import { blobParametersAt } from './blobSchedule.ts'
import type { ForcedInclusion } from './facts.ts'

export function l1BlockRow(
  { l1 }: RollupSpec,
  { number, hash, header }: L1Header,
  counts: {
    /** Of the block before; undefined for the first of the range. */
    readonly parentSlot: bigint | undefined
    readonly proposals: number
    readonly forcedInclusions: number
  },
): Row {
  const slot = slotOf(l1, header.timestamp)
  const { parentSlot } = counts
  const blobs = blobParametersAt(l1.chainId, header)
  return {
    chain_id: l1.chainId,
    block_number: Number(number),
    block_hash: hash,
    timestamp: Number(header.timestamp),
    slot,
    missed_slots: parentSlot === undefined ? 0 : Number(slot - parentSlot - 1n),
    author: header.coinbase,
    base_fee_per_gas: header.baseFeePerGas ?? 0n,
    gas_used: header.gasUsed,
    gas_limit: header.gasLimit,
    blob_gas_used: header.blobGasUsed ?? 0n,
    excess_blob_gas: header.excessBlobGas ?? 0n,
    blob_target: blobs?.target ?? null,
    blob_max: blobs?.max ?? null,
    proposals: counts.proposals,
    forced_inclusions: counts.forcedInclusions,
  }
}

/** @param taken The proposal that included it; undefined where none did. @param delay Seconds; null where it is not known. */
export function forcedInclusionRow(
  { l2 }: RollupSpec,
  { blobHash, offset, savedAt, saved, outcome }: ForcedInclusion,
  taken: StoredProposal | undefined,
  delay: number | null,
): Row {
  const included = outcome.type === 'included' ? outcome : undefined
  return {
    chain_id: l2.chainId,
    blob_hash: blobHash,
    offset: BigInt(offset),
    fee: saved?.feeWei ?? null,
    saved_at: Number(savedAt),
    saved_in_block: saved ? Number(saved.at.number) : null,
    due_at: delay === null ? null : Number(savedAt) + delay,
    outcome: outcome.type,
    proposal_id: included?.proposal.id ?? null,
    included_in_block: included ? Number(included.at.number) : null,
    included_at: included ? Number(included.at.timestamp) : null,
    // Forced inclusions come first, and make one block each. D-26, D-40.
    l2_block_number: taken && included ? taken.firstBlock + BigInt(included.sourceIndex) : null,
  }
}
