/**
 * What the inbox of Shasta and Unzen emits and hashes, and what its proxy emits (EIP-1967). taiko.md §2.1;
 * https://github.com/taikoxyz/taiko-mono/blob/b9c5bb2a2000dc2db94c9dc6e621591e01c1fe7b/packages/protocol/contracts/layer1/core/iface/IInbox.sol
 */
import { parseAbi, parseAbiParameters } from 'viem'

const STRUCTS = [
  'struct BlobSlice { bytes32[] blobHashes; uint24 offset; uint48 timestamp; }',
  'struct DerivationSource { bool isForcedInclusion; BlobSlice blobSlice; }',
  'struct ForcedInclusion { uint64 feeInGwei; BlobSlice blobSlice; }',
  'struct BlobReference { uint16 blobStartIndex; uint16 numBlobs; uint24 offset; }',
  'struct Proposal { uint48 id; uint48 timestamp; uint48 endOfSubmissionWindowTimestamp; address proposer; bytes32 parentProposalHash; uint48 originBlockNumber; bytes32 originBlockHash; uint8 basefeeSharingPctg; DerivationSource[] sources; }',
  'struct Transition { address proposer; uint48 timestamp; bytes32 blockHash; }',
  'struct Commitment { uint48 firstProposalId; bytes32 firstProposalParentBlockHash; bytes32 lastProposalHash; address actualProver; uint48 endBlockNumber; bytes32 endStateRoot; Transition[] transitions; }',
  'struct CoreState { uint48 nextProposalId; uint48 lastProposalBlockId; uint48 lastFinalizedProposalId; uint48 lastFinalizedTimestamp; uint48 lastCheckpointTimestamp; bytes32 lastFinalizedBlockHash; }',
  'struct Config { address proofVerifier; address proposerChecker; address proverWhitelist; address signalService; address bondToken; uint64 minBond; uint64 livenessBond; uint48 withdrawalDelay; uint48 provingWindow; uint48 permissionlessProvingDelay; uint48 maxProofSubmissionDelay; uint48 ringBufferSize; uint8 basefeeSharingPctg; uint16 forcedInclusionDelay; uint64 forcedInclusionFeeInGwei; uint64 forcedInclusionFeeDoubleThreshold; uint8 permissionlessInclusionMultiplier; }',
] as const

export const inboxAbi = parseAbi([
  ...STRUCTS,
  'event Proposed(uint48 indexed id, address indexed proposer, bytes32 parentProposalHash, uint48 endOfSubmissionWindowTimestamp, uint8 basefeeSharingPctg, DerivationSource[] sources)',
  'event Proved(uint48 firstProposalId, uint48 firstNewProposalId, uint48 lastProposalId, address indexed actualProver)',
  'event StateRecovered(uint48 nextProposalId, uint48 lastFinalizedProposalId, bytes32 lastFinalizedBlockHash)',
  'event ForcedInclusionSaved(ForcedInclusion forcedInclusion)',
  'event ForcedInclusionsVoided(uint48 oldHead, uint48 newHead)',
  'event InboxActivated(bytes32 lastPacayaBlockHash)',
  'event Upgraded(address indexed implementation)',
  'function getConfig() view returns (Config)',
  'function getCoreState() view returns (CoreState)',
  'function propose(bytes lookahead, bytes data)',
  'function prove(bytes data, bytes proof)',
  'function saveForcedInclusion(BlobReference blobReference) payable',
])

/** The signal service, on L1 and L2. */
export const checkpointAbi = parseAbi([
  'event CheckpointSaved(uint48 indexed blockNumber, bytes32 blockHash, bytes32 stateRoot)',
])

export const proposalParameters = parseAbiParameters(['Proposal proposal', ...STRUCTS])
export const commitmentParameters = parseAbiParameters(['Commitment commitment', ...STRUCTS])
