// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IInbox } from "../IInbox.sol";
import { Faults } from "./Faults.sol";
import { InclusionLists } from "./InclusionLists.sol";
import { L2Headers } from "./L2Headers.sol";
import { L2Proposals } from "./L2Proposals.sol";
import { OmissionJudge } from "./OmissionJudge.sol";
import { SlotRecords } from "./SlotRecords.sol";

/// @title InclusionListFault
/// @notice A listed transaction could still have been appended to the last block of the window, so it was left out.
/// @dev FOCIL's conditional rule (EIP-7805), judged at one place: the state after that block. What cannot be shown is no fault:
///      a sender with code, a nonce gone by (executed or replaced), from Unzen on whatever could use up a block's zk gas, a
///      window without a block, a block of others between the window's last and the window's end. Excused when the preconfer's
///      own L1 slot was missed: the block with the transaction may have been lost with it.
abstract contract InclusionListFault is Faults, L2Headers, L2Proposals, SlotRecords {
    /// @notice Evidence of an omission.
    struct Omission {
        /// @notice RLP list whose hash the promise has.
        bytes transactions;
        /// @notice Position of the omitted one in it.
        uint256 index;
        /// @notice RLP, from a known block down to the block after the window's last, and that last one.
        bytes[] headers;
        /// @notice Those that these two blocks were derived from.
        IInbox.Proposal nextProposal;
        IInbox.Proposal lastProposal;
        /// @notice Trie nodes from the state root of the window's last block to the sender's account.
        bytes[] accountProof;
    }

    OmissionJudge public immutable omissionJudge = new OmissionJudge();

    /// @dev The harmed user is the sender.
    function _judgeOmission(
        InclusionLists.InclusionList memory list,
        address committer,
        bytes memory evidence
    ) internal view returns (Verdict memory verdict) {
        Omission memory omission = abi.decode(evidence, (Omission));
        L2Block memory last = _readLastBlock(list.windowEnd, omission);
        verdict.isSafety = true;
        verdict.key = _listKey(committer, list.windowEnd);
        verdict.harmedUser = omissionJudge.requireExecutable(
            list, omission.transactions, omission.index, last, omission.accountProof
        );
    }

    function _readLastBlock(uint48 windowEnd, Omission memory omission)
        private
        view
        returns (L2Block memory last)
    {
        uint256 count = omission.headers.length;
        require(count > 1, InvalidHeaderCount());
        _verifyChain(omission.headers);
        L2Block memory next = _readBlock(omission.headers[count - 2]);
        last = _readBlock(omission.headers[count - 1]);
        require(
            next.proposalId == omission.nextProposal.id && last.proposalId == omission.lastProposal.id,
            UnknownProposal()
        );
        _requireKnown(omission.nextProposal);
        _requireKnown(omission.lastProposal);
        require(
            omission.lastProposal.endOfSubmissionWindowTimestamp == windowEnd
                && omission.nextProposal.timestamp > windowEnd,
            NoFault()
        );
        _requireSettled(omission.nextProposal.timestamp);
        require(!_wasMissed(windowEnd), Excused());
    }
}
