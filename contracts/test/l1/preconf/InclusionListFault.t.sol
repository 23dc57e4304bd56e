// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Faults } from "../../../src/l1/preconf/Faults.sol";
import { InclusionListFault } from "../../../src/l1/preconf/InclusionListFault.sol";
import { InclusionLists } from "../../../src/l1/preconf/InclusionLists.sol";
import { L2Headers } from "../../../src/l1/preconf/L2Headers.sol";
import { L2Proposals } from "../../../src/l1/preconf/L2Proposals.sol";
import { OmissionJudge } from "../../../src/l1/preconf/OmissionJudge.sol";
import { SlasherFixture } from "../../support/SlasherFixture.sol";
import { Vectors } from "../../support/Vectors.sol";

/// @notice With transactions that viem signed and account tries that EthereumJS made.
contract InclusionListFaultTest is SlasherFixture {
    using Vectors for string;

    Faults.Fault private constant FAULT = Faults.Fault.InclusionListViolation;

    string private json;
    uint48 private windowEnd;
    InclusionLists.InclusionList private list;
    uint64 private gasLimit;

    function setUp() public override {
        super.setUp();
        json = vm.readFile("test/vectors/omissions.json");
        windowEnd = slotAfter(1);
        list = InclusionLists.InclusionList({
            l2ChainId: L2_CHAIN_ID,
            windowEnd: windowEnd,
            transactionsHash: keccak256(json.bytesAt("", ".transactions"))
        });
        gasLimit = uint64(json.uintAt(".gasLimit"));
        nextStateRoot = json.hashAt(".executable", ".stateRoot");
    }

    /// @dev Blocks 1 and 2 in the window, block 3 after it.
    function landWindow() private {
        land(windowEnd, 2);
        enterSlotAt(windowEnd);
        enterSlot();
        land(slotAfter(1), 1);
        settle();
    }

    function omissionAt(string memory state) private view returns (InclusionListFault.Omission memory) {
        return InclusionListFault.Omission({
            transactions: json.bytesAt("", ".transactions"),
            index: json.uintAt(".index"),
            headers: headersOf(3, 2),
            nextProposal: proposalAt(proposalIds[3]),
            lastProposal: proposalAt(proposalIds[2]),
            accountProof: json.bytesArrayAt(state, ".accountProof")
        });
    }

    function omissionAt() private view returns (InclusionListFault.Omission memory) {
        return omissionAt(".executable");
    }

    function evidenceOf(InclusionListFault.Omission memory omission) private pure returns (bytes memory) {
        return evidenceOf(FAULT, abi.encode(omission));
    }

    function expectRefusal(InclusionListFault.Omission memory omission, bytes4 reason) private {
        expectRefusal(commitmentOf(list), evidenceOf(omission), reason);
    }

    function assertViolation(InclusionListFault.Omission memory omission) private {
        Outcome memory outcome = judge(commitmentOf(list), evidenceOf(omission));
        assertEq(outcome.amountWei, SAFETY);
        assertEq(outcome.harmedUser, json.addressAt(".sender"));
        assertEq(outcome.key, keccak256(abi.encode("list", committer, windowEnd)));
    }

    // What is a fault

    function test_omittedTransaction_costsTheSafetyPenalty() external {
        landWindow();
        assertViolation(omissionAt());
    }

    function test_exactBalanceAndExactGas_areEnough() external {
        nextStateRoot = json.hashAt(".exactBalance", ".stateRoot");
        nextGasUsed = GAS_LIMIT - gasLimit;
        landWindow();
        assertViolation(omissionAt(".exactBalance"));
    }

    /// @dev 243,000 of the 100,000,000 of a block; the transaction has no gas beyond its intrinsic.
    function test_exactZkGas_isEnough() external {
        nextZkGas = 99_757_000;
        landWindow();
        assertViolation(omissionAt());
    }

    // What excuses

    function test_oneZkGasTooFewLeft_excuses() external {
        nextZkGas = 99_757_001;
        landWindow();
        expectRefusal(omissionAt(), OmissionJudge.MayExceedZkGas.selector);
    }

    function test_oneGasTooFewLeft_excuses() external {
        nextGasUsed = GAS_LIMIT - gasLimit + 1;
        landWindow();
        expectRefusal(omissionAt(), OmissionJudge.CannotExecute.selector);
    }

    function test_executedPoorFutureAndCodeBearingSenders_excuse() external {
        string[4] memory states = [".poor", ".executed", ".nonceTooLow", ".withCode"];
        landWindow();
        uint256 snapshot = vm.snapshotState();
        for (uint256 i; i < states.length; ++i) {
            vm.revertToState(snapshot);
            relandWith(json.hashAt(states[i], ".stateRoot"));
            InclusionListFault.Omission memory omission = omissionAt(states[i]);
            omission.headers = headersOf(6, 5);
            omission.nextProposal = proposalAt(proposalIds[6]);
            omission.lastProposal = proposalAt(proposalIds[5]);
            expectRefusal(omission, OmissionJudge.CannotExecute.selector);
        }
    }

    /// @dev The same in a later window: blocks 4, 5 and 6.
    function relandWith(bytes32 stateRoot) private {
        windowEnd = slotAfter(1);
        list.windowEnd = windowEnd;
        nextStateRoot = stateRoot;
        landWindow();
    }

    function test_missedSlot_excuses() external {
        land(windowEnd, 2);
        enterSlotAt(windowEnd + SLOT_SECONDS);
        land(slotAfter(1), 1);
        settle();
        expectRefusal(omissionAt(), Faults.Excused.selector);
    }

    function test_accountThatIsNoAccount_isNoEvidence() external {
        nextStateRoot = json.hashAt(".fiveFields", ".stateRoot");
        landWindow();
        expectRefusal(omissionAt(".fiveFields"), OmissionJudge.InvalidAccount.selector);
    }

    function test_absentSender_isNoEvidence() external {
        nextStateRoot = json.hashAt(".absent", ".stateRoot");
        landWindow();
        assertTrue(isRefused(commitmentOf(list), evidenceOf(omissionAt(".absent"))), "no account");
    }

    // The window's last block

    function test_blockThatIsNotTheLast_isNoEvidence() external {
        landWindow();
        InclusionListFault.Omission memory omission = omissionAt();
        omission.headers = headersOf(3, 1); // of blocks 2 and 1
        omission.nextProposal = omission.lastProposal;
        expectRefusal(omission, Faults.NoFault.selector);
    }

    function test_blocksOfOthersWithinTheWindow_leaveItUnjudged() external {
        land(windowEnd, 2);
        enterSlotAt(windowEnd);
        land(0, 1);
        settle();
        // The preconfer might have come back after it.
        expectRefusal(omissionAt(), Faults.NoFault.selector);
    }

    function test_anotherWindow_isNoFault() external {
        landWindow();
        list.windowEnd = windowEnd + SLOT_SECONDS;
        expectRefusal(omissionAt(), Faults.NoFault.selector);
    }

    function test_evidence_isTooEarlyWhileAReorgCouldUnmakeIt() external {
        land(windowEnd, 2);
        enterSlotAt(windowEnd);
        enterSlot();
        land(slotAfter(1), 1);
        uint48 landedAt = uint48(block.timestamp);
        prove();
        vm.warp(landedAt + MIN_AGE - 1);
        expectRefusal(omissionAt(), Faults.EvidenceTooEarly.selector);
        vm.warp(landedAt + MIN_AGE);
        assertViolation(omissionAt());
    }

    // False evidence

    function test_proposals_mustBeThoseOfTheBlocks() external {
        landWindow();
        InclusionListFault.Omission memory omission = omissionAt();
        omission.lastProposal.endOfSubmissionWindowTimestamp += 1;
        expectRefusal(omission, L2Proposals.UnknownProposal.selector);
        omission = omissionAt();
        omission.nextProposal.timestamp += 1;
        expectRefusal(omission, L2Proposals.UnknownProposal.selector);
        omission.nextProposal = omission.lastProposal;
        expectRefusal(omission, L2Proposals.UnknownProposal.selector);
    }

    function test_headers_mustLeadFromACheckpoint() external {
        landWindow();
        InclusionListFault.Omission memory omission = omissionAt();
        omission.headers = headersOf(2, 1);
        expectRefusal(omission, L2Headers.BrokenHeaderChain.selector);
        omission.headers = headersOf(3, 3);
        expectRefusal(omission, L2Headers.InvalidHeaderCount.selector);
    }

    function test_transactions_mustBeThoseOfTheList() external {
        landWindow();
        InclusionListFault.Omission memory omission = omissionAt();
        omission.transactions = bytes.concat(omission.transactions, hex"00");
        expectRefusal(omission, InclusionLists.WrongTransactions.selector);
        omission = omissionAt();
        omission.index = 6;
        assertTrue(isRefused(commitmentOf(list), evidenceOf(omission)), "no such transaction");
    }

    /// @dev The others in the list have other nonces.
    function testFuzz_onlyTheExecutableOne_isOmitted(uint256 index) external {
        landWindow();
        InclusionListFault.Omission memory omission = omissionAt();
        omission.index = index % 6;
        if (omission.index == json.uintAt(".index")) assertViolation(omission);
        else expectRefusal(omission, OmissionJudge.CannotExecute.selector);
    }

    /// @dev Whatever bit of the account's proof is changed, it proves nothing.
    function testFuzz_accountProof_meansEveryBit(uint256 node, uint256 bit) external {
        landWindow();
        InclusionListFault.Omission memory omission = omissionAt();
        bytes memory changed = omission.accountProof[node % omission.accountProof.length];
        changed[bit / 8 % changed.length] ^= bytes1(uint8(1 << bit % 8));
        assertTrue(isRefused(commitmentOf(list), evidenceOf(omission)), "refused");
    }

    function test_accountProof_hasNothingTooMuchAndNothingTooLittle() external {
        landWindow();
        InclusionListFault.Omission memory omission = omissionAt();
        bytes[] memory proof = omission.accountProof;
        omission.accountProof = new bytes[](proof.length + 1);
        for (uint256 i; i < proof.length; ++i) {
            omission.accountProof[i] = proof[i];
        }
        assertTrue(isRefused(commitmentOf(list), evidenceOf(omission)), "one too many");
        assembly ("memory-safe") {
            mstore(proof, sub(mload(proof), 1))
        }
        omission.accountProof = proof;
        assertTrue(isRefused(commitmentOf(list), evidenceOf(omission)), "one too few");
    }

    function test_feeBelowTheBaseFee_excuses() external {
        // The transaction's cap is far above; raise the base fee of the block instead.
        nextBaseFee = uint64(json.uintAt(".maxFeePerGas"));
        landWindow();
        assertViolation(omissionAt());
        nextBaseFee += 1;
        relandWith(nextStateRoot);
        InclusionListFault.Omission memory omission = omissionAt();
        omission.headers = headersOf(6, 5);
        omission.nextProposal = proposalAt(proposalIds[6]);
        omission.lastProposal = proposalAt(proposalIds[5]);
        expectRefusal(omission, OmissionJudge.CannotExecute.selector);
    }
}
