/**
 * What the inbox of Shasta and Unzen emits and hashes. taiko.md §2.1;
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
] as const

export const inboxAbi = parseAbi([
  ...STRUCTS,
  'event Proposed(uint48 indexed id, address indexed proposer, bytes32 parentProposalHash, uint48 endOfSubmissionWindowTimestamp, uint8 basefeeSharingPctg, DerivationSource[] sources)',
  'event Proved(uint48 firstProposalId, uint48 firstNewProposalId, uint48 lastProposalId, address indexed actualProver)',
  'event StateRecovered(uint48 nextProposalId, uint48 lastFinalizedProposalId, bytes32 lastFinalizedBlockHash)',
  'event ForcedInclusionSaved(ForcedInclusion forcedInclusion)',
  'event ForcedInclusionsVoided(uint48 oldHead, uint48 newHead)',
  'event InboxActivated(bytes32 lastPacayaBlockHash)',
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
