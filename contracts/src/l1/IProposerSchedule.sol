// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IProposerSchedule
/// @notice Says who may propose now.
interface IProposerSchedule {
    error InvalidProposer();

    /// @notice Reverts unless `proposer` may propose in this L1 block.
    /// @param lookahead Evidence the schedule may ask for; the caller of `propose` supplies it.
    /// @return endOfSubmissionWindowTimestamp Timestamp of the last slot of the proposer's window, in seconds; 0 for none.
    function checkProposer(address proposer, bytes calldata lookahead)
        external
        returns (uint48 endOfSubmissionWindowTimestamp);
}
