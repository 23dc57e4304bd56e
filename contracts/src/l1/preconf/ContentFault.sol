// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BlockCommitments } from "./BlockCommitments.sol";
import { Faults } from "./Faults.sol";
import { PromiseCourse } from "./PromiseCourse.sol";

/// @title ContentFault
/// @notice The chain has, in the preconfer's own window, another block than promised at a position it promised.
/// @dev The transactions root covers the anchor transaction, and with it the hash of the anchored L1 block. A preconfer whose
///      anchor a reorg removed can therefore not land what it promised. It chooses its anchor deep enough, or lets the
///      window pass, which is the lower tier. Blocks that others landed, in their windows or where anyone could propose
///      (window end 0), are no fault of its.
abstract contract ContentFault is Faults, PromiseCourse {
    /// @dev Punishes the lowest promise that was broken, whichever promise above it is brought: one broken block voids all
    ///      later ones, and is one fault.
    function _judgeContent(
        BlockCommitments.BlockCommitment memory judged,
        address committer,
        bytes memory evidence
    ) internal view returns (Verdict memory verdict) {
        _requireSettled(judged.windowEnd);
        (BlockCommitments.BlockCommitment[] memory promises, LandedBlock[] memory blocks) =
            _trace(judged, judged.windowEnd, abi.decode(evidence, (Course)));
        for (uint256 i; i < promises.length && i < blocks.length; ++i) {
            require(blocks[i].windowEnd == judged.windowEnd, NoFault());
            BlockCommitments.BlockCommitment memory promised = promises[promises.length - 1 - i];
            if (blocks[i].transactionsRoot != promised.transactionsRoot) {
                verdict.isSafety = true;
                verdict.key = _positionKey(committer, promised.blockNumber, promised.parentBlockHash);
                return verdict;
            }
        }
        revert NoFault();
    }
}
