// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ReentrancyGuard } from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import { Bridge } from "../../src/shared/Bridge.sol";
import { IBridge } from "../../src/shared/IBridge.sol";
import { ICheckpointStore } from "../../src/shared/ICheckpointStore.sol";
import { MerklePatricia } from "../../src/shared/MerklePatricia.sol";
import { MessageProofs } from "../../src/shared/MessageProofs.sol";
import { BridgeFixture } from "../support/BridgeFixture.sol";
import {
    BombReceiver,
    HungryReceiver,
    MoodyReceiver,
    ReenteringReceiver,
    ReplyingReceiver,
    WillingReceiver
} from "../support/BridgeReceivers.sol";
import { TrieBuilder } from "../support/TrieBuilder.sol";

contract BridgeSendTest is BridgeFixture {
    function send(address to, address owner, uint64 gasLimit, bytes memory data, uint256 value)
        private
        returns (bytes32)
    {
        vm.deal(ALICE, value);
        vm.prank(ALICE);
        return bridge.sendMessage{ value: value }(to, owner, gasLimit, data);
    }

    function expectSendRevert(
        address to,
        address owner,
        uint64 gasLimit,
        bytes memory data,
        uint256 value,
        bytes4 selector
    ) private {
        vm.deal(ALICE, value);
        vm.expectRevert(selector);
        vm.prank(ALICE);
        bridge.sendMessage{ value: value }(to, owner, gasLimit, data);
    }

    function test_sendMessage_writesTheSlotThatTheOtherSideProves() external {
        IBridge.Message memory expected = IBridge.Message({
            nonce: 0,
            sourceChainId: HERE,
            destinationChainId: THERE,
            gasLimit: 50_000,
            sender: ALICE,
            owner: BOB,
            to: BOB,
            value: 3 ether,
            data: hex"beef"
        });
        bytes32 expectedHash = keccak256(abi.encode(address(bridge), expected));
        vm.expectEmit(address(bridge));
        emit IBridge.MessageSent(expectedHash, expected);
        bytes32 messageHash = send(BOB, BOB, 50_000, hex"beef", 3 ether);
        assertEq(messageHash, expectedHash);
        assertEq(bridge.hashMessage(expected), expectedHash);
        assertEq(
            vm.load(address(bridge), keccak256(abi.encode(messageHash, uint256(0)))), bytes32(uint256(1))
        );
        assertTrue(bridge.isSent(messageHash), "sent");
        assertEq(address(bridge).balance, 1003 ether);
    }

    function test_sendMessage_givesTheSameMessageAnotherHashEachTime() external {
        bytes32 first = send(BOB, BOB, 0, "", 1);
        assertTrue(send(BOB, BOB, 0, "", 1) != first, "another nonce");
        assertEq(bridge.nextNonce(), 2);
    }

    /// @dev A contract elsewhere at the sender's address must not be taken for it: the pair of chain and address is the sender.
    function test_hash_bindsBridgeChainsNonceAndSender() external {
        IBridge.Message memory message = messageTo(BOB, 1, "");
        bytes32 hash = bridge.hashMessage(message);
        Bridge other = new Bridge(store, address(0xB2), THERE, QUOTA, PERIOD);
        assertTrue(other.hashMessage(message) != hash, "source bridge");
        message.nonce++;
        assertTrue(bridge.hashMessage(message) != hash, "nonce");
        message.nonce--;
        message.destinationChainId++;
        assertTrue(bridge.hashMessage(message) != hash, "destination");
        message.destinationChainId--;
        message.sender = BOB;
        assertTrue(bridge.hashMessage(message) != hash, "sender");
    }

    function test_sendMessage_shouldRevertWhenItCouldNeverBeDelivered() external {
        bytes memory tooLong = new bytes(bridge.MAX_DATA_SIZE() + 1);
        uint64 tooMuchGas = bridge.MAX_GAS_LIMIT() + 1;
        expectSendRevert(address(0), BOB, 0, "", 0, IBridge.InvalidTarget.selector);
        expectSendRevert(OTHER_BRIDGE, BOB, 0, "", 0, IBridge.InvalidTarget.selector);
        expectSendRevert(BOB, address(0), 0, "", 0, IBridge.InvalidAccount.selector);
        expectSendRevert(BOB, BOB, tooMuchGas, "", 0, IBridge.GasLimitTooHigh.selector);
        expectSendRevert(BOB, BOB, 0, tooLong, 0, IBridge.DataTooLong.selector);
        expectSendRevert(BOB, BOB, 0, "", uint256(QUOTA) + 1, IBridge.ValueAboveQuota.selector);
    }

    function test_constructor_shouldRevertWhenSomethingIsMissing() external {
        vm.expectRevert(IBridge.InvalidAccount.selector);
        new Bridge(ICheckpointStore(address(0)), OTHER_BRIDGE, THERE, QUOTA, PERIOD);
        vm.expectRevert(IBridge.InvalidAccount.selector);
        new Bridge(store, address(0), THERE, QUOTA, PERIOD);
        vm.expectRevert(IBridge.InvalidQuota.selector);
        new Bridge(store, OTHER_BRIDGE, THERE, 0, PERIOD);
        vm.expectRevert(IBridge.InvalidQuota.selector);
        new Bridge(store, OTHER_BRIDGE, THERE, QUOTA, 0);
    }

    /// @dev What is sent in passing is not taken: no receive, no fallback.
    function test_bridge_takesNoEtherButByMessages() external {
        vm.deal(ALICE, 1 ether);
        vm.prank(ALICE);
        (bool sent,) = address(bridge).call{ value: 1 ether }("");
        assertTrue(!sent, "refused");
    }
}

contract BridgeProcessTest is BridgeFixture {
    function test_process_paysAnAccount() external {
        IBridge.Message memory message = messageTo(ALICE, 2 ether, "");
        IBridge.Proof memory proof = prove(message);
        vm.expectEmit(address(bridge));
        emit IBridge.MessageProcessed(hashOf(message), IBridge.Status.Done);
        bridge.processMessage(message, proof);
        assertEq(ALICE.balance, 2 ether);
        assertEq(address(bridge).balance, 998 ether);
        assertStatus(message, IBridge.Status.Done);
    }

    function test_process_callsAContractWithWhoSentItWhere() external {
        MoodyReceiver receiver = new MoodyReceiver();
        receiver.setWilling(true);
        process(messageTo(address(receiver), 2 ether, "hello"));
        assertEq(receiver.sourceChainId(), THERE);
        assertEq(receiver.sender(), ALICE);
        assertEq(receiver.data(), "hello");
        assertEq(address(receiver).balance, 2 ether);
    }

    function test_process_shouldRevertWhenDoneAlready() external {
        IBridge.Message memory message = messageTo(ALICE, 2 ether, "");
        process(message);
        IBridge.Proof memory proof = prove(message);
        vm.expectRevert(IBridge.MessageNotNew.selector);
        bridge.processMessage(message, proof);
        vm.expectRevert(IBridge.MessageNotFailed.selector);
        bridge.retryMessage(message);
        vm.expectRevert(IBridge.MessageNotFailed.selector);
        vm.prank(BOB);
        bridge.recoverValue(message, BOB);
    }

    /// @dev Proving anew must not reset anything (TOB-OPTCW-1), nor make a failed message new (C4 M-05).
    function test_process_shouldRevertWhenFailedBefore() external {
        MoodyReceiver receiver = new MoodyReceiver();
        IBridge.Message memory message = messageTo(address(receiver), 2 ether, "");
        process(message);
        assertStatus(message, IBridge.Status.Failed);
        receiver.setWilling(true);
        IBridge.Proof memory proof = prove(message);
        vm.expectRevert(IBridge.MessageNotNew.selector);
        bridge.processMessage(message, proof);
    }

    function test_process_shouldRevertWhenForAnotherChain() external {
        IBridge.Message memory message = messageTo(ALICE, 2 ether, "");
        message.destinationChainId++;
        IBridge.Proof memory proof = prove(message);
        vm.expectRevert(IBridge.InvalidMessage.selector);
        bridge.processMessage(message, proof);
        message = messageTo(ALICE, 2 ether, "");
        message.sourceChainId++;
        proof = prove(message);
        vm.expectRevert(IBridge.InvalidMessage.selector);
        bridge.processMessage(message, proof);
    }

    function test_process_shouldRevertWhenTheBlockIsNoCheckpoint() external {
        IBridge.Message memory message = messageTo(ALICE, 2 ether, "");
        IBridge.Proof memory proof = prove(message);
        proof.blockNumber++;
        vm.expectRevert(ICheckpointStore.CheckpointNotFound.selector);
        bridge.processMessage(message, proof);
    }

    /// @dev A proof of one message is a proof of no other.
    function testFuzz_process_shouldRevertWhenTheMessageDiffers(uint256 which, uint256 value) external {
        IBridge.Message memory message = messageTo(ALICE, 2 ether, "data");
        IBridge.Proof memory proof = prove(message);
        which = bound(which, 0, 5);
        if (which == 0) message.nonce = uint64(value);
        else if (which == 1) message.gasLimit = uint64(value);
        else if (which == 2) message.sender = address(uint160(value));
        else if (which == 3) message.owner = address(uint160(value));
        else if (which == 4) message.to = address(uint160(value));
        else message.value = value;
        vm.assume(hashOf(message) != hashOf(messageTo(ALICE, 2 ether, "data")));
        vm.expectRevert(MerklePatricia.ProofInvalid.selector);
        bridge.processMessage(message, proof);
    }

    function test_process_shouldRevertWhenTheSlotHoldsSomethingElse() external {
        IBridge.Message memory message = messageTo(ALICE, 2 ether, "");
        bytes[3] memory values = [bytes(hex"02"), hex"80", hex"820100"];
        for (uint256 i; i < values.length; ++i) {
            IBridge.Proof memory proof = proveSlot(hashOf(message), values[i], 3);
            vm.expectRevert(IBridge.NotSent.selector);
            bridge.processMessage(message, proof);
        }
    }

    function test_process_shouldRevertWhenTheAccountHasNotFourFields() external {
        IBridge.Message memory message = messageTo(ALICE, 2 ether, "");
        bytes32 hash = hashOf(message);
        bytes memory root = TrieBuilder.str(abi.encodePacked(rootOf(hash, hex"01", 3)));
        bytes[3] memory accounts = [
            TrieBuilder.list(bytes.concat(hex"01", hex"80", root)),
            TrieBuilder.list(bytes.concat(hex"01", hex"80", root, hex"80", hex"80")),
            TrieBuilder.list(bytes.concat(hex"01", hex"80", hex"80", hex"80"))
        ];
        for (uint256 i; i < accounts.length; ++i) {
            IBridge.Proof memory proof = proveAccount(accounts[i], hash, hex"01", 3);
            vm.expectRevert(MessageProofs.AccountMalformed.selector);
            bridge.processMessage(message, proof);
        }
    }

    function test_process_shouldRevertWhenTheSlotIsAnotherContracts() external {
        IBridge.Message memory message = messageTo(ALICE, 2 ether, "");
        IBridge.Proof memory proof = prove(message);
        Bridge other = new Bridge(store, address(0xBAD), THERE, QUOTA, PERIOD);
        vm.expectRevert(MerklePatricia.ProofInvalid.selector);
        other.processMessage(message, proof);
    }

    function test_process_shouldRevertWhenNodesAreMissingOrLeftOver() external {
        IBridge.Message memory message = messageTo(ALICE, 2 ether, "");
        IBridge.Proof memory good = prove(message);
        IBridge.Proof memory bad = prove(message);
        bytes[][3] memory wrong = [
            new bytes[](0), without(good.accountProof), withOneMore(good.accountProof, good.accountProof[0])
        ];
        for (uint256 i; i < wrong.length; ++i) {
            bad.accountProof = wrong[i];
            vm.expectRevert(MerklePatricia.ProofInvalid.selector);
            bridge.processMessage(message, bad);
        }
        bad = prove(message);
        wrong = [
            new bytes[](0), without(good.storageProof), withOneMore(good.storageProof, good.storageProof[0])
        ];
        for (uint256 i; i < wrong.length; ++i) {
            bad.storageProof = wrong[i];
            vm.expectRevert(MerklePatricia.ProofInvalid.selector);
            bridge.processMessage(message, bad);
        }
        bridge.processMessage(message, good);
    }

    function without(bytes[] memory nodes) private pure returns (bytes[] memory fewer) {
        fewer = new bytes[](nodes.length - 1);
        for (uint256 i; i < fewer.length; ++i) {
            fewer[i] = nodes[i];
        }
    }

    function withOneMore(bytes[] memory nodes, bytes memory node) private pure returns (bytes[] memory more) {
        more = new bytes[](nodes.length + 1);
        for (uint256 i; i < nodes.length; ++i) {
            more[i] = nodes[i];
        }
        more[nodes.length] = node;
    }

    function testFuzz_process_shouldRevertWhenOneBitOfTheProofDiffers(uint256 which, uint256 bit) external {
        IBridge.Message memory message = messageTo(ALICE, 2 ether, "");
        IBridge.Proof memory proof = prove(message);
        bytes[] memory nodes = which & 1 == 0 ? proof.accountProof : proof.storageProof;
        bytes memory node = nodes[(which >> 1) % nodes.length];
        bit = bit % (8 * node.length);
        node[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        vm.expectRevert(MerklePatricia.ProofInvalid.selector);
        bridge.processMessage(message, proof);
    }

    /// @dev Status is set before the call (TOB-OPT-1), and there is a guard besides.
    function test_process_cannotBeReentered() external {
        ReenteringReceiver receiver = new ReenteringReceiver();
        IBridge.Message memory message = messageTo(address(receiver), 2 ether, "go");
        message.gasLimit = 1_000_000;
        message.owner = address(receiver);
        IBridge.Proof memory proof = prove(message);
        bytes[3] memory attacks = [
            abi.encodeCall(Bridge.processMessage, (message, proof)),
            abi.encodeCall(Bridge.retryMessage, (message)),
            abi.encodeCall(Bridge.recoverValue, (message, address(receiver)))
        ];
        for (uint256 i; i < attacks.length; ++i) {
            receiver.prepare(attacks[i]);
            message.nonce++;
            process(message);
            assertTrue(!receiver.hasEntered(), "kept out");
            assertEq(
                receiver.failure(),
                abi.encodeWithSelector(ReentrancyGuard.ReentrancyGuardReentrantCall.selector)
            );
            assertEq(address(receiver).balance, 2 ether * (i + 1));
        }
    }

    function test_process_letsAReceiverAnswer() external {
        ReplyingReceiver receiver = new ReplyingReceiver();
        IBridge.Message memory message = messageTo(address(receiver), 2 ether, "ping");
        message.gasLimit = 200_000;
        process(message);
        assertStatus(message, IBridge.Status.Done);
        assertEq(bridge.nextNonce(), 1);
        assertEq(address(bridge).balance, 1000 ether);
    }

    /// @dev As little gas as anyone likes: the message is done or nothing has happened (C4 M-14).
    function testFuzz_process_cannotBeMadeToFailByTooLittleGas(uint256 gasGiven) external {
        IBridge.Message memory message = messageTo(address(new HungryReceiver(90_000)), 1 ether, "go");
        IBridge.Proof memory proof = prove(message);
        gasGiven = bound(gasGiven, 100_000, 600_000);
        try bridge.processMessage{ gas: gasGiven }(message, proof) {
            assertStatus(message, IBridge.Status.Done);
        } catch {
            assertStatus(message, IBridge.Status.New);
        }
    }

    function test_process_shouldRevertWhenGasIsShortOfThePromise() external {
        IBridge.Message memory message = messageTo(address(new HungryReceiver(900_000)), 1 ether, "go");
        message.gasLimit = 1_000_000;
        IBridge.Proof memory proof = prove(message);
        vm.expectRevert(IBridge.NotEnoughGas.selector);
        bridge.processMessage{ gas: 1_100_000 }(message, proof);
        bridge.processMessage{ gas: 1_300_000 }(message, proof);
        assertStatus(message, IBridge.Status.Done);
    }

    function test_process_isNotBlockedByReturnedData() external {
        IBridge.Message memory message = messageTo(address(new BombReceiver()), 1 ether, "go");
        message.gasLimit = 3_000_000;
        IBridge.Proof memory proof = prove(message);
        bridge.processMessage{ gas: 3_500_000 }(message, proof);
        assertStatus(message, IBridge.Status.Failed);
    }

    function test_process_failsWhenThereIsNoContractToTakeData() external {
        IBridge.Message memory message = messageTo(ALICE, 1 ether, "data");
        process(message);
        assertStatus(message, IBridge.Status.Failed);
        assertEq(ALICE.balance, 0);
    }

    function test_process_shouldRevertWhenTheBridgeHoldsTooLittle() external {
        vm.deal(address(bridge), 1 ether);
        IBridge.Message memory message = messageTo(ALICE, 2 ether, "");
        IBridge.Proof memory proof = prove(message);
        vm.expectRevert(IBridge.InsufficientBalance.selector);
        bridge.processMessage(message, proof);
        vm.deal(address(bridge), 2 ether);
        bridge.processMessage(message, proof);
        assertEq(ALICE.balance, 2 ether);
    }
}

contract BridgeFailedTest is BridgeFixture {
    MoodyReceiver private receiver;
    IBridge.Message private message;

    function setUp() public override {
        super.setUp();
        receiver = new MoodyReceiver();
        message = messageTo(address(receiver), 2 ether, "hello");
        process(message);
        assertStatus(message, IBridge.Status.Failed);
    }

    function test_retry_deliversOnceTheReceiverIsWilling() external {
        vm.expectRevert(IBridge.ReceiverFailed.selector);
        bridge.retryMessage(message);
        assertStatus(message, IBridge.Status.Failed);
        receiver.setWilling(true);
        vm.prank(ALICE);
        bridge.retryMessage(message);
        assertStatus(message, IBridge.Status.Done);
        assertEq(address(receiver).balance, 2 ether);
        assertEq(receiver.data(), "hello");
        vm.expectRevert(IBridge.MessageNotFailed.selector);
        bridge.retryMessage(message);
    }

    function test_retry_givesMoreGasThanWasPromised() external {
        IBridge.Message memory hungry = messageTo(address(new HungryReceiver(500_000)), 1 ether, "go");
        process(hungry);
        assertStatus(hungry, IBridge.Status.Failed);
        bridge.retryMessage{ gas: 2_000_000 }(hungry);
        assertStatus(hungry, IBridge.Status.Done);
    }

    function test_retry_shouldRevertWhenNeverProcessed() external {
        message.nonce++;
        vm.expectRevert(IBridge.MessageNotFailed.selector);
        bridge.retryMessage(message);
        vm.expectRevert(IBridge.MessageNotFailed.selector);
        vm.prank(BOB);
        bridge.recoverValue(message, BOB);
    }

    /// @dev The check of the target is part of every attempt (OZ C-02).
    function test_targets_thatBelieveTheBridgeAreNeverCalled() external {
        address[2] memory targets = [address(bridge), address(store)];
        for (uint256 i; i < targets.length; ++i) {
            bytes[2] memory datas = [bytes(""), "data"];
            for (uint256 j; j < 2; ++j) {
                IBridge.Message memory refused = messageTo(targets[i], 1 ether, datas[j]);
                process(refused);
                assertStatus(refused, IBridge.Status.Failed);
                bytes memory code = targets[i].code;
                if (targets[i] == address(store)) vm.etch(targets[i], address(new WillingReceiver()).code);
                vm.expectRevert(IBridge.ReceiverFailed.selector);
                bridge.retryMessage(refused);
                vm.etch(targets[i], code);
                vm.prank(BOB);
                bridge.recoverValue(refused, BOB);
            }
        }
        assertEq(BOB.balance, 4 ether);
    }

    function test_recover_paysTheOwnersChoiceOnce() external {
        vm.expectEmit(address(bridge));
        emit IBridge.MessageRecovered(hashOf(message), ALICE);
        vm.prank(BOB);
        bridge.recoverValue(message, ALICE);
        assertEq(ALICE.balance, 2 ether);
        assertStatus(message, IBridge.Status.Recovered);
        vm.expectRevert(IBridge.MessageNotFailed.selector);
        vm.prank(BOB);
        bridge.recoverValue(message, ALICE);
        receiver.setWilling(true);
        vm.expectRevert(IBridge.MessageNotFailed.selector);
        bridge.retryMessage(message);
    }

    function testFuzz_recover_shouldRevertWhenNotTheOwner(address caller) external {
        vm.assume(caller != BOB);
        vm.expectRevert(IBridge.NotMessageOwner.selector);
        vm.prank(caller);
        bridge.recoverValue(message, caller);
    }

    function test_recover_shouldRevertWhenTheAddressRefuses() external {
        address[3] memory refusing = [address(receiver), address(bridge), address(store)];
        for (uint256 i; i < refusing.length; ++i) {
            vm.expectRevert(IBridge.TransferFailed.selector);
            vm.prank(BOB);
            bridge.recoverValue(message, refusing[i]);
        }
        assertStatus(message, IBridge.Status.Failed);
    }
}

contract BridgeQuotaTest is BridgeFixture {
    function next(uint64 nonce, address to, uint256 value)
        private
        pure
        returns (IBridge.Message memory message)
    {
        message = messageTo(to, value, "");
        message.nonce = nonce;
    }

    function test_quota_holdsBackAndLosesNothing() external {
        process(next(0, ALICE, 60 ether));
        IBridge.Message memory message = next(1, ALICE, 60 ether);
        IBridge.Proof memory proof = prove(message);
        vm.expectRevert(IBridge.QuotaExceeded.selector);
        bridge.processMessage(message, proof);
        // 20 of 100 ether come back in a fifth of a day.
        vm.warp(block.timestamp + PERIOD / 5 - 1);
        vm.expectRevert(IBridge.QuotaExceeded.selector);
        bridge.processMessage(message, proof);
        vm.warp(block.timestamp + 1);
        assertEq(bridge.availableQuota(), 60 ether);
        bridge.processMessage(message, proof);
        assertEq(ALICE.balance, 120 ether);
        assertEq(bridge.availableQuota(), 0);
        vm.warp(block.timestamp + PERIOD);
        assertEq(bridge.availableQuota(), QUOTA);
    }

    function test_quota_isNotSpentByWhatFails() external {
        MoodyReceiver receiver = new MoodyReceiver();
        IBridge.Message memory failing = next(0, address(receiver), 100 ether);
        process(failing);
        assertStatus(failing, IBridge.Status.Failed);
        assertEq(bridge.availableQuota(), QUOTA);
        process(next(1, ALICE, 1 ether));
        vm.expectRevert(IBridge.QuotaExceeded.selector);
        vm.prank(BOB);
        bridge.recoverValue(failing, BOB);
        receiver.setWilling(true);
        vm.expectRevert(IBridge.QuotaExceeded.selector);
        bridge.retryMessage(failing);
        vm.warp(block.timestamp + PERIOD / 100);
        vm.prank(BOB);
        bridge.recoverValue(failing, BOB);
        assertEq(bridge.availableQuota(), 0);
        // Messages without value pass all the same.
        process(next(2, ALICE, 0));
    }
}

/// @notice Gas of whole calls, kept in snapshots/.
contract BridgeGasTest is BridgeFixture {
    function test_gas_sendMessage() external {
        bridge.sendMessage{ value: 1 ether }(ALICE, BOB, 0, "");
        bridge.sendMessage{ value: 1 ether }(ALICE, BOB, 0, "");
        vm.snapshotGasLastCall("Bridge", "sendMessage, ETH");
    }

    function test_gas_processMessage() external {
        vm.deal(ALICE, 1);
        process(messageTo(ALICE, 1 ether, ""));
        vm.snapshotGasLastCall("Bridge", "processMessage, ETH, four nodes a trie");
    }

    /// @dev Ten nodes an account trie has on mainnet, at most; so many in the storage trie are 10^10 messages.
    function test_gas_processMessageDeep() external {
        vm.deal(ALICE, 1);
        IBridge.Message memory message = messageTo(ALICE, 1 ether, "");
        IBridge.Proof memory proof = proveSlot(hashOf(message), hex"01", 10);
        bridge.processMessage(message, proof);
        vm.snapshotGasLastCall("Bridge", "processMessage, ETH, eleven nodes a trie");
    }
}
