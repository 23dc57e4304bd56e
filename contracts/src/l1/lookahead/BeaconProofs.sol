// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Bytes } from "@openzeppelin/contracts/utils/Bytes.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title BeaconProofs
/// @notice SSZ proofs of what a beacon block's state holds: who proposes, and which key a validator has.
/// @dev A generalized index names a node of a Merkle tree: 1 is the root, 2n and 2n + 1 are the children of n. Of a container
///      with c fields, field i has 2^⌈log2 c⌉ + i. consensus-specs, ssz/merkle-proofs.md.
library BeaconProofs {
    struct BeaconBlockHeader {
        uint64 slot;
        uint64 proposerIndex;
        bytes32 parentRoot;
        bytes32 stateRoot;
        bytes32 bodyRoot;
    }

    /// @notice Fulu's BeaconState has 38 fields, so 64 leaves; `validators` is field 11.
    uint256 internal constant VALIDATORS_FULU = 64 + 11;
    /// @notice `proposer_lookahead` is field 37 (EIP-7917).
    uint256 internal constant PROPOSER_LOOKAHEAD_FULU = 64 + 37;

    /// @notice From Gloas the state is a progressive container (EIP-7688): below its root, beside the field bitmap, hangs a
    ///         chain of subtrees of 1, 4, 16, 64 … leaves, each the left child of a node whose right child is the rest.
    ///         Fields 5 to 20 are the third: 2 → 5 → 11 → 22, and 16 leaves below it. Tested on states that Lodestar's types
    ///         make, not on a live chain.
    uint256 internal constant VALIDATORS_GLOAS = 22 * 16 + (11 - 5);
    /// @notice Fields 21 to 84 are the fourth: 2 → 5 → 11 → 23 → 46, and 64 leaves below it. Not tested on a live
    ///         chain either.
    uint256 internal constant PROPOSER_LOOKAHEAD_GLOAS = 46 * 64 + (37 - 21);

    /// @notice VALIDATOR_REGISTRY_LIMIT. Both presets.
    uint256 internal constant MAX_VALIDATORS = 2 ** 40;
    /// @notice A Validator has 8 fields; `pubkey` is the first.
    uint256 private constant _VALIDATOR_LEAVES = 8;

    error BranchLengthMismatch(uint256 expected);
    error RootMismatch();
    error ValidatorIndexTooLarge();

    /// @notice Reverts unless `leaf` is the node `gindex` below `root`. No shorter and no longer branch is taken.
    function verifyBranch(bytes32 root, bytes32 leaf, uint256 gindex, bytes32[] calldata branch)
        internal
        pure
    {
        uint256 depth = Math.log2(gindex); // rounds down: levels between the node and the root
        require(branch.length == depth, BranchLengthMismatch(depth));
        bytes32 node = leaf;
        for (uint256 i; i < depth; ++i) {
            node = gindex >> i & 1 == 0 ? _hashPair(node, branch[i]) : _hashPair(branch[i], node);
        }
        require(node == root, RootMismatch());
    }

    /// @notice hash_tree_root of a header: what EIP-4788 gives for it. Five fields, eight leaves.
    function hashHeader(BeaconBlockHeader calldata header) internal pure returns (bytes32) {
        return _hashPair(
            _hashPair(
                _hashPair(_littleEndian(header.slot), _littleEndian(header.proposerIndex)),
                _hashPair(header.parentRoot, header.stateRoot)
            ),
            _hashPair(_hashPair(header.bodyRoot, 0), _hashPair(0, 0))
        );
    }

    /// @notice hash_tree_root of a vector of uint64: four values a leaf.
    /// @param vector Its serialization: 32 bytes times a power of two.
    function hashUint64Vector(bytes calldata vector) internal pure returns (bytes32) {
        uint256 width = vector.length / 32; // exact
        bytes32[] memory nodes = new bytes32[](width);
        for (uint256 i; i < width; ++i) {
            nodes[i] = bytes32(vector[32 * i:32 * i + 32]);
        }
        for (width /= 2; width > 0; width /= 2) {
            for (uint256 i; i < width; ++i) {
                nodes[i] = _hashPair(nodes[2 * i], nodes[2 * i + 1]);
            }
        }
        return nodes[0];
    }

    /// @notice Value `i` of a vector of uint64: eight bytes, the lowest first.
    function readUint64(bytes calldata vector, uint256 i) internal pure returns (uint64) {
        return uint64(Bytes.reverseBytes8(bytes8(vector[8 * i:8 * i + 8])));
    }

    /// @notice hash_tree_root of a compressed public key: 48 bytes, two leaves.
    function hashPubkey(bytes memory pubkey) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(pubkey, bytes16(0)));
    }

    /// @notice Where a state has its `proposer_lookahead`.
    function lookaheadGindex(bool isGloas) internal pure returns (uint256) {
        return isGloas ? PROPOSER_LOOKAHEAD_GLOAS : PROPOSER_LOOKAHEAD_FULU;
    }

    /// @notice Where a state has the public key of a validator.
    /// @dev A list is the left child of the node that mixes in its length. Fulu's list of validators has 2^40 leaves; Gloas'
    ///      is progressive, as its state is.
    function pubkeyGindex(uint64 validatorIndex, bool isGloas) internal pure returns (uint256) {
        require(validatorIndex < MAX_VALIDATORS, ValidatorIndexTooLarge());
        if (!isGloas) {
            return ((VALIDATORS_FULU * 2) * MAX_VALIDATORS + validatorIndex) * _VALIDATOR_LEAVES;
        }
        uint256 node = VALIDATORS_GLOAS * 2;
        uint256 offset = validatorIndex;
        uint256 leaves = 1;
        // At most 20 times, since (4^21 - 1) / 3 > 2^40.
        while (offset >= leaves) {
            offset -= leaves;
            leaves *= 4;
            node = node * 2 + 1;
        }
        return ((node * 2) * leaves + offset) * _VALIDATOR_LEAVES;
    }

    function _littleEndian(uint64 value) private pure returns (bytes32) {
        return bytes32(Bytes.reverseBytes8(bytes8(value)));
    }

    function _hashPair(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return sha256(abi.encodePacked(left, right));
    }
}
