// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { Blobs } from "../../src/l1/Blobs.sol";
import { IForcedInclusionStore } from "../../src/l1/IForcedInclusionStore.sol";
import { IInbox } from "../../src/l1/IInbox.sol";
import { Inbox } from "../../src/l1/Inbox.sol";
import { IProposerSchedule } from "../../src/l1/IProposerSchedule.sol";
import { InboxFixture } from "../support/InboxFixture.sol";
import { Vm } from "../support/Vm.sol";

/// @notice Lets one account propose.
contract SoleSchedule is IProposerSchedule {
    address private immutable _sole;

    constructor(address sole) {
        _sole = sole;
    }

    function checkProposer(address proposer, bytes calldata) external view returns (uint48) {
        require(proposer == _sole, InvalidProposer());
        return 0;
    }
}

/// @notice A proposer that refuses money until told otherwise.
contract MoodyProposer {
    Inbox private immutable _inbox;
    bool public isWilling;

    constructor(Inbox inbox) {
        _inbox = inbox;
    }

    function propose(bytes calldata data) external {
        _inbox.propose("", data);
    }

    function collect() external {
        isWilling = true;
        _inbox.withdrawFees(address(this));
    }

    receive() external payable {
        require(isWilling);
    }
}

/// @notice A proposer that queues its next blob the moment it is paid.
contract ReenteringProposer {
    Inbox private immutable _inbox;
    bytes public failure;

    constructor(Inbox inbox) {
        _inbox = inbox;
    }

    function propose(bytes calldata data) external {
        _inbox.propose("", data);
    }

    receive() external payable {
        try _inbox.saveForcedInclusion{ value: msg.value }(
            Blobs.BlobReference({ blobStartIndex: 0, numBlobs: 1, offset: 0 })
        ) { }
        catch (bytes memory reason) {
            failure = reason;
        }
    }
}

contract ForcedInclusionsTest is InboxFixture {
    address private constant USER = address(0x5E4);

    function setUp() public override {
        super.setUp();
        inbox = deployInbox(new SoleSchedule(ALICE));
        propose(ALICE, 0);
    }

    function sourcesOf(Vm.Log memory log) private pure returns (IInbox.DerivationSource[] memory sources) {
        (,,, sources) = abi.decode(log.data, (bytes32, uint48, uint8, IInbox.DerivationSource[]));
    }

    function proposeRecorded(address proposer, uint16 forced)
        private
        returns (IInbox.DerivationSource[] memory)
    {
        vm.recordLogs();
        propose(proposer, forced);
        return sourcesOf(vm.getRecordedLogs()[0]);
    }

    function expectProposeRevert(address proposer, uint16 forced, bytes4 selector) private {
        nextL1Block();
        carryBlobs(1);
        vm.expectRevert(selector);
        vm.prank(proposer);
        inbox.propose("", encodeInput(0, 0, 1, 0, forced));
    }

    function pendingCount() private view returns (uint256) {
        (uint48 head, uint48 tail) = inbox.getForcedInclusionState();
        return tail - head;
    }

    function test_fee_followsTaikoVector() external {
        uint64[5] memory expected = [FEE_GWEI, 15_000_000, 20_000_000, 25_000_000, 30_000_000];
        for (uint256 i; i < 5; ++i) {
            assertEq(inbox.getCurrentForcedInclusionFee(), expected[i]);
            for (uint256 j; j < 50; ++j) {
                saveForcedNow(USER);
            }
        }
    }

    function testFuzz_fee_isLinearInQueueLengthAndNeverOverflows(uint64 base, uint64 threshold, uint8 pending)
        external
    {
        Inbox.Settings memory chosen = settings(new SoleSchedule(ALICE));
        chosen.forcedInclusionFeeInGwei = uint64(bound(base, 1, type(uint64).max));
        chosen.forcedInclusionFeeDoubleThreshold = uint64(bound(threshold, 1, type(uint64).max));
        inbox = new Inbox(chosen, GENESIS_HASH);
        propose(ALICE, 0);
        uint256 count = bound(pending, 0, 20);
        for (uint256 i; i < count; ++i) {
            saveForcedNow(USER);
        }
        uint256 expected = uint256(chosen.forcedInclusionFeeInGwei)
            * (uint256(chosen.forcedInclusionFeeDoubleThreshold) + count)
            / chosen.forcedInclusionFeeDoubleThreshold;
        if (expected > type(uint64).max) expected = type(uint64).max;
        assertEq(inbox.getCurrentForcedInclusionFee(), expected);
    }

    function test_save_emitsAndQueuesTheEntry() external {
        nextL1Block();
        bytes32[] memory hashes = carryBlobs(3);
        bytes32[] memory one = new bytes32[](1);
        one[0] = hashes[2];
        IForcedInclusionStore.ForcedInclusion memory expected = IForcedInclusionStore.ForcedInclusion({
            feeInGwei: FEE_GWEI,
            blobSlice: Blobs.BlobSlice({ blobHashes: one, offset: 77, timestamp: uint48(block.timestamp) })
        });
        vm.deal(USER, 1 ether);
        vm.expectEmit(address(inbox));
        emit IForcedInclusionStore.ForcedInclusionSaved(expected);
        vm.prank(USER);
        inbox.saveForcedInclusion{ value: 1 ether }(
            Blobs.BlobReference({ blobStartIndex: 2, numBlobs: 1, offset: 77 })
        );

        assertEq(USER.balance, 1 ether - uint256(FEE_GWEI) * 1 gwei);
        IForcedInclusionStore.ForcedInclusion[] memory queued = inbox.getForcedInclusions(0, 10);
        assertEq(queued.length, 1);
        assertEq(abi.encode(queued[0]), abi.encode(expected));
        assertEq(inbox.getForcedInclusions(1, 10).length, 0);
        assertEq(inbox.getForcedInclusions(0, 0).length, 0);
    }

    function testFuzz_save_shouldRevertWhenFeeIsShort(uint256 value) external {
        uint256 feeWei = uint256(inbox.getCurrentForcedInclusionFee()) * 1 gwei;
        value = bound(value, 0, feeWei - 1);
        carryBlobs(1);
        vm.deal(USER, value);
        vm.expectRevert(IForcedInclusionStore.InsufficientFee.selector);
        vm.prank(USER);
        inbox.saveForcedInclusion{ value: value }(
            Blobs.BlobReference({ blobStartIndex: 0, numBlobs: 1, offset: 0 })
        );
    }

    function test_save_shouldRevertWhenNotExactlyOneBlob() external {
        carryBlobs(2);
        vm.deal(address(this), 2 ether);
        vm.expectRevert(IForcedInclusionStore.OnlySingleBlobAllowed.selector);
        inbox.saveForcedInclusion{ value: 1 ether }(
            Blobs.BlobReference({ blobStartIndex: 0, numBlobs: 2, offset: 0 })
        );
        vm.expectRevert(IForcedInclusionStore.OnlySingleBlobAllowed.selector);
        inbox.saveForcedInclusion{ value: 1 ether }(
            Blobs.BlobReference({ blobStartIndex: 0, numBlobs: 0, offset: 0 })
        );
    }

    function test_save_shouldRevertWhenBlobMissing() external {
        carryBlobs(1);
        vm.deal(address(this), 1 ether);
        vm.expectRevert(Blobs.BlobNotFound.selector);
        inbox.saveForcedInclusion{ value: 1 ether }(
            Blobs.BlobReference({ blobStartIndex: 1, numBlobs: 1, offset: 0 })
        );
    }

    function test_save_shouldRevertWhenNoProposalYet() external {
        inbox = deployInbox(new SoleSchedule(ALICE));
        carryBlobs(1);
        vm.deal(address(this), 1 ether);
        vm.expectRevert(IForcedInclusionStore.IncorrectProposalCount.selector);
        inbox.saveForcedInclusion{ value: 1 ether }(
            Blobs.BlobReference({ blobStartIndex: 0, numBlobs: 1, offset: 0 })
        );
    }

    /// @dev This test contract has no way to receive ether.
    function test_save_shouldRevertWhenRefundIsRefused() external {
        carryBlobs(1);
        vm.deal(address(this), 1 ether);
        vm.expectRevert(IForcedInclusionStore.FeeTransferFailed.selector);
        inbox.saveForcedInclusion{ value: 1 ether }(
            Blobs.BlobReference({ blobStartIndex: 0, numBlobs: 1, offset: 0 })
        );
    }

    function test_propose_takesInOrderBeforeTheOwnSource() external {
        bytes32[] memory saved = new bytes32[](3);
        uint256 paid;
        for (uint256 i; i < 3; ++i) {
            paid += saveForced(USER);
            saved[i] = blobHash(0);
        }
        IInbox.DerivationSource[] memory sources = proposeRecorded(ALICE, 2);
        assertEq(sources.length, 3);
        for (uint256 i; i < 2; ++i) {
            assertTrue(sources[i].isForcedInclusion, "forced first");
            assertEq(sources[i].blobSlice.blobHashes[0], saved[i]);
        }
        assertTrue(!sources[2].isForcedInclusion, "own last");
        assertEq(sources[2].blobSlice.blobHashes[0], blobHash(0));
        assertEq(pendingCount(), 1);

        assertEq(proposeRecorded(ALICE, type(uint16).max)[0].blobSlice.blobHashes[0], saved[2]);
        assertEq(pendingCount(), 0);
        assertEq(ALICE.balance, paid);
        assertEq(address(inbox).balance, 0);
    }

    function test_propose_shouldRevertWhenSkippingADueEntry() external {
        saveForced(USER);
        uint256 savedAt = block.timestamp;
        // Each proposal comes 12 seconds after the last block.
        vm.warp(savedAt + DELAY - 1 - 12);
        propose(ALICE, 0);
        vm.warp(savedAt + DELAY - 12);
        expectProposeRevert(ALICE, 0, IForcedInclusionStore.UnprocessedForcedInclusionIsDue.selector);
        vm.warp(savedAt + DELAY);
        assertEq(proposeRecorded(ALICE, 1).length, 2);
    }

    function test_propose_mayLeaveWhatIsNotDue() external {
        saveForced(USER);
        uint256 firstAt = block.timestamp;
        vm.warp(firstAt + DELAY - 100);
        saveForced(USER);
        vm.warp(firstAt + DELAY);
        expectProposeRevert(ALICE, 0, IForcedInclusionStore.UnprocessedForcedInclusionIsDue.selector);
        assertEq(proposeRecorded(ALICE, 1).length, 2);
        assertEq(pendingCount(), 1);
    }

    function test_propose_takesTenAtMostAndIsAskedForNoMore() external {
        for (uint256 i; i < 13; ++i) {
            saveForced(USER);
        }
        vm.warp(block.timestamp + DELAY);
        expectProposeRevert(ALICE, 9, IForcedInclusionStore.UnprocessedForcedInclusionIsDue.selector);
        assertEq(proposeRecorded(ALICE, type(uint16).max).length, 11);
        assertEq(pendingCount(), 3);
        expectProposeRevert(ALICE, 2, IForcedInclusionStore.UnprocessedForcedInclusionIsDue.selector);
        assertEq(proposeRecorded(ALICE, 10).length, 4);
    }

    /// @dev INV: head ≤ tail, first in first out, nothing twice, a due head is always taken.
    function testFuzz_queue_isFirstInFirstOut(uint256 seed) external {
        bytes32[] memory saved = new bytes32[](64);
        uint48[] memory savedAt = new uint48[](64);
        uint256 tail;
        uint256 head;
        for (uint256 step; step < 24; ++step) {
            uint256 dice = uint256(keccak256(abi.encode(seed, step)));
            if (dice % 3 == 0 && inbox.getCoreState().nextProposalId < RING_SIZE) {
                uint256 pending = tail - head;
                uint16 requested = uint16((dice >> 8) % 13);
                uint256 due;
                while (due < 10 && due < pending && block.timestamp + 12 >= savedAt[head + due] + DELAY) ++due;
                if (requested < due) {
                    expectProposeRevert(
                        ALICE, requested, IForcedInclusionStore.UnprocessedForcedInclusionIsDue.selector
                    );
                    continue;
                }
                IInbox.DerivationSource[] memory sources = proposeRecorded(ALICE, requested);
                for (uint256 i; i + 1 < sources.length; ++i) {
                    assertEq(sources[i].blobSlice.blobHashes[0], saved[head++]);
                }
                uint256 most = requested < 10 ? requested : 10;
                assertEq(sources.length - 1, pending < most ? pending : most);
            } else {
                saveForced(USER);
                saved[tail] = blobHash(0);
                savedAt[tail++] = uint48(block.timestamp);
                if (dice >> 250 > 40) vm.warp(block.timestamp + 300);
            }
            (uint48 actualHead, uint48 actualTail) = inbox.getForcedInclusionState();
            assertEq(actualHead, head);
            assertEq(actualTail, tail);
        }
        uint256 owedWei;
        IForcedInclusionStore.ForcedInclusion[] memory left =
            inbox.getForcedInclusions(uint48(head), type(uint48).max);
        for (uint256 i; i < left.length; ++i) {
            owedWei += uint256(left[i].feeInGwei) * 1 gwei;
        }
        assertEq(left.length, tail - head);
        assertEq(address(inbox).balance, owedWei);
    }

    function test_propose_isOpenToAllOnceAnEntryIsOverdue() external {
        saveForced(USER);
        uint256 overdueAt = block.timestamp + uint256(DELAY) * MULTIPLIER;
        vm.warp(overdueAt - 12);
        expectProposeRevert(BOB, 1, IProposerSchedule.InvalidProposer.selector);
        vm.warp(overdueAt + 1 - 12);
        // The entry cannot be left behind while its age is what opens the door.
        expectProposeRevert(BOB, 0, IForcedInclusionStore.UnprocessedForcedInclusionIsDue.selector);

        IInbox.DerivationSource[] memory sources = proposeRecorded(BOB, 1);
        assertEq(sources.length, 2);
        assertTrue(!sources[1].isForcedInclusion, "a source of his own");
        assertEq(BOB.balance, uint256(FEE_GWEI) * 1 gwei);
        expectProposeRevert(BOB, 0, IProposerSchedule.InvalidProposer.selector);
    }

    function test_propose_holdsFeesOfAProposerThatRefusesThem() external {
        MoodyProposer moody = new MoodyProposer(inbox);
        uint256 feeWei = saveForced(USER);
        vm.warp(block.timestamp + uint256(DELAY) * MULTIPLIER + 1);

        nextL1Block();
        carryBlobs(1);
        vm.expectEmit(address(inbox));
        emit IForcedInclusionStore.FeesHeld(address(moody), feeWei);
        moody.propose(encodeInput(0, 0, 1, 0, 1));
        assertEq(inbox.heldFees(address(moody)), feeWei);
        assertEq(address(inbox).balance, feeWei);

        moody.collect();
        assertEq(address(moody).balance, feeWei);
        assertEq(inbox.heldFees(address(moody)), 0);
        vm.expectRevert(IForcedInclusionStore.NoFeesHeld.selector);
        moody.collect();
    }

    function test_propose_cannotBeReentered() external {
        ReenteringProposer proposer = new ReenteringProposer(inbox);
        saveForced(USER);
        vm.warp(block.timestamp + uint256(DELAY) * MULTIPLIER + 1);
        nextL1Block();
        carryBlobs(1);
        proposer.propose(encodeInput(0, 0, 1, 0, 1));
        assertEq(
            proposer.failure(),
            abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
        );
        assertEq(pendingCount(), 0);
    }
}
