// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { Blobs } from "./Blobs.sol";
import { IForcedInclusionStore } from "./IForcedInclusionStore.sol";
import { IInbox } from "./IInbox.sol";

/// @title ForcedInclusionStore
/// @notice First in, first out. An entry falls due `_delay` seconds after it was saved; from then on no proposal is accepted
///         that does not take it. An entry older than `_delay · _multiplier` lets anyone propose.
abstract contract ForcedInclusionStore is IForcedInclusionStore, ReentrancyGuardTransient {
    using Blobs for Blobs.BlobReference;

    /// @dev Two slots instead of a dynamic array: an entry has exactly one blob.
    struct Entry {
        bytes32 blobHash;
        uint64 feeInGwei;
        uint24 offset;
        uint48 timestamp;
    }

    /// @notice Forced inclusions one proposal takes at most; the bound of both what must and what can be taken.
    /// @dev Each makes one L2 block at least a second after the last. Below the 12 seconds of an L1 slot, so that a
    ///      proposal in every slot cannot push L2 time ahead of L1 time.
    uint256 internal constant MAX_FORCED_INCLUSIONS_PER_PROPOSAL = 10;

    /// @dev Enough for a smart account to log and keep accounts; a proposer that needs more calls `withdrawFees`.
    uint256 private constant _FEE_TRANSFER_GAS = 100_000;

    /// @dev Seconds.
    uint16 internal immutable _delay;
    /// @dev Gwei.
    uint64 internal immutable _fee;
    uint64 internal immutable _feeDoubleThreshold;
    uint8 internal immutable _multiplier;

    mapping(uint256 index => Entry) private _queue;
    uint48 private _head;
    uint48 private _tail;
    mapping(address proposer => uint256 amountWei) public heldFees;

    constructor(uint16 delay, uint64 feeInGwei, uint64 feeDoubleThreshold, uint8 multiplier) {
        require(feeInGwei > 0, ForcedInclusionFeeInGweiZero());
        require(feeDoubleThreshold > 0, ForcedInclusionFeeDoubleThresholdZero());
        // With 1, an entry would open proposing to everyone the moment its own proposer has to take it.
        require(multiplier > 1, PermissionlessInclusionMultiplierTooSmall());
        _delay = delay;
        _fee = feeInGwei;
        _feeDoubleThreshold = feeDoubleThreshold;
        _multiplier = multiplier;
    }

    /// @inheritdoc IForcedInclusionStore
    function saveForcedInclusion(Blobs.BlobReference calldata blobReference) external payable nonReentrant {
        require(_hasProposals(), IncorrectProposalCount());
        require(blobReference.numBlobs == 1, OnlySingleBlobAllowed());
        uint64 feeInGwei = getCurrentForcedInclusionFee();
        uint256 feeWei = uint256(feeInGwei) * 1 gwei;
        require(msg.value >= feeWei, InsufficientFee());

        Blobs.BlobSlice memory slice = blobReference.resolve();
        _queue[_tail++] = Entry({
            blobHash: slice.blobHashes[0],
            feeInGwei: feeInGwei,
            offset: slice.offset,
            timestamp: slice.timestamp
        });
        emit ForcedInclusionSaved(ForcedInclusion({ feeInGwei: feeInGwei, blobSlice: slice }));

        uint256 excess = msg.value - feeWei;
        if (excess > 0) {
            (bool sent,) = msg.sender.call{ value: excess }("");
            require(sent, FeeTransferFailed());
        }
    }

    /// @inheritdoc IForcedInclusionStore
    function withdrawFees(address to) external nonReentrant {
        uint256 amountWei = heldFees[msg.sender];
        require(amountWei > 0, NoFeesHeld());
        heldFees[msg.sender] = 0;
        emit FeesWithdrawn(msg.sender, to, amountWei);
        (bool sent,) = to.call{ value: amountWei }("");
        require(sent, FeeTransferFailed());
    }

    /// @inheritdoc IForcedInclusionStore
    function getForcedInclusions(uint48 start, uint48 maxCount)
        external
        view
        returns (ForcedInclusion[] memory inclusions)
    {
        if (start < _head || start >= _tail) return inclusions;
        uint256 count = _min(_tail - start, maxCount);
        inclusions = new ForcedInclusion[](count);
        for (uint256 i; i < count; ++i) {
            Entry storage entry = _queue[start + i];
            inclusions[i] = ForcedInclusion({ feeInGwei: entry.feeInGwei, blobSlice: _slice(entry) });
        }
    }

    /// @inheritdoc IForcedInclusionStore
    function getForcedInclusionState() external view returns (uint48 head, uint48 tail) {
        return (_head, _tail);
    }

    /// @inheritdoc IForcedInclusionStore
    function getCurrentForcedInclusionFee() public view returns (uint64) {
        uint256 pending = _tail - _head;
        uint256 fee = uint256(_fee) * (_feeDoubleThreshold + pending) / _feeDoubleThreshold;
        return uint64(_min(fee, type(uint64).max));
    }

    /// @dev Whether a proposal other than the activation's exists.
    function _hasProposals() internal view virtual returns (bool);

    /// @dev Takes min(requested, pending, 10) entries off the queue. Reverts when that would leave a due one among the
    ///      first ten.
    /// @return sources The entries in order, and one free place at the end for the proposer's own source.
    /// @return isOverdue Whether the oldest waited so long that anyone may propose.
    /// @return feesWei What the entries paid.
    function _takeForcedInclusions(uint256 requested)
        internal
        returns (IInbox.DerivationSource[] memory sources, bool isOverdue, uint256 feesWei)
    {
        (uint256 head, uint256 pending) = (_head, _tail - _head);
        uint256 takeable = _min(pending, MAX_FORCED_INCLUSIONS_PER_PROPOSAL);
        uint256 taken = _min(requested, takeable);
        // Entries are in order of time: if the first one left behind is not due, no later one is.
        if (taken < takeable) {
            require(
                block.timestamp < _queue[head + taken].timestamp + _delay, UnprocessedForcedInclusionIsDue()
            );
        }

        sources = new IInbox.DerivationSource[](taken + 1);
        if (taken == 0) return (sources, false, 0);

        isOverdue = block.timestamp > _queue[head].timestamp + uint256(_delay) * _multiplier;
        for (uint256 i; i < taken; ++i) {
            Entry storage entry = _queue[head + i];
            sources[i] = IInbox.DerivationSource({ isForcedInclusion: true, blobSlice: _slice(entry) });
            feesWei += uint256(entry.feeInGwei) * 1 gwei;
            delete _queue[head + i];
        }
        _head = uint48(head + taken);
    }

    /// @dev Sends fees to the proposer, or keeps them for it when it does not take them: a receiver that reverts must not
    ///      be able to hold up the queue.
    function _payFees(address proposer, uint256 amountWei) internal {
        if (amountWei == 0) return;
        (bool sent,) = proposer.call{ value: amountWei, gas: _FEE_TRANSFER_GAS }("");
        if (sent) return;
        heldFees[proposer] += amountWei;
        emit FeesHeld(proposer, amountWei);
    }

    function _slice(Entry storage entry) private view returns (Blobs.BlobSlice memory slice) {
        slice.blobHashes = new bytes32[](1);
        slice.blobHashes[0] = entry.blobHash;
        slice.offset = entry.offset;
        slice.timestamp = entry.timestamp;
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
