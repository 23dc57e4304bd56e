// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Hashes } from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { IProposerRegistry } from "./IProposerRegistry.sol";

/// @title RegistrationTree
/// @notice Merkle tree of the keys of an operator, padded with zeros to a power of two; a parent is keccak256 of its
///         children, the smaller first, as OpenZeppelin's MerkleProof verifies it.
/// @dev A leaf hashes 14 words, a parent 2: neither can be taken for the other.
library RegistrationTree {
    /// @notice keccak256(abi.encode(registration, owner)). The signing id is no part of it: a registry knows only one.
    function leafOf(IProposerRegistry.SignedRegistration calldata registration, address owner)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(registration, owner));
    }

    function rootOf(IProposerRegistry.SignedRegistration[] calldata registrations, address owner)
        internal
        pure
        returns (bytes32)
    {
        bytes32[] memory nodes = _leaves(registrations, owner);
        for (uint256 size = nodes.length; size > 1; size /= 2) {
            _hashLevel(nodes, size);
        }
        return nodes[0];
    }

    /// @return root Of the tree.
    /// @return proof Siblings on the way from leaf `index` to the root.
    function proofOf(
        IProposerRegistry.SignedRegistration[] calldata registrations,
        address owner,
        uint256 index
    ) internal pure returns (bytes32 root, bytes32[] memory proof) {
        bytes32[] memory nodes = _leaves(registrations, owner);
        proof = new bytes32[](Math.log2(nodes.length));
        for (
            (uint256 size, uint256 height) = (nodes.length, 0);
            size > 1;
            (size, height) = (size / 2, height + 1)
        ) {
            proof[height] = nodes[(index >> height) ^ 1];
            _hashLevel(nodes, size);
        }
        return (nodes[0], proof);
    }

    function _leaves(IProposerRegistry.SignedRegistration[] calldata registrations, address owner)
        private
        pure
        returns (bytes32[] memory leaves)
    {
        leaves = new bytes32[](1 << Math.log2(registrations.length, Math.Rounding.Ceil));
        for (uint256 i; i < registrations.length; ++i) {
            leaves[i] = leafOf(registrations[i], owner);
        }
    }

    /// @dev The first `size` nodes become half as many parents, in place.
    function _hashLevel(bytes32[] memory nodes, uint256 size) private pure {
        for (uint256 i; i < size / 2; ++i) {
            nodes[i] = Hashes.commutativeKeccak256(nodes[2 * i], nodes[2 * i + 1]);
        }
    }
}
