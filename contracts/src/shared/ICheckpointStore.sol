// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ICheckpointStore
/// @notice Blocks of one layer, known on the other.
interface ICheckpointStore {
    struct Checkpoint {
        uint48 blockNumber;
        bytes32 blockHash;
        bytes32 stateRoot;
    }

    event CheckpointSaved(uint48 indexed blockNumber, bytes32 blockHash, bytes32 stateRoot);

    error CheckpointNotFound();
    error CheckpointNotNewer();
    error InvalidCheckpoint();
    error OnlyWriter();

    /// @notice Saves a checkpoint newer than every saved one. For the writer alone.
    function saveCheckpoint(Checkpoint calldata checkpoint) external;

    /// @notice Reverts when no checkpoint with this number was saved.
    function getCheckpoint(uint48 blockNumber) external view returns (Checkpoint memory);
}
