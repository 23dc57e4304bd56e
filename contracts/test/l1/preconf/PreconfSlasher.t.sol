// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IProposerRegistry } from "../../../src/l1/registry/IProposerRegistry.sol";
import { BlockCommitments } from "../../../src/l1/preconf/BlockCommitments.sol";
import { EquivocationFault } from "../../../src/l1/preconf/EquivocationFault.sol";
import { Faults } from "../../../src/l1/preconf/Faults.sol";
import { InclusionLists } from "../../../src/l1/preconf/InclusionLists.sol";
import { PreconfSlasher } from "../../../src/l1/preconf/PreconfSlasher.sol";
import { PromiseCourse } from "../../../src/l1/preconf/PromiseCourse.sol";
import { SlotRecords } from "../../../src/l1/preconf/SlotRecords.sol";
import { Eip4788 } from "../../support/Eip4788.sol";
import { SlasherFixture } from "../../support/SlasherFixture.sol";

contract PreconfSlasherTest is SlasherFixture {
    using BlockCommitments for BlockCommitments.BlockCommitment;

    uint48 private windowEnd;
    BlockCommitments.BlockCommitment private promised;

    function setUp() public override {
        super.setUp();
        windowEnd = slotAfter(2);
        promised = promiseNext(windowEnd);
    }

    /// @dev Evidence against `promised` that holds.
    function equivocation() private view returns (bytes memory) {
        BlockCommitments.BlockCommitment memory second = promised;
        second.transactionsRoot = keccak256("other transactions");
        return evidenceOf(Faults.Fault.Equivocation, abi.encode(sign(KEY, commitmentOf(second))));
    }

    // Deployment

    function expectInvalid(PreconfSlasher.Settings memory settings, bytes4 reason) private {
        vm.expectRevert(reason);
        new PreconfSlasher(settings);
    }

    function test_constructor_shouldRevertForPenaltiesThatAreNone() external {
        bytes4 reason = PreconfSlasher.InvalidPenalties.selector;
        PreconfSlasher.Settings memory settings = slasherSettings();
        settings.livenessPenaltyWei = 0;
        expectInvalid(settings, reason);
        settings.livenessPenaltyWei = settings.safetyPenaltyWei;
        expectInvalid(settings, reason);
        settings = slasherSettings();
        settings.requiredBondWei = settings.safetyPenaltyWei - 1;
        expectInvalid(settings, reason);
    }

    function test_constructor_shouldRevertWhenOptingOutWouldBeAWayOut() external {
        bytes4 reason = Faults.InvalidEvidenceAges.selector;
        PreconfSlasher.Settings memory settings = slasherSettings();
        settings.evidenceMaxAge = SLASH_WINDOW - 64 * SLOT_SECONDS + 1;
        expectInvalid(settings, reason);
        settings.evidenceMaxAge = settings.evidenceMinAge;
        expectInvalid(settings, reason);
        settings = slasherSettings();
        settings.evidenceMinAge = 0;
        expectInvalid(settings, reason);
        settings = slasherSettings();
        settings.evidenceMaxAge = SLASH_WINDOW - 64 * SLOT_SECONDS;
        new PreconfSlasher(settings);
    }

    function test_constructor_shouldRevertWithoutSlotsOrBeaconRoots() external {
        PreconfSlasher.Settings memory settings = slasherSettings();
        settings.secondsPerSlot = 0;
        expectInvalid(settings, SlotRecords.InvalidSlots.selector);
        settings = slasherSettings();
        settings.beaconRoots = address(0xdead);
        expectInvalid(settings, SlotRecords.NoBeaconRoots.selector);
    }

    function test_code_fitsIntoAContract() external view {
        assertTrue(address(slasher).code.length <= 24_576, "EIP-170");
        assertTrue(address(slasher.omissionJudge()).code.length <= 24_576, "EIP-170");
    }

    // Who asks, and about what

    function test_slash_shouldRevertForAnyoneButTheRegistry() external {
        vm.expectRevert(PreconfSlasher.OnlyRegistry.selector);
        slasher.slash(noDelegation(), commitmentOf(promised), committer, "", CHALLENGER);
    }

    function test_slash_shouldRevertForACommitmentToAnotherSlasher() external {
        IProposerRegistry.Commitment memory commitment = commitmentOf(promised);
        commitment.slasher = address(0x51A54E2);
        expectRefusal(commitment, equivocation(), EquivocationFault.WrongSlasher.selector);
    }

    function testFuzz_slash_shouldRevertForOtherTypes(uint64 commitmentType) external {
        vm.assume(commitmentType != 2 && commitmentType != 3);
        IProposerRegistry.Commitment memory commitment = commitmentOf(promised);
        commitment.commitmentType = commitmentType;
        expectRefusal(commitment, equivocation(), EquivocationFault.WrongCommitmentType.selector);
    }

    function testFuzz_slash_shouldRevertForUnknownFaults(uint8 kind) external {
        vm.assume(kind > uint8(type(Faults.Fault).max));
        bytes4 reason = PreconfSlasher.UnknownFault.selector;
        expectRefusal(commitmentOf(promised), abi.encode(kind, ""), reason);
    }

    function test_slash_shouldRevertForFaultsOfTheOtherType() external {
        InclusionLists.InclusionList memory list = InclusionLists.InclusionList({
            l2ChainId: L2_CHAIN_ID, windowEnd: windowEnd, transactionsHash: keccak256("list")
        });
        bytes4 reason = EquivocationFault.WrongCommitmentType.selector;
        for (uint8 kind = 1; kind < 6; ++kind) {
            expectRefusal(commitmentOf(list), abi.encode(kind, ""), reason);
        }
        expectRefusal(commitmentOf(promised), abi.encode(uint8(6), ""), reason);
    }

    function test_slash_shouldRevertForAnotherChain() external {
        BlockCommitments.BlockCommitment memory other = promised;
        other.l2ChainId += 1;
        expectRefusal(commitmentOf(other), equivocation(), PromiseCourse.WrongChain.selector);
        InclusionLists.InclusionList memory list = InclusionLists.InclusionList({
            l2ChainId: L2_CHAIN_ID + 1, windowEnd: windowEnd, transactionsHash: keccak256("list")
        });
        expectRefusal(commitmentOf(list), equivocation(), PromiseCourse.WrongChain.selector);
    }

    function test_slash_shouldRevertForPayloadsThatAreNotExactlyAPromise() external {
        IProposerRegistry.Commitment memory commitment = commitmentOf(promised);
        bytes memory payload = commitment.payload;
        commitment.payload = bytes.concat(payload, hex"00");
        expectRefusal(commitment, equivocation(), BlockCommitments.InvalidBlockCommitment.selector);
        commitment.payload = "";
        expectRefusal(commitment, equivocation(), BlockCommitments.InvalidBlockCommitment.selector);
        commitment.commitmentType = InclusionLists.COMMITMENT_TYPE;
        expectRefusal(commitment, equivocation(), InclusionLists.InvalidInclusionList.selector);
    }

    function test_slash_namesWhatItJudged() external {
        bytes32 key =
            keccak256(abi.encode("position", committer, promised.blockNumber, promised.parentBlockHash));
        IProposerRegistry.Commitment memory commitment = commitmentOf(promised);
        bytes memory evidence = equivocation();
        vm.expectEmit(address(slasher));
        emit PreconfSlasher.FaultJudged(Faults.Fault.Equivocation, committer, key, SAFETY, CHALLENGER);
        judge(commitment, evidence);
    }

    // Delegations

    function test_delegation_answersForItsSlotAlone() external {
        IProposerRegistry.Delegation memory delegation;
        delegation.committer = committer;
        delegation.slot = (windowEnd - BEACON_GENESIS) / SLOT_SECONDS;
        IProposerRegistry.Commitment memory commitment = commitmentOf(promised);
        bytes memory evidence = equivocation();
        vm.prank(address(registry));
        slasher.slash(delegation, commitment, committer, evidence, CHALLENGER);

        delegation.slot += 1;
        vm.prank(address(registry));
        vm.expectRevert(PreconfSlasher.WrongDelegation.selector);
        slasher.slash(delegation, commitment, committer, evidence, CHALLENGER);

        delegation.slot = type(uint64).max;
        vm.prank(address(registry));
        vm.expectRevert(PreconfSlasher.WrongDelegation.selector);
        slasher.slash(delegation, commitment, committer, evidence, CHALLENGER);
    }

    // Through the registry

    function test_registry_takesThePenaltyOnce() external {
        IProposerRegistry.SignedCommitment memory signed = sign(KEY, commitmentOf(promised));
        bytes memory evidence = equivocation();
        vm.prank(CHALLENGER);
        assertEq(registry.slashCommitment(operatorRoot, signed, evidence), SAFETY);
        assertEq(registry.rewards(CHALLENGER), SAFETY / 2);
        assertEq(registry.getSlasherCommitment(operatorRoot, address(slasher)).bondWei, BOND - SAFETY);

        vm.expectRevert(IProposerRegistry.FaultAlreadySlashed.selector);
        registry.slashCommitment(operatorRoot, signed, evidence);
        // The same fault in other bytes.
        promised.isEndOfWindow = true;
        signed = sign(KEY, commitmentOf(promised));
        evidence = equivocation();
        vm.expectRevert(IProposerRegistry.FaultAlreadySlashed.selector);
        registry.slashCommitment(operatorRoot, signed, evidence);
    }

    function test_registry_takesBothTiersForBothFaults() external {
        landRoot(windowEnd, keccak256("other transactions"));
        BlockCommitments.BlockCommitment memory missed = promiseNext(windowEnd);
        enterSlotAt(windowEnd);
        enterSlot();
        land(slotAfter(2), 1);
        settle();
        vm.startPrank(CHALLENGER);
        registry.slashCommitment(
            operatorRoot,
            sign(KEY, commitmentOf(promised)),
            evidenceOf(Faults.Fault.ContentMismatch, courseOf(2, 1))
        );
        registry.slashCommitment(
            operatorRoot,
            sign(KEY, commitmentOf(missed)),
            evidenceOf(Faults.Fault.MissedSubmission, courseOf(2, 2))
        );
        vm.stopPrank();
        uint256 left = registry.getSlasherCommitment(operatorRoot, address(slasher)).bondWei;
        assertEq(left, BOND - SAFETY - LIVENESS);
    }

    function test_registry_stillTakesAfterOptingOut() external {
        IProposerRegistry.SignedCommitment memory signed = sign(KEY, commitmentOf(promised));
        bytes memory evidence = equivocation();
        vm.prank(OWNER);
        registry.optOutOfSlasher(operatorRoot, address(slasher));
        vm.warp(windowEnd + MAX_AGE);
        assertEq(registry.slashCommitment(operatorRoot, signed, evidence), SAFETY);
    }
}
