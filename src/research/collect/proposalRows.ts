/** Rows of proposals and of their sources: what L1 carried, what it cost, and what came of it. */
import type { StoredProposal } from '../../chain/chain.ts'
import type { L1Header } from '../../l1/l1.ts'
import type { DecodedSource, Proposal } from '../../protocol/protocol.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Row } from '../dataset/column.ts'
import type { Proof } from './facts.ts'
import { l1FeeOf } from './l1Fee.ts'
import type { L1Transaction } from './l1Source.ts'
import type { SourceBytes } from './sourceBytes.ts'

export type ProposalInput = {
  readonly spec: RollupSpec
  readonly block: L1Header
  readonly proposal: Proposal
  readonly stored: StoredProposal
  /** Executed transactions of its blocks, without anchor transactions. */
  readonly transactions: number
  readonly proposing: L1Transaction | undefined
  readonly proven: Proof | undefined
}

export function proposalRow(input: ProposalInput): Row {
  const { spec, block, proposal, stored, proven } = input
  return {
    chain_id: spec.l2.chainId,
    proposal_id: proposal.id,
    fork: proposal.fork,
    proposal_hash: proposal.hash,
    l1_block_number: Number(block.number),
    l1_block_hash: block.hash,
    l1_transaction_hash: proposal.l1.transactionHash,
    l1_log_index: proposal.l1.logIndex,
    timestamp: Number(proposal.timestamp),
    proposer: proposal.proposer,
    window_end: stored.windowEnd === undefined ? null : Number(stored.windowEnd),
    sources: proposal.sources.length,
    blobs: proposal.sources.at(-1)?.blobSlice.blobHashes.length ?? 0,
    first_block: stored.firstBlock,
    last_block: stored.lastBlock,
    transactions: input.transactions,
    ...costOf(input),
    proven_at: proven ? Number(proven.timestamp) : null,
    proven_in_block: proven ? Number(proven.number) : null,
    proof_fee: proven?.feeWei ?? null,
  }
}

const NOT_AT_HAND = {
  l1_gas_used: null,
  l1_gas_price: null,
  l1_execution_fee: null,
  l1_blob_gas_used: null,
  l1_blob_gas_price: null,
  l1_blob_fee: null,
} as const

function costOf({ spec, block, proposing }: ProposalInput) {
  const fee = proposing && l1FeeOf(spec.l1.chainId, block, proposing)
  if (proposing === undefined || fee === undefined) return NOT_AT_HAND
  return {
    l1_gas_used: proposing.gasUsed,
    l1_gas_price: fee.gasPrice,
    l1_execution_fee: fee.executionFee,
    l1_blob_gas_used: fee.blobGasUsed,
    l1_blob_gas_price: fee.blobGasPrice,
    l1_blob_fee: fee.blobFee,
  }
}

export type SourceInput = {
  readonly spec: RollupSpec
  readonly proposal: Proposal
  readonly stored: StoredProposal
  readonly sourceIndex: number
  /** L2 blocks it made. */
  readonly blocks: number
  /** Absent where its bytes are not at hand. */
  readonly decoded?: DecodedSource
  readonly bytes?: SourceBytes
  /** Transactions that its blocks list, as they were derived. */
  readonly listedInBlocks: number
}

export function sourceRow(input: SourceInput): Row {
  const { spec, proposal, stored, sourceIndex, decoded, bytes } = input
  const source = stored.sources[sourceIndex]
  const hashes = source?.blobHashes ?? []
  return {
    chain_id: spec.l2.chainId,
    proposal_id: proposal.id,
    fork: proposal.fork,
    l1_block_number: Number(proposal.l1.blockNumber),
    source_index: sourceIndex,
    is_forced_inclusion: source?.isForcedInclusion ?? false,
    saved_at: source?.savedAt === undefined ? null : Number(source.savedAt),
    blobs: hashes.length,
    blob_hashes: hashes.join(','),
    offset: BigInt(source?.offset ?? 0),
    payload_bytes: bytes?.payload == null ? null : BigInt(bytes.payload),
    inflated_bytes: bytes?.inflated == null ? null : BigInt(bytes.inflated),
    blocks: input.blocks,
    listed_transactions:
      decoded?.blocks.reduce((sum, { transactions }) => sum + transactions.length, 0) ?? input.listedInBlocks,
    fault: source?.fault?.name ?? null,
    fault_rule: source?.fault?.rule ?? null,
    fault_detail: source?.fault?.detail ?? null,
  }
}
