// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IForcedInclusionStore } from "../../../src/l1/IForcedInclusionStore.sol";
import { IInbox } from "../../../src/l1/IInbox.sol";
import { Inbox } from "../../../src/l1/Inbox.sol";
import { IProposerSchedule } from "../../../src/l1/IProposerSchedule.sol";
import { InboxFixture } from "../../support/InboxFixture.sol";
import { Vm } from "../../support/Vm.sol";
import { Invariants } from "../../support/Invariants.sol";

/// @notice Lets ALICE propose.
contract AliceSchedule is IProposerSchedule {
    function checkProposer(address proposer, bytes calldata) external pure returns (uint48) {
        require(proposer == address(0xA11CE), InvalidProposer());
        return 0;
    }
}

/// @notice Takes no money.
contract Refuser { }

/// @notice A queue that fills and empties, proposers that may and may not, proofs; and books of its own.
contract InboxHandler is InboxFixture {
    uint256 private constant TAKEN_MAX = 10;

    address private immutable _refuser = address(new Refuser());
    uint256 private _number = 1000;
    uint256 private _time = 1_800_000_000;

    bytes32[] private _savedHashes;
    uint256[] private _savedTimes;
    uint256[] private _savedFeesWei;
    uint256 public head;
    uint256 public heldWei;
    uint48 public lastId;
    bytes32 public lastHash;
    uint48 private _provenId;

    /// @notice What an invariant would say, had it seen the moment.
    bool public hasSkippedDue;
    bool public hasWrongSource;
    bool public hasStranger;
    bool public hasWrongHash;

    constructor() {
        start();
        inbox = deployInbox(new AliceSchedule());
        lastHash = inbox.getProposalHash(0);
        // A forced inclusion needs a proposal before it.
        advance(0);
        proposeNow(ALICE, 0);
    }

    function target() external view returns (Inbox) {
        return inbox;
    }

    function tail() external view returns (uint256) {
        return _savedHashes.length;
    }

    function waitingFeesWei() external view returns (uint256 sum) {
        for (uint256 i = head; i < _savedHashes.length; ++i) {
            sum += _savedFeesWei[i];
        }
    }

    /// @dev Time jumps far enough, at times, for entries to be overdue.
    function advance(uint256 elapsed) public {
        start();
        vm.setBlockhash(_number, blockHashOf(_number));
        _number += 1;
        _time += 12 + (elapsed % 16 == 0 ? uint256(DELAY) * MULTIPLIER : elapsed % DELAY);
        start();
    }

    function save() external {
        start();
        uint256 feeWei = saveForcedNow(BOB);
        _savedHashes.push(blobHash(0));
        _savedTimes.push(_time);
        _savedFeesWei.push(feeWei);
    }

    function proposeAs(uint256 who, uint256 forced, uint256 elapsed) external {
        advance(elapsed % 64 + 1);
        proposeNow([ALICE, BOB, _refuser][who % 3], uint16(bound(forced, 0, 12)));
    }

    function collect() external {
        start();
        uint256 amount = inbox.heldFees(_refuser);
        vm.prank(_refuser);
        inbox.withdrawFees(BOB);
        heldWei -= amount;
    }

    function proveAll() external {
        start();
        IInbox.Commitment memory commitment =
            commitmentOf(_provenId + 1, lastId, _provenId == 0 ? GENESIS_HASH : endHash(_provenId));
        inbox.prove(encodeCommitment(commitment), attest(commitment));
        _provenId = lastId;
    }

    function start() private {
        vm.roll(_number);
        vm.warp(_time);
        vm.setBlockhash(_number - 1, blockHashOf(_number - 1));
    }

    function proposeNow(address proposer, uint16 forced) private {
        bytes32[] memory own = carryBlobs(1);
        uint256 pending = _savedHashes.length - head;
        uint256 due = dueCount();
        bool isOverdue = pending > 0 && _time > _savedTimes[head] + uint256(DELAY) * MULTIPLIER;
        vm.recordLogs();
        vm.prank(proposer);
        inbox.propose("", encodeInput(0, 0, 1, 0, forced));

        IInbox.DerivationSource[] memory sources = noteProposal(proposer);
        uint256 taken = sources.length - 1;
        if (taken < due) hasSkippedDue = true;
        if (proposer != ALICE && !(isOverdue && taken > 0)) hasStranger = true;
        if (sources[taken].isForcedInclusion || sources[taken].blobSlice.blobHashes[0] != own[0]) {
            hasWrongSource = true;
        }
        for (uint256 i; i < taken; ++i) {
            if (sources[i].blobSlice.blobHashes[0] != _savedHashes[head]) hasWrongSource = true;
            if (!sources[i].isForcedInclusion) hasWrongSource = true;
            if (proposer == _refuser) heldWei += _savedFeesWei[head];
            ++head;
        }
    }

    function dueCount() private view returns (uint256 due) {
        while (
            due < TAKEN_MAX && head + due < _savedTimes.length && _time >= _savedTimes[head + due] + DELAY
        ) {
            ++due;
        }
    }

    /// @dev Makes the proposal anew from its event and its block, as every node does.
    function noteProposal(address proposer) private returns (IInbox.DerivationSource[] memory sources) {
        Vm.Log memory log = vm.getRecordedLogs()[0];
        IInbox.Proposal memory proposal;
        (
            proposal.parentProposalHash,
            proposal.endOfSubmissionWindowTimestamp,
            proposal.basefeeSharingPctg,
            proposal.sources
        ) = abi.decode(log.data, (bytes32, uint48, uint8, IInbox.DerivationSource[]));
        proposal.id = uint48(uint256(log.topics[1]));
        proposal.proposer = proposer;
        proposal.timestamp = uint48(_time);
        proposal.originBlockNumber = uint48(_number - 1);
        proposal.originBlockHash = blockHashOf(_number - 1);
        if (proposal.id != lastId + 1 || proposal.parentProposalHash != lastHash) hasWrongHash = true;
        lastId = proposal.id;
        lastHash = keccak256(abi.encode(proposal));
        if (inbox.getProposalHash(lastId) != lastHash) hasWrongHash = true;
        return proposal.sources;
    }
}

contract InboxInvariants is Invariants {
    InboxHandler private handler;
    Inbox private inbox;

    function setUp() external {
        handler = new InboxHandler();
        inbox = handler.target();
        _fuzz(address(handler));
        _fuzz(InboxHandler.advance.selector);
        _fuzz(InboxHandler.save.selector);
        _fuzz(InboxHandler.proposeAs.selector);
        _fuzz(InboxHandler.collect.selector);
        _fuzz(InboxHandler.proveAll.selector);
    }

    function invariant_queue_headIsAtMostTail() external view {
        (uint48 head, uint48 tail) = inbox.getForcedInclusionState();
        require(head <= tail, Broken("head beyond tail"));
        require(head == handler.head() && tail == handler.tail(), Broken("an entry came or went unseen"));
    }

    /// @dev Of the ten oldest, as many as were due when it landed.
    function invariant_dueEntries_areTakenByTheNextProposal() external view {
        require(!handler.hasSkippedDue(), Broken("a due entry was left"));
    }

    function invariant_entries_areTakenOnceAndInOrder() external view {
        require(!handler.hasWrongSource(), Broken("another source than the queue's next, or than the own"));
    }

    function invariant_fees_areHeldForWhoeverTheyAreDueTo() external view {
        require(
            address(inbox).balance == handler.waitingFeesWei() + handler.heldWei(),
            Broken("fees missing or left")
        );
    }

    function invariant_proposals_areByTheScheduleUnlessOverdue() external view {
        require(!handler.hasStranger(), Broken("a stranger proposed"));
    }

    function invariant_proposals_chainWithoutGaps() external view {
        require(!handler.hasWrongHash(), Broken("a gap, or a hash that events do not give"));
        IInbox.CoreState memory state = inbox.getCoreState();
        require(state.nextProposalId == handler.lastId() + 1, Broken("an id without a proposal"));
        require(
            inbox.getProposalHash(handler.lastId()) == handler.lastHash(), Broken("the last was overwritten")
        );
        require(
            state.nextProposalId - state.lastFinalizedProposalId <= inbox.getConfig().ringBufferSize,
            Broken("the ring is overfull")
        );
    }
}
