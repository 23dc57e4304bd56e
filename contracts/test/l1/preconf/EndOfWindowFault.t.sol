// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BlockCommitments } from "../../../src/l1/preconf/BlockCommitments.sol";
import { EquivocationFault } from "../../../src/l1/preconf/EquivocationFault.sol";
import { Faults } from "../../../src/l1/preconf/Faults.sol";
import { L2Headers } from "../../../src/l1/preconf/L2Headers.sol";
import { PromiseCourse } from "../../../src/l1/preconf/PromiseCourse.sol";
import { SlasherFixture } from "../../support/SlasherFixture.sol";

contract EndOfWindowFaultTest is SlasherFixture {
    using BlockCommitments for BlockCommitments.BlockCommitment;

    Faults.Fault private constant PROMISED = Faults.Fault.PromisedBehindEnd;
    Faults.Fault private constant LANDED = Faults.Fault.LandedBehindEnd;
    Faults.Fault private constant MISSING = Faults.Fault.MissingEnd;

    uint48 private windowEnd;
    BlockCommitments.BlockCommitment private last;

    function setUp() public override {
        super.setUp();
        land(uint48(block.timestamp), 1);
        enterSlot();
        windowEnd = slotAfter(1);
        last = promiseNext(windowEnd);
        last.isEndOfWindow = true;
    }

    function signed(uint256 key, BlockCommitments.BlockCommitment memory promised)
        private
        view
        returns (bytes memory)
    {
        return evidenceOf(PROMISED, abi.encode(sign(key, commitmentOf(promised))));
    }

    // A promise behind the end

    function test_promiseBehindTheEnd_costsTheSafetyPenalty() external {
        assertSafety(judge(commitmentOf(last), signed(KEY, promiseOn(last, windowEnd))), last);
    }

    function test_promiseBehindTheEnd_mustBeOfTheSameWindowAndCommitter() external {
        BlockCommitments.BlockCommitment memory next = promiseOn(last, windowEnd + SLOT_SECONDS);
        expectRefusal(commitmentOf(last), signed(KEY, next), Faults.NoFault.selector);
        next = promiseOn(last, windowEnd);
        bytes4 reason = EquivocationFault.NotTheSameCommitter.selector;
        expectRefusal(commitmentOf(last), signed(OTHER_KEY, next), reason);
        next.parentCommitmentHash = keccak256("another");
        expectRefusal(commitmentOf(last), signed(KEY, next), Faults.NoFault.selector);
    }

    function test_promiseBehindABlockWithoutTheFlag_isNoFault() external {
        last.isEndOfWindow = false;
        bytes memory evidence = signed(KEY, promiseOn(last, windowEnd));
        expectRefusal(commitmentOf(last), evidence, Faults.NoFault.selector);
    }

    // A block behind the end

    function test_blockBehindTheEnd_costsTheSafetyPenalty() external {
        land(windowEnd, 2);
        settle();
        assertSafety(judge(last, LANDED, courseOf(3, 2)), last);
    }

    function test_blockBehindTheEnd_mustBeOfTheSameWindow() external {
        land(windowEnd, 1);
        enterSlot();
        land(0, 1); // where anyone could propose
        settle();
        expectRefusal(last, LANDED, courseOf(3, 2), Faults.NoFault.selector);
    }

    function test_blockBehindABlockWithoutTheFlag_isNoFault() external {
        last.isEndOfWindow = false;
        land(windowEnd, 2);
        settle();
        expectRefusal(last, LANDED, courseOf(3, 2), Faults.NoFault.selector);
    }

    function test_blockBehindAnEndThatDidNotLandAsPromised_isAnotherFault() external {
        landRoot(windowEnd, keccak256("other transactions"));
        appendBlock(rootOf(3), proposalIds[2]);
        settle();
        expectRefusal(last, LANDED, courseOf(3, 2), PromiseCourse.NotKept.selector);
        assertSafety(judge(last, Faults.Fault.ContentMismatch, courseOf(3, 2)), last);
    }

    function test_landedEvidence_needsTheNextBlock() external {
        land(windowEnd, 1);
        settle();
        expectRefusal(last, LANDED, courseOf(2, 2), L2Headers.InvalidHeaderCount.selector);
        last.isEndOfWindow = false;
        expectRefusal(last, MISSING, courseOf(2, 2), L2Headers.InvalidHeaderCount.selector);
    }

    function test_endUnderAnotherHash_isJudgedByItsParents() external {
        last.isEndOfWindow = false;
        BlockCommitments.BlockCommitment memory end = promiseOn(last, windowEnd);
        end.isEndOfWindow = true;
        land(windowEnd, 3);
        settle();
        assertSafety(judge(end, LANDED, courseOf(4, 2, last)), end);
        expectRefusal(end, LANDED, courseOf(4, 3), PromiseCourse.UnreachedParent.selector);
    }

    // No end

    function endWindow() private {
        enterSlotAt(windowEnd);
        enterSlot();
    }

    function test_lastBlockWithoutTheFlag_costsTheLivenessPenalty() external {
        last.isEndOfWindow = false;
        land(windowEnd, 1);
        endWindow();
        land(slotAfter(3), 1);
        settle();
        assertLiveness(judge(last, MISSING, courseOf(3, 2)), windowEnd);
    }

    function test_lastBlockWithTheFlag_isNoFault() external {
        land(windowEnd, 1);
        endWindow();
        land(slotAfter(3), 1);
        settle();
        expectRefusal(last, MISSING, courseOf(3, 2), Faults.NoFault.selector);
        expectRefusal(last, LANDED, courseOf(3, 2), Faults.NoFault.selector);
    }

    function test_blockThatIsNotTheLast_needsNoFlag() external {
        last.isEndOfWindow = false;
        land(windowEnd, 2);
        endWindow();
        land(slotAfter(3), 1);
        settle();
        expectRefusal(last, MISSING, courseOf(4, 2), Faults.NoFault.selector);
    }

    function test_interruptionByOthers_isNotTheEnd() external {
        last.isEndOfWindow = false;
        land(windowEnd, 1);
        enterSlot();
        land(0, 1); // still within the window
        settle();
        expectRefusal(last, MISSING, courseOf(3, 2), Faults.NoFault.selector);
    }

    function test_missedSlot_excusesAMissingEnd() external {
        last.isEndOfWindow = false;
        land(windowEnd, 1);
        missSlot();
        enterSlot();
        land(slotAfter(3), 1);
        settle();
        expectRefusal(last, MISSING, courseOf(3, 2), Faults.Excused.selector);
    }

    function test_missingEnd_isTooEarlyWhileAReorgCouldUnmakeIt() external {
        last.isEndOfWindow = false;
        land(windowEnd, 1);
        endWindow();
        land(slotAfter(3), 1);
        uint48 landedAt = uint48(block.timestamp);
        prove();
        vm.warp(landedAt + MIN_AGE - 1);
        expectRefusal(last, MISSING, courseOf(3, 2), Faults.EvidenceTooEarly.selector);
    }

    function test_missingEnd_andMissedSubmission_areOneFault() external {
        last.isEndOfWindow = false;
        BlockCommitments.BlockCommitment memory next = promiseOn(last, windowEnd);
        land(windowEnd, 1);
        endWindow();
        land(slotAfter(3), 1);
        settle();
        bytes32 key = judge(last, MISSING, courseOf(3, 2)).key;
        assertEq(judge(next, Faults.Fault.MissedSubmission, courseOf(3, 2, last)).key, key);
    }
}
