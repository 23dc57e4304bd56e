// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BeaconRoots } from "../BeaconRoots.sol";
import { BeaconProofs } from "./BeaconProofs.sol";

/// @title BeaconClock
/// @notice Slots and epochs of the L1 by time, and its beacon blocks by EIP-4788.
abstract contract BeaconClock {
    struct BeaconSettings {
        /// @notice Contract with the interface of EIP-4788; 0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02 wherever that is live.
        address beaconRoots;
        /// @notice Timestamp of slot 0, in seconds.
        uint48 beaconGenesis;
        uint48 secondsPerSlot;
        /// @notice 32 in the mainnet preset, 8 in the minimal one.
        uint48 slotsPerEpoch;
        /// @notice First epoch whose states are Gloas'; type(uint64).max when none was scheduled at deployment. A fork that
        ///         moves fields and that this contract was not told of makes every proof fail from then on.
        uint64 gloasForkEpoch;
    }

    /// @dev Bounds the schedule's search.
    uint256 private constant _MAX_SLOTS_PER_EPOCH = 32;

    address public immutable beaconRoots;
    uint48 public immutable beaconGenesis;
    uint48 public immutable secondsPerSlot;
    uint48 public immutable slotsPerEpoch;
    uint64 public immutable gloasForkEpoch;

    error BeaconRootMissing();
    error HeaderMismatch();
    error InvalidTiming();

    constructor(BeaconSettings memory settings) {
        uint256 slots = settings.slotsPerEpoch;
        // The lookahead, two epochs of 8-byte values, has to fill a power of two of 32-byte leaves.
        require(slots > 1 && slots <= _MAX_SLOTS_PER_EPOCH && slots & (slots - 1) == 0, InvalidTiming());
        require(settings.secondsPerSlot > 0, InvalidTiming());
        // Epoch 0 has an epoch before it in time.
        require(settings.beaconGenesis >= settings.secondsPerSlot * slots, InvalidTiming());
        beaconRoots = settings.beaconRoots;
        beaconGenesis = settings.beaconGenesis;
        secondsPerSlot = settings.secondsPerSlot;
        slotsPerEpoch = settings.slotsPerEpoch;
        gloasForkEpoch = settings.gloasForkEpoch;
    }

    function beaconSettings() external view returns (BeaconSettings memory) {
        return BeaconSettings({
            beaconRoots: beaconRoots,
            beaconGenesis: beaconGenesis,
            secondsPerSlot: secondsPerSlot,
            slotsPerEpoch: slotsPerEpoch,
            gloasForkEpoch: gloasForkEpoch
        });
    }

    /// @notice Slot that a timestamp lies in.
    function slotAt(uint256 timestamp) public view returns (uint256) {
        return (timestamp - beaconGenesis) / secondsPerSlot; // rounds down
    }

    /// @notice Epoch that a timestamp lies in.
    function epochAt(uint256 timestamp) public view returns (uint256) {
        return slotAt(timestamp) / slotsPerEpoch; // rounds down
    }

    /// @notice When a slot begins: the timestamp of its block. Seconds.
    function slotStart(uint256 slot) public view returns (uint48) {
        return uint48(beaconGenesis + slot * secondsPerSlot);
    }

    /// @notice When it is settled who counts in an epoch: one epoch before it begins. Seconds.
    function referenceTime(uint256 epoch) public view returns (uint48) {
        return slotStart(epoch * slotsPerEpoch) - secondsPerSlot * slotsPerEpoch;
    }

    /// @dev Reverts unless `header` is the beacon block before the execution block at `timestamp`. A missed slot has no
    ///      block: the caller names the next one. EIP-4788 keeps 8191 slots, about 27 hours.
    /// @return epoch Of the header's slot.
    function _checkHeader(BeaconProofs.BeaconBlockHeader calldata header, uint256 timestamp)
        internal
        view
        returns (uint256 epoch)
    {
        bytes32 root = BeaconRoots.read(beaconRoots, timestamp);
        require(root != 0, BeaconRootMissing());
        require(BeaconProofs.hashHeader(header) == root, HeaderMismatch());
        return header.slot / slotsPerEpoch; // rounds down
    }

    function _isGloas(uint256 epoch) internal view returns (bool) {
        return epoch >= gloasForkEpoch;
    }
}
