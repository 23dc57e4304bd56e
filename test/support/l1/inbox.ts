/**
 * The inbox contract as a function: state and call in, state and logs out, or a revert. State is a value, so each branch of L1
 * has its own. A second opinion on events and hashes: nothing here comes from src/protocol.
 */
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { type Address, type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import type { Log } from '../../../src/primitives/receipt.ts'
import type { InboxErrorName } from './inboxAbi.ts'
import {
  checkpointSavedLog,
  forcedInclusionSavedLog,
  forcedInclusionsVoidedLog,
  inboxActivatedLog,
  proposedLog,
  provedLog,
  stateRecoveredLog,
  upgradedLog,
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
import { checkProposer, type ScheduleConfig, type SlotTimes } from './schedule.ts'

export type InboxConfig = SlotTimes & {
  readonly inbox: Address
  readonly schedule: ScheduleConfig
  readonly signalService: Address
  /** L2 block that proposal 1 builds on. */
  readonly l2GenesisHash: Hash
  readonly basefeeSharingPctg: number
  /** Seconds after which a forced inclusion must be in the next proposal. */
  readonly forcedInclusionDelay: bigint
  /** While nothing waits. */
  readonly forcedInclusionFeeGwei: bigint
  /** Entries at which that fee has doubled. */
  readonly forcedInclusionFeeDoubleThreshold: bigint
  /** After so many delays anyone may propose. */
  readonly permissionlessInclusionMultiplier: bigint
  /** Proposals that may wait for a proof, plus one. */
  readonly ringBufferSize: bigint
}

/** Blobs of a transaction by position; absent: all of them. */
type BlobRange = { readonly start: number; readonly count: number }

export type InboxCall =
  | { readonly type: 'activate' }
  | {
      readonly type: 'propose'
      readonly proposer: Address
      /** Of the transaction. */
      readonly blobHashes: readonly Hash[]
      readonly blobRange?: BlobRange
      readonly offset: number
      /** Last second at which it is accepted. */
      readonly deadline?: bigint
      /** At most so many are taken from the queue; fewer than are due reverts. */
      readonly forcedInclusions: number
      /** Instead of what the schedule says. */
      readonly endOfSubmissionWindowTimestamp?: bigint
    }
  | {
      readonly type: 'saveForcedInclusion'
      readonly from: Address
      /** Of the transaction. */
      readonly blobHashes: readonly Hash[]
      readonly blobRange?: BlobRange
      readonly offset: number
      readonly valueWei: bigint
    }
  | {
      readonly type: 'prove'
      readonly lastProposalId: bigint
      /** Reverts on a branch where that proposal is another one. */
      readonly lastProposalHash: Hash
      readonly actualProver: Address
      readonly checkpoint: L2Checkpoint
      /** Of the commitment; the first that is not proven by default. */
      readonly firstProposalId?: bigint
    }
  | {
      readonly type: 'recoverState'
      readonly lastFinalizedProposalId: bigint
      /** Zero names none. */
      readonly lastFinalizedBlockHash: Hash
    }
  /** The owner moves the queue's head to its tail. */
  | { readonly type: 'voidForcedInclusions' }
  /** The owner puts other code behind the proxy; `hashesWith` is how much that code differs. */
  | { readonly type: 'upgrade'; readonly implementation: Address; readonly hashesWith?: Hash }
  /** Arguments that the contract cannot read. */
  | { readonly type: 'malformed'; readonly error?: InboxErrorName }

export type L2Checkpoint = {
  readonly blockNumber: bigint
  readonly blockHash: Hash
  readonly stateRoot: Hash
}

export type BlockContext = { readonly number: bigint; readonly timestamp: bigint; readonly parentHash: Hash }

export type InboxResult =
  | {
      readonly type: 'done'
      readonly state: InboxState
      readonly logs: readonly Log[]
      /** What the inbox sends on from what it holds. */
      readonly pays?: { readonly to: Address; readonly wei: bigint }
    }
  | Reverted
type Reverted = {
  readonly type: 'reverted'
  readonly reason: string
  /** The contract's own, where it has one. */
  readonly error?: InboxErrorName
}

/** Looked at for due forced inclusions, and taken at most, in one proposal. */
const FORCED_INCLUSIONS_MAX = 10
const WEI_PER_GWEI = 10n ** 9n

export function callInbox(
  config: InboxConfig,
  state: InboxState,
  call: InboxCall,
  block: BlockContext,
): InboxResult {
  if (call.type === 'activate') return activate(config, state, block)
  if (call.type === 'malformed') return revert('the arguments cannot be read', call.error)
  const { proposals } = state
  if (proposals === undefined) return revert('not activated')
  switch (call.type) {
    case 'propose':
      return propose(config, { ...state, proposals }, call, block)
    case 'saveForcedInclusion':
      return saveForcedInclusion(config, { ...state, proposals }, call, block)
    case 'prove':
      return prove(config, state, call, block)
    case 'recoverState':
      return recoverState(config, state, proposals.proposal.id + 1n, call)
    case 'voidForcedInclusions':
      return voidForcedInclusions(config, state)
    case 'upgrade': {
      const { type: _, ...upgrade } = call
      return {
        type: 'done',
        state: { ...state, ...upgrade },
        logs: [upgradedLog(config.inbox, call.implementation)],
      }
    }
  }
}

type ActiveState = InboxState & { readonly proposals: ProposalChain }

/** The contract counts from block 1 on whichever block it comes in, and takes what it is deployed with for final. */
function activate(config: InboxConfig, state: InboxState, block: BlockContext): InboxResult {
  if (state.proposals !== undefined) return revert('already activated')
  const proposals = { proposal: GENESIS_PROPOSAL, hash: proposalHash(GENESIS_PROPOSAL) }
  const { l2GenesisHash } = config
  const logs = [proposedLog(config.inbox, GENESIS_PROPOSAL), inboxActivatedLog(config.inbox, l2GenesisHash)]
  const next: InboxState = {
    ...state,
    proposals,
    lastProposalBlock: 1n,
    lastFinalizedTimestamp: block.timestamp,
    lastFinalizedBlockHash: l2GenesisHash,
  }
  return { type: 'done', state: next, logs }
}

/** In the contract's order, which decides what a proposal with several faults reverts with. */
function propose(
  config: InboxConfig,
  state: ActiveState,
  call: InboxCall & { type: 'propose' },
  block: BlockContext,
): InboxResult {
  const { deadline = 0n } = call
  if (deadline !== 0n && block.timestamp > deadline) return revert('too late', 'DeadlineExceeded')
  if (block.number <= state.lastProposalBlock)
    return revert('one proposal per L1 block', 'CannotProposeInCurrentBlock')
  const id = state.proposals.proposal.id + 1n
  if (id - state.lastFinalizedProposalId >= config.ringBufferSize)
    return revert('too many unproven proposals', 'NotEnoughCapacity')
  const queue = state.forcedInclusions
  const due = queue
    .slice(0, FORCED_INCLUSIONS_MAX)
    .filter((entry) => entry.timestamp + config.forcedInclusionDelay <= block.timestamp).length
  const taken = queue.slice(0, Math.min(call.forcedInclusions, FORCED_INCLUSIONS_MAX))
  if (taken.length < due) return revert(`${due} forced inclusions are due`, 'UnprocessedForcedInclusionIsDue')
  const blobHashes = resolveBlobs(call)
  if ('reason' in blobHashes) return blobHashes
  const turn = takeTurn(config, call, block, taken[0]?.timestamp)
  if (turn.type === 'mayNot') return revert('not the turn of the proposer', 'InvalidProposer')

  const own: InboxBlobSlice = { blobHashes, offset: call.offset, timestamp: block.timestamp }
  const proposal: InboxProposal = {
    id,
    timestamp: block.timestamp,
    endOfSubmissionWindowTimestamp: call.endOfSubmissionWindowTimestamp ?? turn.windowEnd,
    proposer: call.proposer,
    parentProposalHash: state.proposals.hash,
    originBlockNumber: block.number - 1n,
    originBlockHash: block.parentHash,
    basefeeSharingPctg: config.basefeeSharingPctg,
    sources: [
      ...taken.map(({ feeGwei: _, ...blobSlice }) => ({ isForcedInclusion: true, blobSlice })),
      { isForcedInclusion: false, blobSlice: own },
    ],
  }
  const next: InboxState = {
    ...state,
    proposals: { proposal, hash: hashAsOf(state, proposal), previous: state.proposals },
    lastProposalBlock: block.number,
    forcedInclusions: queue.slice(taken.length),
    forcedInclusionsHead: state.forcedInclusionsHead + taken.length,
  }
  const wei = taken.reduce((sum, { feeGwei }) => sum + feeGwei * WEI_PER_GWEI, 0n)
  const logs = [proposedLog(config.inbox, proposal)]
  return { type: 'done', state: next, logs, pays: { to: call.proposer, wei } }
}

function hashAsOf({ hashesWith }: InboxState, proposal: InboxProposal): Hash {
  const hash = proposalHash(proposal)
  return hashesWith === undefined ? hash : keccak256Hex(concatBytes(hexToBytes(hash), hexToBytes(hashesWith)))
}

/** The schedule is not asked once the oldest entry taken has waited for too long. */
function takeTurn(
  config: InboxConfig,
  { proposer }: InboxCall & { type: 'propose' },
  { timestamp }: BlockContext,
  oldestTaken: bigint | undefined,
) {
  const { forcedInclusionDelay, permissionlessInclusionMultiplier } = config
  const wait = forcedInclusionDelay * permissionlessInclusionMultiplier
  if (oldestTaken !== undefined && timestamp > oldestTaken + wait)
    return { type: 'may', windowEnd: 0n } as const
  return checkProposer(config.schedule, config, proposer, timestamp)
}

function resolveBlobs(call: {
  readonly blobHashes: readonly Hash[]
  readonly blobRange?: BlobRange
}): readonly Hash[] | Reverted {
  const { start, count } = call.blobRange ?? { start: 0, count: call.blobHashes.length }
  if (count === 0) return revert('no blobs', 'NoBlobs')
  if (start + count > call.blobHashes.length) return revert('no such blob', 'BlobNotFound')
  return call.blobHashes.slice(start, start + count)
}

function saveForcedInclusion(
  config: InboxConfig,
  state: ActiveState,
  call: InboxCall & { type: 'saveForcedInclusion' },
  block: BlockContext,
): InboxResult {
  if (state.proposals.proposal.id < 1n) return revert('no proposal yet', 'IncorrectProposalCount')
  const count = call.blobRange?.count ?? call.blobHashes.length
  if (count !== 1) return revert('a forced inclusion is one blob', 'OnlySingleBlobAllowed')
  const feeGwei = currentForcedInclusionFee(config, state)
  const feeWei = feeGwei * WEI_PER_GWEI
  if (call.valueWei < feeWei) return revert('the fee is higher', 'InsufficientFee')
  const blobHashes = resolveBlobs(call)
  if ('reason' in blobHashes) return blobHashes
  const slice = { blobHashes, offset: call.offset, timestamp: block.timestamp }
  return {
    type: 'done',
    state: { ...state, forcedInclusions: [...state.forcedInclusions, { ...slice, feeGwei }] },
    logs: [forcedInclusionSavedLog(config.inbox, feeGwei, slice)],
    pays: { to: call.from, wei: call.valueWei - feeWei },
  }
}

/** Gwei; rounds down. */
export function currentForcedInclusionFee(config: InboxConfig, state: InboxState): bigint {
  const { forcedInclusionFeeGwei: fee, forcedInclusionFeeDoubleThreshold: threshold } = config
  return (fee * (threshold + BigInt(state.forcedInclusions.length))) / threshold
}

function revert(reason: string, error?: InboxErrorName): Reverted {
  return { type: 'reverted', reason, ...(error && { error }) }
}

function prove(
  config: InboxConfig,
  state: InboxState,
  call: InboxCall & { type: 'prove' },
  block: BlockContext,
): InboxResult {
  const first = state.lastFinalizedProposalId + 1n
  if (call.lastProposalId < first) return revert('already proven')
  if (findProposal(state, call.lastProposalId)?.hash !== call.lastProposalHash)
    return revert('not a proposal of this chain')
  const next: InboxState = {
    ...state,
    lastFinalizedProposalId: call.lastProposalId,
    lastFinalizedTimestamp: block.timestamp,
    lastCheckpointTimestamp: block.timestamp,
    lastFinalizedBlockHash: call.checkpoint.blockHash,
    ...(call.checkpoint.blockNumber > 0n && { checkpoints: [...(state.checkpoints ?? []), call.checkpoint] }),
  }
  const logs = [
    checkpointSavedLog(config.signalService, call.checkpoint),
    provedLog(config.inbox, {
      first: call.firstProposalId ?? first,
      firstNew: first,
      last: call.lastProposalId,
      actualProver: call.actualProver,
    }),
  ]
  return { type: 'done', state: next, logs }
}

function recoverState(
  config: InboxConfig,
  state: InboxState,
  nextProposalId: bigint,
  { lastFinalizedProposalId, lastFinalizedBlockHash }: InboxCall & { type: 'recoverState' },
): InboxResult {
  const logs = [
    stateRecoveredLog(config.inbox, nextProposalId, lastFinalizedProposalId, lastFinalizedBlockHash),
  ]
  return { type: 'done', state: { ...state, lastFinalizedProposalId, lastFinalizedBlockHash }, logs }
}

function voidForcedInclusions(config: InboxConfig, state: InboxState): InboxResult {
  const { forcedInclusionsHead: head, forcedInclusions: queue } = state
  const tail = head + queue.length
  const logs = [forcedInclusionsVoidedLog(config.inbox, head, tail)]
  return { type: 'done', state: { ...state, forcedInclusions: [], forcedInclusionsHead: tail }, logs }
}
