// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IInbox } from "../../src/l1/IInbox.sol";
import { InboxFixture } from "../support/InboxFixture.sol";

/// @notice Gas of whole transactions, kept in snapshots/.
contract GasTest is InboxFixture {
    function setUp() public override {
        super.setUp();
        for (uint256 i; i < 3; ++i) {
            propose(ALICE, 0);
        }
    }

    function test_gas_propose() external {
        propose(ALICE, 0);
        vm.snapshotGasLastCall("Inbox", "propose, one blob");
    }

    function test_gas_proposeTenForced() external {
        for (uint256 i; i < 10; ++i) {
            saveForced(BOB);
        }
        propose(ALICE, 10);
        vm.snapshotGasLastCall("Inbox", "propose, one blob and ten forced inclusions");
    }

    function test_gas_saveForcedInclusion() external {
        saveForced(BOB);
        saveForced(BOB);
        vm.snapshotGasLastCall("Inbox", "saveForcedInclusion");
    }

    function test_gas_prove() external {
        IInbox.Commitment memory commitment = commitmentOf(1, 1, GENESIS_HASH);
        bytes memory proof = attest(commitment);
        inbox.prove(encodeCommitment(commitment), proof);
        commitment = commitmentOf(2, 2, endHash(1));
        proof = attest(commitment);
        inbox.prove(encodeCommitment(commitment), proof);
        vm.snapshotGasLastCall("Inbox", "prove, one proposal and two attesters");
    }
}
