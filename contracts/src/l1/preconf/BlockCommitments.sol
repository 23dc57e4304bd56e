// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Promises } from "./Promises.sol";

/// @title BlockCommitments
/// @notice What a preconfer promises about one L2 block. The TypeScript twin is src/promise/blockCommitment.ts; golden
///         vectors of both are in contracts/test/vectors.
/// @dev Not the block's hash: its extraData holds the proposal id, which others can shift by proposing first.
library BlockCommitments {
    struct BlockCommitment {
        uint64 l2ChainId;
        uint48 blockNumber;
        /// @notice Hash of the commitment to the parent block, by whomever; zero when the parent was derived unpromised.
        bytes32 parentCommitmentHash;
        bytes32 parentBlockHash;
        /// @notice Of the L2 header: anchor transaction included.
        bytes32 transactionsRoot;
        /// @notice L1 block the block anchors to.
        uint48 anchorBlockNumber;
        /// @notice Timestamp of the preconfer's own L1 slot, the last of its window, in seconds.
        uint48 windowEnd;
        /// @notice No block follows in this window.
        bool isEndOfWindow;
    }

    /// @notice Type of the registry commitment that carries an encoded BlockCommitment.
    uint64 internal constant COMMITMENT_TYPE = 2;
    /// @dev Eight words.
    uint256 internal constant PAYLOAD_SIZE = 8 * 32;

    error InvalidBlockCommitment();

    function encode(BlockCommitment memory commitment) internal pure returns (bytes memory) {
        return abi.encode(commitment);
    }

    /// @notice Reverts unless `payload` is exactly one commitment whose chain, number, parent, root and window are not zero.
    /// @dev Bits outside a field make `abi.decode` revert.
    function decode(bytes memory payload) internal pure returns (BlockCommitment memory commitment) {
        require(payload.length == PAYLOAD_SIZE, InvalidBlockCommitment());
        commitment = abi.decode(payload, (BlockCommitment));
        require(
            commitment.l2ChainId != 0 && commitment.blockNumber != 0 && commitment.parentBlockHash != 0
                && commitment.transactionsRoot != 0 && commitment.windowEnd != 0,
            InvalidBlockCommitment()
        );
    }

    function hash(BlockCommitment memory commitment, Promises.Domain memory domain)
        internal
        pure
        returns (bytes32)
    {
        return Promises.hash(domain, COMMITMENT_TYPE, encode(commitment));
    }
}
