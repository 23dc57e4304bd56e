// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Blobs } from "./Blobs.sol";

/// @title IForcedInclusionStore
/// @notice Queue through which anyone gets a blob into the L2 whether the proposers like it or not.
interface IForcedInclusionStore {
    struct ForcedInclusion {
        /// @notice Fee paid, in gwei; goes to the proposer that includes it.
        uint64 feeInGwei;
        Blobs.BlobSlice blobSlice;
    }

    event ForcedInclusionSaved(ForcedInclusion forcedInclusion);

    /// @notice The proposer did not take its fees when they were sent; it may withdraw them.
    event FeesHeld(address indexed proposer, uint256 amountWei);

    /// @notice Held fees were paid out.
    event FeesWithdrawn(address indexed proposer, address to, uint256 amountWei);

    error FeeTransferFailed();
    error ForcedInclusionFeeDoubleThresholdZero();
    error ForcedInclusionFeeInGweiZero();
    error IncorrectProposalCount();
    error InsufficientFee();
    error NoFeesHeld();
    error OnlySingleBlobAllowed();
    error PermissionlessInclusionMultiplierTooSmall();
    error UnprocessedForcedInclusionIsDue();

    /// @notice Queues one blob of this transaction. What is sent above the current fee comes back.
    /// @dev Possible once proposal 1 exists, so that every forced inclusion has a parent block of its own kind.
    function saveForcedInclusion(Blobs.BlobReference calldata blobReference) external payable;

    /// @notice Pays out fees that could not be sent to the caller when it proposed.
    function withdrawFees(address to) external;

    /// @notice Fees in wei waiting for `withdrawFees`.
    function heldFees(address proposer) external view returns (uint256);

    /// @notice Fee of the next forced inclusion, in gwei: base · (threshold + pending) / threshold, rounded down.
    function getCurrentForcedInclusionFee() external view returns (uint64);

    /// @notice At most `maxCount` pending entries from index `start`; none when `start` is not pending.
    function getForcedInclusions(uint48 start, uint48 maxCount)
        external
        view
        returns (ForcedInclusion[] memory);

    /// @notice Indexes of the oldest pending entry and of the next free place; equal when nothing is pending.
    function getForcedInclusionState() external view returns (uint48 head, uint48 tail);
}
