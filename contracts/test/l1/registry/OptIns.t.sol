// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IProposerRegistry } from "../../../src/l1/registry/IProposerRegistry.sol";
import { ProposerRegistry } from "../../../src/l1/registry/ProposerRegistry.sol";
import { RegistryFixture } from "./RegistryFixture.sol";
import { ObedientSlasher } from "./TestSlashers.sol";

/// @notice Opting in and out, bonds, and who was whose committer when.
contract OptInsTest is RegistryFixture {
    address private constant SECOND = address(0x2ED);

    function expectOptInToRevert(bytes32 root, bytes4 selector) private {
        vm.prank(OWNER);
        vm.expectRevert(selector);
        registry.optInToSlasher(root, address(slasher), SECOND);
    }

    function committerAt(bytes32 root, uint256 timestamp) private view returns (address) {
        return registry.committerAt(root, address(slasher), uint48(timestamp));
    }

    function test_optIn_locksTheBondAndNamesTheCommitter() external {
        bytes32 root = registerPastWindow();
        vm.expectEmit(address(registry));
        emit IProposerRegistry.OperatorOptedIn(root, address(slasher), committer());
        optIn(root);
        IProposerRegistry.SlasherCommitment memory expected =
            IProposerRegistry.SlasherCommitment(committer(), uint48(block.timestamp), 0, 0, BOND);
        assertEq(abi.encode(registry.getSlasherCommitment(root, address(slasher))), abi.encode(expected));
        assertTrue(registry.isOptedIntoSlasher(root, address(slasher)), "opted in");
        assertTrue(!registry.isOptedIntoSlasher(root, SECOND), "to this slasher only");
    }

    function test_optIn_isByTheOwnerPastTheFraudProofWindow() external {
        bytes32 root = register();
        vm.warp(START + FRAUD_PROOF_WINDOW - 1);
        expectOptInToRevert(root, IProposerRegistry.FraudProofWindowRunning.selector);
        vm.warp(START + FRAUD_PROOF_WINDOW);
        vm.prank(STRANGER);
        vm.expectRevert(IProposerRegistry.NotOperatorOwner.selector);
        registry.optInToSlasher(root, address(slasher), SECOND);
        vm.expectRevert(IProposerRegistry.NotOperatorOwner.selector);
        registry.optInToSlasher(bytes32(0), address(slasher), SECOND);
        optIn(root);
    }

    function test_optIn_shouldRevertWhenUnregistered() external {
        bytes32 root = registerPastWindow();
        unregister(root);
        expectOptInToRevert(root, IProposerRegistry.AlreadyUnregistered.selector);
    }

    function test_optIn_shouldRevertWhenCommitterIsZero() external {
        bytes32 root = registerPastWindow();
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.ZeroAddress.selector);
        registry.optInToSlasher(root, address(slasher), address(0));
    }

    function test_optIn_shouldRevertWhenOptedIn() external {
        bytes32 root = optedIn();
        expectOptInToRevert(root, IProposerRegistry.AlreadyOptedIn.selector);
        slash(root, BOND, "fault"); // and slashed it is opted in no less
        vm.warp(block.timestamp + SLASH_WINDOW + OPT_IN_DELAY);
        expectOptInToRevert(root, IProposerRegistry.AlreadyOptedIn.selector);
    }

    function testFuzz_optIn_needsTheBondBesideEverythingElseThatIsLocked(uint80 first, uint80 second)
        external
    {
        bytes32 root = registerPastWindow();
        (first, second) = (uint80(bound(first, 1, 9 ether)), uint80(bound(second, 1, 20 ether)));
        slasher = new ObedientSlasher(first);
        optIn(root);
        slasher = new ObedientSlasher(second);
        bool isCovered = uint256(MIN) + first + second <= 10 ether;
        vm.prank(OWNER);
        if (!isCovered) vm.expectRevert(IProposerRegistry.InsufficientCollateral.selector);
        registry.optInToSlasher(root, address(slasher), SECOND);
        assertTrue(registry.isOptedIntoSlasher(root, address(slasher)) == isCovered, "covered");
    }

    function test_optIn_leavesNoWeiOfOneBondToAnother() external {
        bytes32 root = registerPastWindow();
        optIn(root);
        uint256 freeWei = 10 ether - MIN - BOND;
        slasher = new ObedientSlasher(freeWei + 1);
        expectOptInToRevert(root, IProposerRegistry.InsufficientCollateral.selector);
        slasher.setBond(freeWei);
        optIn(root);
    }

    function test_optIn_shouldRevertWhenTheSlasherAsksForNothingOrForTooMuch() external {
        bytes32 root = registerPastWindow();
        slasher.setBond(0);
        expectOptInToRevert(root, IProposerRegistry.InsufficientCollateral.selector);
        slasher.setBond(type(uint256).max);
        expectOptInToRevert(root, IProposerRegistry.InsufficientCollateral.selector);
        slasher.setBond(uint256(type(uint80).max) + 1);
        expectOptInToRevert(root, IProposerRegistry.InsufficientCollateral.selector);
    }

    function optInAsOwner(bytes32 root) external {
        vm.prank(OWNER);
        registry.optInToSlasher(root, address(slasher), SECOND);
    }

    function test_optIn_shouldRevertWhenTheSlasherIsNoContract() external {
        bytes32 root = registerPastWindow();
        slasher = ObedientSlasher(STRANGER);
        try this.optInAsOwner(root) {
            assertTrue(false, "refused");
        } catch { }
    }

    function test_optIn_readsTheBondOnce() external {
        bytes32 root = optedIn();
        slasher.setBond(9 ether);
        assertEq(registry.getSlasherCommitment(root, address(slasher)).bondWei, BOND);
        assertEq(slash(root, 9 ether, "fault"), BOND);
    }

    /// @dev The list of bonds is bounded, and what answers no more leaves it.
    function test_optIn_isToSixteenSlashersAtATime() external {
        bytes32 root = registerPastWindow();
        ObedientSlasher[] memory slashers = new ObedientSlasher[](registry.MAX_OPT_INS());
        for (uint256 i; i < slashers.length; ++i) {
            slasher = slashers[i] = new ObedientSlasher(0.1 ether);
            optIn(root);
        }
        slasher = new ObedientSlasher(0.1 ether);
        expectOptInToRevert(root, IProposerRegistry.TooManyOptIns.selector);

        vm.warp(block.timestamp + OPT_IN_DELAY);
        for (uint256 i; i < 2; ++i) {
            vm.prank(OWNER);
            registry.optOutOfSlasher(root, address(slashers[7 * i]));
        }
        vm.warp(block.timestamp + SLASH_WINDOW - 1);
        expectOptInToRevert(root, IProposerRegistry.TooManyOptIns.selector);
        vm.warp(block.timestamp + 1);
        optIn(root);
        slasher = slashers[0];
        optIn(root);
        slasher = slashers[7];
        expectOptInToRevert(root, IProposerRegistry.TooManyOptIns.selector);
    }

    function test_optOut_isByTheOwnerAfterTheDelayAndOnce() external {
        bytes32 root = registerPastWindow();
        uint256 optedInAt = block.timestamp;
        optIn(root);
        vm.warp(optedInAt + OPT_IN_DELAY - 1);
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.OptInDelayRunning.selector);
        registry.optOutOfSlasher(root, address(slasher));
        vm.warp(optedInAt + OPT_IN_DELAY);
        vm.prank(STRANGER);
        vm.expectRevert(IProposerRegistry.NotOperatorOwner.selector);
        registry.optOutOfSlasher(root, address(slasher));

        vm.expectEmit(address(registry));
        emit IProposerRegistry.OperatorOptedOut(root, address(slasher));
        optOut(root);
        assertEq(registry.getSlasherCommitment(root, address(slasher)).optedOutAt, block.timestamp);
        assertTrue(!registry.isOptedIntoSlasher(root, address(slasher)), "opted out");
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.NotOptedIn.selector);
        registry.optOutOfSlasher(root, address(slasher));
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.NotOptedIn.selector);
        registry.optOutOfSlasher(root, SECOND);
    }

    /// @dev Else unregistering and then opting out would be told apart by nothing, and begin the slash window anew.
    function test_optOut_shouldRevertWhenUnregistered() external {
        bytes32 root = optedIn();
        unregister(root);
        vm.warp(block.timestamp + OPT_IN_DELAY);
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.AlreadyUnregistered.selector);
        registry.optOutOfSlasher(root, address(slasher));
    }

    function test_optIn_againWaitsForTheBondBefore() external {
        bytes32 root = optedIn();
        vm.warp(block.timestamp + OPT_IN_DELAY);
        optOut(root);
        vm.warp(block.timestamp + SLASH_WINDOW - 1);
        expectOptInToRevert(root, IProposerRegistry.OptInDelayRunning.selector);
        vm.warp(block.timestamp + 1);
        optIn(root);
    }

    function test_optIn_againWaitsForTheDelay() external {
        IProposerRegistry.Config memory slow = config();
        slow.optInDelay = SLASH_WINDOW + 100;
        registry = new ProposerRegistry(slow);
        bytes32 root = optedIn();
        vm.warp(block.timestamp + slow.optInDelay);
        optOut(root);
        vm.warp(block.timestamp + slow.optInDelay - 1);
        expectOptInToRevert(root, IProposerRegistry.OptInDelayRunning.selector);
        vm.warp(block.timestamp + 1);
        optIn(root);
    }

    function test_getSlasherCommitment_holdsNoBondOnceTheWindowIsOver() external {
        bytes32 root = optedIn();
        vm.warp(block.timestamp + OPT_IN_DELAY);
        optOut(root);
        vm.warp(block.timestamp + SLASH_WINDOW - 1);
        assertEq(registry.getSlasherCommitment(root, address(slasher)).bondWei, BOND);
        vm.warp(block.timestamp + 1);
        assertEq(registry.getSlasherCommitment(root, address(slasher)).bondWei, 0);
    }

    /// @dev What happens in a second counts from the next: the answer for a second is the same throughout it.
    function test_committerAt_tellsWhatWasWhenTheSecondBegan() external {
        bytes32 root = registerPastWindow();
        uint256 optedInAt = block.timestamp;
        assertEq(committerAt(root, optedInAt), address(0));
        optIn(root);
        assertEq(committerAt(root, optedInAt), address(0));
        uint256 optedOutAt = optedInAt + OPT_IN_DELAY;
        vm.warp(optedOutAt);
        assertEq(committerAt(root, optedInAt + 1), committer());
        assertEq(committerAt(root, optedOutAt), committer());
        optOut(root);
        assertEq(committerAt(root, optedOutAt), committer());
        vm.warp(optedOutAt + 1);
        assertEq(committerAt(root, optedOutAt), committer());
        assertEq(committerAt(root, optedOutAt + 1), address(0));
        assertEq(committerAt(root, 0), address(0));
    }

    function test_committerAt_endsWithUnregistering() external {
        bytes32 root = optedIn();
        uint256 unregisteredAt = block.timestamp;
        unregister(root);
        assertTrue(!registry.isOptedIntoSlasher(root, address(slasher)), "no more");
        vm.warp(unregisteredAt + 1);
        assertEq(committerAt(root, unregisteredAt), committer());
        assertEq(committerAt(root, unregisteredAt + 1), address(0));
    }

    function testFuzz_committerAt_endsWithTheFirstSlashing(uint80 amountWei) external {
        amountWei = uint80(bound(amountWei, 1, BOND));
        bytes32 root = optedIn();
        uint256 slashedAt = block.timestamp;
        slash(root, amountWei, "fault");
        assertTrue(!registry.isOptedIntoSlasher(root, address(slasher)), "bond not whole");
        assertEq(registry.getSlasherCommitment(root, address(slasher)).slashedAt, slashedAt);
        vm.warp(slashedAt + 1);
        assertEq(committerAt(root, slashedAt), committer());
        assertEq(committerAt(root, slashedAt + 1), address(0));
    }

    /// @dev An opt-in that was overwritten by another is remembered.
    function test_committerAt_remembersFormerOptIns() external {
        bytes32 root = optedIn();
        uint256 first = block.timestamp;
        vm.warp(first + OPT_IN_DELAY);
        optOut(root);
        vm.warp(block.timestamp + SLASH_WINDOW);
        vm.prank(OWNER);
        registry.optInToSlasher(root, address(slasher), SECOND);
        uint256 second = block.timestamp + 1;
        vm.warp(second + UNREGISTRATION_DELAY);
        unregister(root);
        vm.warp(block.timestamp + UNREGISTRATION_DELAY);
        claim(root);
        assertEq(committerAt(root, first), committer());
        assertEq(committerAt(root, second - 1), address(0));
        assertEq(committerAt(root, second), SECOND);
        assertEq(committerNow(root), address(0));
    }

    function test_committerAt_isZeroForAnUnknownOperatorOrSlasher() external {
        assertEq(committerAt(bytes32(uint256(1)), START), address(0));
        bytes32 root = optedIn();
        assertEq(registry.committerAt(root, SECOND, uint48(block.timestamp)), address(0));
    }

    function test_committerAt_shouldRevertForTheFuture() external {
        bytes32 root = optedIn();
        vm.expectRevert(IProposerRegistry.FutureLookup.selector);
        registry.committerAt(root, address(slasher), uint48(block.timestamp + 1));
    }
}
