// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IInbox } from "../../../src/l1/IInbox.sol";
import { BlockCommitments } from "../../../src/l1/preconf/BlockCommitments.sol";
import { Faults } from "../../../src/l1/preconf/Faults.sol";
import { L2Headers } from "../../../src/l1/preconf/L2Headers.sol";
import { L2Proposals } from "../../../src/l1/preconf/L2Proposals.sol";
import { SlotRecords } from "../../../src/l1/preconf/SlotRecords.sol";
import { SlasherFixture } from "../../support/SlasherFixture.sol";

/// @notice What anyone may have the slasher remember: ancestors, proposals, slots.
contract RecordsTest is SlasherFixture {
    uint256 private constant RING_LENGTH = 8191;

    // Ancestors

    function test_recordAncestor_bridgesGapsOfAnyLength() external {
        land(slotAfter(1), 600);
        prove();
        assertEq(slasher.knownBlockHash(600), hashes[600]);
        assertEq(slasher.knownBlockHash(344), 0);
        slasher.recordAncestor(headersOf(600, 345));
        assertEq(slasher.knownBlockHash(344), hashes[344]);
        slasher.recordAncestor(headersOf(344, 200));
        assertEq(slasher.knownBlockHash(199), hashes[199]);
        slasher.recordAncestor(headersOf(199, 1));
        assertEq(slasher.knownBlockHash(0), GENESIS_HASH);
    }

    function test_recordAncestor_shouldRevertForWhatNobodyProved() external {
        land(slotAfter(1), 4);
        bytes[] memory chain = headersOf(4, 3);
        vm.expectRevert(L2Headers.BrokenHeaderChain.selector);
        slasher.recordAncestor(chain);
        prove();
        slasher.recordAncestor(chain);

        chain = headersOf(3, 1);
        vm.expectRevert(L2Headers.BrokenHeaderChain.selector);
        slasher.recordAncestor(chain);
        chain = headersOf(4, 1);
        chain[2] = chain[3];
        vm.expectRevert(L2Headers.BrokenHeaderChain.selector);
        slasher.recordAncestor(chain);
    }

    function test_recordAncestor_shouldRevertForNoneAndForTooMany() external {
        land(slotAfter(1), 257);
        prove();
        vm.expectRevert(L2Headers.InvalidHeaderCount.selector);
        slasher.recordAncestor(new bytes[](0));
        bytes[] memory chain = headersOf(257, 1);
        vm.expectRevert(L2Headers.InvalidHeaderCount.selector);
        slasher.recordAncestor(chain);
    }

    function testFuzz_recordAncestor_meansEveryBit(uint256 bit) external {
        land(slotAfter(1), 2);
        prove();
        bytes[] memory chain = headersOf(2, 2);
        chain[0][bit / 8 % chain[0].length] ^= bytes1(uint8(1 << bit % 8));
        try slasher.recordAncestor(chain) {
            assertTrue(false, "refused");
        } catch { }
    }

    // Proposals

    function test_recordProposals_keepsWhatTheRingForgets() external {
        BlockCommitments.BlockCommitment memory promised = promiseNext(slotAfter(1));
        landRoot(slotAfter(1), keccak256("other transactions"));
        prove();
        IInbox.Proposal[] memory kept = proposalsOf(1, 1);
        // The ring has room for eight, so the ninth proposal takes the place of the first.
        for (uint256 i; i < 8; ++i) {
            enterSlot();
            land(slotAfter(1), 1);
            prove();
        }
        settleProven();
        bytes4 reason = L2Proposals.UnknownProposal.selector;
        expectRefusal(promised, Faults.Fault.ContentMismatch, courseOf(9, 1), reason);
        vm.expectRevert(reason);
        slasher.recordProposals(kept);

        // Down from one that is still known, each by its parent's hash.
        slasher.recordProposals(proposalsOf(5, 1));
        assertSafety(judge(promised, Faults.Fault.ContentMismatch, courseOf(9, 1)), promised);
    }

    function settleProven() private {
        enterSlotAt(block.timestamp + MIN_AGE);
    }

    function test_recordProposals_shouldRevertForOthersThanTheParents() external {
        for (uint256 i; i < 4; ++i) {
            enterSlot();
            land(slotAfter(1), 1);
        }
        bytes4 reason = L2Proposals.UnknownProposal.selector;
        IInbox.Proposal[] memory chain = proposalsOf(4, 1);
        chain[2] = chain[3];
        vm.expectRevert(reason);
        slasher.recordProposals(chain);
        chain = proposalsOf(4, 1);
        chain[1].endOfSubmissionWindowTimestamp = 1;
        vm.expectRevert(reason);
        slasher.recordProposals(chain);
        chain = proposalsOf(4, 1);
        chain[0].timestamp += 1;
        vm.expectRevert(reason);
        slasher.recordProposals(chain);
        vm.expectRevert(L2Proposals.InvalidProposalCount.selector);
        slasher.recordProposals(new IInbox.Proposal[](0));
    }

    // Slots

    function test_slotState_isThatOfTheSlot() external {
        uint48 taken = uint48(block.timestamp);
        missSlot();
        uint48 missed = uint48(block.timestamp);
        enterSlot();
        uint48 running = uint48(block.timestamp);
        assertTrue(slasher.slotState(taken) == SlotRecords.SlotState.Taken, "taken");
        assertTrue(slasher.slotState(missed) == SlotRecords.SlotState.Missed, "missed");
        assertTrue(slasher.slotState(running) == SlotRecords.SlotState.Taken, "running");
        assertTrue(slasher.slotState(slotAfter(1)) == SlotRecords.SlotState.Unknown, "to come");
        assertTrue(slasher.slotState(missed + 1) == SlotRecords.SlotState.Unknown, "no slot");
        assertTrue(slasher.slotState(BEACON_GENESIS - 12) == SlotRecords.SlotState.Unknown, "before genesis");
    }

    function test_recordSlot_shouldRevertWhereNothingIsKnown() external {
        bytes4 reason = SlotRecords.SlotUnknown.selector;
        uint48[4] memory unknown = [slotAfter(1), uint48(block.timestamp) - 1, BEACON_GENESIS - 12, 0];
        for (uint256 i; i < unknown.length; ++i) {
            vm.expectRevert(reason);
            slasher.recordSlot(unknown[i]);
        }
    }

    /// @dev The ring of EIP-4788 itself decides: where its entry can have been overwritten, nothing is known.
    function testFuzz_slotState_neverTakesAForgottenSlotForAMissedOne(uint256 slots) external {
        uint48 taken = uint48(block.timestamp);
        slots = bound(slots, 1, 3 * RING_LENGTH);
        enterSlotAt(taken + slots * SLOT_SECONDS);
        SlotRecords.SlotState state = slasher.slotState(taken);
        assertTrue(state != SlotRecords.SlotState.Missed, "it was taken");
        assertTrue((state == SlotRecords.SlotState.Taken) == (slots < RING_LENGTH), "while it can be known");
    }

    /// @dev A caller who gives so little gas that the question fails has none left to record a miss.
    function testFuzz_recordSlot_cannotBeStarved(uint256 gas) external {
        uint48 taken = uint48(block.timestamp);
        enterSlot();
        gas = bound(gas, 1000, 100_000);
        try slasher.recordSlot{ gas: gas }(taken) { } catch { }
        assertTrue(slasher.slotState(taken) == SlotRecords.SlotState.Taken, "taken");
    }
}
