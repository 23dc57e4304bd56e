// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Memory } from "@openzeppelin/contracts/utils/Memory.sol";
import { IInbox } from "../IInbox.sol";
import { BlockCommitments } from "./BlockCommitments.sol";
import { L2Headers } from "./L2Headers.sol";
import { L2Proposals } from "./L2Proposals.sol";
import { Promises } from "./Promises.sol";

/// @title PromiseCourse
/// @notice What became of a promised block: the canonical block at its position, and when and in whose window it landed.
/// @dev A promise binds only where the chain reached what it builds on. That is so where its parent's hash is canonical. It is
///      also so where the parent was itself promised, and landed in the same window with the promised transactions, but got
///      another hash: all that differs then (timestamp, gas limit, proposal id) was in the hands of whose window it was. Else
///      a preconfer could free itself of all later promises by moving one timestamp. Parents are promises by whomever; by
///      linking to them a preconfer makes them its own.
abstract contract PromiseCourse is L2Headers, L2Proposals {
    using BlockCommitments for BlockCommitments.BlockCommitment;

    /// @notice Evidence of a course.
    struct Course {
        /// @notice RLP, from a known block, which is the parent of the judged promise's block or above, down to the block at
        ///         the position of the lowest promise. Of the blocks above the highest promise only the next one is looked at.
        bytes[] headers;
        /// @notice Those that these blocks were derived from, from high to low, each once.
        IInbox.Proposal[] proposals;
        /// @notice Payloads of the promises that the judged one builds on, each linked by the one before.
        bytes[] parents;
    }

    /// @notice A canonical block and how it landed.
    struct LandedBlock {
        bytes32 parentHash;
        bytes32 transactionsRoot;
        /// @notice Of the proposal, in seconds.
        uint48 timestamp;
        /// @notice End of the window the proposal was made in, in seconds; 0 where anyone could propose.
        uint48 windowEnd;
    }

    /// @dev A promise that came true in a window, although with another hash than foreseen.
    struct Kept {
        uint48 blockNumber;
        uint48 windowEnd;
    }

    mapping(bytes32 commitmentHash => Kept) private _kept;

    event PromiseKept(bytes32 indexed commitmentHash, uint48 blockNumber, uint48 windowEnd);

    error NotKept();
    error UnlinkedParent();
    error UnreachedParent();
    error WrongChain();

    /// @notice Remembers that a promise was kept, so that evidence about a later one of the same window need not begin
    ///         further below. For anyone.
    /// @param payload Of the promise, signed by whomever.
    /// @param windowEnd Of the window it landed in, in seconds.
    /// @param course abi.encode(Course), as in evidence.
    function recordKept(bytes calldata payload, uint48 windowEnd, bytes calldata course) external {
        BlockCommitments.BlockCommitment memory promised = _decode(payload);
        (BlockCommitments.BlockCommitment[] memory promises, LandedBlock[] memory blocks) =
            _trace(promised, windowEnd, abi.decode(course, (Course)));
        _requireKept(promises, blocks, windowEnd);
        bytes32 hash = promised.hash(_domain());
        _kept[hash] = Kept({ blockNumber: promised.blockNumber, windowEnd: windowEnd });
        emit PromiseKept(hash, promised.blockNumber, windowEnd);
    }

    /// @param windowEnd Of the window in which the promises are judged.
    /// @return promises The judged one first, then its parents.
    /// @return blocks Canonical ones from the position of the last promise upwards, as far as the headers go, at most to the
    ///         block after the judged one. Block i is at the position of promise `promises.length - 1 - i`.
    function _trace(BlockCommitments.BlockCommitment memory judged, uint48 windowEnd, Course memory course)
        internal
        view
        returns (BlockCommitments.BlockCommitment[] memory promises, LandedBlock[] memory blocks)
    {
        promises = _readPromises(judged, course.parents);
        blocks = _readBlocks(course, promises.length, judged.blockNumber);

        uint256 lowest = promises.length - 1;
        // Headers left out must not hide where the promises meet the canonical chain: there they end.
        require(blocks.length >= lowest, InvalidHeaderCount());
        if (blocks.length == lowest) {
            require(promises[0].parentBlockHash != keccak256(course.headers[0]), UnlinkedParent());
        }
        for (uint256 i; i < lowest && lowest - i < blocks.length; ++i) {
            require(promises[i].parentBlockHash != blocks[lowest - i].parentHash, UnlinkedParent());
        }
        Kept memory kept = _kept[promises[lowest].parentCommitmentHash];
        require(
            promises[lowest].parentBlockHash == blocks[0].parentHash
                || (kept.windowEnd == windowEnd && kept.blockNumber + 1 == promises[lowest].blockNumber),
            UnreachedParent()
        );
    }

    /// @dev Whether the promise's block landed in its window with the promised transactions.
    function _isKept(
        BlockCommitments.BlockCommitment memory promised,
        LandedBlock memory landed,
        uint48 windowEnd
    ) internal pure returns (bool) {
        return landed.windowEnd == windowEnd && landed.transactionsRoot == promised.transactionsRoot;
    }

    /// @dev All of them.
    function _requireKept(
        BlockCommitments.BlockCommitment[] memory promises,
        LandedBlock[] memory blocks,
        uint48 windowEnd
    ) internal pure {
        require(blocks.length >= promises.length, InvalidHeaderCount());
        for (uint256 i; i < promises.length; ++i) {
            require(_isKept(promises[promises.length - 1 - i], blocks[i], windowEnd), NotKept());
        }
    }

    function _decode(bytes memory payload)
        internal
        view
        returns (BlockCommitments.BlockCommitment memory commitment)
    {
        commitment = BlockCommitments.decode(payload);
        require(commitment.l2ChainId == _l2ChainId(), WrongChain());
    }

    function _domain() internal view virtual returns (Promises.Domain memory);
    function _l2ChainId() internal view virtual returns (uint64);

    function _readPromises(BlockCommitments.BlockCommitment memory judged, bytes[] memory parents)
        private
        view
        returns (BlockCommitments.BlockCommitment[] memory promises)
    {
        require(parents.length < MAX_HEADERS, InvalidHeaderCount());
        Promises.Domain memory domain = _domain();
        promises = new BlockCommitments.BlockCommitment[](parents.length + 1);
        promises[0] = judged;
        for (uint256 i; i < parents.length; ++i) {
            BlockCommitments.BlockCommitment memory parent = _decode(parents[i]);
            promises[i + 1] = parent;
            Memory.Pointer free = Memory.getFreeMemoryPointer();
            require(
                parent.hash(domain) == promises[i].parentCommitmentHash
                    && parent.blockNumber + 1 == promises[i].blockNumber,
                UnlinkedParent()
            );
            Memory.unsafeSetFreeMemoryPointer(free); // of the hashing
        }
    }

    function _readBlocks(Course memory course, uint256 promiseCount, uint256 judgedNumber)
        private
        view
        returns (LandedBlock[] memory blocks)
    {
        bytes[] memory headers = course.headers;
        uint256 highest = _verifyChain(headers);
        uint256 lowest = judgedNumber + 1 - promiseCount;
        require(highest + 1 - headers.length == lowest, BrokenHeaderChain());
        uint256 count = highest > judgedNumber ? promiseCount + 1 : headers.length;
        blocks = new LandedBlock[](count);

        require(course.proposals.length <= MAX_PROPOSALS, InvalidProposalCount());
        uint256 p;
        for (uint256 i = count; i > 0; --i) {
            LandedBlock memory landed = blocks[i - 1];
            // What is read below is garbage at the end of each turn; memory grows dearer than it is long.
            Memory.Pointer free = Memory.getFreeMemoryPointer();
            L2Block memory l2Block = _readBlock(headers[headers.length - i]);
            uint256 previous = p;
            // Ids fall with block numbers.
            while (p < course.proposals.length && course.proposals[p].id != l2Block.proposalId) ++p;
            require(p < course.proposals.length, UnknownProposal());
            IInbox.Proposal memory proposal = course.proposals[p];
            if (i == count || p != previous) _requireKnown(proposal);
            landed.parentHash = l2Block.parentHash;
            landed.transactionsRoot = l2Block.transactionsRoot;
            landed.timestamp = proposal.timestamp;
            landed.windowEnd = proposal.endOfSubmissionWindowTimestamp;
            Memory.unsafeSetFreeMemoryPointer(free);
        }
    }
}
