// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ICheckpointStore } from "../../shared/ICheckpointStore.sol";
import { IInbox } from "../IInbox.sol";
import { IProposerRegistry } from "../registry/IProposerRegistry.sol";
import { ISlasher } from "../registry/ISlasher.sol";
import { BlockCommitments } from "./BlockCommitments.sol";
import { ContentFault } from "./ContentFault.sol";
import { EndOfWindowFault } from "./EndOfWindowFault.sol";
import { Faults } from "./Faults.sol";
import { InclusionListFault } from "./InclusionListFault.sol";
import { InclusionLists } from "./InclusionLists.sol";
import { L2Headers } from "./L2Headers.sol";
import { L2Proposals } from "./L2Proposals.sol";
import { Promises } from "./Promises.sol";
import { SlotRecords } from "./SlotRecords.sol";

/// @title PreconfSlasher
/// @notice Judges what preconfers of one L2 promise: blocks and inclusion lists. Two tiers: saying two things, or landing
///         another thing than said, costs the safety penalty; failing to land costs the liveness penalty.
/// @dev No owner, no upgrade. Evidence is abi.encode(uint8 fault, bytes) with the encoding named at each fault.
contract PreconfSlasher is ISlasher, ContentFault, EndOfWindowFault, InclusionListFault {
    struct Settings {
        IProposerRegistry registry;
        IInbox inbox;
        /// @notice EIP-4788's: 0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02 wherever that is live.
        address beaconRoots;
        /// @notice Timestamp of slot 0, in seconds.
        uint48 beaconGenesis;
        uint48 secondsPerSlot;
        uint64 l2ChainId;
        /// @notice Wei, above the liveness penalty and at most the bond.
        uint256 safetyPenaltyWei;
        /// @notice Wei, above 0.
        uint256 livenessPenaltyWei;
        /// @notice Wei.
        uint256 requiredBondWei;
        /// @notice Seconds, above 0; two epochs let L1 become final.
        uint48 evidenceMinAge;
        /// @notice Seconds. At least a lookahead shorter than the registry's slash window, or opting out would be a way out.
        uint48 evidenceMaxAge;
    }

    /// @notice How far ahead a window can be known and promised for. EIP-7917.
    uint256 public constant LOOKAHEAD_SLOTS = 64;

    IProposerRegistry public immutable registry;
    uint64 public immutable l2ChainId;
    uint256 public immutable safetyPenaltyWei;
    uint256 public immutable livenessPenaltyWei;
    /// @inheritdoc ISlasher
    uint256 public immutable requiredBondWei;

    bytes32 private immutable _signingId;
    bytes32 private immutable _chainId;
    bytes32 private immutable _signingDomain;

    event FaultJudged(
        Fault indexed fault,
        address indexed committer,
        bytes32 indexed key,
        uint256 penaltyWei,
        address challenger
    );

    error InvalidPenalties();
    error OnlyRegistry();
    error UnknownFault();
    error WrongDelegation();

    constructor(Settings memory settings)
        Faults(settings.evidenceMinAge, settings.evidenceMaxAge)
        L2Headers(ICheckpointStore(settings.inbox.getConfig().signalService))
        L2Proposals(settings.inbox)
        SlotRecords(settings.beaconRoots, settings.beaconGenesis, settings.secondsPerSlot)
    {
        require(
            0 < settings.livenessPenaltyWei && settings.livenessPenaltyWei < settings.safetyPenaltyWei
                && settings.safetyPenaltyWei <= settings.requiredBondWei,
            InvalidPenalties()
        );
        IProposerRegistry.Config memory config = settings.registry.getConfig();
        require(
            settings.evidenceMaxAge + LOOKAHEAD_SLOTS * settings.secondsPerSlot <= config.slashWindow,
            InvalidEvidenceAges()
        );
        registry = settings.registry;
        l2ChainId = settings.l2ChainId;
        safetyPenaltyWei = settings.safetyPenaltyWei;
        livenessPenaltyWei = settings.livenessPenaltyWei;
        requiredBondWei = settings.requiredBondWei;
        _signingId = settings.registry.requiredSigningId();
        _chainId = config.chainId;
        _signingDomain = config.signingDomain;
    }

    /// @inheritdoc ISlasher
    /// @dev Judges only. That each operator pays for a fault once is the registry's record, by the key.
    function slash(
        IProposerRegistry.Delegation calldata delegation,
        IProposerRegistry.Commitment calldata commitment,
        address committer,
        bytes calldata evidence,
        address challenger
    ) external returns (uint256 slashAmountWei, address harmedUser, bytes32 key) {
        require(msg.sender == address(registry), OnlyRegistry());
        require(commitment.slasher == address(this), WrongSlasher());
        (uint8 kind, bytes memory data) = abi.decode(evidence, (uint8, bytes));
        require(kind <= uint8(type(Fault).max), UnknownFault());
        Fault fault = Fault(kind);

        Verdict memory verdict;
        if (commitment.commitmentType == BlockCommitments.COMMITMENT_TYPE) {
            BlockCommitments.BlockCommitment memory promised = _decode(commitment.payload);
            _requireOf(delegation, promised.windowEnd);
            verdict = _judgeBlock(fault, promised, committer, data);
        } else {
            require(commitment.commitmentType == InclusionLists.COMMITMENT_TYPE, WrongCommitmentType());
            InclusionLists.InclusionList memory list = InclusionLists.decode(commitment.payload);
            require(list.l2ChainId == l2ChainId, WrongChain());
            _requireOf(delegation, list.windowEnd);
            verdict = _judgeList(fault, list, committer, data);
        }

        slashAmountWei = verdict.isSafety ? safetyPenaltyWei : livenessPenaltyWei;
        (harmedUser, key) = (verdict.harmedUser, verdict.key);
        emit FaultJudged(fault, committer, key, slashAmountWei, challenger);
    }

    /// @notice The one hash of a block commitment to this slasher.
    function hashBlockCommitment(BlockCommitments.BlockCommitment calldata commitment)
        external
        view
        returns (bytes32)
    {
        return BlockCommitments.hash(commitment, _domain());
    }

    /// @notice The one hash of an inclusion list promised to this slasher.
    function hashInclusionList(InclusionLists.InclusionList calldata list) external view returns (bytes32) {
        return InclusionLists.hash(list, _domain());
    }

    function _judgeBlock(
        Fault fault,
        BlockCommitments.BlockCommitment memory promised,
        address committer,
        bytes memory data
    ) private view returns (Verdict memory) {
        if (fault == Fault.Equivocation) {
            return _judgeBlockEquivocation(promised, committer, data);
        }
        if (fault == Fault.ContentMismatch) return _judgeContent(promised, committer, data);
        if (fault == Fault.MissedSubmission) return _judgeSubmission(promised, committer, data);
        if (fault == Fault.PromisedBehindEnd) return _judgePromisedBehindEnd(promised, committer, data);
        if (fault == Fault.LandedBehindEnd) return _judgeLandedBehindEnd(promised, committer, data);
        if (fault == Fault.MissingEnd) return _judgeMissingEnd(promised, committer, data);
        revert WrongCommitmentType();
    }

    function _judgeList(
        Fault fault,
        InclusionLists.InclusionList memory list,
        address committer,
        bytes memory data
    ) private view returns (Verdict memory) {
        if (fault == Fault.Equivocation) {
            return _judgeListEquivocation(list, committer, data);
        }
        if (fault == Fault.InclusionListViolation) return _judgeOmission(list, committer, data);
        revert WrongCommitmentType();
    }

    /// @dev A delegation is for one slot: its validator answers for that window alone.
    function _requireOf(IProposerRegistry.Delegation calldata delegation, uint48 windowEnd) private view {
        _requireInTime(windowEnd);
        if (delegation.committer == address(0)) return; // the operator's own opt-in
        require(windowEnd == beaconGenesis + uint256(delegation.slot) * secondsPerSlot, WrongDelegation());
    }

    function _domain() internal view override returns (Promises.Domain memory) {
        return Promises.Domain({
            slasher: address(this), signingId: _signingId, chainId: _chainId, signingDomain: _signingDomain
        });
    }

    function _l2ChainId() internal view override returns (uint64) {
        return l2ChainId;
    }
}
