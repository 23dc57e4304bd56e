// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Blobs } from "../../src/l1/Blobs.sol";
import { IForcedInclusionStore } from "../../src/l1/IForcedInclusionStore.sol";
import { IInbox } from "../../src/l1/IInbox.sol";
import { Inbox } from "../../src/l1/Inbox.sol";
import { InboxCodec } from "../../src/l1/InboxCodec.sol";
import { IProposerSchedule } from "../../src/l1/IProposerSchedule.sol";
import { OpenSchedule } from "../../src/l1/OpenSchedule.sol";
import { ClosedSchedule, InboxFixture } from "../support/InboxFixture.sol";
import { Vm } from "../support/Vm.sol";

contract WindowSchedule is IProposerSchedule {
    function checkProposer(address, bytes calldata lookahead) external pure returns (uint48) {
        return abi.decode(lookahead, (uint48));
    }
}

contract InboxProposeTest is InboxFixture {
    function test_constructor_activatesOnGenesis() external {
        vm.recordLogs();
        Inbox fresh = new Inbox(settings(new OpenSchedule()), GENESIS_HASH);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 2);
        assertEq(logs[0].topics[0], IInbox.Proposed.selector);
        assertEq(logs[0].topics[1], 0);
        assertEq(logs[0].topics[2], 0);
        assertEq(logs[0].data, abi.encode(bytes32(0), uint48(0), uint8(0), new IInbox.DerivationSource[](0)));
        assertEq(logs[1].topics[0], IInbox.InboxActivated.selector);
        assertEq(logs[1].data, abi.encode(GENESIS_HASH));

        IInbox.CoreState memory state = fresh.getCoreState();
        assertEq(state.nextProposalId, 1);
        assertEq(state.lastProposalBlockId, 1);
        assertEq(state.lastFinalizedProposalId, 0);
        assertEq(state.lastFinalizedTimestamp, block.timestamp);
        assertEq(state.lastCheckpointTimestamp, 0);
        assertEq(state.lastFinalizedBlockHash, GENESIS_HASH);
    }

    function test_constructor_shouldRevertWhenSettingsAreInvalid() external {
        Inbox.Settings memory invalid = settings(new OpenSchedule());
        vm.expectRevert(IInbox.InvalidGenesisBlockHash.selector);
        new Inbox(invalid, 0);

        invalid.proofVerifier = address(0);
        vm.expectRevert(IInbox.ProofVerifierZero.selector);
        new Inbox(invalid, GENESIS_HASH);

        invalid = settings(IProposerSchedule(address(0)));
        vm.expectRevert(IInbox.ProposerCheckerZero.selector);
        new Inbox(invalid, GENESIS_HASH);

        invalid = settings(new OpenSchedule());
        invalid.ringBufferSize = 1;
        vm.expectRevert(IInbox.RingBufferSizeTooSmall.selector);
        new Inbox(invalid, GENESIS_HASH);

        invalid = settings(new OpenSchedule());
        invalid.basefeeSharingPctg = 101;
        vm.expectRevert(IInbox.BasefeeSharingPctgTooLarge.selector);
        new Inbox(invalid, GENESIS_HASH);

        invalid = settings(new OpenSchedule());
        invalid.forcedInclusionFeeInGwei = 0;
        vm.expectRevert(IForcedInclusionStore.ForcedInclusionFeeInGweiZero.selector);
        new Inbox(invalid, GENESIS_HASH);

        invalid = settings(new OpenSchedule());
        invalid.forcedInclusionFeeDoubleThreshold = 0;
        vm.expectRevert(IForcedInclusionStore.ForcedInclusionFeeDoubleThresholdZero.selector);
        new Inbox(invalid, GENESIS_HASH);

        invalid = settings(new OpenSchedule());
        invalid.permissionlessInclusionMultiplier = 1;
        vm.expectRevert(IForcedInclusionStore.PermissionlessInclusionMultiplierTooSmall.selector);
        new Inbox(invalid, GENESIS_HASH);
    }

    function test_getConfig_answersTheSettings() external view {
        IInbox.Config memory config = inbox.getConfig();
        assertEq(config.proofVerifier, address(verifier));
        assertEq(config.ringBufferSize, RING_SIZE);
        assertEq(config.basefeeSharingPctg, PCTG);
        assertEq(config.forcedInclusionDelay, DELAY);
        assertEq(config.forcedInclusionFeeInGwei, FEE_GWEI);
        assertEq(config.forcedInclusionFeeDoubleThreshold, FEE_THRESHOLD);
        assertEq(config.permissionlessInclusionMultiplier, MULTIPLIER);
        assertTrue(config.proposerChecker.code.length > 0, "schedule is a contract");
        assertTrue(config.signalService.code.length > 0, "checkpoint store is a contract");
    }

    /// @dev The follower's view: everything the hash commits to comes from the event and its L1 block.
    function testFuzz_propose_isRecomputableFromItsEvent(
        address proposer,
        uint16 start,
        uint16 count,
        uint24 offset
    ) external {
        vm.assume(proposer != address(0));
        start = uint16(bound(start, 0, 5));
        count = uint16(bound(count, 1, 6 - start));
        for (uint256 round; round < 3; ++round) {
            nextL1Block();
            bytes32[] memory carried = carryBlobs(6);
            bytes32 parent = inbox.getProposalHash(round);

            vm.recordLogs();
            vm.prank(proposer);
            inbox.propose("", encodeInput(0, start, count, offset, type(uint16).max));
            Vm.Log[] memory logs = vm.getRecordedLogs();

            IInbox.Proposal memory proposal;
            proposal.id = uint48(uint256(logs[0].topics[1]));
            proposal.proposer = address(uint160(uint256(logs[0].topics[2])));
            (
                proposal.parentProposalHash,
                proposal.endOfSubmissionWindowTimestamp,
                proposal.basefeeSharingPctg,
                proposal.sources
            ) = abi.decode(logs[0].data, (bytes32, uint48, uint8, IInbox.DerivationSource[]));
            proposal.timestamp = uint48(block.timestamp);
            proposal.originBlockNumber = uint48(block.number - 1);
            proposal.originBlockHash = blockHashOf(block.number - 1);

            assertEq(logs.length, 1);
            assertEq(proposal.id, round + 1);
            assertEq(proposal.proposer, proposer);
            assertEq(proposal.parentProposalHash, parent);
            assertEq(proposal.basefeeSharingPctg, PCTG);
            assertEq(proposal.sources.length, 1);
            assertEq(proposal.sources[0].blobSlice.offset, offset);
            assertEq(proposal.sources[0].blobSlice.timestamp, block.timestamp);
            assertEq(proposal.sources[0].blobSlice.blobHashes.length, count);
            for (uint256 i; i < count; ++i) {
                assertEq(proposal.sources[0].blobSlice.blobHashes[i], carried[start + i]);
            }
            assertEq(keccak256(abi.encode(proposal)), inbox.getProposalHash(proposal.id));
            assertEq(inbox.getCoreState().nextProposalId, proposal.id + 1);
            assertEq(inbox.getCoreState().lastProposalBlockId, block.number);
        }
    }

    function test_propose_passesLookaheadAndKeepsTheWindowEnd() external {
        inbox = deployInbox(new WindowSchedule());
        nextL1Block();
        carryBlobs(1);
        vm.recordLogs();
        inbox.propose(abi.encode(uint48(777)), encodeInput(0, 0, 1, 0, 0));
        (, uint48 windowEnd,,) =
            abi.decode(vm.getRecordedLogs()[0].data, (bytes32, uint48, uint8, IInbox.DerivationSource[]));
        assertEq(windowEnd, 777);
    }

    function testFuzz_propose_shouldRevertWhenBlobMissing(uint16 start, uint16 count, uint8 carried)
        external
    {
        carried = uint8(bound(carried, 0, 6));
        count = uint16(bound(count, 1, type(uint16).max));
        vm.assume(uint256(start) + count > carried);
        nextL1Block();
        carryBlobs(carried);
        vm.expectRevert(Blobs.BlobNotFound.selector);
        inbox.propose("", encodeInput(0, start, count, 0, 0));
    }

    function test_propose_shouldRevertWhenNoBlobsNamed() external {
        nextL1Block();
        carryBlobs(1);
        vm.expectRevert(Blobs.NoBlobs.selector);
        inbox.propose("", encodeInput(0, 0, 0, 0, 0));
    }

    function test_propose_shouldRevertWhenSecondInBlock() external {
        propose(ALICE, 0);
        vm.expectRevert(IInbox.CannotProposeInCurrentBlock.selector);
        vm.prank(BOB);
        inbox.propose("", encodeInput(0, 0, 1, 0, 0));
        propose(BOB, 0);
    }

    function test_propose_shouldRevertWhenDeadlineHasPassed() external {
        nextL1Block();
        carryBlobs(1);
        vm.expectRevert(IInbox.DeadlineExceeded.selector);
        inbox.propose("", encodeInput(uint48(block.timestamp - 1), 0, 1, 0, 0));
        inbox.propose("", encodeInput(uint48(block.timestamp), 0, 1, 0, 0));
    }

    function test_propose_shouldRevertWhenInputIsNot15Bytes() external {
        nextL1Block();
        carryBlobs(1);
        vm.expectRevert(InboxCodec.InvalidInputLength.selector);
        inbox.propose("", bytes.concat(encodeInput(0, 0, 1, 0, 0), hex"00"));
    }

    function test_propose_shouldRevertWhenScheduleRefuses() external {
        inbox = deployInbox(new ClosedSchedule());
        nextL1Block();
        carryBlobs(1);
        vm.expectRevert(IProposerSchedule.InvalidProposer.selector);
        inbox.propose("", encodeInput(0, 0, 1, 0, 0));
    }

    /// @dev Nothing unproven is ever overwritten.
    function test_propose_shouldRevertWhenRingIsFull() external {
        for (uint256 i = 1; i < RING_SIZE; ++i) {
            propose(ALICE, 0);
        }
        nextL1Block();
        carryBlobs(1);
        vm.expectRevert(IInbox.NotEnoughCapacity.selector);
        inbox.propose("", encodeInput(0, 0, 1, 0, 0));

        IInbox.Commitment memory commitment = commitmentOf(1, 1, GENESIS_HASH);
        inbox.prove(encodeCommitment(commitment), attest(commitment));
        inbox.propose("", encodeInput(0, 0, 1, 0, 0));
        assertEq(inbox.getProposalHash(0), inbox.getProposalHash(RING_SIZE));
    }

    /// @dev At most one proposal a block also in block 1, whose origin would be L1's genesis.
    function test_propose_shouldRevertWhenInBlock1() external {
        vm.roll(1);
        carryBlobs(1);
        vm.expectRevert(IInbox.CannotProposeInCurrentBlock.selector);
        inbox.propose("", encodeInput(0, 0, 1, 0, 0));
    }
}
