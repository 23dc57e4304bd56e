// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Blobs
/// @notice Names blobs of the running transaction (EIP-4844) by their versioned hashes.
library Blobs {
    /// @notice Blobs of this transaction, by position.
    struct BlobReference {
        /// @notice Position of the first blob in the transaction.
        uint16 blobStartIndex;
        /// @notice Number of consecutive blobs.
        uint16 numBlobs;
        /// @notice Start of the payload in the concatenated decoded blobs, in bytes.
        /// @dev Not checked here: derivation turns a source whose offset lies outside into the default source.
        uint24 offset;
    }

    /// @notice Blobs by hash, as derivation needs them.
    struct BlobSlice {
        /// @notice Versioned hashes in the order of the payload.
        bytes32[] blobHashes;
        /// @notice Start of the payload in the concatenated decoded blobs, in bytes.
        uint24 offset;
        /// @notice Timestamp of the L1 block that carried the blobs, in seconds.
        uint48 timestamp;
    }

    error NoBlobs();
    error BlobNotFound();

    /// @notice Replaces positions by versioned hashes.
    /// @dev The transaction's own blobs bound the loop (6 since Osaka, EIP-7594): BLOBHASH is zero past the last one and
    ///      never zero before it (EIP-4844), so looking at the last blob named is enough, and comes before any allocation.
    function resolve(BlobReference memory blobs) internal view returns (BlobSlice memory slice) {
        uint256 count = blobs.numBlobs;
        require(count > 0, NoBlobs());
        require(blobhash(blobs.blobStartIndex + count - 1) != 0, BlobNotFound());

        slice.blobHashes = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            slice.blobHashes[i] = blobhash(blobs.blobStartIndex + i);
        }
        slice.offset = blobs.offset;
        slice.timestamp = uint48(block.timestamp);
    }
}
