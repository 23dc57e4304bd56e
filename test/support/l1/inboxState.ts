/** What the inbox remembers, as a value; and the hash of a proposal, encoded with viem apart from src/. */
import { encodeAbiParameters, keccak256 } from 'viem'
import { type Address, type Hash, ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import type { L2Checkpoint } from './inbox.ts'
import { PROPOSAL_PARAMETERS } from './inboxAbi.ts'

export type InboxBlobSlice = {
  readonly blobHashes: readonly Hash[]
  /** Bytes into the decoded payload. */
  readonly offset: number
  /** Seconds; time of the block whose transaction carried the blobs. */
  readonly timestamp: bigint
}
export type InboxSource = { readonly isForcedInclusion: boolean; readonly blobSlice: InboxBlobSlice }

export type InboxProposal = {
  readonly id: bigint
  readonly timestamp: bigint
  readonly endOfSubmissionWindowTimestamp: bigint
  readonly proposer: Address
  readonly parentProposalHash: Hash
  readonly originBlockNumber: bigint
  readonly originBlockHash: Hash
  readonly basefeeSharingPctg: number
  readonly sources: readonly InboxSource[]
}

/** Accepted proposals of a branch, newest first. */
export type ProposalChain = {
  readonly proposal: InboxProposal
  readonly hash: Hash
  readonly previous?: ProposalChain
}

/** An entry of the queue; `timestamp` is when it was saved. */
export type QueuedInclusion = InboxBlobSlice & { readonly feeGwei: bigint }

export type InboxState = {
  /** Absent before activation; then never empty: the first is the all-zero proposal 0. */
  readonly proposals?: ProposalChain
  readonly lastProposalBlock: bigint
  /** Not yet included, oldest first. */
  readonly forcedInclusions: readonly QueuedInclusion[]
  readonly forcedInclusionsHead: number
  readonly lastFinalizedProposalId: bigint
  /** Seconds; of the activation before the first proof. */
  readonly lastFinalizedTimestamp: bigint
  /** Seconds; 0 before the first proof. */
  readonly lastCheckpointTimestamp: bigint
  readonly lastFinalizedBlockHash: Hash
  /** What the signal service holds for proven, oldest first. */
  readonly checkpoints?: readonly L2Checkpoint[]
  /** Code behind the proxy; absent: the inbox is none. */
  readonly implementation?: Address
  /** What that code hashes a proposal with beside its fields: a fork that nobody has announced. */
  readonly hashesWith?: Hash
}

export const EMPTY_INBOX: InboxState = {
  lastProposalBlock: 0n,
  forcedInclusions: [],
  forcedInclusionsHead: 0,
  lastFinalizedProposalId: 0n,
  lastFinalizedTimestamp: 0n,
  lastCheckpointTimestamp: 0n,
  lastFinalizedBlockHash: ZERO_HASH,
}

export const GENESIS_PROPOSAL: InboxProposal = {
  id: 0n,
  timestamp: 0n,
  endOfSubmissionWindowTimestamp: 0n,
  proposer: ZERO_ADDRESS,
  parentProposalHash: ZERO_HASH,
  originBlockNumber: 0n,
  originBlockHash: ZERO_HASH,
  basefeeSharingPctg: 0,
  sources: [],
}

export function proposalHash(proposal: InboxProposal): Hash {
  const sources = proposal.sources.map(({ isForcedInclusion, blobSlice }) => ({
    isForcedInclusion,
    blobSlice: { ...blobSlice, timestamp: Number(blobSlice.timestamp) },
  }))
  const struct = {
    ...proposal,
    id: Number(proposal.id),
    timestamp: Number(proposal.timestamp),
    endOfSubmissionWindowTimestamp: Number(proposal.endOfSubmissionWindowTimestamp),
    originBlockNumber: Number(proposal.originBlockNumber),
    sources,
  }
  return keccak256(encodeAbiParameters(PROPOSAL_PARAMETERS, [struct]))
}

export function findProposal(state: InboxState, id: bigint): ProposalChain | undefined {
  let at = state.proposals
  while (at !== undefined && at.proposal.id > id) at = at.previous
  return at?.proposal.id === id ? at : undefined
}
