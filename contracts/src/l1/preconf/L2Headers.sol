// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BlockHeader } from "@openzeppelin/contracts/utils/BlockHeader.sol";
import { Memory } from "@openzeppelin/contracts/utils/Memory.sol";
import { ICheckpointStore } from "../../shared/ICheckpointStore.sol";

/// @title L2Headers
/// @notice Canonical L2 blocks: those whose headers lead from a proven checkpoint down, each by its parent's hash.
/// @dev keccak256 makes each header that of a real block, so where its fields lie is known and not foreign.
abstract contract L2Headers {
    using BlockHeader for Memory.Slice[];

    /// @notice What faults are judged by.
    struct L2Block {
        uint256 number;
        bytes32 parentHash;
        bytes32 stateRoot;
        bytes32 transactionsRoot;
        uint256 gasLimit;
        uint256 gasUsed;
        /// @notice Wei per gas.
        uint256 baseFee;
        /// @notice Of the proposal that the block was derived from.
        uint256 proposalId;
    }

    /// @notice Most headers in one call.
    uint256 public constant MAX_HEADERS = 256;
    /// @dev Behind the list's prefix (three bytes: every header is longer than 255 and shorter than 65,536) and the field's.
    uint256 private constant _PARENT_HASH_OFFSET = 3 + 1;
    /// @dev Of Shasta: base fee share (1 byte), proposal id (6 bytes). docs/derivation.md D-63.
    uint256 private constant _EXTRA_DATA_SIZE = 1 + 6;

    ICheckpointStore public immutable checkpoints;

    /// @dev Hashes of canonical blocks below checkpoints.
    mapping(uint256 blockNumber => bytes32) private _recorded;

    event AncestorRecorded(uint256 indexed blockNumber, bytes32 blockHash);

    error BrokenHeaderChain();
    error InvalidExtraData();
    error InvalidHeaderCount();

    constructor(ICheckpointStore checkpoints_) {
        checkpoints = checkpoints_;
    }

    /// @notice Remembers the parent of the last header, so that a block further below a checkpoint than one call can reach
    ///         is reached by several. For anyone.
    /// @param headers RLP, from a checkpoint or a recorded block downwards without a gap; 1 to 256.
    function recordAncestor(bytes[] memory headers) external {
        uint256 first = _verifyChain(headers);
        bytes memory last = headers[headers.length - 1];
        uint256 number = first - headers.length; // underflows below genesis
        bytes32 blockHash = _parentHashOf(last);
        _recorded[number] = blockHash;
        emit AncestorRecorded(number, blockHash);
    }

    /// @notice Zero when the block is neither a checkpoint nor recorded.
    function knownBlockHash(uint256 blockNumber) public view returns (bytes32 blockHash) {
        blockHash = _recorded[blockNumber];
        if (blockHash != 0 || blockNumber > type(uint48).max) return blockHash;
        try checkpoints.getCheckpoint(uint48(blockNumber)) returns (
            ICheckpointStore.Checkpoint memory checkpoint
        ) {
            return checkpoint.blockHash;
        } catch {
            return 0;
        }
    }

    /// @notice Reverts unless every header is that of a canonical block, each the parent of the one before.
    /// @return first Number of the first.
    function _verifyChain(bytes[] memory headers) internal view returns (uint256 first) {
        require(headers.length > 0 && headers.length <= MAX_HEADERS, InvalidHeaderCount());
        first = BlockHeader.getNumber(headers[0]);
        bytes32 expected = knownBlockHash(first);
        require(expected != 0, BrokenHeaderChain());
        for (uint256 i; i < headers.length; ++i) {
            bytes memory header = headers[i];
            require(keccak256(header) == expected, BrokenHeaderChain());
            expected = _parentHashOf(header);
        }
    }

    /// @dev Of a verified header.
    function _readBlock(bytes memory header) internal pure returns (L2Block memory) {
        Memory.Slice[] memory fields = BlockHeader.parseHeader(header);
        bytes memory extraData = fields.getExtraData();
        require(extraData.length == _EXTRA_DATA_SIZE, InvalidExtraData());
        return L2Block({
            number: fields.getNumber(),
            parentHash: fields.getParentHash(),
            stateRoot: fields.getStateRoot(),
            transactionsRoot: fields.getTransactionsRoot(),
            gasLimit: fields.getGasLimit(),
            gasUsed: fields.getGasUsed(),
            baseFee: fields.getBaseFeePerGas(),
            proposalId: uint48(uint56(bytes7(extraData)))
        });
    }

    function _parentHashOf(bytes memory header) private pure returns (bytes32 parentHash) {
        assembly ("memory-safe") {
            parentHash := mload(add(add(header, 0x20), _PARENT_HASH_OFFSET))
        }
    }
}
