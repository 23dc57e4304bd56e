// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { MerklePatricia } from "./MerklePatricia.sol";

/// @title MessageProofs
/// @notice Proof that a bridge on the other layer holds a message in its storage. Paths are hashes of keys in both tries.
library MessageProofs {
    using MerklePatricia for bytes;

    /// @dev nonce, balance, storage root, code hash.
    uint256 private constant _ACCOUNT_FIELDS = 4;
    uint256 private constant _STORAGE_ROOT_FIELD = 2;

    error AccountMalformed();

    /// @notice Slot of a key in a mapping of Solidity that lies at storage slot 0.
    function slotOf(bytes32 messageHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(messageHash, uint256(0)));
    }

    /// @notice Whether the slot of `messageHash` in `bridge` holds 1. Reverts where the nodes do not lead from the root to a value.
    function isStored(
        bytes32 stateRoot,
        address bridge,
        bytes32 messageHash,
        bytes[] calldata accountProof,
        bytes[] calldata storageProof
    ) internal pure returns (bool) {
        bytes calldata account = MerklePatricia.readValue(
            stateRoot, keccak256(abi.encodePacked(bridge)), accountProof
        );
        bytes calldata value = MerklePatricia.readValue(
            _storageRoot(account), keccak256(abi.encode(slotOf(messageHash))), storageProof
        );
        // A word without its leading zeros, in RLP: 1 is itself.
        return value.length == 1 && value[0] == 0x01;
    }

    function _storageRoot(bytes calldata account) private pure returns (bytes32) {
        (bytes calldata root, uint256 count) = account.readItem(_STORAGE_ROOT_FIELD);
        require(count == _ACCOUNT_FIELDS, AccountMalformed());
        root = root.readString();
        require(root.length == 32, AccountMalformed());
        return bytes32(root);
    }
}
