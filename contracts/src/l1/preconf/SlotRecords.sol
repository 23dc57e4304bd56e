// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BeaconRoots } from "../BeaconRoots.sol";

/// @title SlotRecords
/// @notice Which L1 slots were missed. The EIP-4788 contract has an entry for the timestamp of every block, and none for a
///         slot without one, but knows only the last 8191 of them.
abstract contract SlotRecords {
    enum SlotState {
        Unknown,
        Taken,
        Missed
    }

    /// @dev HISTORY_BUFFER_LENGTH of EIP-4788: an entry is overwritten by the first timestamp that equals its own modulo this;
    ///      a prime, so with slots of s seconds that is 8191·s seconds later.
    uint256 private constant _RING_LENGTH = 8191;

    /// @notice Contract with the interface of EIP-4788.
    address public immutable beaconRoots;
    /// @notice Timestamp of slot 0, in seconds.
    uint48 public immutable beaconGenesis;
    uint48 public immutable secondsPerSlot;

    mapping(uint48 timestamp => SlotState) private _recorded;

    event SlotRecorded(uint48 indexed timestamp, SlotState state);

    error InvalidSlots();
    error NoBeaconRoots();
    error SlotUnknown();

    constructor(address beaconRoots_, uint48 beaconGenesis_, uint48 secondsPerSlot_) {
        require(beaconRoots_.code.length > 0, NoBeaconRoots()); // else every slot would look missed
        require(secondsPerSlot_ > 0 && secondsPerSlot_ % _RING_LENGTH != 0, InvalidSlots());
        beaconRoots = beaconRoots_;
        beaconGenesis = beaconGenesis_;
        secondsPerSlot = secondsPerSlot_;
    }

    /// @notice Remembers what became of a slot, while it can be known: about 27 hours. For anyone.
    function recordSlot(uint48 timestamp) external {
        SlotState state = slotState(timestamp);
        require(state != SlotState.Unknown, SlotUnknown());
        _recorded[timestamp] = state;
        emit SlotRecorded(timestamp, state);
    }

    /// @notice What became of the slot that began at `timestamp`; unknown too early, too late, and where no slot begins.
    function slotState(uint48 timestamp) public view returns (SlotState) {
        SlotState recorded = _recorded[timestamp];
        if (recorded != SlotState.Unknown) return recorded;
        if (!_isSlot(timestamp) || timestamp > block.timestamp) return SlotState.Unknown;
        if (block.timestamp >= timestamp + _RING_LENGTH * secondsPerSlot) return SlotState.Unknown;
        return BeaconRoots.read(beaconRoots, timestamp) == 0 ? SlotState.Missed : SlotState.Taken;
    }

    function _isSlot(uint48 timestamp) internal view returns (bool) {
        return timestamp >= beaconGenesis && (timestamp - beaconGenesis) % secondsPerSlot == 0;
    }

    /// @dev A window that ends where no slot begins is nobody's, and no excuse.
    function _wasMissed(uint48 timestamp) internal view returns (bool) {
        if (!_isSlot(timestamp)) return false;
        SlotState state = slotState(timestamp);
        require(state != SlotState.Unknown, SlotUnknown());
        return state == SlotState.Missed;
    }
}
