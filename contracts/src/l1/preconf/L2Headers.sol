// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ICheckpointStore } from "../../shared/ICheckpointStore.sol";

/// @title L2Headers
/// @notice Canonical L2 blocks: those whose headers lead from a proven checkpoint down, each by its parent's hash.
/// @dev keccak256 makes each header that of a real block, so its RLP is canonical and its fields lie where they must. They are
///      read from there: a general decoder (OpenZeppelin's BlockHeader, which tests compare with) takes twenty times the gas.
abstract contract L2Headers {
    /// @notice What faults are judged by.
    struct L2Block {
        uint256 number;
        bytes32 parentHash;
        bytes32 stateRoot;
        bytes32 transactionsRoot;
        /// @notice The header's difficulty; 0 before Unzen, where none is counted. docs/derivation.md D-91.
        uint256 zkGasUsed;
        uint256 gasLimit;
        uint256 gasUsed;
        /// @notice Wei per gas.
        uint256 baseFee;
        /// @notice Of the proposal that the block was derived from.
        uint256 proposalId;
    }

    /// @notice Most headers in one call.
    uint256 public constant MAX_HEADERS = 256;
    /// @dev Where contents begin. The list's prefix has three bytes, since every header is longer than 255 and shorter than
    ///      65,536; the items have one: parent hash, ommers hash (32 bytes each), coinbase (20), state root, transactions root,
    ///      receipts root (32 each).
    uint256 private constant _PARENT_HASH = 3 + 1;
    uint256 private constant _STATE_ROOT = 3 + 2 * 33 + 21 + 1;
    uint256 private constant _TRANSACTIONS_ROOT = _STATE_ROOT + 33;
    /// @dev Behind the receipts root, and the bloom of 256 bytes with a prefix of three.
    uint256 private constant _DIFFICULTY_ITEM = 3 + 5 * 33 + 21 + 3 + 256;
    uint256 private constant _HASH_ITEM_SIZE = 33;
    uint256 private constant _NONCE_ITEM_SIZE = 9;
    /// @dev Of Shasta: base fee share (1 byte), proposal id (6 bytes). docs/derivation.md D-63.
    bytes1 private constant _EXTRA_DATA_PREFIX = bytes1(uint8(0x80 + 1 + 6));

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
        first = _readNumber(headers[0]);
        bytes32 expected = knownBlockHash(first);
        require(expected != 0, BrokenHeaderChain());
        for (uint256 i; i < headers.length; ++i) {
            bytes memory header = headers[i];
            require(keccak256(header) == expected, BrokenHeaderChain());
            expected = _parentHashOf(header);
        }
    }

    /// @dev Of a verified header.
    function _readBlock(bytes memory header) internal pure returns (L2Block memory l2Block) {
        l2Block.parentHash = _parentHashOf(header);
        l2Block.stateRoot = _wordAt(header, _STATE_ROOT);
        l2Block.transactionsRoot = _wordAt(header, _TRANSACTIONS_ROOT);

        uint256 offset = _DIFFICULTY_ITEM;
        (l2Block.zkGasUsed, offset) = _readUint(header, offset);
        (l2Block.number, offset) = _readUint(header, offset);
        (l2Block.gasLimit, offset) = _readUint(header, offset);
        (l2Block.gasUsed, offset) = _readUint(header, offset);
        offset = _skipItem(header, offset); // timestamp
        require(header[offset] == _EXTRA_DATA_PREFIX, InvalidExtraData());
        (l2Block.proposalId, offset) = _readUint(header, offset);
        l2Block.proposalId = uint48(l2Block.proposalId);
        offset += _HASH_ITEM_SIZE + _NONCE_ITEM_SIZE; // mix hash and nonce
        (l2Block.baseFee,) = _readUint(header, offset);
    }

    function _readNumber(bytes memory header) private pure returns (uint256 number) {
        (number,) = _readUint(header, _skipItem(header, _DIFFICULTY_ITEM));
    }

    function _parentHashOf(bytes memory header) private pure returns (bytes32) {
        return _wordAt(header, _PARENT_HASH);
    }

    function _skipItem(bytes memory header, uint256 offset) private pure returns (uint256 next) {
        (, next) = _readUint(header, offset);
    }

    /// @dev A byte string of at most 32 bytes as a big-endian number; `next` is where the next item begins.
    function _readUint(bytes memory header, uint256 offset)
        private
        pure
        returns (uint256 value, uint256 next)
    {
        uint256 prefix = uint8(header[offset]);
        if (prefix < 0x80) return (prefix, offset + 1); // stands for itself
        uint256 size = prefix - 0x80;
        value = uint256(_wordAt(header, offset + 1)) >> (256 - 8 * size);
        next = offset + 1 + size;
    }

    function _wordAt(bytes memory header, uint256 offset) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(header, 0x20), offset))
        }
    }
}
