// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IProposerSchedule } from "../IProposerSchedule.sol";
import { IProposerRegistry } from "../registry/IProposerRegistry.sol";
import { BeaconClock } from "./BeaconClock.sol";
import { BeaconProofs } from "./BeaconProofs.sol";
import { ValidatorMap } from "./ValidatorMap.sol";

/// @title LookaheadSchedule
/// @notice L1's own proposers take turns: who proposes an L1 slot and has opted in owns it, and the slots before it whose
///         proposers have not. All from the beacon state's `proposer_lookahead` (EIP-7917), proven once an epoch by anyone.
/// @dev Who counts in an epoch is settled when the epoch before begins: its proposers are fixed then, and nothing that opts
///      in, out or is slashed later changes them. Proofs name the fields of a state by position. A fork that moves them and
///      was not known at deployment ends all proofs, and two epochs later all turns; then the inbox lets anyone propose
///      once a forced inclusion is overdue.
contract LookaheadSchedule is IProposerSchedule, BeaconClock {
    /// @notice A run of slots that belongs to one operator.
    struct Window {
        /// @notice Of the operator; zero when nobody who opted in proposes up to the end of the next epoch.
        bytes32 registrationRoot;
        address committer;
        /// @notice Who else may post for the operator; zero for nobody.
        address poster;
        /// @notice Timestamp of the operator's own slot, the last of the window, in seconds; 0 without an operator.
        uint48 end;
    }

    IProposerRegistry public immutable registry;
    /// @notice Whoever answers to it has opted in.
    address public immutable slasher;
    ValidatorMap public immutable validatorMap;
    /// @notice Decides where nobody who opted in proposes up to the end of the next epoch.
    IProposerSchedule public immutable fallbackSchedule;

    /// @notice keccak256 of the `proposer_lookahead` that states of an epoch hold: proposers of that epoch and the next, eight
    ///         bytes each, the lowest first; zero while unproven.
    mapping(uint256 epoch => bytes32) public lookaheadHashes;
    mapping(bytes32 registrationRoot => address) public posters;

    event LookaheadProven(uint256 indexed epoch, bytes lookahead);
    event PosterSet(bytes32 indexed registrationRoot, address poster);

    error LookaheadLengthMismatch();
    /// @notice The running epoch's lookahead has to be proven: that of the epoch before names no owner of this slot.
    error LookaheadTooShort();
    /// @notice Neither the running epoch's lookahead nor that of the epoch before.
    error LookaheadUnknown();
    error NotOperatorOwner();

    /// @param validatorMap_ Its registry and its beacon chain are the schedule's too.
    constructor(ValidatorMap validatorMap_, address slasher_, IProposerSchedule fallbackSchedule_)
        BeaconClock(validatorMap_.beaconSettings())
    {
        validatorMap = validatorMap_;
        registry = validatorMap_.registry();
        slasher = slasher_;
        fallbackSchedule = fallbackSchedule_;
    }

    /// @notice Stores the lookahead of an epoch; does nothing when it is stored already. About 100,000 gas.
    /// @dev Every state of an epoch has the same, and a chain of L1 knows its own beacon blocks only: a reorg over the
    ///      epoch's boundary takes back what was stored here, along with the lookahead.
    /// @param header Of a beacon block of that epoch.
    /// @param timestamp Of an execution block of the last 27 hours; `header` is the beacon block before it. Seconds.
    /// @param lookahead SSZ serialization of the state's `proposer_lookahead`.
    /// @param branch From `proposer_lookahead` up to `header.stateRoot`.
    function proveLookahead(
        BeaconProofs.BeaconBlockHeader calldata header,
        uint256 timestamp,
        bytes calldata lookahead,
        bytes32[] calldata branch
    ) external {
        require(lookahead.length == 16 * slotsPerEpoch, LookaheadLengthMismatch());
        uint256 epoch = _checkHeader(header, timestamp);
        BeaconProofs.verifyBranch(
            header.stateRoot,
            BeaconProofs.hashUint64Vector(lookahead),
            BeaconProofs.lookaheadGindex(_isGloas(epoch)),
            branch
        );
        if (lookaheadHashes[epoch] != 0) return;
        lookaheadHashes[epoch] = keccak256(lookahead);
        emit LookaheadProven(epoch, lookahead);
    }

    /// @notice Lets another account than the committer post proposals of an operator, at once; zero for no other. By the
    ///         operator's owner.
    function setPoster(bytes32 registrationRoot, address poster) external {
        require(msg.sender == registry.getOperatorData(registrationRoot).owner, NotOperatorOwner());
        posters[registrationRoot] = poster;
        emit PosterSet(registrationRoot, poster);
    }

    /// @inheritdoc IProposerSchedule
    /// @param lookahead Proven one of the running epoch, or of the epoch before it.
    function checkProposer(address proposer, bytes calldata lookahead)
        external
        returns (uint48 endOfSubmissionWindowTimestamp)
    {
        Window memory window = ownerAt(block.timestamp, lookahead);
        if (window.end == 0) return fallbackSchedule.checkProposer(proposer, "");
        require(
            proposer != address(0) && (proposer == window.committer || proposer == window.poster),
            InvalidProposer()
        );
        return window.end;
    }

    /// @notice Window that the slot of a timestamp lies in: the first slot from there on whose proposer has opted in ends it.
    ///         At most two epochs of slots are looked at.
    /// @param timestamp Seconds.
    /// @param lookahead Proven one of the slot's epoch, or of the epoch before it.
    function ownerAt(uint256 timestamp, bytes calldata lookahead) public view returns (Window memory window) {
        uint256 slot = slotAt(timestamp);
        uint256 epoch = slot / slotsPerEpoch; // rounds down
        bool isOfEpoch = _isProven(epoch, lookahead);
        require(isOfEpoch || (epoch > 0 && _isProven(epoch - 1, lookahead)), LookaheadUnknown());

        uint256 firstEpoch = isOfEpoch ? epoch : epoch - 1;
        uint256 firstSlot = firstEpoch * slotsPerEpoch;
        for (uint256 i = slot - firstSlot; i < 2 * slotsPerEpoch; ++i) {
            uint48 settledAt = referenceTime(firstEpoch + i / slotsPerEpoch); // rounds down
            bytes32 root = validatorMap.operatorAt(BeaconProofs.readUint64(lookahead, i), settledAt);
            if (root == 0) continue;
            address committer = registry.committerAt(root, slasher, settledAt);
            if (committer == address(0)) continue;
            return Window({
                registrationRoot: root,
                committer: committer,
                poster: posters[root],
                end: slotStart(firstSlot + i)
            });
        }
        require(isOfEpoch, LookaheadTooShort());
    }

    function _isProven(uint256 epoch, bytes calldata lookahead) private view returns (bool) {
        return keccak256(lookahead) == lookaheadHashes[epoch];
    }
}
