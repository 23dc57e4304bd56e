// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BlockCommitments } from "../../../src/l1/preconf/BlockCommitments.sol";
import { EquivocationFault } from "../../../src/l1/preconf/EquivocationFault.sol";
import { Faults } from "../../../src/l1/preconf/Faults.sol";
import { InclusionLists } from "../../../src/l1/preconf/InclusionLists.sol";
import { PromiseCourse } from "../../../src/l1/preconf/PromiseCourse.sol";
import { Promises } from "../../../src/l1/preconf/Promises.sol";
import { IProposerRegistry } from "../../../src/l1/registry/IProposerRegistry.sol";
import { SlasherFixture } from "../../support/SlasherFixture.sol";

contract EquivocationFaultTest is SlasherFixture {
    uint48 private windowEnd;
    BlockCommitments.BlockCommitment private first;
    BlockCommitments.BlockCommitment private second;
    InclusionLists.InclusionList private list;

    function setUp() public override {
        super.setUp();
        windowEnd = slotAfter(2);
        first = promiseNext(windowEnd);
        second = first;
        second.transactionsRoot = keccak256("other transactions");
        list = InclusionLists.InclusionList({
            l2ChainId: L2_CHAIN_ID, windowEnd: windowEnd, transactionsHash: keccak256("list")
        });
    }

    function evidenceOf(IProposerRegistry.SignedCommitment memory signed)
        private
        pure
        returns (bytes memory)
    {
        return evidenceOf(Faults.Fault.Equivocation, abi.encode(signed));
    }

    function signedSecond() private view returns (IProposerRegistry.SignedCommitment memory) {
        return sign(KEY, commitmentOf(second));
    }

    // Blocks

    function test_twoBlocksForOnePosition_costTheSafetyPenaltyAtOnce() external {
        assertSafety(judge(commitmentOf(first), evidenceOf(signedSecond())), first);
        // Either may be brought as the one slashed for.
        assertSafety(judge(commitmentOf(second), evidenceOf(sign(KEY, commitmentOf(first)))), first);
    }

    function testFuzz_anyOtherPayloadForThePosition_isEquivocation(
        BlockCommitments.BlockCommitment memory other
    ) external {
        other.l2ChainId = first.l2ChainId;
        other.blockNumber = first.blockNumber;
        other.parentBlockHash = first.parentBlockHash;
        vm.assume(other.transactionsRoot != 0 && other.windowEnd != 0);
        vm.assume(keccak256(abi.encode(other)) != keccak256(abi.encode(first)));
        assertSafety(judge(commitmentOf(first), evidenceOf(sign(KEY, commitmentOf(other)))), first);
    }

    function test_everyPairAboutAPosition_isOneFault() external {
        bytes32 key = judge(commitmentOf(first), evidenceOf(signedSecond())).key;
        second.isEndOfWindow = true;
        assertEq(judge(commitmentOf(first), evidenceOf(signedSecond())).key, key);
        first.anchorBlockNumber = 9;
        assertEq(judge(commitmentOf(first), evidenceOf(signedSecond())).key, key);
    }

    function test_nonceAndRequest_excuseNobody() external {
        IProposerRegistry.SignedCommitment memory signed = signedSecond();
        signed.nonce = 7;
        signed.commitment.requestHash = keccak256("request");
        signed.signature = signature(KEY, Promises.signingRoot(domainOf(), signed.commitment, 7));
        assertSafety(judge(commitmentOf(first), evidenceOf(signed)), first);
    }

    function test_sameBlockTwice_isNoFault() external {
        bytes memory evidence = evidenceOf(sign(KEY, commitmentOf(first)));
        expectRefusal(commitmentOf(first), evidence, Faults.NoFault.selector);
        // Neither is the same promise under another nonce.
        IProposerRegistry.SignedCommitment memory signed = sign(KEY, commitmentOf(first));
        signed.nonce = 7;
        signed.signature = signature(KEY, Promises.signingRoot(domainOf(), signed.commitment, 7));
        expectRefusal(commitmentOf(first), evidenceOf(signed), Faults.NoFault.selector);
    }

    function test_anotherPosition_isNoFault() external {
        second.blockNumber += 1;
        expectRefusal(commitmentOf(first), evidenceOf(signedSecond()), Faults.NoFault.selector);
        second.blockNumber = first.blockNumber;
        second.parentBlockHash = keccak256("after a reorg of L1");
        expectRefusal(commitmentOf(first), evidenceOf(signedSecond()), Faults.NoFault.selector);
        second.parentBlockHash = first.parentBlockHash;
        second.l2ChainId += 1;
        expectRefusal(commitmentOf(first), evidenceOf(signedSecond()), PromiseCourse.WrongChain.selector);
    }

    // Signatures

    function test_signatureOfAnother_isNoEvidence() external {
        bytes4 reason = EquivocationFault.NotTheSameCommitter.selector;
        bytes memory evidence = evidenceOf(sign(OTHER_KEY, commitmentOf(second)));
        expectRefusal(commitmentOf(first), evidence, reason);
    }

    function test_signatureForAnotherRegistry_isNoEvidence() external {
        IProposerRegistry.SignedCommitment memory signed = signedSecond();
        Promises.Domain memory domain = domainOf();
        domain.signingId = keccak256("another registry");
        signed.signature = signature(KEY, Promises.signingRoot(domain, signed.commitment, 0));
        bytes4 reason = EquivocationFault.NotTheSameCommitter.selector;
        expectRefusal(commitmentOf(first), evidenceOf(signed), reason);
        signed.signingId = domain.signingId;
        reason = EquivocationFault.WrongSigningId.selector;
        expectRefusal(commitmentOf(first), evidenceOf(signed), reason);
    }

    function test_signatureForAnotherSlasher_isNoEvidence() external {
        IProposerRegistry.Commitment memory commitment = commitmentOf(second);
        commitment.slasher = address(0x51A54E2);
        bytes4 reason = EquivocationFault.WrongSlasher.selector;
        expectRefusal(commitmentOf(first), evidenceOf(sign(KEY, commitment)), reason);
    }

    function test_signatureOverAnotherType_isNoEvidence() external {
        bytes4 reason = EquivocationFault.WrongCommitmentType.selector;
        bytes memory evidence = evidenceOf(sign(KEY, commitmentOf(list)));
        expectRefusal(commitmentOf(first), evidence, reason);
        expectRefusal(commitmentOf(list), evidenceOf(signedSecond()), reason);
    }

    function test_malleatedSignature_isNoEvidence() external {
        IProposerRegistry.SignedCommitment memory signed = signedSecond();
        bytes memory good = signed.signature;
        (bytes32 r, bytes32 s) = (bytes32(good), 0);
        assembly ("memory-safe") {
            s := mload(add(good, 64))
        }
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        uint8 v = uint8(good[64]) == 27 ? 28 : 27;
        signed.signature = abi.encodePacked(r, order - uint256(s), v);
        assertTrue(isRefused(commitmentOf(first), evidenceOf(signed)), "high s");
        signed.signature = abi.encodePacked(r, s, uint8(good[64]) - 27);
        assertTrue(isRefused(commitmentOf(first), evidenceOf(signed)), "v 0 or 1");
        signed.signature = bytes.concat(good, hex"00");
        assertTrue(isRefused(commitmentOf(first), evidenceOf(signed)), "66 bytes");
        signed.signature = new bytes(65);
        assertTrue(isRefused(commitmentOf(first), evidenceOf(signed)), "zeros");
        signed.signature = good;
        assertTrue(!isRefused(commitmentOf(first), evidenceOf(signed)), "itself");
    }

    // Lists

    function test_twoListsForOneWindow_costTheSafetyPenalty() external {
        IProposerRegistry.Commitment memory commitment = commitmentOf(list);
        list.transactionsHash = keccak256("other list");
        Outcome memory outcome = judge(commitment, evidenceOf(sign(KEY, commitmentOf(list))));
        assertEq(outcome.amountWei, SAFETY);
        assertEq(outcome.harmedUser, address(0));
        assertEq(outcome.key, keccak256(abi.encode("list", committer, windowEnd)));
    }

    function test_sameListTwice_isNoFault() external {
        bytes memory evidence = evidenceOf(sign(KEY, commitmentOf(list)));
        expectRefusal(commitmentOf(list), evidence, Faults.NoFault.selector);
    }

    function test_listsOfTwoWindows_areNoFault() external {
        IProposerRegistry.Commitment memory commitment = commitmentOf(list);
        list.windowEnd += SLOT_SECONDS;
        list.transactionsHash = keccak256("other list");
        bytes memory evidence = evidenceOf(sign(KEY, commitmentOf(list)));
        expectRefusal(commitment, evidence, Faults.NoFault.selector);
        list.windowEnd = windowEnd;
        list.l2ChainId += 1;
        evidence = evidenceOf(sign(KEY, commitmentOf(list)));
        expectRefusal(commitment, evidence, PromiseCourse.WrongChain.selector);
    }

    // Time

    function test_equivocation_isTooLateAfterItsTime() external {
        vm.warp(windowEnd + MAX_AGE);
        assertSafety(judge(commitmentOf(first), evidenceOf(signedSecond())), first);
        vm.warp(windowEnd + MAX_AGE + 1);
        bytes4 reason = Faults.EvidenceTooLate.selector;
        expectRefusal(commitmentOf(first), evidenceOf(signedSecond()), reason);
    }
}
