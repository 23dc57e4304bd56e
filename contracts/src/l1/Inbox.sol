// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { CheckpointStore } from "../shared/CheckpointStore.sol";
import { ICheckpointStore } from "../shared/ICheckpointStore.sol";
import { Blobs } from "./Blobs.sol";
import { ForcedInclusionStore } from "./ForcedInclusionStore.sol";
import { IInbox } from "./IInbox.sol";
import { InboxCodec } from "./InboxCodec.sol";
import { IProofVerifier } from "./IProofVerifier.sol";
import { IProposerSchedule } from "./IProposerSchedule.sol";

/// @title Inbox
/// @notice Orders the L2. No owner and no upgrade: what is deployed is what runs.
/// @dev The proposer's own source stands beside the forced ones, always and last. It matters when anyone may propose because
///      the schedule failed for long: a forced source inherits the anchor of its parent block, and derivation replaces it by
///      the default (its transactions are lost) once that anchor is too far behind the proposal's origin. Transactions that
///      must survive such a silence therefore go into the caller's own source, under an anchor of its choice.
contract Inbox is IInbox, ForcedInclusionStore {
    using Blobs for Blobs.BlobReference;

    /// @notice What a deployment chooses.
    struct Settings {
        address proofVerifier;
        address proposerChecker;
        /// @notice Proposals that may wait for a proof, plus one; at least 2.
        uint48 ringBufferSize;
        /// @notice Percent in [0, 100].
        uint8 basefeeSharingPctg;
        /// @notice Seconds.
        uint16 forcedInclusionDelay;
        /// @notice Gwei, above 0.
        uint64 forcedInclusionFeeInGwei;
        /// @notice Queue length, above 0.
        uint64 forcedInclusionFeeDoubleThreshold;
        /// @notice In delays, above 1.
        uint8 permissionlessInclusionMultiplier;
    }

    IProofVerifier private immutable _proofVerifier;
    IProposerSchedule private immutable _schedule;
    CheckpointStore private immutable _checkpoints;
    uint48 private immutable _ringBufferSize;
    uint8 private immutable _basefeeSharingPctg;

    CoreState private _coreState;
    mapping(uint256 slot => bytes32 proposalHash) private _proposalHashes;

    /// @notice Activates the inbox on top of an L2 genesis block.
    constructor(Settings memory settings, bytes32 genesisBlockHash)
        ForcedInclusionStore(
            settings.forcedInclusionDelay,
            settings.forcedInclusionFeeInGwei,
            settings.forcedInclusionFeeDoubleThreshold,
            settings.permissionlessInclusionMultiplier
        )
    {
        require(settings.proofVerifier != address(0), ProofVerifierZero());
        require(settings.proposerChecker != address(0), ProposerCheckerZero());
        require(settings.ringBufferSize > 1, RingBufferSizeTooSmall());
        require(settings.basefeeSharingPctg <= 100, BasefeeSharingPctgTooLarge());
        require(genesisBlockHash != 0, InvalidGenesisBlockHash());
        _proofVerifier = IProofVerifier(settings.proofVerifier);
        _schedule = IProposerSchedule(settings.proposerChecker);
        _checkpoints = new CheckpointStore(address(this));
        _ringBufferSize = settings.ringBufferSize;
        _basefeeSharingPctg = settings.basefeeSharingPctg;

        // A proposal's origin is the block before it; no proposal in block 1, so that the origin is never L1's genesis.
        _coreState = CoreState({
            nextProposalId: 1,
            lastProposalBlockId: 1,
            lastFinalizedProposalId: 0,
            lastFinalizedTimestamp: uint48(block.timestamp),
            lastCheckpointTimestamp: 0,
            lastFinalizedBlockHash: genesisBlockHash
        });
        Proposal memory activation;
        _accept(activation);
        emit InboxActivated(genesisBlockHash);
    }

    /// @inheritdoc IInbox
    function propose(bytes calldata lookahead, bytes calldata data) external nonReentrant {
        ProposeInput memory input = InboxCodec.decodeProposeInput(data);
        require(input.deadline == 0 || block.timestamp <= input.deadline, DeadlineExceeded());
        CoreState memory state = _coreState;
        // One an L1 block: L2 time could not keep pace otherwise, and the ring would fill cheaply.
        require(block.number > state.lastProposalBlockId, CannotProposeInCurrentBlock());
        require(state.nextProposalId - state.lastFinalizedProposalId < _ringBufferSize, NotEnoughCapacity());

        (DerivationSource[] memory sources, bool isOverdue, uint256 feesWei) =
            _takeForcedInclusions(input.numForcedInclusions);
        sources[sources.length - 1] =
            DerivationSource({ isForcedInclusion: false, blobSlice: input.blobReference.resolve() });
        uint48 windowEnd = isOverdue ? 0 : _schedule.checkProposer(msg.sender, lookahead);

        _coreState.nextProposalId = state.nextProposalId + 1;
        _coreState.lastProposalBlockId = uint48(block.number);
        _accept(
            Proposal({
                id: state.nextProposalId,
                timestamp: uint48(block.timestamp),
                endOfSubmissionWindowTimestamp: windowEnd,
                proposer: msg.sender,
                parentProposalHash: getProposalHash(state.nextProposalId - 1),
                originBlockNumber: uint48(block.number - 1),
                originBlockHash: blockhash(block.number - 1),
                basefeeSharingPctg: _basefeeSharingPctg,
                sources: sources
            })
        );
        _payFees(msg.sender, feesWei);
    }

    /// @inheritdoc IInbox
    /// @dev The range may begin in what is already finalized, because another proof may land first; it must end beyond, and
    ///      the block hash before the first new proposal must be the one finalized last.
    function prove(bytes calldata data, bytes calldata proof) external nonReentrant {
        Commitment memory commitment = InboxCodec.decodeCommitment(data);
        CoreState memory state = _coreState;
        uint256 count = commitment.transitions.length;
        uint256 firstNew = uint256(state.lastFinalizedProposalId) + 1;
        require(count > 0, EmptyBatch());
        require(commitment.firstProposalId <= firstNew, FirstProposalIdTooLarge());
        uint256 last = commitment.firstProposalId + count - 1;
        require(last < state.nextProposalId, LastProposalIdTooLarge());
        require(last >= firstNew, LastProposalAlreadyFinalized());

        uint256 offset = firstNew - commitment.firstProposalId;
        bytes32 parentHash = offset == 0
            ? commitment.firstProposalParentBlockHash
            : commitment.transitions[offset - 1].blockHash;
        require(parentHash == state.lastFinalizedBlockHash, ParentBlockHashMismatch());
        require(commitment.lastProposalHash == getProposalHash(last), LastProposalHashMismatch());

        _proofVerifier.verifyProof(
            last == firstNew ? _age(commitment.transitions[offset].timestamp) : 0,
            InboxCodec.hashCommitment(commitment),
            proof
        );

        bytes32 endBlockHash = commitment.transitions[count - 1].blockHash;
        state.lastFinalizedProposalId = uint48(last);
        state.lastFinalizedTimestamp = uint48(block.timestamp);
        state.lastCheckpointTimestamp = uint48(block.timestamp);
        state.lastFinalizedBlockHash = endBlockHash;
        _coreState = state;
        emit Proved(commitment.firstProposalId, uint48(firstNew), uint48(last), commitment.actualProver);
        _checkpoints.saveCheckpoint(
            ICheckpointStore.Checkpoint({
                blockNumber: commitment.endBlockNumber,
                blockHash: endBlockHash,
                stateRoot: commitment.endStateRoot
            })
        );
    }

    /// @inheritdoc IInbox
    function getConfig() external view returns (Config memory config) {
        config.proofVerifier = address(_proofVerifier);
        config.proposerChecker = address(_schedule);
        config.signalService = address(_checkpoints);
        config.ringBufferSize = _ringBufferSize;
        config.basefeeSharingPctg = _basefeeSharingPctg;
        config.forcedInclusionDelay = _delay;
        config.forcedInclusionFeeInGwei = _fee;
        config.forcedInclusionFeeDoubleThreshold = _feeDoubleThreshold;
        config.permissionlessInclusionMultiplier = _multiplier;
    }

    /// @inheritdoc IInbox
    function getCoreState() external view returns (CoreState memory) {
        return _coreState;
    }

    /// @inheritdoc IInbox
    function hashProposal(Proposal calldata proposal) external pure returns (bytes32) {
        return InboxCodec.hashProposal(proposal);
    }

    /// @inheritdoc IInbox
    function hashCommitment(Commitment calldata commitment) external pure returns (bytes32) {
        return InboxCodec.hashCommitment(commitment);
    }

    /// @inheritdoc IInbox
    function getProposalHash(uint256 proposalId) public view returns (bytes32) {
        return _proposalHashes[proposalId % _ringBufferSize];
    }

    function _hasProposals() internal view override returns (bool) {
        return _coreState.nextProposalId > 1;
    }

    function _accept(Proposal memory proposal) private {
        _proposalHashes[proposal.id % _ringBufferSize] = InboxCodec.hashProposal(proposal);
        emit Proposed(
            proposal.id,
            proposal.proposer,
            proposal.parentProposalHash,
            proposal.endOfSubmissionWindowTimestamp,
            proposal.basefeeSharingPctg,
            proposal.sources
        );
    }

    /// @dev Seconds. The timestamp is the prover's word until the proof is checked, hence no underflow.
    function _age(uint256 timestamp) private view returns (uint256) {
        return block.timestamp > timestamp ? block.timestamp - timestamp : 0;
    }
}
