// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Vm } from "./Vm.sol";

/// @notice Reads vectors from JSON by path. Integers are numbers or decimal strings.
library Vectors {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function item(string memory list, uint256 i) internal pure returns (string memory) {
        return string.concat(list, "[", vm.toString(i), "]");
    }

    function uintAt(string memory json, string memory key) internal pure returns (uint256) {
        return vm.parseJsonUint(json, key);
    }

    function uintAt(string memory json, string memory where, string memory field)
        internal
        pure
        returns (uint256)
    {
        return vm.parseJsonUint(json, string.concat(where, field));
    }

    function addressAt(string memory json, string memory key) internal pure returns (address) {
        return vm.parseJsonAddress(json, key);
    }

    function hashAt(string memory json, string memory key) internal pure returns (bytes32) {
        return vm.parseJsonBytes32(json, key);
    }

    function hashAt(string memory json, string memory where, string memory field)
        internal
        pure
        returns (bytes32)
    {
        return vm.parseJsonBytes32(json, string.concat(where, field));
    }

    function bytesAt(string memory json, string memory where, string memory field)
        internal
        pure
        returns (bytes memory)
    {
        return vm.parseJsonBytes(json, string.concat(where, field));
    }

    function bytesArrayAt(string memory json, string memory where, string memory field)
        internal
        pure
        returns (bytes[] memory)
    {
        return vm.parseJsonBytesArray(json, string.concat(where, field));
    }
}
