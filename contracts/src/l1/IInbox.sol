// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Blobs } from "./Blobs.sol";

/// @title IInbox
/// @notice Where L2 is ordered: proposals in, proofs of their outcome after. ABI, events and hashes are those of Taiko's
///         Shasta inbox, so whatever follows one follows the other.
interface IInbox {
    /// @notice Settings, laid out as Shasta's. Fields this inbox has no use for (bonds, prover whitelist) are zero.
    struct Config {
        address proofVerifier;
        address proposerChecker;
        address proverWhitelist;
        /// @notice Checkpoint store that proofs write to.
        address signalService;
        address bondToken;
        uint64 minBond;
        uint64 livenessBond;
        uint48 withdrawalDelay;
        uint48 provingWindow;
        uint48 permissionlessProvingDelay;
        uint48 maxProofSubmissionDelay;
        /// @notice Proposals that may wait for a proof, plus one.
        uint48 ringBufferSize;
        /// @notice Share of the L2 base fee that goes to the coinbase, percent in [0, 100].
        uint8 basefeeSharingPctg;
        /// @notice Age at which a forced inclusion must be included, in seconds.
        uint16 forcedInclusionDelay;
        /// @notice Fee of a forced inclusion while the queue is empty, in gwei.
        uint64 forcedInclusionFeeInGwei;
        /// @notice Queue length at which that fee has doubled.
        uint64 forcedInclusionFeeDoubleThreshold;
        /// @notice A forced inclusion older than this many delays lets anyone propose.
        uint8 permissionlessInclusionMultiplier;
    }

    /// @notice One origin of L2 blocks inside a proposal.
    struct DerivationSource {
        bool isForcedInclusion;
        Blobs.BlobSlice blobSlice;
    }

    /// @notice What `getProposalHash` commits to. Everything but the event's fields follows from the L1 block of the event.
    struct Proposal {
        uint48 id;
        /// @notice Timestamp of the L1 block that accepted the proposal, in seconds.
        uint48 timestamp;
        /// @notice Timestamp of the last slot in which the proposer may propose, in seconds; 0 when the schedule has none.
        uint48 endOfSubmissionWindowTimestamp;
        address proposer;
        bytes32 parentProposalHash;
        /// @notice The L1 block before the accepting one: the newest that blocks of the proposal can anchor to.
        uint48 originBlockNumber;
        bytes32 originBlockHash;
        /// @notice Percent in [0, 100].
        uint8 basefeeSharingPctg;
        /// @notice Forced inclusions in order of their queue, the proposer's own source last.
        DerivationSource[] sources;
    }

    /// @notice The inbox's mutable state. Five numbers share a slot.
    struct CoreState {
        uint48 nextProposalId;
        /// @notice L1 block of the last proposal.
        uint48 lastProposalBlockId;
        uint48 lastFinalizedProposalId;
        /// @notice Seconds.
        uint48 lastFinalizedTimestamp;
        /// @notice Seconds; 0 before the first proof.
        uint48 lastCheckpointTimestamp;
        /// @notice Hash of the last L2 block of the last proven proposal; the genesis hash before that.
        bytes32 lastFinalizedBlockHash;
    }

    /// @notice What a proposer says; packed into 15 bytes (InboxCodec).
    struct ProposeInput {
        /// @notice Last timestamp at which the proposal is wanted, in seconds; 0 for none.
        uint48 deadline;
        Blobs.BlobReference blobReference;
        /// @notice Forced inclusions to take from the queue at most; fewer when it is shorter, never more than ten.
        uint16 numForcedInclusions;
    }

    /// @notice Outcome of one proposal.
    struct Transition {
        address proposer;
        /// @notice Timestamp of the proposal, in seconds.
        uint48 timestamp;
        /// @notice Hash of the proposal's last L2 block.
        bytes32 blockHash;
    }

    /// @notice Statement a proof proves, about consecutive proposals; packed into 130 + 58·n bytes (InboxCodec).
    struct Commitment {
        uint48 firstProposalId;
        /// @notice L2 block that the first proposal builds on.
        bytes32 firstProposalParentBlockHash;
        bytes32 lastProposalHash;
        address actualProver;
        /// @notice Number and state root of the last L2 block of the last proposal.
        uint48 endBlockNumber;
        bytes32 endStateRoot;
        Transition[] transitions;
    }

    /// @notice A proposal was accepted. Its timestamp is that of the L1 block, its origin the block before.
    /// @dev Id 0 is emitted at activation, is empty, and makes no L2 block.
    event Proposed(
        uint48 indexed id,
        address indexed proposer,
        bytes32 parentProposalHash,
        uint48 endOfSubmissionWindowTimestamp,
        uint8 basefeeSharingPctg,
        DerivationSource[] sources
    );

    /// @notice Proposals up to `lastProposalId` are proven; those before `firstNewProposalId` already were.
    event Proved(
        uint48 firstProposalId, uint48 firstNewProposalId, uint48 lastProposalId, address indexed actualProver
    );

    /// @notice The inbox accepts proposals that build on this L2 genesis block.
    /// @param lastPacayaBlockHash Shasta's name for the L2 block that proposal 1 builds on.
    event InboxActivated(bytes32 lastPacayaBlockHash);

    error BasefeeSharingPctgTooLarge();
    error CannotProposeInCurrentBlock();
    error DeadlineExceeded();
    error EmptyBatch();
    error FirstProposalIdTooLarge();
    error InvalidGenesisBlockHash();
    error LastProposalAlreadyFinalized();
    error LastProposalHashMismatch();
    error LastProposalIdTooLarge();
    error NotEnoughCapacity();
    error ParentBlockHashMismatch();
    error ProofVerifierZero();
    error ProposerCheckerZero();
    error RingBufferSizeTooSmall();

    /// @notice Adds a proposal: the forced inclusions that are due, then the caller's own blobs. Once per L1 block.
    /// @param lookahead Passed to the schedule as it is.
    /// @param data Packed ProposeInput, 15 bytes.
    function propose(bytes calldata lookahead, bytes calldata data) external;

    /// @notice Finalizes proposals by a proof of their outcome and saves the last L2 block as a checkpoint.
    /// @param data Packed Commitment, 130 + 58·n bytes.
    /// @param proof For the verifier.
    function prove(bytes calldata data, bytes calldata proof) external;

    function getConfig() external view returns (Config memory);
    function getCoreState() external view returns (CoreState memory);

    /// @notice Hash in the slot of `proposalId`; a newer proposal may have taken the slot.
    function getProposalHash(uint256 proposalId) external view returns (bytes32);

    function hashProposal(Proposal calldata proposal) external pure returns (bytes32);
    function hashCommitment(Commitment calldata commitment) external pure returns (bytes32);
}
