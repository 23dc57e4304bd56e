// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Bytes } from "@openzeppelin/contracts/utils/Bytes.sol";
import { IProposerRegistry } from "./IProposerRegistry.sol";

/// @title SigningRoots
/// @notice What proposers and their delegates sign. A message has a root, keccak256 of its ABI encoding behind a type; what
///         is signed, with ECDSA or BLS and without any prefix, is the signing root that Commit-Boost makes of it by SSZ.
library SigningRoots {
    /// @notice What a commitment answers.
    struct CommitmentRequest {
        uint64 commitmentType;
        bytes payload;
        address slasher;
    }

    /// @dev Message types of the URC's signing-domain branch.
    uint256 private constant _REGISTRATION = 1;
    uint256 private constant _DELEGATION = 2;
    uint256 private constant _COMMITMENT = 3;

    /// @notice What a Commitment's `requestHash` is, when it answers one request.
    function requestHash(CommitmentRequest memory request) internal pure returns (bytes32) {
        return keccak256(abi.encode(request));
    }

    /// @notice By this a validator key agrees to be the operator of `owner`, and of nobody else.
    function registrationRoot(address owner) internal pure returns (bytes32) {
        return keccak256(abi.encode(_REGISTRATION, owner));
    }

    function delegationRoot(IProposerRegistry.Delegation memory delegation) internal pure returns (bytes32) {
        return keccak256(abi.encode(_DELEGATION, delegation));
    }

    function commitmentRoot(IProposerRegistry.Commitment memory commitment) internal pure returns (bytes32) {
        return keccak256(abi.encode(_COMMITMENT, commitment));
    }

    /// @notice What a signer of Commit-Boost signs when asked for `root`.
    /// @param root Of the message.
    /// @param nonce The signer's free choice; 0 if unused.
    /// @param signingId Of whom the signature is for, see `signingIdOf`.
    /// @param chainId Of L1, see `littleEndian`.
    /// @param domain 0x6d6d6f43 ‖ fork data root[0:28] of L1.
    function signingRoot(bytes32 root, uint64 nonce, bytes32 signingId, bytes32 chainId, bytes32 domain)
        internal
        pure
        returns (bytes32)
    {
        bytes32 objectRoot = _hashPair(_hashPair(root, signingId), _hashPair(littleEndian(nonce), chainId));
        return signingRoot(objectRoot, domain);
    }

    /// @notice hash_tree_root of SSZ's SigningData.
    function signingRoot(bytes32 objectRoot, bytes32 domain) internal pure returns (bytes32) {
        return _hashPair(objectRoot, domain);
    }

    /// @notice Signing id of a registry on an L1.
    function signingIdOf(uint256 chainId, address registry) internal pure returns (bytes32) {
        return keccak256(abi.encode("Plumbline ProposerRegistry", chainId, registry));
    }

    /// @notice hash_tree_root of an unsigned integer.
    function littleEndian(uint256 value) internal pure returns (bytes32) {
        return Bytes.reverseBytes32(bytes32(value));
    }

    function _hashPair(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return sha256(abi.encodePacked(left, right));
    }
}
