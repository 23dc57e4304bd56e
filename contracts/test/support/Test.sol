// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Vm } from "./Vm.sol";

/// @notice Assertions. forge takes a revert for a failure.
abstract contract Test {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    error NotEqual(bytes32 actual, bytes32 expected);
    error NotTrue(string claim);

    function assertEq(bytes32 actual, bytes32 expected) internal pure {
        require(actual == expected, NotEqual(actual, expected));
    }

    function assertEq(uint256 actual, uint256 expected) internal pure {
        assertEq(bytes32(actual), bytes32(expected));
    }

    function assertEq(address actual, address expected) internal pure {
        assertEq(uint160(actual), uint160(expected));
    }

    /// @dev Compares whole values by their encoding.
    function assertEq(bytes memory actual, bytes memory expected) internal pure {
        assertEq(keccak256(actual), keccak256(expected));
    }

    function assertTrue(bool condition, string memory claim) internal pure {
        require(condition, NotTrue(claim));
    }

    /// @dev Folds a fuzzed number into [low, high].
    function bound(uint256 value, uint256 low, uint256 high) internal pure returns (uint256) {
        uint256 size = high - low + 1; // 0 when the range is everything
        return size == 0 ? value : low + value % size;
    }
}
