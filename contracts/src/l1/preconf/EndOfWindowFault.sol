// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BlockCommitments } from "./BlockCommitments.sol";
import { EquivocationFault } from "./EquivocationFault.sol";
import { SubmissionFault } from "./SubmissionFault.sol";

/// @title EndOfWindowFault
/// @notice The flag that a block is the last of its window lets the next preconfer begin at once; so it must be true, and it
///         must be there.
abstract contract EndOfWindowFault is EquivocationFault, SubmissionFault {
    using BlockCommitments for BlockCommitments.BlockCommitment;

    /// @dev The two promises together are the proof.
    function _judgePromisedBehindEnd(
        BlockCommitments.BlockCommitment memory last,
        address committer,
        bytes memory evidence
    ) internal view returns (Verdict memory) {
        BlockCommitments.BlockCommitment memory next =
            _decode(_readOther(BlockCommitments.COMMITMENT_TYPE, committer, evidence));
        require(
            last.isEndOfWindow && next.windowEnd == last.windowEnd
                && next.parentCommitmentHash == last.hash(_domain()),
            NoFault()
        );
        return _invalidEnd(last, committer);
    }

    /// @dev The promised last block landed in the window as promised, and the next block in the same window.
    function _judgeLandedBehindEnd(
        BlockCommitments.BlockCommitment memory last,
        address committer,
        bytes memory evidence
    ) internal view returns (Verdict memory) {
        require(last.isEndOfWindow, NoFault());
        _requireSettled(last.windowEnd);
        LandedBlock memory next = _traceNext(last, evidence);
        require(next.windowEnd == last.windowEnd, NoFault());
        return _invalidEnd(last, committer);
    }

    /// @dev The promised block landed as promised, and the next one after the window: so it was the last.
    function _judgeMissingEnd(
        BlockCommitments.BlockCommitment memory last,
        address committer,
        bytes memory evidence
    ) internal view returns (Verdict memory) {
        require(!last.isEndOfWindow, NoFault());
        LandedBlock memory next = _traceNext(last, evidence);
        require(next.timestamp > last.windowEnd, NoFault());
        return _judgeLate(committer, last.windowEnd, next.timestamp);
    }

    function _traceNext(BlockCommitments.BlockCommitment memory last, bytes memory evidence)
        private
        view
        returns (LandedBlock memory)
    {
        (BlockCommitments.BlockCommitment[] memory promises, LandedBlock[] memory blocks) =
            _trace(last, last.windowEnd, abi.decode(evidence, (Course)));
        _requireKept(promises, blocks, last.windowEnd);
        require(blocks.length > promises.length, InvalidHeaderCount());
        return blocks[promises.length];
    }

    function _invalidEnd(BlockCommitments.BlockCommitment memory last, address committer)
        private
        pure
        returns (Verdict memory verdict)
    {
        verdict.isSafety = true;
        verdict.key = _positionKey(committer, last.blockNumber, last.parentBlockHash);
    }
}
