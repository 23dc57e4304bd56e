// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { AttestationVerifier } from "../../src/l1/AttestationVerifier.sol";
import { IInbox } from "../../src/l1/IInbox.sol";
import { InboxCodec } from "../../src/l1/InboxCodec.sol";
import { IProofVerifier } from "../../src/l1/IProofVerifier.sol";
import { ICheckpointStore } from "../../src/shared/ICheckpointStore.sol";
import { InboxFixture } from "../support/InboxFixture.sol";

contract InboxProveTest is InboxFixture {
    ICheckpointStore private checkpoints;

    function setUp() public override {
        super.setUp();
        checkpoints = ICheckpointStore(inbox.getConfig().signalService);
        for (uint256 i; i < 5; ++i) {
            propose(ALICE, 0);
        }
    }

    function prove(IInbox.Commitment memory commitment) private {
        inbox.prove(encodeCommitment(commitment), attest(commitment));
    }

    function expectRefusal(IInbox.Commitment memory commitment, bytes4 selector) private {
        bytes memory proof = attest(commitment);
        vm.expectRevert(selector);
        inbox.prove(encodeCommitment(commitment), proof);
    }

    function test_prove_finalizesARangeAndSavesItsEnd() external {
        IInbox.Commitment memory commitment = commitmentOf(1, 3, GENESIS_HASH);
        bytes memory proof = attest(commitment);
        vm.expectEmit(address(inbox));
        emit IInbox.Proved(1, 1, 3, BOB);
        vm.expectEmit(address(checkpoints));
        emit ICheckpointStore.CheckpointSaved(30, endHash(3), commitment.endStateRoot);
        inbox.prove(encodeCommitment(commitment), proof);

        IInbox.CoreState memory state = inbox.getCoreState();
        assertEq(state.lastFinalizedProposalId, 3);
        assertEq(state.lastFinalizedBlockHash, endHash(3));
        assertEq(state.lastFinalizedTimestamp, block.timestamp);
        assertEq(state.lastCheckpointTimestamp, block.timestamp);
        assertEq(state.nextProposalId, 6);
        ICheckpointStore.Checkpoint memory saved = checkpoints.getCheckpoint(30);
        assertEq(saved.blockHash, endHash(3));
        assertEq(saved.stateRoot, commitment.endStateRoot);
    }

    /// @dev Two provers race: the longer proof still counts, from where the shorter one ended.
    function test_prove_mayBeginInWhatIsFinalized() external {
        prove(commitmentOf(1, 2, GENESIS_HASH));
        IInbox.Commitment memory commitment = commitmentOf(1, 4, GENESIS_HASH);
        bytes memory proof = attest(commitment);
        vm.expectEmit(address(inbox));
        emit IInbox.Proved(1, 3, 4, BOB);
        inbox.prove(encodeCommitment(commitment), proof);
        assertEq(inbox.getCoreState().lastFinalizedProposalId, 4);
    }

    function test_prove_tellsTheVerifierTheAgeOfASingleProposal() external {
        IInbox.Commitment memory commitment = commitmentOf(1, 1, GENESIS_HASH);
        bytes memory proof = attest(commitment);
        vm.warp(1_800_000_000 + 777);
        vm.expectCall(
            address(verifier),
            abi.encodeCall(IProofVerifier.verifyProof, (777, inbox.hashCommitment(commitment), proof))
        );
        inbox.prove(encodeCommitment(commitment), proof);
    }

    function test_prove_tellsNoAgeOfSeveralOrOfAFutureOne() external {
        IInbox.Commitment memory several = commitmentOf(1, 2, GENESIS_HASH);
        bytes memory proof = attest(several);
        vm.expectCall(
            address(verifier),
            abi.encodeCall(IProofVerifier.verifyProof, (0, inbox.hashCommitment(several), proof))
        );
        inbox.prove(encodeCommitment(several), proof);

        IInbox.Commitment memory future = commitmentOf(3, 3, endHash(2));
        future.transitions[0].timestamp = type(uint48).max;
        proof = attest(future);
        vm.expectCall(
            address(verifier),
            abi.encodeCall(IProofVerifier.verifyProof, (0, inbox.hashCommitment(future), proof))
        );
        inbox.prove(encodeCommitment(future), proof);
    }

    function testFuzz_prove_finalizesInAnySteps(uint256 seed) external {
        uint48 last;
        while (last < 5) {
            uint48 next = uint48(bound(uint256(keccak256(abi.encode(seed, last))), last + 1, 5));
            prove(commitmentOf(last + 1, next, last == 0 ? GENESIS_HASH : endHash(last)));
            last = next;
            assertEq(inbox.getCoreState().lastFinalizedProposalId, last);
            assertEq(inbox.getCoreState().lastFinalizedBlockHash, endHash(last));
            assertEq(checkpoints.getCheckpoint(last * 10).blockHash, endHash(last));
        }
    }

    function test_prove_shouldRevertWhenEmpty() external {
        IInbox.Commitment memory commitment = commitmentOf(1, 1, GENESIS_HASH);
        commitment.transitions = new IInbox.Transition[](0);
        expectRefusal(commitment, IInbox.EmptyBatch.selector);
    }

    function test_prove_shouldRevertWhenAProposalIsSkipped() external {
        expectRefusal(commitmentOf(2, 3, GENESIS_HASH), IInbox.FirstProposalIdTooLarge.selector);
    }

    function test_prove_shouldRevertWhenBeyondTheLastProposal() external {
        expectRefusal(commitmentOf(1, 6, GENESIS_HASH), IInbox.LastProposalIdTooLarge.selector);
    }

    function test_prove_shouldRevertWhenNothingIsNew() external {
        prove(commitmentOf(1, 3, GENESIS_HASH));
        expectRefusal(commitmentOf(1, 3, GENESIS_HASH), IInbox.LastProposalAlreadyFinalized.selector);
        expectRefusal(commitmentOf(1, 2, GENESIS_HASH), IInbox.LastProposalAlreadyFinalized.selector);
    }

    function test_prove_shouldRevertWhenParentBlockDiffers() external {
        expectRefusal(commitmentOf(1, 2, keccak256("other genesis")), IInbox.ParentBlockHashMismatch.selector);
        prove(commitmentOf(1, 2, GENESIS_HASH));
        IInbox.Commitment memory commitment = commitmentOf(1, 4, GENESIS_HASH);
        commitment.transitions[1].blockHash = keccak256("other block 2");
        expectRefusal(commitment, IInbox.ParentBlockHashMismatch.selector);
    }

    function test_prove_shouldRevertWhenLastProposalHashDiffers() external {
        IInbox.Commitment memory commitment = commitmentOf(1, 2, GENESIS_HASH);
        commitment.lastProposalHash = inbox.getProposalHash(1);
        expectRefusal(commitment, IInbox.LastProposalHashMismatch.selector);
    }

    function test_prove_shouldRevertWhenEndBlockIsNotNewer() external {
        prove(commitmentOf(1, 2, GENESIS_HASH));
        IInbox.Commitment memory commitment = commitmentOf(3, 3, endHash(2));
        commitment.endBlockNumber = 20;
        expectRefusal(commitment, ICheckpointStore.CheckpointNotNewer.selector);
    }

    function test_prove_shouldRevertWhenEndIsZero() external {
        IInbox.Commitment memory commitment = commitmentOf(1, 1, GENESIS_HASH);
        commitment.endStateRoot = 0;
        expectRefusal(commitment, ICheckpointStore.InvalidCheckpoint.selector);
        commitment = commitmentOf(1, 1, GENESIS_HASH);
        commitment.transitions[0].blockHash = 0;
        expectRefusal(commitment, ICheckpointStore.InvalidCheckpoint.selector);
    }

    /// @dev Whatever of the commitment is changed after the attesters signed it, it is no longer what they signed.
    function testFuzz_prove_shouldRevertWhenCommitmentChangesAfterSigning(uint256 field, bytes32 other)
        external
    {
        IInbox.Commitment memory commitment = commitmentOf(1, 2, GENESIS_HASH);
        bytes memory proof = attest(commitment);
        bytes32 signedHash = inbox.hashCommitment(commitment);
        field = bound(field, 0, 5);
        if (field == 0) commitment.actualProver = address(uint160(uint256(other)));
        if (field == 1) commitment.endBlockNumber = uint48(uint256(other));
        if (field == 2) commitment.endStateRoot = other;
        if (field == 3) commitment.transitions[0].proposer = address(uint160(uint256(other)));
        if (field == 4) commitment.transitions[1].timestamp = uint48(uint256(other));
        if (field == 5) commitment.transitions[1].blockHash = other;
        vm.assume(inbox.hashCommitment(commitment) != signedHash);
        (bool accepted,) =
            address(inbox).call(abi.encodeCall(IInbox.prove, (encodeCommitment(commitment), proof)));
        assertTrue(!accepted, "refused");
        assertEq(inbox.getCoreState().lastFinalizedProposalId, 0);
    }

    function test_prove_shouldRevertWhenProofIsMissing() external {
        bytes memory data = encodeCommitment(commitmentOf(1, 1, GENESIS_HASH));
        vm.expectRevert(AttestationVerifier.InvalidProofLength.selector);
        inbox.prove(data, "");
    }

    function test_prove_shouldRevertWhenDataIsTruncated() external {
        vm.expectRevert(InboxCodec.InvalidInputLength.selector);
        inbox.prove(hex"00", "");
    }

    function test_checkpoints_shouldRevertWhenWriterIsNotTheInbox() external {
        vm.expectRevert(ICheckpointStore.OnlyWriter.selector);
        checkpoints.saveCheckpoint(
            ICheckpointStore.Checkpoint({
                blockNumber: 1, blockHash: bytes32(uint256(1)), stateRoot: bytes32(uint256(1))
            })
        );
        vm.expectRevert(ICheckpointStore.CheckpointNotFound.selector);
        checkpoints.getCheckpoint(1);
    }
}
