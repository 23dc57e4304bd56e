/**
 * The inbox contract as a function: state and call in, state and logs out, or a revert. State is a value, so each branch of L1
 * has its own. A second opinion on events and hashes: nothing here comes from src/protocol.
 */
import { type Address, type Hash, ZERO_HASH } from '../../../src/primitives/hex.ts'
import type { Log } from '../../../src/primitives/receipt.ts'
import {
  checkpointSavedLog,
  forcedInclusionSavedLog,
  inboxActivatedLog,
  proposedLog,
  provedLog,
  stateRecoveredLog,
} from './inboxEvents.ts'
import {
  findProposal,
  GENESIS_PROPOSAL,
  type InboxBlobSlice,
  type InboxProposal,
  type InboxState,
  type ProposalChain,
  proposalHash,
} from './inboxState.ts'

export type InboxConfig = {
  readonly inbox: Address
  readonly signalService: Address
  readonly basefeeSharingPctg: number
  /** Seconds after which a forced inclusion must be in the next proposal. */
  readonly forcedInclusionDelay: bigint
  readonly forcedInclusionFeeGwei: bigint
}

export type InboxCall =
  | { readonly type: 'activate' }
  | {
      readonly type: 'propose'
      readonly proposer: Address
      readonly blobHashes: readonly Hash[]
      readonly offset: number
      /** At most so many are taken from the queue; fewer than are due reverts. */
      readonly forcedInclusions: number
      readonly endOfSubmissionWindowTimestamp: bigint
    }
  | { readonly type: 'saveForcedInclusion'; readonly blobHashes: readonly Hash[]; readonly offset: number }
  | {
      readonly type: 'prove'
      readonly lastProposalId: bigint
      /** Reverts on a branch where that proposal is another one. */
      readonly lastProposalHash: Hash
      readonly actualProver: Address
      readonly checkpoint: L2Checkpoint
    }
  | { readonly type: 'recoverState'; readonly lastFinalizedProposalId: bigint }

export type L2Checkpoint = {
  readonly blockNumber: bigint
  readonly blockHash: Hash
  readonly stateRoot: Hash
}

export type BlockContext = { readonly number: bigint; readonly timestamp: bigint; readonly parentHash: Hash }

export type InboxResult =
  | { readonly type: 'done'; readonly state: InboxState; readonly logs: readonly Log[] }
  | { readonly type: 'reverted'; readonly reason: string }

/** Looked at for due forced inclusions, and taken at most, in one proposal. */
const FORCED_INCLUSIONS_MAX = 10

export function callInbox(
  config: InboxConfig,
  state: InboxState,
  call: InboxCall,
  block: BlockContext,
): InboxResult {
  if (call.type === 'activate') return activate(config, state, block)
  const { proposals } = state
  if (proposals === undefined) return { type: 'reverted', reason: 'not activated' }
  switch (call.type) {
    case 'propose':
      return propose(config, { ...state, proposals }, call, block)
    case 'saveForcedInclusion':
      return saveForcedInclusion(config, { ...state, proposals }, call, block)
    case 'prove':
      return prove(config, state, call)
    case 'recoverState':
      return recoverState(config, state, proposals.proposal.id + 1n, call.lastFinalizedProposalId)
  }
}

type ActiveState = InboxState & { readonly proposals: ProposalChain }

function activate(config: InboxConfig, state: InboxState, block: BlockContext): InboxResult {
  if (state.proposals !== undefined) return { type: 'reverted', reason: 'already activated' }
  const proposals = { proposal: GENESIS_PROPOSAL, hash: proposalHash(GENESIS_PROPOSAL) }
  const logs = [proposedLog(config.inbox, GENESIS_PROPOSAL), inboxActivatedLog(config.inbox, ZERO_HASH)]
  return { type: 'done', state: { ...state, proposals, lastProposalBlock: block.number }, logs }
}

function propose(
  config: InboxConfig,
  state: ActiveState,
  call: InboxCall & { type: 'propose' },
  block: BlockContext,
): InboxResult {
  if (block.number <= state.lastProposalBlock)
    return { type: 'reverted', reason: 'one proposal per L1 block' }
  if (call.blobHashes.length === 0) return { type: 'reverted', reason: 'no blobs' }
  const queue = state.forcedInclusions
  const due = queue
    .slice(0, FORCED_INCLUSIONS_MAX)
    .filter((slice) => slice.timestamp + config.forcedInclusionDelay <= block.timestamp).length
  const taken = Math.min(call.forcedInclusions, queue.length, FORCED_INCLUSIONS_MAX)
  if (taken < due) return { type: 'reverted', reason: `${due} forced inclusions are due` }

  const own: InboxBlobSlice = {
    blobHashes: call.blobHashes,
    offset: call.offset,
    timestamp: block.timestamp,
  }
  const proposal: InboxProposal = {
    id: state.proposals.proposal.id + 1n,
    timestamp: block.timestamp,
    endOfSubmissionWindowTimestamp: call.endOfSubmissionWindowTimestamp,
    proposer: call.proposer,
    parentProposalHash: state.proposals.hash,
    originBlockNumber: block.number - 1n,
    originBlockHash: block.parentHash,
    basefeeSharingPctg: config.basefeeSharingPctg,
    sources: [
      ...queue.slice(0, taken).map((blobSlice) => ({ isForcedInclusion: true, blobSlice })),
      { isForcedInclusion: false, blobSlice: own },
    ],
  }
  const next: InboxState = {
    ...state,
    proposals: { proposal, hash: proposalHash(proposal), previous: state.proposals },
    lastProposalBlock: block.number,
    forcedInclusions: queue.slice(taken),
    forcedInclusionsHead: state.forcedInclusionsHead + taken,
  }
  return { type: 'done', state: next, logs: [proposedLog(config.inbox, proposal)] }
}

function saveForcedInclusion(
  config: InboxConfig,
  state: ActiveState,
  call: InboxCall & { type: 'saveForcedInclusion' },
  block: BlockContext,
): InboxResult {
  if (state.proposals.proposal.id < 1n) return { type: 'reverted', reason: 'no proposal yet' }
  if (call.blobHashes.length !== 1) return { type: 'reverted', reason: 'a forced inclusion is one blob' }
  const slice = { blobHashes: call.blobHashes, offset: call.offset, timestamp: block.timestamp }
  const logs = [forcedInclusionSavedLog(config.inbox, config.forcedInclusionFeeGwei, slice)]
  return { type: 'done', state: { ...state, forcedInclusions: [...state.forcedInclusions, slice] }, logs }
}

function prove(config: InboxConfig, state: InboxState, call: InboxCall & { type: 'prove' }): InboxResult {
  const first = state.lastFinalizedProposalId + 1n
  if (call.lastProposalId < first) return { type: 'reverted', reason: 'already proven' }
  if (findProposal(state, call.lastProposalId)?.hash !== call.lastProposalHash)
    return { type: 'reverted', reason: 'not a proposal of this chain' }
  const next: InboxState = {
    ...state,
    lastFinalizedProposalId: call.lastProposalId,
    lastFinalizedBlockHash: call.checkpoint.blockHash,
  }
  const logs = [
    checkpointSavedLog(config.signalService, call.checkpoint),
    provedLog(config.inbox, { first, last: call.lastProposalId, actualProver: call.actualProver }),
  ]
  return { type: 'done', state: next, logs }
}

function recoverState(
  config: InboxConfig,
  state: InboxState,
  nextProposalId: bigint,
  lastFinalizedProposalId: bigint,
): InboxResult {
  const logs = [stateRecoveredLog(config.inbox, nextProposalId, lastFinalizedProposalId, ZERO_HASH)]
  const next = { ...state, lastFinalizedProposalId, lastFinalizedBlockHash: ZERO_HASH }
  return { type: 'done', state: next, logs }
}
