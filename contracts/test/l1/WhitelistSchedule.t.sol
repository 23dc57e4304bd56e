// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { IProposerSchedule } from "../../src/l1/IProposerSchedule.sol";
import { WhitelistSchedule } from "../../src/l1/WhitelistSchedule.sol";
import { Test } from "../support/Test.sol";

/// @notice Answers as the EIP-4788 contract does: 32 bytes, or a revert where there is no entry.
contract BeaconRootsDouble {
    mapping(uint256 timestamp => bytes32) public roots;

    function set(uint256 timestamp, bytes32 root) external {
        roots[timestamp] = root;
    }

    fallback(bytes calldata input) external returns (bytes memory) {
        bytes32 root = roots[abi.decode(input, (uint256))];
        require(input.length == 32 && root != 0);
        return abi.encode(root);
    }
}

contract WhitelistScheduleTest is Test {
    uint48 private constant GENESIS = 1_606_824_023;
    uint48 private constant SLOT = 12;
    uint48 private constant EPOCH = 32 * SLOT;
    uint256 private constant OPERATOR_COUNT = 3;

    BeaconRootsDouble private roots;
    WhitelistSchedule private schedule;

    function setUp() external {
        roots = new BeaconRootsDouble();
        schedule = deploy(operatorsUpTo(OPERATOR_COUNT), address(roots));
        enterEpoch(100, 0);
    }

    function deploy(address[] memory initial, address source) private returns (WhitelistSchedule) {
        return new WhitelistSchedule(address(this), initial, source, GENESIS, SLOT, 32);
    }

    function operatorsUpTo(uint256 count) private pure returns (address[] memory list) {
        list = new address[](count);
        for (uint256 i; i < count; ++i) {
            list[i] = operatorAt(i);
        }
    }

    function operatorAt(uint256 i) private pure returns (address) {
        return address(uint160(0x1000 + i));
    }

    function startOf(uint256 epoch) private pure returns (uint256) {
        return GENESIS + epoch * EPOCH;
    }

    function enterEpoch(uint256 epoch, uint256 slotInEpoch) private {
        vm.warp(startOf(epoch) + slotInEpoch * SLOT);
    }

    function expectRefusal(address proposer) private {
        vm.expectRevert(IProposerSchedule.InvalidProposer.selector);
        schedule.checkProposer(proposer, "");
    }

    function testFuzz_operator_isDrawnByTheRootTwoEpochsOld(bytes32 root, uint8 slotInEpoch, uint256 epoch)
        external
    {
        vm.assume(root != 0);
        epoch = bound(epoch, 2, 10_000_000);
        // The root of the epoch's first slot is stored by the block of its second.
        roots.set(startOf(epoch - 2) + SLOT, root);
        enterEpoch(epoch, bound(slotInEpoch, 0, 31));
        address expected = operatorAt(uint256(root) % OPERATOR_COUNT);
        assertEq(schedule.getOperatorForCurrentEpoch(), expected);
        assertEq(schedule.checkProposer(expected, "ignored"), 0);
        expectRefusal(operatorAt((uint256(root) + 1) % OPERATOR_COUNT));
        expectRefusal(address(0));
    }

    function test_operator_ofTheNextEpochIsKnownNow() external {
        roots.set(startOf(99) + SLOT, bytes32(uint256(2)));
        assertEq(schedule.getOperatorForNextEpoch(), operatorAt(2));
        address before = schedule.getOperatorForNextEpoch();
        enterEpoch(101, 31);
        assertEq(schedule.getOperatorForCurrentEpoch(), before);
    }

    function testFuzz_operator_comesFromTheFirstSlotNotMissed(uint256 missed) external {
        missed = bound(missed, 0, 31);
        roots.set(startOf(98), bytes32(uint256(1))); // of the slot before: too early
        roots.set(startOf(98) + (missed + 1) * SLOT, bytes32(uint256(2)));
        roots.set(startOf(98) + (missed + 2) * SLOT, bytes32(uint256(1)));
        assertEq(schedule.getOperatorForCurrentEpoch(), operatorAt(2));
    }

    function test_operator_isTheFirstWhen32RootsAreMissing() external {
        roots.set(startOf(98) + 33 * SLOT, bytes32(uint256(2)));
        assertEq(schedule.getOperatorForCurrentEpoch(), operatorAt(0));
    }

    function test_operator_isTheFirstWhereBeaconRootsHaveNoCode() external {
        schedule = deploy(operatorsUpTo(OPERATOR_COUNT), address(0xdead));
        assertEq(schedule.getOperatorForCurrentEpoch(), operatorAt(0));
    }

    function test_operator_isTheFirstInTheFirstTwoEpochs() external {
        roots.set(GENESIS + SLOT, bytes32(uint256(2)));
        enterEpoch(1, 5);
        assertEq(schedule.getOperatorForCurrentEpoch(), operatorAt(0));
        enterEpoch(2, 0);
        assertEq(schedule.getOperatorForCurrentEpoch(), operatorAt(2));
    }

    function test_operator_shouldRevertBeforeBeaconGenesis() external {
        vm.warp(GENESIS - 1);
        vm.expectRevert(WhitelistSchedule.BeforeBeaconGenesis.selector);
        schedule.getOperatorForCurrentEpoch();
    }

    function test_addOperator_isDrawnTwoEpochsLater() external {
        enterEpoch(100, 7);
        schedule.addOperator(operatorAt(3));
        for (uint256 epoch = 98; epoch < 103; ++epoch) {
            roots.set(startOf(epoch) + SLOT, bytes32(uint256(3)));
        }
        // 3 mod 3 while three are active, 3 mod 4 once the fourth is.
        assertEq(schedule.getOperatorForCurrentEpoch(), operatorAt(0));
        enterEpoch(101, 31);
        assertEq(schedule.getOperatorForCurrentEpoch(), operatorAt(0));
        assertEq(schedule.getOperatorForNextEpoch(), operatorAt(3));
        enterEpoch(102, 0);
        assertEq(schedule.getOperatorForCurrentEpoch(), operatorAt(3));
    }

    function test_checkProposer_shouldRevertWhenNobodyIsActiveYet() external {
        schedule = deploy(new address[](0), address(roots));
        expectRefusal(address(0));
        schedule.addOperator(operatorAt(0));
        assertEq(schedule.getOperatorForCurrentEpoch(), address(0));
        expectRefusal(operatorAt(0));
        enterEpoch(102, 0);
        assertEq(schedule.checkProposer(operatorAt(0), ""), 0);
    }

    function testFuzz_removeOperator_keepsTheListPacked(uint256 which) external {
        which = bound(which, 0, OPERATOR_COUNT - 1);
        schedule.removeOperator(operatorAt(which));
        address[] memory left = schedule.getOperators();
        assertEq(left.length, OPERATOR_COUNT - 1);
        for (uint256 i; i < left.length; ++i) {
            (uint48 activeSince, uint8 index) = schedule.operators(left[i]);
            assertEq(index, i);
            assertTrue(activeSince != 0 && left[i] != operatorAt(which), "a remaining operator");
        }
        (uint48 removedSince,) = schedule.operators(operatorAt(which));
        assertEq(removedSince, 0);
        schedule.addOperator(operatorAt(which));
        assertEq(schedule.getOperators().length, OPERATOR_COUNT);
    }

    function test_removeOperator_shouldRevertWhenNoActiveOneWouldRemain() external {
        schedule.removeOperator(operatorAt(0));
        schedule.removeOperator(operatorAt(1));
        schedule.addOperator(operatorAt(0));
        vm.expectRevert(WhitelistSchedule.NoActiveOperatorRemaining.selector);
        schedule.removeOperator(operatorAt(2));
        enterEpoch(102, 0);
        schedule.removeOperator(operatorAt(2));
        assertEq(schedule.getOperatorForCurrentEpoch(), operatorAt(0));
    }

    function test_removeOperator_shouldRevertWhenUnknown() external {
        vm.expectRevert(WhitelistSchedule.InvalidOperator.selector);
        schedule.removeOperator(operatorAt(9));
    }

    function test_addOperator_shouldRevertWhenZeroKnownOrTooMany() external {
        vm.expectRevert(WhitelistSchedule.InvalidOperator.selector);
        schedule.addOperator(address(0));
        vm.expectRevert(WhitelistSchedule.OperatorAlreadyExists.selector);
        schedule.addOperator(operatorAt(1));
        schedule = deploy(operatorsUpTo(64), address(roots));
        vm.expectRevert(WhitelistSchedule.TooManyOperators.selector);
        schedule.addOperator(operatorAt(64));
    }

    function testFuzz_list_shouldRevertWhenCallerIsNotTheOwner(address caller) external {
        vm.assume(caller != address(this));
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller);
        vm.expectRevert(refusal);
        vm.prank(caller);
        schedule.addOperator(operatorAt(7));
        vm.expectRevert(refusal);
        vm.prank(caller);
        schedule.removeOperator(operatorAt(0));
    }

    function test_constructor_shouldRevertWhenTimeStandsStill() external {
        vm.expectRevert(WhitelistSchedule.InvalidTiming.selector);
        new WhitelistSchedule(address(this), new address[](0), address(roots), GENESIS, 0, 32);
        vm.expectRevert(WhitelistSchedule.InvalidTiming.selector);
        new WhitelistSchedule(address(this), new address[](0), address(roots), GENESIS, SLOT, 0);
    }
}
