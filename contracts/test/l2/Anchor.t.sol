// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Anchor } from "../../src/l2/Anchor.sol";
import { CheckpointStore } from "../../src/shared/CheckpointStore.sol";
import { ICheckpointStore } from "../../src/shared/ICheckpointStore.sol";
import { Test } from "../support/Test.sol";
import { Vm } from "../support/Vm.sol";

/// @notice The L2 as genesis leaves it, and blocks that only anchor.
abstract contract AnchorFixture is Test {
    uint256 internal constant L2_CHAIN_ID = 1_670_042;
    address internal constant ANCHOR_ADDRESS = 0x1670042000000000000000000000000000010001;
    address internal constant STORE_ADDRESS = 0x1670042000000000000000000000000000000005;
    address internal constant GOLDEN_TOUCH = 0x0000777735367b36bC9B61C50022d9D0700dB4Ec;

    Anchor internal constant anchor = Anchor(ANCHOR_ADDRESS);
    CheckpointStore internal constant store = CheckpointStore(STORE_ADDRESS);

    /// @dev As genesis puts them: code with immutables, no storage.
    function setUp() public virtual {
        vm.chainId(L2_CHAIN_ID);
        vm.etch(ANCHOR_ADDRESS, address(new Anchor(ICheckpointStore(STORE_ADDRESS))).code);
        vm.etch(STORE_ADDRESS, address(new CheckpointStore(ANCHOR_ADDRESS)).code);
        vm.roll(0);
    }

    function hashOf(uint256 number) internal pure returns (bytes32) {
        return keccak256(abi.encode("L2", number));
    }

    function checkpoint(uint48 number) internal pure returns (ICheckpointStore.Checkpoint memory) {
        return ICheckpointStore.Checkpoint({
            blockNumber: number,
            blockHash: keccak256(abi.encode("L1", number)),
            stateRoot: keccak256(abi.encode("root", number))
        });
    }

    /// @dev Seals the running block and anchors the next one.
    function anchorNext(uint48 l1Number) internal {
        vm.setBlockhash(block.number, hashOf(block.number));
        vm.roll(block.number + 1);
        vm.prank(GOLDEN_TOUCH);
        anchor.anchorV4(checkpoint(l1Number));
    }

    /// @dev Of blocks max(0, last − 254)..last, each hash at its number modulo 255.
    function expectedAncestors(uint256 last) internal pure returns (bytes32) {
        bytes32[256] memory words;
        words[255] = bytes32(L2_CHAIN_ID);
        for (uint256 word; word < 255; ++word) {
            // The newest block that falls on this word.
            uint256 behind = (last % 255 + 255 - word) % 255;
            if (behind <= last) words[word] = hashOf(last - behind);
        }
        return keccak256(abi.encodePacked(words));
    }
}

contract AnchorTest is AnchorFixture {
    function test_anchorV4_hasTaikosSelectorAndEvent() external pure {
        assertEq(bytes32(Anchor.anchorV4.selector), bytes32(bytes4(0x523e6854)));
        assertEq(Anchor.Anchored.selector, keccak256("Anchored(uint48,uint48,bytes32)"));
        assertEq(
            ICheckpointStore.CheckpointSaved.selector,
            0xf726c53cbb9e62552afc4a8f1bb1d01fa9272e526a7e3a69eba93b778b3f42a6
        );
    }

    function test_anchorV4_startsOnGenesis() external {
        anchorNext(84);
        assertEq(anchor.getBlockState().anchorBlockNumber, 84);
        assertEq(anchor.getBlockState().ancestorsHash, expectedAncestors(0));
        assertEq(anchor.blockHashes(0), hashOf(0));
        assertEq(store.getCheckpoint(84).blockHash, checkpoint(84).blockHash);
        assertEq(store.getCheckpoint(84).stateRoot, checkpoint(84).stateRoot);
    }

    /// @dev Past 255 blocks the words are reused, and every block finds what the one before stored.
    function test_anchorV4_commitsTo255AncestorsAcrossTheWrap() external {
        for (uint256 number = 1; number <= 515; ++number) {
            anchorNext(7);
            if (number < 4 || number % 51 == 0 || (number > 252 && number < 260)) {
                assertEq(anchor.getBlockState().ancestorsHash, expectedAncestors(number - 1));
            }
        }
    }

    function test_anchorV4_keepsTaikosStorageSlots() external {
        anchorNext(84);
        assertEq(vm.load(ANCHOR_ADDRESS, bytes32(uint256(256))), bytes32(uint256(84)));
        assertEq(vm.load(ANCHOR_ADDRESS, bytes32(uint256(257))), expectedAncestors(0));
        assertEq(vm.load(ANCHOR_ADDRESS, keccak256(abi.encode(uint256(0), uint256(251)))), hashOf(0));
    }

    function test_getBlockState_returnsTheAnchorInTheFirstWord() external {
        anchorNext(84);
        (, bytes memory answer) = ANCHOR_ADDRESS.call(abi.encodeCall(Anchor.getBlockState, ()));
        assertEq(answer, abi.encode(uint256(84), expectedAncestors(0)));
    }

    function testFuzz_anchorV4_savesOnlyNewerCheckpoints(uint48[8] calldata numbers) external {
        uint48 highest;
        for (uint256 i; i < numbers.length; ++i) {
            uint48 previous = highest;
            if (numbers[i] > highest) highest = numbers[i];
            vm.recordLogs();
            anchorNext(numbers[i]);
            Vm.Log[] memory logs = vm.getRecordedLogs();
            assertEq(logs.length, highest > previous ? 2 : 1);
            Vm.Log memory anchored = logs[logs.length - 1];
            assertEq(anchored.topics[0], Anchor.Anchored.selector);
            assertEq(anchored.data, abi.encode(previous, highest, expectedAncestors(i)));
            if (highest > previous) {
                assertEq(logs[0].emitter, STORE_ADDRESS);
                assertEq(logs[0].topics[0], ICheckpointStore.CheckpointSaved.selector);
                assertEq(logs[0].topics[1], bytes32(uint256(highest)));
            }
            assertEq(anchor.getBlockState().anchorBlockNumber, highest);
            assertEq(store.latestBlockNumber(), highest);
        }
    }

    function testFuzz_anchorV4_shouldRevertWhenSenderIsNotGoldenTouch(address sender) external {
        vm.assume(sender != GOLDEN_TOUCH);
        vm.roll(1);
        vm.expectRevert(Anchor.InvalidSender.selector);
        vm.prank(sender);
        anchor.anchorV4(checkpoint(84));
    }

    /// @dev Anyone can sign as golden touch; this is what keeps a user transaction from anchoring again.
    function test_anchorV4_shouldRevertWhenSecondInBlock() external {
        anchorNext(84);
        vm.expectRevert(Anchor.AncestorsHashMismatch.selector);
        vm.prank(GOLDEN_TOUCH);
        anchor.anchorV4(checkpoint(85));
    }

    function test_store_shouldRevertWhenWriterIsNotTheAnchor() external {
        vm.expectRevert(ICheckpointStore.OnlyWriter.selector);
        vm.prank(GOLDEN_TOUCH);
        store.saveCheckpoint(checkpoint(1));
    }

    function testFuzz_store_shouldRevertWhenNotNewer(uint48 first, uint48 second) external {
        first = uint48(bound(first, 1, type(uint48).max));
        second = uint48(bound(second, 0, first));
        vm.prank(ANCHOR_ADDRESS);
        store.saveCheckpoint(checkpoint(first));
        vm.expectRevert(ICheckpointStore.CheckpointNotNewer.selector);
        vm.prank(ANCHOR_ADDRESS);
        store.saveCheckpoint(checkpoint(second));
    }

    function test_store_shouldRevertWhenHashOrRootIsZero() external {
        ICheckpointStore.Checkpoint memory empty = checkpoint(1);
        empty.blockHash = 0;
        vm.expectRevert(ICheckpointStore.InvalidCheckpoint.selector);
        vm.prank(ANCHOR_ADDRESS);
        store.saveCheckpoint(empty);
        empty = checkpoint(1);
        empty.stateRoot = 0;
        vm.expectRevert(ICheckpointStore.InvalidCheckpoint.selector);
        vm.prank(ANCHOR_ADDRESS);
        store.saveCheckpoint(empty);
        vm.expectRevert(ICheckpointStore.CheckpointNotFound.selector);
        store.getCheckpoint(1);
    }
}

contract AnchorHistoryTest is AnchorFixture {
    function setUp() public override {
        super.setUp();
        for (uint256 number = 1; number <= 300; ++number) {
            anchorNext(7);
        }
        vm.setBlockhash(300, hashOf(300));
        vm.roll(301);
    }

    /// @dev Block 301 looks back over blocks 45..299; its parent 300 is not yet committed to.
    function testFuzz_anchorV4_shouldRevertWhenAnAncestorDiffers(uint256 which) external {
        vm.setBlockhash(bound(which, 45, 299), keccak256("another history"));
        vm.expectRevert(Anchor.AncestorsHashMismatch.selector);
        vm.prank(GOLDEN_TOUCH);
        anchor.anchorV4(checkpoint(7));
    }

    /// @dev What most blocks of the chain cost, and what bringing a new L1 block adds.
    function test_gas_anchorV4() external {
        vm.prank(GOLDEN_TOUCH);
        anchor.anchorV4(checkpoint(7));
        vm.snapshotGasLastCall("Anchor", "anchorV4, same L1 block");
        vm.setBlockhash(301, hashOf(301));
        vm.roll(302);
        vm.prank(GOLDEN_TOUCH);
        anchor.anchorV4(checkpoint(8));
        vm.snapshotGasLastCall("Anchor", "anchorV4, newer L1 block");
    }
}
