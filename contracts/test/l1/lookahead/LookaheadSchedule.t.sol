// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IProposerSchedule } from "../../../src/l1/IProposerSchedule.sol";
import { BeaconClock } from "../../../src/l1/lookahead/BeaconClock.sol";
import { BeaconProofs } from "../../../src/l1/lookahead/BeaconProofs.sol";
import { LookaheadSchedule } from "../../../src/l1/lookahead/LookaheadSchedule.sol";
import { ValidatorMap } from "../../../src/l1/lookahead/ValidatorMap.sol";
import { Eip4788 } from "../../support/Eip4788.sol";
import { LookaheadFixture } from "../../support/LookaheadFixture.sol";

contract LookaheadProofsTest is LookaheadFixture {
    string[2] private presets = ["mainnet", "minimal"];
    string[2] private forks = ["fulu", "gloas"];

    /// @dev Schedules of four chains: of either preset, before Gloas or after.
    function deployFor(uint256 i) private returns (StateVector memory v, uint256 timestamp) {
        v = loadState(presets[i / 2], forks[i % 2]);
        deploySchedule(i % 2 == 0 ? type(uint64).max : 1, i / 2 == 0 ? 32 : 8);
        timestamp = block.timestamp;
        storeBeaconRoot(timestamp, v.root);
    }

    function test_prove_takesRealStatesOfBothForksAndPresets() external {
        for (uint256 i; i < 4; ++i) {
            (StateVector memory v, uint256 timestamp) = deployFor(i);
            uint256 epoch = v.header.slot / (i / 2 == 0 ? 32 : 8);
            assertEq(schedule.lookaheadHashes(epoch), 0);
            vm.expectEmit(address(schedule));
            emit LookaheadSchedule.LookaheadProven(epoch, v.lookahead);
            schedule.proveLookahead(v.header, timestamp, v.lookahead, v.branch);
            assertEq(schedule.lookaheadHashes(epoch), keccak256(v.lookahead));
            assertEq(schedule.lookaheadHashes(epoch + 1), 0);
        }
    }

    function test_prove_isIdempotent() external {
        (StateVector memory v, uint256 timestamp) = deployFor(0);
        schedule.proveLookahead(v.header, timestamp, v.lookahead, v.branch);
        vm.recordLogs();
        schedule.proveLookahead(v.header, timestamp, v.lookahead, v.branch);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    /// @dev Of the header, the vector and the branch.
    function testFuzz_prove_shouldRevertWhenOneBitIsChanged(uint256 where, uint8 bit, uint256 i) external {
        (StateVector memory v, uint256 timestamp) = deployFor(i % 4);
        uint256 siblings = v.branch.length;
        where = bound(where, 0, siblings + 2 * 4 - 1);
        bytes32 flip = bytes32(uint256(1) << bit);
        bytes4 expected = BeaconClock.HeaderMismatch.selector;
        if (where < siblings) {
            v.branch[where] ^= flip;
        } else if (where < siblings + 3) {
            v.lookahead[where * 37 % v.lookahead.length] ^= bytes1(uint8(1 << bit % 8));
        } else if (where == siblings + 3) {
            v.header.slot ^= uint64(1) << bit % 64;
        } else if (where == siblings + 4) {
            v.header.proposerIndex ^= uint64(1) << bit % 64;
        } else if (where == siblings + 5) {
            v.header.parentRoot ^= flip;
        } else if (where == siblings + 6) {
            v.header.stateRoot ^= flip;
        } else {
            v.header.bodyRoot ^= flip;
        }
        if (where < siblings + 3) expected = BeaconProofs.RootMismatch.selector;
        vm.expectRevert(expected);
        schedule.proveLookahead(v.header, timestamp, v.lookahead, v.branch);
    }

    function test_prove_shouldRevertForAnotherSlot() external {
        (StateVector memory v, uint256 timestamp) = deployFor(0);
        v.header.slot += 32;
        vm.expectRevert(BeaconClock.HeaderMismatch.selector);
        schedule.proveLookahead(v.header, timestamp, v.lookahead, v.branch);
    }

    function test_prove_shouldRevertForAnotherLookahead() external {
        (StateVector memory v, uint256 timestamp) = deployFor(0);
        vm.expectRevert(BeaconProofs.RootMismatch.selector);
        schedule.proveLookahead(v.header, timestamp, emptyLookahead(), v.branch);
    }

    function testFuzz_prove_shouldRevertUnlessTheBranchLengthIsExact(uint8 length, uint256 i) external {
        (StateVector memory v, uint256 timestamp) = deployFor(i % 4);
        vm.assume(length != v.branch.length && length < 64);
        bytes32[] memory other = new bytes32[](length);
        for (uint256 j; j < length && j < v.branch.length; ++j) {
            other[j] = v.branch[j];
        }
        vm.expectRevert(abi.encodeWithSelector(BeaconProofs.BranchLengthMismatch.selector, v.branch.length));
        schedule.proveLookahead(v.header, timestamp, v.lookahead, other);
    }

    /// @dev The other preset's among them.
    function testFuzz_prove_shouldRevertUnlessTheLookaheadLengthIsExact(uint16 length) external {
        vm.assume(length != 512 && length < 2048);
        (StateVector memory v, uint256 timestamp) = deployFor(0);
        vm.expectRevert(LookaheadSchedule.LookaheadLengthMismatch.selector);
        schedule.proveLookahead(v.header, timestamp, new bytes(length), v.branch);
    }

    /// @dev The fork is told by the epoch of the proven block, to the very first one.
    function test_prove_takesFulusIndexUpToTheEpochBeforeGloas() external {
        (StateVector memory v, uint256 timestamp) = deployFor(0);
        uint64 epoch = v.header.slot / 32;
        deploySchedule(epoch, EPOCH_SLOTS);
        vm.expectRevert(abi.encodeWithSelector(BeaconProofs.BranchLengthMismatch.selector, 11));
        schedule.proveLookahead(v.header, timestamp, v.lookahead, v.branch);
        deploySchedule(epoch + 1, EPOCH_SLOTS);
        schedule.proveLookahead(v.header, timestamp, v.lookahead, v.branch);
    }

    /// @dev An unscheduled fork ends all proofs.
    function test_prove_shouldRevertForGloasWhereNoneWasScheduled() external {
        (StateVector memory v, uint256 timestamp) = deployFor(1);
        deploySchedule(type(uint64).max, EPOCH_SLOTS);
        vm.expectRevert(abi.encodeWithSelector(BeaconProofs.BranchLengthMismatch.selector, 6));
        schedule.proveLookahead(v.header, timestamp, v.lookahead, v.branch);
    }

    /// @dev A missed slot has no entry; the next slot taken has one, of the block before both.
    function test_prove_findsTheBlockBehindMissedSlots() external {
        StateVector memory v = loadState("mainnet", "fulu");
        uint256 timestamp = BEACON_GENESIS + (uint256(v.header.slot) + 4) * SLOT_SECONDS;
        storeBeaconRoot(timestamp, v.root);
        for (uint256 i = 1; i < 4; ++i) {
            vm.expectRevert(BeaconClock.BeaconRootMissing.selector);
            schedule.proveLookahead(v.header, timestamp - i * SLOT_SECONDS, v.lookahead, v.branch);
        }
        schedule.proveLookahead(v.header, timestamp, v.lookahead, v.branch);
        assertEq(schedule.lookaheadHashes(v.header.slot / 32), keccak256(v.lookahead));
    }

    /// @dev A ring of 8191 entries: what is older than that is lost, and the time of another entry does not do.
    function test_prove_shouldRevertOnceTheRingHasGoneRound() external {
        (StateVector memory v, uint256 timestamp) = deployFor(0);
        uint256 later = timestamp + 8191 * SLOT_SECONDS;
        storeBeaconRoot(later - SLOT_SECONDS, keccak256("another"));
        schedule.proveLookahead(v.header, timestamp, v.lookahead, v.branch);
        storeBeaconRoot(later, keccak256("later"));
        vm.expectRevert(BeaconClock.BeaconRootMissing.selector);
        schedule.proveLookahead(v.header, timestamp, v.lookahead, v.branch);
        vm.expectRevert(BeaconClock.HeaderMismatch.selector);
        schedule.proveLookahead(v.header, later, v.lookahead, v.branch);
    }

    /// @dev L1 goes another way over the epoch's boundary: its beacon roots and this contract's storage go with it.
    function test_prove_takesTheOtherBranchAfterAReorgOfTheBoundary() external {
        uint256 snapshot = vm.snapshotState();
        bytes memory first = emptyLookahead();
        bytes memory second = emptyLookahead();
        setProposer(second, 5, 3);
        proveLookahead(EPOCH, first);
        assertEq(schedule.lookaheadHashes(EPOCH), keccak256(first));
        vm.revertToState(snapshot);
        proveLookahead(EPOCH, second);
        assertEq(schedule.lookaheadHashes(EPOCH), keccak256(second));
        vm.expectRevert(LookaheadSchedule.LookaheadUnknown.selector);
        schedule.ownerAt(block.timestamp, first);
    }
}

contract LookaheadScheduleTest is LookaheadFixture {
    uint64 private constant FIRST = 100;
    address private constant ANYONE = address(0xA27);

    Operator[3] private operators;
    bytes private lookahead;

    function setUp() public override {
        super.setUp();
        Operator[] memory founders = foundOperators(3);
        for (uint256 i; i < 3; ++i) {
            operators[i] = founders[i];
        }
        lookahead = emptyLookahead();
    }

    /// @dev Operator `i` proposes slot `slot` of two epochs.
    function give(uint256 slot, uint64 i) private {
        setInStorage(slot, FIRST + i);
    }

    function setInStorage(uint256 slot, uint64 validatorIndex) private {
        bytes memory changed = lookahead;
        setProposer(changed, slot, validatorIndex);
        lookahead = changed;
    }

    function expectOwner(uint256 timestamp, uint256 i, uint256 end) private view {
        LookaheadSchedule.Window memory window = schedule.ownerAt(timestamp, lookahead);
        assertEq(window.registrationRoot, operators[i].root);
        assertEq(window.committer, operators[i].committer);
        assertEq(window.end, end);
    }

    function expectRefusal(address proposer, bytes4 selector) private {
        vm.expectRevert(selector);
        schedule.checkProposer(proposer, lookahead);
    }

    function test_constructor_takesTheMapsRegistryAndClock() external view {
        assertEq(address(schedule.registry()), address(registry));
        assertEq(address(schedule.validatorMap()), address(validatorMap));
        assertEq(schedule.slasher(), address(slasher));
        assertEq(abi.encode(schedule.beaconSettings()), abi.encode(validatorMap.beaconSettings()));
        assertEq(schedule.slotsPerEpoch(), EPOCH_SLOTS);
    }

    function testFuzz_constructor_shouldRevertWhenTheClockIsNone(uint48 slots, uint48 secs, uint48 genesis)
        external
    {
        bool isPowerOfTwo = slots == 2 || slots == 4 || slots == 8 || slots == 16 || slots == 32;
        uint48 length = secs % 100;
        if (!isPowerOfTwo || length == 0 || genesis < slots * length) {
            vm.expectRevert(BeaconClock.InvalidTiming.selector);
        }
        new ValidatorMap(
            registry, BeaconClock.BeaconSettings(Eip4788.ADDRESS, genesis, length, slots, type(uint64).max)
        );
    }

    function test_owner_hasHisSlotAndTheEmptyOnesBeforeIt() external {
        give(4, 0);
        give(5, 1);
        give(20, 2);
        proveLookahead(EPOCH, lookahead);
        for (uint256 slot; slot < 21; ++slot) {
            uint256 i = slot <= 4 ? 0 : slot == 5 ? 1 : 2;
            uint256 end = timeOf(EPOCH, slot <= 4 ? 4 : slot == 5 ? 5 : 20);
            enterSlot(EPOCH, slot);
            expectOwner(block.timestamp, i, end);
            for (uint256 j; j < 3; ++j) {
                if (j == i) assertEq(schedule.checkProposer(operators[j].committer, lookahead), end);
                else expectRefusal(operators[j].committer, IProposerSchedule.InvalidProposer.selector);
            }
            expectRefusal(operators[i].owner, IProposerSchedule.InvalidProposer.selector);
            expectRefusal(ANYONE, IProposerSchedule.InvalidProposer.selector);
        }
    }

    /// @dev Against a reading of the same list by other means.
    function testFuzz_owner_isTheNextWhoOptedIn(uint256 seed, uint256 slot) external {
        uint8[64] memory owners; // operator plus one
        for (uint256 i; i < 64; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i))) % 20;
            if (dice < 3) {
                owners[i] = uint8(dice) + 1;
                give(i, uint64(dice));
            }
        }
        proveLookahead(EPOCH, lookahead);
        slot = bound(slot, 0, 63);
        uint256 next = slot;
        while (next < 64 && owners[next] == 0) {
            ++next;
        }
        enterSlot(EPOCH + 1, 0);
        uint256 timestamp = startOf(EPOCH) + slot * SLOT_SECONDS;
        if (next < 64) {
            expectOwner(timestamp, owners[next] - 1, startOf(EPOCH) + next * SLOT_SECONDS);
        } else if (slot < 32) {
            assertEq(schedule.ownerAt(timestamp, lookahead).registrationRoot, 0);
        } else {
            vm.expectRevert(LookaheadSchedule.LookaheadTooShort.selector);
            schedule.ownerAt(timestamp, lookahead);
        }
    }

    /// @dev The second half of one is the first half of the next, so either proof names the same owner.
    function testFuzz_owner_isTheSameByEitherLookahead(uint256 seed) external {
        bytes memory next = emptyLookahead();
        for (uint256 i; i < 32; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i))) % 8;
            if (dice > 2) continue;
            give(32 + i, uint64(dice));
            setProposer(next, i, FIRST + uint64(dice));
        }
        give(63, 0);
        setProposer(next, 31, FIRST);
        proveLookahead(EPOCH, lookahead);
        enterSlot(EPOCH + 1, 31);
        proveLookahead(EPOCH + 1, next);
        for (uint256 slot; slot < 32; ++slot) {
            uint256 timestamp = timeOf(EPOCH + 1, slot);
            assertEq(
                abi.encode(schedule.ownerAt(timestamp, lookahead)),
                abi.encode(schedule.ownerAt(timestamp, next))
            );
        }
    }

    function test_owner_needsTheRunningEpochsLookaheadBehindTheLastOfTheOld() external {
        give(40, 0);
        proveLookahead(EPOCH, lookahead);
        enterSlot(EPOCH + 1, 8);
        assertEq(schedule.checkProposer(operators[0].committer, lookahead), block.timestamp);
        enterSlot(EPOCH + 1, 9);
        expectRefusal(operators[0].committer, LookaheadSchedule.LookaheadTooShort.selector);
        lookahead = emptyLookahead();
        give(40, 1);
        proveLookahead(EPOCH + 1, lookahead);
        expectOwner(block.timestamp, 1, timeOf(EPOCH + 2, 8));
    }

    function test_owner_shouldRevertForAnUnknownLookahead() external {
        give(4, 0);
        expectRefusal(operators[0].committer, LookaheadSchedule.LookaheadUnknown.selector);
        proveLookahead(EPOCH - 2, lookahead);
        proveLookahead(EPOCH + 1, lookahead);
        expectRefusal(operators[0].committer, LookaheadSchedule.LookaheadUnknown.selector);
        proveLookahead(EPOCH, lookahead);
        vm.expectRevert(LookaheadSchedule.LookaheadUnknown.selector);
        schedule.ownerAt(block.timestamp, "");
        bytes memory padded = bytes.concat(lookahead, bytes1(0));
        vm.expectRevert(LookaheadSchedule.LookaheadUnknown.selector);
        schedule.ownerAt(block.timestamp, padded);
    }

    function testFuzz_owner_shouldRevertWhenOneBitOfTheLookaheadIsChanged(uint256 bit) external {
        give(4, 0);
        proveLookahead(EPOCH, lookahead);
        bytes memory changed = lookahead;
        bit = bound(bit, 0, 8 * changed.length - 1);
        changed[bit / 8] ^= bytes1(uint8(1 << bit % 8));
        vm.expectRevert(LookaheadSchedule.LookaheadUnknown.selector);
        schedule.checkProposer(operators[0].committer, changed);
    }

    function test_fallback_decidesWhereNobodyOptedInProposes() external {
        proveLookahead(EPOCH, lookahead);
        assertEq(schedule.checkProposer(ANYONE, lookahead), 0);
        LookaheadSchedule.Window memory window = schedule.ownerAt(block.timestamp, lookahead);
        assertEq(abi.encode(window), new bytes(128));
        // Not by the lookahead of the epoch before, which cannot know.
        enterSlot(EPOCH + 1, 0);
        expectRefusal(ANYONE, LookaheadSchedule.LookaheadTooShort.selector);
    }

    function test_fallback_isAskedNothingWhileSomebodyProposes() external {
        give(63, 0);
        proveLookahead(EPOCH, lookahead);
        expectRefusal(ANYONE, IProposerSchedule.InvalidProposer.selector);
        assertEq(schedule.checkProposer(operators[0].committer, lookahead), timeOf(EPOCH + 1, 31));
    }

    function test_poster_mayProposeForHisOperator() external {
        give(4, 0);
        give(9, 1);
        proveLookahead(EPOCH, lookahead);
        vm.expectEmit(address(schedule));
        emit LookaheadSchedule.PosterSet(operators[0].root, ANYONE);
        vm.prank(operators[0].owner);
        schedule.setPoster(operators[0].root, ANYONE);
        assertEq(schedule.posters(operators[0].root), ANYONE);
        assertEq(schedule.ownerAt(block.timestamp, lookahead).poster, ANYONE);
        assertEq(schedule.checkProposer(ANYONE, lookahead), timeOf(EPOCH, 4));
        assertEq(schedule.checkProposer(operators[0].committer, lookahead), timeOf(EPOCH, 4));
        enterSlot(EPOCH, 5);
        expectRefusal(ANYONE, IProposerSchedule.InvalidProposer.selector);

        enterSlot(EPOCH, 3);
        vm.prank(operators[0].owner);
        schedule.setPoster(operators[0].root, address(0));
        expectRefusal(ANYONE, IProposerSchedule.InvalidProposer.selector);
        expectRefusal(address(0), IProposerSchedule.InvalidProposer.selector);
    }

    function testFuzz_setPoster_shouldRevertWhenCallerIsNotTheOwner(address caller, bytes32 root) external {
        vm.assume(caller != operators[0].owner && caller != address(0));
        vm.startPrank(caller);
        vm.expectRevert(LookaheadSchedule.NotOperatorOwner.selector);
        schedule.setPoster(operators[0].root, caller);
        vm.expectRevert(LookaheadSchedule.NotOperatorOwner.selector);
        schedule.setPoster(root, caller);
        vm.stopPrank();
    }

    /// @dev Who counts in an epoch is settled when the epoch before it begins.
    function test_optOut_countsFromTheEpochAfterTheNext() external {
        give(4, 0);
        give(36, 0);
        proveLookahead(EPOCH, lookahead);
        proveLookahead(EPOCH + 1, lookahead);
        proveLookahead(EPOCH + 2, lookahead);
        optOut(operators[0]);
        expectOwner(timeOf(EPOCH, 0), 0, timeOf(EPOCH, 4));
        expectOwner(timeOf(EPOCH + 1, 0), 0, timeOf(EPOCH + 1, 4));
        enterSlot(EPOCH + 2, 0);
        assertEq(schedule.ownerAt(block.timestamp, lookahead).registrationRoot, 0);
        expectOwner(timeOf(EPOCH + 1, 0), 0, timeOf(EPOCH + 1, 4));
    }

    /// @dev In the second in which an epoch begins, too: the next epoch's proposers are settled before.
    function test_optOut_changesNothingForTheEpochThatIsSettled() external {
        enterSlot(EPOCH, 0);
        give(36, 0);
        proveLookahead(EPOCH, lookahead);
        expectOwner(block.timestamp, 0, timeOf(EPOCH + 1, 4));
        optOut(operators[0]);
        expectOwner(block.timestamp, 0, timeOf(EPOCH + 1, 4));
    }

    function test_slashing_countsFromTheEpochAfterTheNext() external {
        give(4, 0);
        proveLookahead(EPOCH, lookahead);
        proveLookahead(EPOCH + 2, lookahead);
        slash(operators[0]);
        expectOwner(block.timestamp, 0, timeOf(EPOCH, 4));
        enterSlot(EPOCH + 2, 0);
        assertEq(schedule.ownerAt(block.timestamp, lookahead).registrationRoot, 0);
    }

    function test_optIn_andClaim_countFromTheEpochAfterTheNext() external {
        Operator memory late = registerOperator(9);
        vm.warp(startOf(EPOCH + 300));
        setInStorage(4, 109);
        for (uint256 i; i < 4; ++i) {
            proveLookahead(EPOCH + 300 + i, lookahead);
        }
        optIn(late);
        claim(late.proof, late.owner, 109);
        for (uint256 i; i < 4; ++i) {
            enterSlot(EPOCH + 300 + i, 0);
            LookaheadSchedule.Window memory window = schedule.ownerAt(block.timestamp, lookahead);
            assertEq(window.registrationRoot, i < 2 ? bytes32(0) : late.root);
        }
    }

    /// @dev Bonds behind another slasher give no turns here.
    function test_optIn_toAnotherSlasherDoesNotCount() external {
        give(4, 0);
        proveLookahead(EPOCH, lookahead);
        schedule = new LookaheadSchedule(validatorMap, address(0xdead), schedule.fallbackSchedule());
        proveLookahead(EPOCH, lookahead);
        assertEq(schedule.ownerAt(block.timestamp, lookahead).registrationRoot, 0);
    }
}
