// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ICheckpointStore } from "./ICheckpointStore.sol";

/// @title CheckpointStore
/// @notice On L1: L2 blocks that the inbox holds for proven. On L2: L1 blocks that the anchor transaction brought.
/// @dev Written once and in order, so that a checkpoint somebody relied on never changes.
contract CheckpointStore is ICheckpointStore {
    struct Record {
        bytes32 blockHash;
        bytes32 stateRoot;
    }

    /// @notice The only account that may save: the inbox on L1, the anchor on L2.
    address public immutable writer;

    /// @notice Highest block number saved; 0 before the first.
    uint48 public latestBlockNumber;

    mapping(uint256 blockNumber => Record) private _records;

    constructor(address writer_) {
        writer = writer_;
    }

    /// @inheritdoc ICheckpointStore
    function saveCheckpoint(Checkpoint calldata checkpoint) external {
        require(msg.sender == writer, OnlyWriter());
        require(checkpoint.blockNumber > latestBlockNumber, CheckpointNotNewer());
        require(checkpoint.blockHash != 0 && checkpoint.stateRoot != 0, InvalidCheckpoint());
        latestBlockNumber = checkpoint.blockNumber;
        _records[checkpoint.blockNumber] =
            Record({ blockHash: checkpoint.blockHash, stateRoot: checkpoint.stateRoot });
        emit CheckpointSaved(checkpoint.blockNumber, checkpoint.blockHash, checkpoint.stateRoot);
    }

    /// @inheritdoc ICheckpointStore
    function getCheckpoint(uint48 blockNumber) external view returns (Checkpoint memory) {
        Record storage record = _records[blockNumber];
        require(record.blockHash != 0, CheckpointNotFound());
        return
            Checkpoint({ blockNumber: blockNumber, blockHash: record.blockHash, stateRoot: record.stateRoot });
    }
}
