// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title BeaconRoots
/// @notice Reads roots of beacon blocks from the EIP-4788 contract, which keys each by the timestamp of the execution block
///         after it, keeps about 27 hours of them, and has no entry for a missed slot.
library BeaconRoots {
    /// @notice Slots looked at before giving up.
    uint256 internal constant MAX_PROBES = 32;

    /// @notice Root of the newest beacon block when the first slot after `timestamp` that was not missed began.
    /// @dev The root of the block at slot s is stored by the block of the next slot taken; the search begins there.
    /// @param timestamp Of a slot, in seconds.
    /// @return root Zero when 32 slots in a row were missed, or when none of them has come yet.
    function findAtOrAfter(address beaconRoots, uint256 timestamp, uint256 secondsPerSlot)
        internal
        view
        returns (bytes32 root)
    {
        for (uint256 i = 1; i <= MAX_PROBES; ++i) {
            uint256 probe = timestamp + i * secondsPerSlot;
            if (probe > block.timestamp) return 0;
            root = read(beaconRoots, probe);
            if (root != 0) return root;
        }
    }

    /// @notice Zero when there is no entry, or no such contract on this chain.
    function read(address beaconRoots, uint256 timestamp) internal view returns (bytes32) {
        (bool found, bytes memory root) = beaconRoots.staticcall(abi.encode(timestamp));
        return found && root.length == 32 ? bytes32(root) : bytes32(0);
    }
}
