/** The inbox contract's face (taiko.md of the specification notes; IInbox of taiko-mono): events, functions and the struct that is hashed. */
import { parseAbi, parseAbiParameters } from 'viem'

const STRUCTS = [
  'struct BlobReference { uint16 blobStartIndex; uint16 numBlobs; uint24 offset; }',
  'struct BlobSlice { bytes32[] blobHashes; uint24 offset; uint48 timestamp; }',
  'struct DerivationSource { bool isForcedInclusion; BlobSlice blobSlice; }',
  'struct ForcedInclusion { uint64 feeInGwei; BlobSlice blobSlice; }',
  'struct Proposal { uint48 id; uint48 timestamp; uint48 endOfSubmissionWindowTimestamp; address proposer; bytes32 parentProposalHash; uint48 originBlockNumber; bytes32 originBlockHash; uint8 basefeeSharingPctg; DerivationSource[] sources; }',
  'struct CoreState { uint48 nextProposalId; uint48 lastProposalBlockId; uint48 lastFinalizedProposalId; uint48 lastFinalizedTimestamp; uint48 lastCheckpointTimestamp; bytes32 lastFinalizedBlockHash; }',
  'struct Config { address proofVerifier; address proposerChecker; address proverWhitelist; address signalService; address bondToken; uint64 minBond; uint64 livenessBond; uint48 withdrawalDelay; uint48 provingWindow; uint48 permissionlessProvingDelay; uint48 maxProofSubmissionDelay; uint48 ringBufferSize; uint8 basefeeSharingPctg; uint16 forcedInclusionDelay; uint64 forcedInclusionFeeInGwei; uint64 forcedInclusionFeeDoubleThreshold; uint8 permissionlessInclusionMultiplier; }',
] as const

export const INBOX_ABI = parseAbi([
  ...STRUCTS,
  'event Proposed(uint48 indexed id, address indexed proposer, bytes32 parentProposalHash, uint48 endOfSubmissionWindowTimestamp, uint8 basefeeSharingPctg, DerivationSource[] sources)',
  'event Proved(uint48 firstProposalId, uint48 firstNewProposalId, uint48 lastProposalId, address indexed actualProver)',
  'event StateRecovered(uint48 nextProposalId, uint48 lastFinalizedProposalId, bytes32 lastFinalizedBlockHash)',
  'event ForcedInclusionSaved(ForcedInclusion forcedInclusion)',
  'event ForcedInclusionsVoided(uint48 oldHead, uint48 newHead)',
  'event InboxActivated(bytes32 lastPacayaBlockHash)',
  'event Upgraded(address indexed implementation)',
  'event CheckpointSaved(uint48 indexed blockNumber, bytes32 blockHash, bytes32 stateRoot)',
  'function activate(bytes32 lastPacayaBlockHash)',
  'function propose(bytes lookahead, bytes data)',
  'function saveForcedInclusion(BlobReference blobReference) payable',
  'function prove(bytes data, bytes proof)',
  'function getConfig() view returns (Config)',
  'function getCoreState() view returns (CoreState)',
  'function getProposalHash(uint256 proposalId) view returns (bytes32)',
  'function getForcedInclusionState() view returns (uint48 head, uint48 tail)',
  'function getForcedInclusions(uint48 start, uint48 maxCount) view returns (ForcedInclusion[])',
  'function getCurrentForcedInclusionFee() view returns (uint64)',
])

/** IProposerSchedule, and what WhitelistSchedule adds. */
export const OPEN_SCHEDULE_ABI = parseAbi([
  'function checkProposer(address proposer, bytes lookahead) view returns (uint48)',
])
export const WHITELIST_SCHEDULE_ABI = parseAbi([
  'function checkProposer(address proposer, bytes lookahead) view returns (uint48)',
  'function getOperatorForCurrentEpoch() view returns (address)',
  'function getOperatorForNextEpoch() view returns (address)',
  'function secondsPerEpoch() view returns (uint48)',
])

/** Errors of the contracts that the simulation knows, by name; none has arguments. */
export type InboxErrorName =
  | 'BlobNotFound'
  | 'CannotProposeInCurrentBlock'
  | 'DeadlineExceeded'
  | 'IncorrectProposalCount'
  | 'InsufficientFee'
  | 'InvalidInputLength'
  | 'InvalidProposer'
  | 'NoBlobs'
  | 'NotEnoughCapacity'
  | 'OnlySingleBlobAllowed'
  | 'UnprocessedForcedInclusionIsDue'

export const PROPOSAL_PARAMETERS = parseAbiParameters([
  'Proposal proposal',
  STRUCTS[1],
  STRUCTS[2],
  STRUCTS[4],
])

export const TOKEN_ABI = parseAbi([
  'event Transfer(address indexed from, address indexed to, uint256 value)',
  'function transfer(address to, uint256 value) returns (bool)',
])
