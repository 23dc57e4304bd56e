// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BeaconProofs } from "../../src/l1/lookahead/BeaconProofs.sol";

/// @notice Lets the library see calldata.
contract BeaconProofsHarness {
    function verifyBranch(bytes32 root, bytes32 leaf, uint256 gindex, bytes32[] calldata branch)
        external
        pure
    {
        BeaconProofs.verifyBranch(root, leaf, gindex, branch);
    }

    function hashHeader(BeaconProofs.BeaconBlockHeader calldata header) external pure returns (bytes32) {
        return BeaconProofs.hashHeader(header);
    }

    function hashUint64Vector(bytes calldata vector) external pure returns (bytes32) {
        return BeaconProofs.hashUint64Vector(vector);
    }

    function readUint64(bytes calldata vector, uint256 i) external pure returns (uint64) {
        return BeaconProofs.readUint64(vector, i);
    }

    function pubkeyGindex(uint64 validatorIndex, bool isGloas) external pure returns (uint256) {
        return BeaconProofs.pubkeyGindex(validatorIndex, isGloas);
    }
}
