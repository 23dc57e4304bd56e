// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BlockCommitments } from "./BlockCommitments.sol";
import { Faults } from "./Faults.sol";
import { PromiseCourse } from "./PromiseCourse.sol";
import { SlotRecords } from "./SlotRecords.sol";

/// @title SubmissionFault
/// @notice The position of a promise was still free when the preconfer's window was over. Once a window.
/// @dev Excused when the preconfer's own L1 slot was missed. Whoever fills the position later, also where anyone could propose,
///      the preconfer had not. Provable once the position is filled: a chain that stands still shows nothing. An inbox without
///      room for a proposal is no excuse: whoever promises looks first.
abstract contract SubmissionFault is Faults, PromiseCourse, SlotRecords {
    /// @dev The lowest block that landed late is the fault; those below must have been kept. What landed does not matter.
    function _judgeSubmission(
        BlockCommitments.BlockCommitment memory judged,
        address committer,
        bytes memory evidence
    ) internal view returns (Verdict memory) {
        (BlockCommitments.BlockCommitment[] memory promises, LandedBlock[] memory blocks) =
            _trace(judged, judged.windowEnd, abi.decode(evidence, (Course)));
        for (uint256 i; i < promises.length && i < blocks.length; ++i) {
            if (blocks[i].timestamp > judged.windowEnd) {
                return _judgeLate(committer, judged.windowEnd, blocks[i].timestamp);
            }
            require(_isKept(promises[promises.length - 1 - i], blocks[i], judged.windowEnd), NoFault());
        }
        revert NoFault();
    }

    /// @param timestamp Of the L1 block that shows the failure, in seconds.
    function _judgeLate(address committer, uint48 windowEnd, uint48 timestamp)
        internal
        view
        returns (Verdict memory verdict)
    {
        _requireSettled(timestamp);
        require(!_wasMissed(windowEnd), Excused());
        verdict.key = _windowKey(committer, windowEnd);
    }
}
