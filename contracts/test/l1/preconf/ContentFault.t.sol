// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IInbox } from "../../../src/l1/IInbox.sol";
import { BlockCommitments } from "../../../src/l1/preconf/BlockCommitments.sol";
import { Faults } from "../../../src/l1/preconf/Faults.sol";
import { L2Headers } from "../../../src/l1/preconf/L2Headers.sol";
import { L2Proposals } from "../../../src/l1/preconf/L2Proposals.sol";
import { PromiseCourse } from "../../../src/l1/preconf/PromiseCourse.sol";
import { SlasherFixture } from "../../support/SlasherFixture.sol";

contract ContentFaultTest is SlasherFixture {
    using BlockCommitments for BlockCommitments.BlockCommitment;

    Faults.Fault private constant FAULT = Faults.Fault.ContentMismatch;
    bytes32 private constant OTHER = keccak256("other transactions");

    uint48 private windowEnd;

    function setUp() public override {
        super.setUp();
        // A block of another window below, so that the parent is derived.
        land(uint48(block.timestamp), 1);
        enterSlot();
        windowEnd = slotAfter(1);
    }

    // What is a fault

    function testFuzz_otherTransactions_costTheSafetyPenalty(bytes32 root) external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        vm.assume(root != promised.transactionsRoot);
        landRoot(windowEnd, root);
        settle();
        assertSafety(judge(promised, FAULT, courseOf(2, 2)), promised);
    }

    function test_promisedTransactions_areNoFault() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        land(windowEnd, 1);
        settle();
        expectRefusal(promised, FAULT, courseOf(2, 2), Faults.NoFault.selector);
    }

    function test_headerChain_reachesFromALaterCheckpoint() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        landRoot(windowEnd, OTHER);
        enterSlotAt(windowEnd + SLOT_SECONDS);
        land(slotAfter(1), 40);
        settle();
        assertSafety(judge(promised, FAULT, courseOf(head(), 2)), promised);
    }

    // Who is not at fault

    function test_blockOfAnotherWindow_isNoFault() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        landRoot(windowEnd + SLOT_SECONDS, OTHER);
        settle();
        expectRefusal(promised, FAULT, courseOf(2, 2), Faults.NoFault.selector);
    }

    function test_blockThatAnyoneCouldPropose_isNoFault() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        landRoot(0, OTHER);
        settle();
        expectRefusal(promised, FAULT, courseOf(2, 2), Faults.NoFault.selector);
    }

    function test_promiseOnAParentThatNeverWas_binds_nobody() external {
        BlockCommitments.BlockCommitment memory promised =
            promiseAt(2, keccak256("a block that L1 removed"), windowEnd);
        landRoot(windowEnd, OTHER);
        settle();
        expectRefusal(promised, FAULT, courseOf(2, 2), PromiseCourse.UnreachedParent.selector);
    }

    function test_parentThatLandedInAnotherWindow_bindsNobody() external {
        BlockCommitments.BlockCommitment memory parent = promiseNext(windowEnd);
        BlockCommitments.BlockCommitment memory promised = promiseOn(parent, windowEnd);
        land(windowEnd - SLOT_SECONDS, 1); // as its author promised, under another hash than foreseen
        enterSlot();
        landRoot(windowEnd, OTHER);
        settle();
        expectRefusal(promised, FAULT, courseOf(3, 2, parent), Faults.NoFault.selector);
        expectRefusal(promised, FAULT, courseOf(3, 3), PromiseCourse.UnreachedParent.selector);
    }

    // Ways out that are none

    function test_movingATimestamp_doesNotFreeOfThePromisesAbove() external {
        BlockCommitments.BlockCommitment memory parent = promiseNext(windowEnd);
        BlockCommitments.BlockCommitment memory promised = promiseOn(parent, windowEnd);
        land(windowEnd, 1); // kept, but not under the foreseen hash
        enterSlot();
        landRoot(windowEnd, OTHER);
        settle();
        assertSafety(judge(promised, FAULT, courseOf(3, 2, parent)), promised);
    }

    function test_brokenBlock_isOneFaultHoweverManyPromisesBuiltOnIt() external {
        BlockCommitments.BlockCommitment memory parent = promiseNext(windowEnd);
        BlockCommitments.BlockCommitment memory promised = promiseOn(parent, windowEnd);
        landRoot(windowEnd, OTHER);
        enterSlot();
        land(windowEnd, 1);
        settle();
        assertSafety(judge(parent, FAULT, courseOf(3, 2)), parent);
        assertSafety(judge(promised, FAULT, courseOf(3, 2, parent)), parent);
    }

    function test_blockOfThePredecessor_isPromisedByBuildingOnIt() external {
        // Signed by whomever for an earlier window; the preconfer linked to it and lands another block in its own.
        BlockCommitments.BlockCommitment memory published = promiseNext(windowEnd - SLOT_SECONDS);
        BlockCommitments.BlockCommitment memory promised = promiseOn(published, windowEnd);
        enterSlot();
        landRoot(windowEnd, OTHER);
        settle();
        assertSafety(judge(promised, FAULT, courseOf(2, 2, published)), published);
    }

    function test_linkedParents_mustBeThoseLinked() external {
        BlockCommitments.BlockCommitment memory parent = promiseNext(windowEnd);
        BlockCommitments.BlockCommitment memory promised = promiseOn(parent, windowEnd);
        land(windowEnd, 1);
        enterSlot();
        landRoot(windowEnd, OTHER);
        settle();
        parent.anchorBlockNumber = 8;
        expectRefusal(promised, FAULT, courseOf(3, 2, parent), PromiseCourse.UnlinkedParent.selector);

        parent = promiseNext(windowEnd);
        parent.blockNumber = 1;
        promised.parentCommitmentHash = parent.hash(domainOf());
        expectRefusal(promised, FAULT, courseOf(3, 2, parent), PromiseCourse.UnlinkedParent.selector);
    }

    function test_linkedParents_endWhereTheyMeetTheChain() external {
        BlockCommitments.BlockCommitment memory parent = promiseNext(windowEnd);
        landRoot(windowEnd, OTHER);
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        promised.parentCommitmentHash = parent.hash(domainOf());
        enterSlot();
        land(windowEnd, 1);
        settle();
        // The upper promise was kept; the broken one below is not its doing.
        expectRefusal(promised, FAULT, courseOf(3, 2, parent), PromiseCourse.UnlinkedParent.selector);
        expectRefusal(promised, FAULT, courseOf(3, 3), Faults.NoFault.selector);
    }

    /// @dev Headers from the checkpoint below the kept promise say the same as those from above it.
    function test_linkedParents_areNotHiddenByHeadersLeftOut() external {
        BlockCommitments.BlockCommitment memory parent = promiseNext(windowEnd);
        landRoot(windowEnd, OTHER);
        prove();
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        promised.parentCommitmentHash = parent.hash(domainOf());
        BlockCommitments.BlockCommitment memory next = promiseOn(promised, windowEnd);
        enterSlot();
        land(windowEnd, 2);
        settle();
        expectRefusal(promised, FAULT, courseOf(2, 2, parent), PromiseCourse.UnlinkedParent.selector);

        PromiseCourse.Course memory course = courseOf(2, 2);
        course.parents = new bytes[](2);
        (course.parents[0], course.parents[1]) = (promised.encode(), parent.encode());
        expectRefusal(next, FAULT, course, L2Headers.InvalidHeaderCount.selector);
    }

    // More promises than one call can follow

    function test_recordKept_bridgesPromises() external {
        BlockCommitments.BlockCommitment memory parent = promiseNext(windowEnd);
        BlockCommitments.BlockCommitment memory promised = promiseOn(parent, windowEnd);
        land(windowEnd, 1);
        enterSlot();
        landRoot(windowEnd, OTHER);
        settle();
        expectRefusal(promised, FAULT, courseOf(3, 3), PromiseCourse.UnreachedParent.selector);
        slasher.recordKept(parent.encode(), windowEnd, abi.encode(courseOf(3, 2)));
        assertSafety(judge(promised, FAULT, courseOf(3, 3)), promised);
    }

    function test_recordKept_isForOneWindow() external {
        BlockCommitments.BlockCommitment memory parent = promiseNext(windowEnd);
        BlockCommitments.BlockCommitment memory promised = promiseOn(parent, windowEnd + SLOT_SECONDS);
        land(windowEnd, 1);
        enterSlot();
        landRoot(windowEnd + SLOT_SECONDS, OTHER);
        settle();
        slasher.recordKept(parent.encode(), windowEnd, abi.encode(courseOf(3, 2)));
        expectRefusal(promised, FAULT, courseOf(3, 3), PromiseCourse.UnreachedParent.selector);
    }

    function test_recordKept_isForOneBlock() external {
        BlockCommitments.BlockCommitment memory parent = promiseNext(windowEnd);
        land(windowEnd, 1);
        enterSlot();
        bytes32[] memory others = new bytes32[](2);
        landRoots(windowEnd, others);
        settle();
        slasher.recordKept(parent.encode(), windowEnd, abi.encode(courseOf(4, 2)));
        BlockCommitments.BlockCommitment memory promised = promiseOn(parent, windowEnd);
        assertSafety(judge(promised, FAULT, courseOf(4, 3)), promised);
        promised.blockNumber = 4;
        expectRefusal(promised, FAULT, courseOf(4, 4), PromiseCourse.UnreachedParent.selector);
    }

    function test_recordKept_shouldRevertForBrokenPromises() external {
        BlockCommitments.BlockCommitment memory broken = promiseNext(windowEnd);
        landRoot(windowEnd, OTHER);
        prove();
        bytes memory course = abi.encode(courseOf(2, 2));
        vm.expectRevert(PromiseCourse.NotKept.selector);
        slasher.recordKept(broken.encode(), windowEnd, course);

        BlockCommitments.BlockCommitment memory kept = promiseNext(windowEnd);
        enterSlot();
        land(windowEnd, 1);
        prove();
        course = abi.encode(courseOf(3, 3));
        vm.expectRevert(PromiseCourse.NotKept.selector);
        slasher.recordKept(kept.encode(), windowEnd + SLOT_SECONDS, course);
    }

    // Time

    function test_evidence_isTooEarlyWhileAReorgCouldUnmakeIt() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        landRoot(windowEnd, OTHER);
        prove();
        vm.warp(windowEnd + MIN_AGE - 1);
        expectRefusal(promised, FAULT, courseOf(2, 2), Faults.EvidenceTooEarly.selector);
        vm.warp(windowEnd + MIN_AGE);
        assertSafety(judge(promised, FAULT, courseOf(2, 2)), promised);
    }

    function test_evidence_isTooLateAfterItsTime() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        landRoot(windowEnd, OTHER);
        prove();
        vm.warp(windowEnd + MAX_AGE);
        assertSafety(judge(promised, FAULT, courseOf(2, 2)), promised);
        vm.warp(windowEnd + MAX_AGE + 1);
        expectRefusal(promised, FAULT, courseOf(2, 2), Faults.EvidenceTooLate.selector);
    }

    // False evidence

    function test_proposal_mustBeTheOneThatLanded() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        landRoot(windowEnd + SLOT_SECONDS, OTHER);
        settle();
        PromiseCourse.Course memory course = courseOf(2, 2);
        course.proposals[0].endOfSubmissionWindowTimestamp = windowEnd;
        expectRefusal(promised, FAULT, course, L2Proposals.UnknownProposal.selector);

        // Another one that landed in the window.
        enterSlot();
        land(windowEnd, 1);
        prove();
        course.proposals = proposalsOf(3, 3);
        expectRefusal(promised, FAULT, course, L2Proposals.UnknownProposal.selector);
        course.proposals = new IInbox.Proposal[](0);
        expectRefusal(promised, FAULT, course, L2Proposals.UnknownProposal.selector);
    }

    function test_headers_mustLeadFromACheckpointToThePosition() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        land(windowEnd, 1); // kept
        appendBlock(OTHER, proposalIds[2]);
        appendBlock(OTHER, proposalIds[2]);
        settle();
        PromiseCourse.Course memory course = courseOf(4, 2);
        expectRefusal(promised, FAULT, course, Faults.NoFault.selector);
        expectRefusal(promised, FAULT, courseOf(4, 3), L2Headers.BrokenHeaderChain.selector);
        expectRefusal(promised, FAULT, courseOf(4, 1), L2Headers.BrokenHeaderChain.selector);
        expectRefusal(promised, FAULT, courseOf(3, 2), L2Headers.BrokenHeaderChain.selector);

        bytes memory skipped = course.headers[1];
        course.headers[1] = course.headers[2];
        expectRefusal(promised, FAULT, course, L2Headers.BrokenHeaderChain.selector);
        course.headers[1] = bytes.concat(skipped, hex"00");
        expectRefusal(promised, FAULT, course, L2Headers.BrokenHeaderChain.selector);
        course.headers = new bytes[](0);
        expectRefusal(promised, FAULT, course, L2Headers.InvalidHeaderCount.selector);
    }

    /// @dev Whatever bit of a header is changed, it is no longer the block's.
    function testFuzz_header_meansEveryBit(uint256 index, uint256 bit) external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        landRoot(windowEnd, OTHER);
        appendBlock(OTHER, proposalIds[2]);
        settle();
        assertSafety(judge(promised, FAULT, courseOf(3, 2)), promised);
        PromiseCourse.Course memory course = courseOf(3, 2);
        bytes memory header = course.headers[index % 2];
        header[bit / 8 % header.length] ^= bytes1(uint8(1 << bit % 8));
        assertTrue(isRefused(commitmentOf(promised), evidenceOf(FAULT, course)), "refused");
    }

    function test_moreHeadersThanOneCallTakes_areRefused() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        landRoot(windowEnd, OTHER);
        for (uint256 i; i < 256; ++i) {
            appendBlock(OTHER, proposalIds[2]);
        }
        settle();
        expectRefusal(promised, FAULT, courseOf(258, 2), L2Headers.InvalidHeaderCount.selector);
        slasher.recordAncestor(headersOf(258, 100));
        assertSafety(judge(promised, FAULT, courseOf(99, 2)), promised);
    }
}
