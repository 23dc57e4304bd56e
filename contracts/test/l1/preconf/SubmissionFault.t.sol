// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BlockCommitments } from "../../../src/l1/preconf/BlockCommitments.sol";
import { Faults } from "../../../src/l1/preconf/Faults.sol";
import { PromiseCourse } from "../../../src/l1/preconf/PromiseCourse.sol";
import { SlotRecords } from "../../../src/l1/preconf/SlotRecords.sol";
import { SlasherFixture } from "../../support/SlasherFixture.sol";

contract SubmissionFaultTest is SlasherFixture {
    Faults.Fault private constant FAULT = Faults.Fault.MissedSubmission;
    uint256 private constant RING_LENGTH = 8191;

    uint48 private windowEnd;

    function setUp() public override {
        super.setUp();
        land(uint48(block.timestamp), 1);
        enterSlot();
        windowEnd = slotAfter(1);
    }

    /// @dev The window's last slot has a block, the one after it lands the position.
    function landLate() private {
        enterSlotAt(windowEnd);
        enterSlot();
        land(slotAfter(3), 1);
    }

    // What is a fault

    function test_blockThatLandsAfterTheWindow_costsTheLivenessPenalty() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        landLate();
        settle();
        assertLiveness(judge(promised, FAULT, courseOf(2, 2)), windowEnd);
    }

    function test_positionThatAnyoneFilledLater_wasMissed() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        enterSlotAt(windowEnd);
        enterSlot();
        landRoot(0, keccak256("other transactions"));
        settle();
        assertLiveness(judge(promised, FAULT, courseOf(2, 2)), windowEnd);
    }

    function test_allPromisesOfAWindow_areOneFault() external {
        BlockCommitments.BlockCommitment memory first = promiseNext(windowEnd);
        BlockCommitments.BlockCommitment memory second = promiseOn(first, windowEnd);
        landLate();
        appendBlock(rootOf(3), proposalIds[2]);
        settle();
        bytes32 key = judge(first, FAULT, courseOf(3, 2)).key;
        assertEq(judge(second, FAULT, courseOf(3, 2, first)).key, key);
    }

    function test_halfOfAWindow_isNotEnough() external {
        BlockCommitments.BlockCommitment memory first = promiseNext(windowEnd);
        BlockCommitments.BlockCommitment memory second = promiseOn(first, windowEnd);
        land(windowEnd, 1);
        landLate();
        settle();
        assertLiveness(judge(second, FAULT, courseOf(3, 2, first)), windowEnd);
    }

    function test_blockOfThePredecessor_isPromisedByBuildingOnIt() external {
        BlockCommitments.BlockCommitment memory published = promiseNext(windowEnd - SLOT_SECONDS);
        BlockCommitments.BlockCommitment memory promised = promiseOn(published, windowEnd);
        landLate(); // only the predecessor's block, by a third
        settle();
        assertLiveness(judge(promised, FAULT, courseOf(2, 2, published)), windowEnd);
    }

    // Who is not at fault

    function test_blockThatLandsInItsWindow_isNoFault() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        enterSlotAt(windowEnd); // in the very last slot
        land(windowEnd, 1);
        settle();
        expectRefusal(promised, FAULT, courseOf(2, 2), Faults.NoFault.selector);
    }

    function test_positionThatOthersTookInTime_isNoFault() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        land(0, 1);
        settle();
        expectRefusal(promised, FAULT, courseOf(2, 2), Faults.NoFault.selector);
    }

    function test_promiseOnAParentThatNeverWas_bindsNobody() external {
        BlockCommitments.BlockCommitment memory promised = promiseAt(2, keccak256("removed"), windowEnd);
        landLate();
        settle();
        expectRefusal(promised, FAULT, courseOf(2, 2), PromiseCourse.UnreachedParent.selector);
    }

    function test_promiseAboveAnotherOnesBrokenBlock_bindsNobody() external {
        BlockCommitments.BlockCommitment memory published = promiseNext(windowEnd - SLOT_SECONDS);
        BlockCommitments.BlockCommitment memory promised = promiseOn(published, windowEnd);
        landRoot(windowEnd - SLOT_SECONDS, keccak256("other transactions"));
        landLate();
        settle();
        expectRefusal(promised, FAULT, courseOf(3, 2, published), Faults.NoFault.selector);
    }

    // The excuse

    function test_missedSlot_excuses() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        enterSlotAt(windowEnd - SLOT_SECONDS);
        missSlot();
        enterSlot();
        land(slotAfter(3), 1);
        settle();
        expectRefusal(promised, FAULT, courseOf(2, 2), Faults.Excused.selector);
    }

    function test_windowEndWhereNoSlotBegins_excusesNobody() external {
        windowEnd += 1;
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        enterSlotAt(windowEnd + SLOT_SECONDS - 1);
        land(slotAfter(3), 1);
        settle();
        assertLiveness(judge(promised, FAULT, courseOf(2, 2)), windowEnd);
    }

    function test_slotThatIsNoLongerKnown_isNotJudged() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        landLate();
        prove();
        vm.warp(windowEnd + RING_LENGTH * SLOT_SECONDS - SLOT_SECONDS);
        assertLiveness(judge(promised, FAULT, courseOf(2, 2)), windowEnd);
        enterSlot(); // overwrites the entry
        expectRefusal(promised, FAULT, courseOf(2, 2), SlotRecords.SlotUnknown.selector);
    }

    function test_recordedSlot_isKnownForEver() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        landLate();
        prove();
        slasher.recordSlot(windowEnd);
        enterSlotAt(windowEnd + RING_LENGTH * SLOT_SECONDS);
        assertLiveness(judge(promised, FAULT, courseOf(2, 2)), windowEnd);
    }

    function test_recordedMiss_excusesForEver() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        enterSlotAt(windowEnd - SLOT_SECONDS);
        missSlot();
        enterSlot();
        slasher.recordSlot(windowEnd);
        land(slotAfter(3), 1);
        prove();
        enterSlotAt(windowEnd + RING_LENGTH * SLOT_SECONDS);
        expectRefusal(promised, FAULT, courseOf(2, 2), Faults.Excused.selector);
    }

    // Time

    function test_evidence_isTooEarlyWhileAReorgCouldUnmakeIt() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        enterSlotAt(windowEnd);
        enterSlotAt(windowEnd + MIN_AGE); // the window is long over, but the chain stood still
        land(slotAfter(3), 1);
        uint48 landedAt = uint48(block.timestamp);
        prove();
        vm.warp(landedAt + MIN_AGE - 1);
        expectRefusal(promised, FAULT, courseOf(2, 2), Faults.EvidenceTooEarly.selector);
        vm.warp(landedAt + MIN_AGE);
        assertLiveness(judge(promised, FAULT, courseOf(2, 2)), windowEnd);
    }

    /// @dev Nothing that is landed at any time, by anyone, within the window is late; everything after it is.
    function testFuzz_late_isAfterTheWindow(uint8 slots, bool isOthers) external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        enterSlotAt(windowEnd);
        if (slots > 0) enterSlotAt(windowEnd + uint256(slots) * SLOT_SECONDS);
        landRoot(isOthers ? 0 : windowEnd, keccak256("any"));
        settle();
        if (slots == 0) expectRefusal(promised, FAULT, courseOf(2, 2), Faults.NoFault.selector);
        else assertLiveness(judge(promised, FAULT, courseOf(2, 2)), windowEnd);
    }
}
