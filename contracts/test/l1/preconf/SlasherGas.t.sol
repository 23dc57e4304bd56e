// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IProposerRegistry } from "../../../src/l1/registry/IProposerRegistry.sol";
import { BlockCommitments } from "../../../src/l1/preconf/BlockCommitments.sol";
import { Faults } from "../../../src/l1/preconf/Faults.sol";
import { InclusionListFault } from "../../../src/l1/preconf/InclusionListFault.sol";
import { InclusionLists } from "../../../src/l1/preconf/InclusionLists.sol";
import { PromiseCourse } from "../../../src/l1/preconf/PromiseCourse.sol";
import { SlasherFixture } from "../../support/SlasherFixture.sol";
import { Vectors } from "../../support/Vectors.sol";

/// @notice Gas of whole slashings through the registry, kept in snapshots/. Each must fit into one transaction.
contract SlasherGasTest is SlasherFixture {
    using BlockCommitments for BlockCommitments.BlockCommitment;
    using Vectors for string;

    /// @dev EIP-7825.
    uint256 private constant MAX_TRANSACTION_GAS = 2 ** 24;
    bytes32 private constant OTHER = keccak256("other transactions");

    /// @dev Calldata included: its price, or its floor where that is higher (EIP-7623).
    function measure(address target, bytes memory data, string memory name) private {
        uint256 before = gasleft();
        (bool succeeded, bytes memory reason) = target.call(data);
        uint256 execution = before - gasleft();
        if (!succeeded) {
            assembly ("memory-safe") {
                revert(add(reason, 32), mload(reason))
            }
        }
        uint256 tokens;
        for (uint256 i; i < data.length; ++i) {
            tokens += data[i] == 0 ? 1 : 4;
        }
        uint256 total = 21_000 + (execution + 4 * tokens > 10 * tokens ? execution + 4 * tokens : 10 * tokens);
        vm.snapshotValue("PreconfSlasher", name, total);
        assertTrue(total <= MAX_TRANSACTION_GAS, "fits into a transaction");
    }

    function measureSlashing(
        IProposerRegistry.Commitment memory commitment,
        bytes memory evidence,
        string memory name
    ) private {
        IProposerRegistry.SignedCommitment memory signed = sign(KEY, commitment);
        bytes memory arguments = abi.encode(operatorRoot, signed, evidence);
        bytes4 selector = bytes4(
            keccak256("slashCommitment(bytes32,((uint64,bytes,bytes32,address),uint64,bytes32,bytes),bytes)")
        );
        measure(address(registry), bytes.concat(selector, arguments), name);
    }

    function measureCourse(
        BlockCommitments.BlockCommitment memory promised,
        Faults.Fault fault,
        PromiseCourse.Course memory course,
        string memory name
    ) private {
        measureSlashing(commitmentOf(promised), evidenceOf(fault, course), name);
    }

    function test_gas_recordAncestor() external {
        land(slotAfter(1), 256);
        prove();
        bytes memory data = abi.encodeCall(slasher.recordAncestor, (headersOf(256, 1)));
        measure(address(slasher), data, "recordAncestor, 256 headers");
    }

    function test_gas_recordSlot() external {
        bytes memory data = abi.encodeCall(slasher.recordSlot, (uint48(block.timestamp)));
        measure(address(slasher), data, "recordSlot");
    }

    function test_gas_equivocation() external {
        BlockCommitments.BlockCommitment memory first = promiseNext(slotAfter(1));
        BlockCommitments.BlockCommitment memory second = promiseNext(slotAfter(1));
        second.transactionsRoot = OTHER;
        bytes memory other = abi.encode(sign(KEY, commitmentOf(second)));
        measureSlashing(
            commitmentOf(first), evidenceOf(Faults.Fault.Equivocation, other), "slash, equivocation"
        );
    }

    function test_gas_content() external {
        uint48 windowEnd = slotAfter(1);
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        landRoot(windowEnd, OTHER);
        enterSlot();
        land(slotAfter(1), 255);
        settle();
        measureCourse(promised, Faults.Fault.ContentMismatch, courseOf(256, 1), "slash, content, 256 headers");
    }

    /// @dev A window of 32 slots with a proposal in each, and its 255th block is the broken one.
    function test_gas_contentByParents() external {
        uint48 windowEnd = slotAfter(32);
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        PromiseCourse.Course memory course;
        course.parents = new bytes[](254);
        for (uint256 i; i < 254; ++i) {
            course.parents[253 - i] = promised.encode();
            if (i % 8 == 0) {
                if (i > 0) enterSlot();
                if (i % 56 == 48) prove();
                proposeIn(windowEnd);
            }
            appendBlock(rootOf(i + 1), uint48(proposals.length - 1));
            promised = promiseOn(promised, windowEnd);
        }
        appendBlock(OTHER, uint48(proposals.length - 1));
        settle();
        course.headers = headersOf(255, 1);
        course.proposals = proposalsOf(255, 1);
        // The ring of the fixture is small.
        slasher.recordProposals(course.proposals);
        measureCourse(
            promised, Faults.Fault.ContentMismatch, course, "slash, content, 254 parents in 32 proposals"
        );
    }

    function test_gas_submission() external {
        uint48 windowEnd = slotAfter(0);
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        enterSlot();
        land(slotAfter(1), 256);
        settle();
        measureCourse(
            promised, Faults.Fault.MissedSubmission, courseOf(256, 1), "slash, submission, 256 headers"
        );
    }

    function test_gas_missingEnd() external {
        uint48 windowEnd = slotAfter(0);
        BlockCommitments.BlockCommitment memory promised = promiseNext(windowEnd);
        land(windowEnd, 1);
        enterSlot();
        land(slotAfter(1), 255);
        settle();
        measureCourse(promised, Faults.Fault.MissingEnd, courseOf(256, 1), "slash, missing end, 256 headers");
    }

    function test_gas_inclusionList() external {
        string memory json = vm.readFile("test/vectors/omissions.json");
        uint48 windowEnd = slotAfter(0);
        InclusionLists.InclusionList memory list = InclusionLists.InclusionList({
            l2ChainId: L2_CHAIN_ID,
            windowEnd: windowEnd,
            transactionsHash: keccak256(json.bytesAt("", ".transactions"))
        });
        nextStateRoot = json.hashAt(".executable", ".stateRoot");
        land(windowEnd, 1);
        enterSlot();
        land(slotAfter(1), 255);
        settle();
        InclusionListFault.Omission memory omission = InclusionListFault.Omission({
            transactions: json.bytesAt("", ".transactions"),
            index: json.uintAt(".index"),
            headers: headersOf(256, 1),
            nextProposal: proposalAt(2),
            lastProposal: proposalAt(1),
            accountProof: json.bytesArrayAt(".executable", ".accountProof")
        });
        measureSlashing(
            commitmentOf(list),
            evidenceOf(Faults.Fault.InclusionListViolation, abi.encode(omission)),
            "slash, inclusion list, 256 headers"
        );
    }
}
