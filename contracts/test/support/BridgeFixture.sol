// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Bridge } from "../../src/shared/Bridge.sol";
import { CheckpointStore } from "../../src/shared/CheckpointStore.sol";
import { IBridge } from "../../src/shared/IBridge.sol";
import { ICheckpointStore } from "../../src/shared/ICheckpointStore.sol";
import { Test } from "./Test.sol";
import { TrieBuilder } from "./TrieBuilder.sol";

/// @notice One end of a bridge, and proofs of whatever the other end is said to have sent.
abstract contract BridgeFixture is Test {
    uint64 internal constant HERE = 31_337;
    uint64 internal constant THERE = 1_670_042;
    address internal constant OTHER_BRIDGE = 0x1670042000000000000000000000000000000001;
    uint208 internal constant QUOTA = 100 ether;
    uint48 internal constant PERIOD = 1 days;

    address internal constant ALICE = address(0xA11CE);
    address internal constant BOB = address(0xB0B);

    Bridge internal bridge;
    CheckpointStore internal store;
    uint48 internal checkpoints;

    function setUp() public virtual {
        vm.chainId(HERE);
        vm.warp(1_800_000_000);
        store = new CheckpointStore(address(this));
        bridge = new Bridge(store, OTHER_BRIDGE, THERE, QUOTA, PERIOD);
        vm.deal(address(bridge), 1000 ether);
    }

    /// @dev From ALICE there to `to` here.
    function messageTo(address to, uint256 value, bytes memory data)
        internal
        pure
        returns (IBridge.Message memory)
    {
        return IBridge.Message({
            nonce: 7,
            sourceChainId: THERE,
            destinationChainId: HERE,
            gasLimit: 100_000,
            sender: ALICE,
            owner: BOB,
            to: to,
            value: value,
            data: data
        });
    }

    function hashOf(IBridge.Message memory message) internal pure returns (bytes32) {
        return keccak256(abi.encode(OTHER_BRIDGE, message));
    }

    function prove(IBridge.Message memory message) internal returns (IBridge.Proof memory) {
        return proveSlot(hashOf(message), hex"01", 3);
    }

    /// @dev Both tries branch `depth` times before they come to the value.
    function proveSlot(bytes32 messageHash, bytes memory value, uint256 depth)
        internal
        returns (IBridge.Proof memory)
    {
        return proveAccount(TrieBuilder.account(rootOf(messageHash, value, depth)), messageHash, value, depth);
    }

    function proveAccount(bytes memory account, bytes32 messageHash, bytes memory value, uint256 depth)
        internal
        returns (IBridge.Proof memory proof)
    {
        bytes32 stateRoot;
        (stateRoot, proof.accountProof) = TrieBuilder.build(
            keccak256(abi.encodePacked(OTHER_BRIDGE)), account, depth, keccak256("accounts")
        );
        (, proof.storageProof) = TrieBuilder.build(pathOf(messageHash), value, depth, keccak256("slots"));
        proof.blockNumber = save(stateRoot);
    }

    function save(bytes32 stateRoot) internal returns (uint48) {
        store.saveCheckpoint(
            ICheckpointStore.Checkpoint({
                blockNumber: ++checkpoints, blockHash: keccak256(abi.encode(stateRoot)), stateRoot: stateRoot
            })
        );
        return checkpoints;
    }

    function rootOf(bytes32 messageHash, bytes memory value, uint256 depth)
        internal
        pure
        returns (bytes32 root)
    {
        (root,) = TrieBuilder.build(pathOf(messageHash), value, depth, keccak256("slots"));
    }

    /// @dev Where the storage trie keeps the message's slot.
    function pathOf(bytes32 messageHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(abi.encode(messageHash, uint256(0)))));
    }

    function process(IBridge.Message memory message) internal {
        bridge.processMessage(message, prove(message));
    }

    function assertStatus(IBridge.Message memory message, IBridge.Status status) internal view {
        assertEq(uint256(bridge.statusOf(hashOf(message))), uint256(status));
    }
}
