// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IForcedInclusionStore } from "../../src/l1/IForcedInclusionStore.sol";
import { IInbox } from "../../src/l1/IInbox.sol";
import { InboxCodec } from "../../src/l1/InboxCodec.sol";
import { ICheckpointStore } from "../../src/shared/ICheckpointStore.sol";
import { InboxFixture } from "../support/InboxFixture.sol";

contract InboxCodecTest is InboxFixture {
    function decodeProposeInput(bytes calldata data) external pure returns (IInbox.ProposeInput memory) {
        return InboxCodec.decodeProposeInput(data);
    }

    function decodeCommitment(bytes calldata data) external pure returns (IInbox.Commitment memory) {
        return InboxCodec.decodeCommitment(data);
    }

    function test_decodeProposeInput_readsTaikoVector() external view {
        IInbox.ProposeInput memory input = this.decodeProposeInput(hex"00000012d687000500020000630007");
        assertEq(input.deadline, 1_234_567);
        assertEq(input.blobReference.blobStartIndex, 5);
        assertEq(input.blobReference.numBlobs, 2);
        assertEq(input.blobReference.offset, 99);
        assertEq(input.numForcedInclusions, 7);
    }

    function testFuzz_decodeProposeInput_shouldRevertWhenLengthIsWrong(bytes calldata data) external {
        vm.assume(data.length != 15);
        vm.expectRevert(InboxCodec.InvalidInputLength.selector);
        this.decodeProposeInput(data);
    }

    function testFuzz_decodeCommitment_invertsEncoding(
        IInbox.Commitment memory commitment,
        uint256 transitionCount
    ) external view {
        transitionCount = bound(transitionCount, 0, 20);
        IInbox.Transition[] memory transitions = new IInbox.Transition[](transitionCount);
        for (uint256 i; i < transitionCount; ++i) {
            transitions[i] = IInbox.Transition({
                proposer: address(uint160(uint256(keccak256(abi.encode(i, commitment.endStateRoot))))),
                timestamp: uint48(i * 12),
                blockHash: keccak256(abi.encode(i))
            });
        }
        commitment.transitions = transitions;
        bytes memory data = encodeCommitment(commitment);
        assertEq(data.length, 130 + 58 * transitionCount);
        assertEq(abi.encode(this.decodeCommitment(data)), abi.encode(commitment));
    }

    function testFuzz_decodeCommitment_shouldRevertWhenLengthIsWrong(bytes calldata data) external {
        if (data.length >= 130) {
            uint256 count = uint16(bytes2(data[128:130]));
            vm.assume(data.length != 130 + 58 * count);
        }
        vm.expectRevert(InboxCodec.InvalidInputLength.selector);
        this.decodeCommitment(data);
    }

    function test_decodeCommitment_shouldRevertWhenOneByteShortOrLong() external {
        bytes memory data = encodeCommitment(commitmentOf(1, 3, GENESIS_HASH));
        vm.expectRevert(InboxCodec.InvalidInputLength.selector);
        this.decodeCommitment(bytes.concat(data, hex"00"));
        assembly ("memory-safe") {
            mstore(data, sub(mload(data), 1))
        }
        vm.expectRevert(InboxCodec.InvalidInputLength.selector);
        this.decodeCommitment(data);
    }

    function test_hashProposal_ofZeroProposalIsTheRealGenesisParentHash() external view {
        IInbox.Proposal memory proposal;
        assertEq(
            inbox.hashProposal(proposal), 0x33f24551a517a7ba147890b98c4a2bceece321d529229377a7e34668acd8fa83
        );
        assertEq(inbox.getProposalHash(0), 0x33f24551a517a7ba147890b98c4a2bceece321d529229377a7e34668acd8fa83);
    }

    function test_hashProposal_ofSurgeProposal1() external view {
        bytes32[] memory blobHashes = new bytes32[](1);
        blobHashes[0] = 0x017f1fcbe1aaf003f442eef5af082ce5eb90cded27e0f1b94006dffa6226081a;
        IInbox.Proposal memory proposal;
        proposal.id = 1;
        proposal.timestamp = 0x69aafd76;
        proposal.proposer = 0x5918b2e647464d4743601a865753e64C8059Dc4F;
        proposal.parentProposalHash = 0x33f24551a517a7ba147890b98c4a2bceece321d529229377a7e34668acd8fa83;
        proposal.originBlockNumber = 0x80;
        proposal.originBlockHash = 0x875ac6ce4f5b514342c2ad7ebc10f361b3cd9c5a7ddcc41ffd77676a6042d8a1;
        proposal.basefeeSharingPctg = 75;
        proposal.sources = new IInbox.DerivationSource[](1);
        proposal.sources[0].blobSlice.blobHashes = blobHashes;
        proposal.sources[0].blobSlice.timestamp = 0x69aafd76;
        assertEq(
            inbox.hashProposal(proposal), 0xc91ffb9ceafbc1f413c1925264f9df1ccab2b246c0658829465583cbc5438342
        );
    }

    function test_events_haveShastaTopics() external pure {
        assertEq(IInbox.Proposed.selector, 0x7c4c4523e17533e451df15762a093e0693a2cd8b279fe54c6cd3777ed5771213);
        assertEq(IInbox.Proved.selector, 0xa274dcaff3629ec7d69d144038e97732516ff306fcbf8a2bc9423d106779a2f0);
        assertEq(
            IInbox.InboxActivated.selector, 0xe4356761c97932c05c3ee0859fb1a5e4f91f7a1d7a3752c7d5a72d5cc6ecb2d2
        );
        assertEq(
            IForcedInclusionStore.ForcedInclusionSaved.selector,
            0x18c4fc1e6ac628dbb537b0375bf0efabf1ff2528af1ec22faa74d2da95c29471
        );
        assertEq(
            ICheckpointStore.CheckpointSaved.selector,
            0xf726c53cbb9e62552afc4a8f1bb1d01fa9272e526a7e3a69eba93b778b3f42a6
        );
    }

    function test_functions_haveShastaSelectors() external pure {
        assertEq(bytes32(IInbox.propose.selector), bytes32(bytes4(0x9791e644)));
        assertEq(bytes32(IInbox.prove.selector), bytes32(bytes4(0xea191743)));
        assertEq(bytes32(IInbox.getCoreState.selector), bytes32(bytes4(0x6aa6a01a)));
        assertEq(bytes32(IInbox.getProposalHash.selector), bytes32(bytes4(0xa834725a)));
        assertEq(bytes32(IInbox.getConfig.selector), bytes32(bytes4(0xc3f909d4)));
        assertEq(bytes32(IForcedInclusionStore.saveForcedInclusion.selector), bytes32(bytes4(0xdf596d9e)));
        assertEq(bytes32(IForcedInclusionStore.getForcedInclusionState.selector), bytes32(bytes4(0x5ccc1718)));
        assertEq(bytes32(IForcedInclusionStore.getForcedInclusions.selector), bytes32(bytes4(0x40df9866)));
        assertEq(
            bytes32(IForcedInclusionStore.getCurrentForcedInclusionFee.selector), bytes32(bytes4(0xe3053335))
        );
    }
}
