// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ICheckpointStore } from "../shared/ICheckpointStore.sol";

/// @title Anchor
/// @notice Takes the first transaction of every L2 block: brings the L1 block the L2 block anchors to, and commits to the
///         hashes of 255 ancestors so that a proof needs no more than this contract to know what BLOCKHASH said.
/// @dev Lives at 0x{decimal chain id}…10001, put there by genesis. The same address is the treasury that receives its share
///      of base fees; nothing here pays them out. Storage slots are those of Taiko's Anchor: blockHashes 251, anchor block
///      number 256, ancestors hash 257.
contract Anchor {
    struct BlockState {
        /// @notice Newest L1 block anchored to.
        uint48 anchorBlockNumber;
        bytes32 ancestorsHash;
    }

    /// @notice Sender of anchor transactions. Its private key is public, so it proves nothing; what protects the contract is
    ///         that a second call in one block fails on the ancestors hash, which the first has already moved on.
    address public constant GOLDEN_TOUCH_ADDRESS = 0x0000777735367b36bC9B61C50022d9D0700dB4Ec;

    /// @dev BLOCKHASH reaches 256 blocks back: the parent and 255 more.
    uint256 private constant _ANCESTOR_COUNT = 255;

    /// @notice Where L1 blocks are kept on L2.
    ICheckpointStore public immutable checkpointStore;

    uint256[251] private _reserved;

    mapping(uint256 blockNumber => bytes32 blockHash) public blockHashes;

    uint256[4] private _reservedOfOlderForks;

    BlockState private _blockState;

    event Anchored(uint48 prevAnchorBlockNumber, uint48 anchorBlockNumber, bytes32 ancestorsHash);

    error AncestorsHashMismatch();
    error InvalidSender();

    constructor(ICheckpointStore checkpointStore_) {
        checkpointStore = checkpointStore_;
    }

    /// @notice Anchors this L2 block to an L1 block, which is saved when it is newer than the last one.
    function anchorV4(ICheckpointStore.Checkpoint calldata checkpoint) external {
        require(msg.sender == GOLDEN_TOUCH_ADDRESS, InvalidSender());
        uint256 parentNumber = block.number - 1;
        bytes32 parentHash = blockhash(parentNumber);

        (bytes32 expected, bytes32 next) = _hashAncestors(parentNumber, parentHash);
        bytes32 stored = _blockState.ancestorsHash;
        // Nothing is stored before block 1.
        require(stored == 0 || stored == expected, AncestorsHashMismatch());
        _blockState.ancestorsHash = next;

        uint48 previousAnchor = _blockState.anchorBlockNumber;
        uint48 anchor = previousAnchor;
        if (checkpoint.blockNumber > previousAnchor) {
            anchor = checkpoint.blockNumber;
            _blockState.anchorBlockNumber = anchor;
            checkpointStore.saveCheckpoint(checkpoint);
        }
        blockHashes[parentNumber] = parentHash;
        emit Anchored(previousAnchor, anchor, next);
    }

    function getBlockState() external view returns (BlockState memory) {
        return _blockState;
    }

    /// @dev keccak256 of 256 words: block j's hash in word j mod 255, the chain id in the last.
    /// @return before Over the 255 blocks before the parent: what this contract stored in the parent block.
    /// @return afterwards The same with the parent's hash in its place.
    function _hashAncestors(uint256 parentNumber, bytes32 parentHash)
        private
        view
        returns (bytes32 before, bytes32 afterwards)
    {
        bytes32[_ANCESTOR_COUNT + 1] memory words;
        words[_ANCESTOR_COUNT] = bytes32(block.chainid);
        uint256 oldest = parentNumber > _ANCESTOR_COUNT ? parentNumber - _ANCESTOR_COUNT : 0;
        for (uint256 number = oldest; number < parentNumber; ++number) {
            words[number % _ANCESTOR_COUNT] = blockhash(number);
        }
        before = _hashWords(words);
        words[parentNumber % _ANCESTOR_COUNT] = parentHash;
        afterwards = _hashWords(words);
    }

    function _hashWords(bytes32[_ANCESTOR_COUNT + 1] memory words) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(words, 8192) // 256 words of 32 bytes
        }
    }
}
