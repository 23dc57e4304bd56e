// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IForcedInclusionStore } from "../../../src/l1/IForcedInclusionStore.sol";
import { IInbox } from "../../../src/l1/IInbox.sol";
import { IProposerSchedule } from "../../../src/l1/IProposerSchedule.sol";
import { OpenSchedule } from "../../../src/l1/OpenSchedule.sol";
import { WhitelistSchedule } from "../../../src/l1/WhitelistSchedule.sol";
import { LookaheadSchedule } from "../../../src/l1/lookahead/LookaheadSchedule.sol";
import { Eip4788 } from "../../support/Eip4788.sol";
import { LookaheadFixture } from "../../support/LookaheadFixture.sol";
import { Vm } from "../../support/Vm.sol";

/// @notice The inbox under each of the schedules.
contract SchedulesTest is LookaheadFixture {
    address private constant ANYONE = address(0xA27);
    address private constant USER = address(0x5E4);

    Operator[2] private operators;

    function setUp() public override {
        super.setUp();
        Operator[] memory founders = foundOperators(2);
        (operators[0], operators[1]) = (founders[0], founders[1]);
    }

    /// @dev In the running L1 block.
    function proposeWith(address proposer, bytes memory lookahead, uint16 forced) private {
        carryBlobs(1);
        vm.prank(proposer);
        inbox.propose(lookahead, encodeInput(0, 0, 1, 0, forced));
    }

    function expectRefusal(address proposer, bytes memory lookahead, uint16 forced, bytes4 selector) private {
        carryBlobs(1);
        vm.expectRevert(selector);
        vm.prank(proposer);
        inbox.propose(lookahead, encodeInput(0, 0, 1, 0, forced));
    }

    function windowEndOf(Vm.Log memory log) private pure returns (uint48 windowEnd) {
        (, windowEnd,,) = abi.decode(log.data, (bytes32, uint48, uint8, IInbox.DerivationSource[]));
    }

    function proposeRecorded(address proposer, bytes memory lookahead) private returns (uint48) {
        vm.recordLogs();
        proposeWith(proposer, lookahead, 0);
        return windowEndOf(vm.getRecordedLogs()[0]);
    }

    function test_lookahead_proposersTakeTurns() external {
        bytes memory lookahead = emptyLookahead();
        setProposer(lookahead, 4, 100);
        setProposer(lookahead, 7, 101);
        setProposer(lookahead, 8, 100);
        proveLookahead(EPOCH, lookahead);
        for (uint256 slot = 2; slot < 9; ++slot) {
            enterSlot(EPOCH, slot);
            uint256 turn = slot < 5 || slot == 8 ? 0 : 1;
            uint256 end = slot < 5 ? 4 : slot < 8 ? 7 : 8;
            address other = operators[1 - turn].committer;
            expectRefusal(other, lookahead, 0, IProposerSchedule.InvalidProposer.selector);
            expectRefusal(ANYONE, lookahead, 0, IProposerSchedule.InvalidProposer.selector);
            assertEq(proposeRecorded(operators[turn].committer, lookahead), timeOf(EPOCH, end));
        }
    }

    /// @dev The L1 block of the operator's own slot never came: his window is over all the same.
    function test_lookahead_aMissedSlotEndsItsWindow() external {
        bytes memory lookahead = emptyLookahead();
        setProposer(lookahead, 4, 100);
        setProposer(lookahead, 9, 101);
        proveLookahead(EPOCH, lookahead);
        enterSlot(EPOCH, 3);
        proposeWith(operators[0].committer, lookahead, 0);
        enterSlot(EPOCH, 5);
        expectRefusal(operators[0].committer, lookahead, 0, IProposerSchedule.InvalidProposer.selector);
        assertEq(proposeRecorded(operators[1].committer, lookahead), timeOf(EPOCH, 9));
    }

    function test_lookahead_whoOptsOutKeepsTheTurnsThatAreSettled() external {
        bytes memory lookahead = emptyLookahead();
        setProposer(lookahead, 31, 100);
        setProposer(lookahead, 63, 101);
        optOut(operators[0]);
        proveLookahead(EPOCH, lookahead);
        enterSlot(EPOCH, 31);
        assertEq(proposeRecorded(operators[0].committer, lookahead), timeOf(EPOCH, 31));
        setProposer(lookahead, 0, 100);
        proveLookahead(EPOCH + 1, lookahead);
        enterSlot(EPOCH + 1, 0);
        assertEq(proposeRecorded(operators[0].committer, lookahead), timeOf(EPOCH + 1, 0));
        proveLookahead(EPOCH + 2, lookahead);
        enterSlot(EPOCH + 2, 0);
        expectRefusal(operators[0].committer, lookahead, 0, IProposerSchedule.InvalidProposer.selector);
        assertEq(proposeRecorded(operators[1].committer, lookahead), timeOf(EPOCH + 3, 31));
    }

    function test_lookahead_fallsBackWithoutAWindow() external {
        bytes memory lookahead = emptyLookahead();
        proveLookahead(EPOCH, lookahead);
        enterSlot(EPOCH, 2);
        assertEq(proposeRecorded(ANYONE, lookahead), 0);
        enterSlot(EPOCH, 3);
        expectRefusal(ANYONE, "", 0, LookaheadSchedule.LookaheadUnknown.selector);
    }

    function test_lookahead_mayFallBackOnAWhitelist() external {
        schedule = new LookaheadSchedule(validatorMap, address(slasher), whitelistOf(BOB));
        inbox = deployInbox(schedule);
        bytes memory lookahead = emptyLookahead();
        proveLookahead(EPOCH, lookahead);
        enterSlot(EPOCH, 2);
        expectRefusal(ANYONE, lookahead, 0, IProposerSchedule.InvalidProposer.selector);
        assertEq(proposeRecorded(BOB, lookahead), 0);
    }

    function whitelistOf(address operator) private returns (WhitelistSchedule) {
        address[] memory list = new address[](1);
        list[0] = operator;
        return new WhitelistSchedule(
            address(this), list, Eip4788.ADDRESS, BEACON_GENESIS, SLOT_SECONDS, EPOCH_SLOTS
        );
    }

    /// @dev Who may propose now, and with what.
    function rightful(uint256 i) private returns (address proposer, bytes memory lookahead) {
        if (i == 0) return (ALICE, "");
        if (i == 1) return (BOB, "");
        lookahead = emptyLookahead();
        setProposer(lookahead, 63, 100);
        proveLookahead((block.timestamp - BEACON_GENESIS) / EPOCH_SECONDS, lookahead);
        return (operators[0].committer, lookahead);
    }

    function inboxUnder(uint256 i) private returns (IProposerSchedule chosen) {
        if (i == 0) chosen = new OpenSchedule();
        else if (i == 1) chosen = whitelistOf(BOB);
        else chosen = new LookaheadSchedule(validatorMap, address(slasher), new OpenSchedule());
        if (i == 2) schedule = LookaheadSchedule(address(chosen));
        inbox = deployInbox(chosen);
        nextL1Block();
        (address proposer, bytes memory lookahead) = rightful(i);
        proposeWith(proposer, lookahead, 0);
    }

    /// @dev Under the open schedule, the whitelist and the lookahead.
    function testFuzz_forcedInclusion_cannotBeSkippedOnceDue(uint16 late) external {
        for (uint256 i; i < 3; ++i) {
            inboxUnder(i);
            saveForced(USER);
            vm.warp(block.timestamp + DELAY + 12 * (late % 100));
            nextL1Block();
            (address proposer, bytes memory lookahead) = rightful(i);
            bytes4 due = IForcedInclusionStore.UnprocessedForcedInclusionIsDue.selector;
            expectRefusal(proposer, lookahead, 0, due);
            expectRefusal(ANYONE, lookahead, 0, due);
            if (i > 0) {
                expectRefusal(ANYONE, lookahead, 1, IProposerSchedule.InvalidProposer.selector);
            }
            proposeWith(proposer, lookahead, 1);
            (uint48 head, uint48 tail) = inbox.getForcedInclusionState();
            assertEq(head, tail);
        }
    }

    /// @dev Without a lookahead too: when none can be proven any more, this is the way out.
    function test_forcedInclusion_opensProposingToAllWhenOverdue() external {
        for (uint256 i; i < 3; ++i) {
            inboxUnder(i);
            saveForced(USER);
            uint256 overdueAt = block.timestamp + uint256(DELAY) * MULTIPLIER + 1;
            if (i > 0) {
                vm.warp(overdueAt - 1);
                vm.roll(block.number + 1);
                bytes4 refusal = i == 1
                    ? IProposerSchedule.InvalidProposer.selector
                    : LookaheadSchedule.LookaheadUnknown.selector;
                expectRefusal(ANYONE, "", 1, refusal);
            }
            vm.warp(overdueAt);
            vm.roll(block.number + 1);
            expectRefusal(ANYONE, "", 0, IForcedInclusionStore.UnprocessedForcedInclusionIsDue.selector);
            vm.recordLogs();
            proposeWith(ANYONE, "", 1);
            assertEq(windowEndOf(vm.getRecordedLogs()[0]), 0);
            vm.roll(block.number + 1);
            if (i > 0) {
                bytes4 refusal = i == 1
                    ? IProposerSchedule.InvalidProposer.selector
                    : LookaheadSchedule.LookaheadUnknown.selector;
                expectRefusal(ANYONE, "", 0, refusal);
            }
        }
    }
}
