// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Bridge } from "../../src/shared/Bridge.sol";
import { IBridge } from "../../src/shared/IBridge.sol";
import { BridgeFixture } from "../support/BridgeFixture.sol";
import { MoodyReceiver, ReenteringReceiver } from "../support/BridgeReceivers.sol";

/// @notice The end on L2 as genesis leaves it: code with immutables, a balance, no storage. Compiled for Shanghai.
contract L2BridgeTest is BridgeFixture {
    address private constant BRIDGE_ADDRESS = 0x1670042000000000000000000000000000000001;

    function setUp() public override {
        super.setUp();
        vm.etch(BRIDGE_ADDRESS, address(bridge).code);
        bridge = Bridge(BRIDGE_ADDRESS);
        vm.deal(BRIDGE_ADDRESS, 1e27);
    }

    function test_process_paysADeposit() external {
        IBridge.Message memory message = messageTo(ALICE, 3 ether, "");
        process(message);
        assertEq(ALICE.balance, 3 ether);
        assertEq(BRIDGE_ADDRESS.balance, 1e27 - 3 ether);
        IBridge.Proof memory proof = prove(message);
        vm.expectRevert(IBridge.MessageNotNew.selector);
        bridge.processMessage(message, proof);
    }

    function test_process_failsAndIsRetried() external {
        MoodyReceiver receiver = new MoodyReceiver();
        IBridge.Message memory message = messageTo(address(receiver), 3 ether, "data");
        process(message);
        assertStatus(message, IBridge.Status.Failed);
        receiver.setWilling(true);
        bridge.retryMessage(message);
        assertStatus(message, IBridge.Status.Done);
        assertEq(address(receiver).balance, 3 ether);
    }

    /// @dev The guard's slot is 0 at first, where a constructor would have left 1.
    function test_process_cannotBeReenteredThoughNoConstructorRan() external {
        ReenteringReceiver receiver = new ReenteringReceiver();
        IBridge.Message memory message = messageTo(address(receiver), 3 ether, "go");
        message.gasLimit = 1_000_000;
        receiver.prepare(abi.encodeCall(Bridge.retryMessage, (message)));
        process(message);
        assertTrue(!receiver.hasEntered(), "kept out");
        assertStatus(message, IBridge.Status.Done);
    }

    function test_sendMessage_keepsTheSlotOfTheOtherLayersProofs() external {
        vm.deal(ALICE, 1 ether);
        vm.prank(ALICE);
        bytes32 messageHash = bridge.sendMessage{ value: 1 ether }(BOB, BOB, 0, "");
        assertEq(vm.load(BRIDGE_ADDRESS, keccak256(abi.encode(messageHash, uint256(0)))), bytes32(uint256(1)));
    }

    function test_gas_processMessage() external {
        vm.deal(ALICE, 1);
        process(messageTo(ALICE, 1 ether, ""));
        vm.snapshotGasLastCall("L2Bridge", "processMessage, ETH, four nodes a trie");
    }
}
