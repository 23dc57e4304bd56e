// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BlsPoints } from "../../../src/l1/registry/BlsPoints.sol";
import { IProposerRegistry } from "../../../src/l1/registry/IProposerRegistry.sol";
import { BlsSigner } from "./BlsSigner.sol";
import { RegistryFixture } from "./RegistryFixture.sol";

/// @notice One slot delegated twice.
contract SlashEquivocationTest is RegistryFixture {
    function other() private view returns (IProposerRegistry.Delegation memory delegation) {
        delegation = ownDelegation();
        delegation.committer = STRANGER;
    }

    /// @dev Signed by the owner's first validator.
    function slashFor(IProposerRegistry.Delegation memory one, IProposerRegistry.Delegation memory two)
        private
        returns (uint256)
    {
        return slashFor(signDelegation(VALIDATOR, one), signDelegation(VALIDATOR, two));
    }

    function slashFor(
        IProposerRegistry.SignedDelegation memory one,
        IProposerRegistry.SignedDelegation memory two
    ) private returns (uint256) {
        IProposerRegistry.RegistrationProof memory proof = ownProof();
        vm.prank(CHALLENGER);
        return registry.slashEquivocation(proof, one, two);
    }

    function expectRefusal(
        IProposerRegistry.SignedDelegation memory one,
        IProposerRegistry.SignedDelegation memory two,
        bytes4 selector
    ) private {
        IProposerRegistry.RegistrationProof memory proof = ownProof();
        vm.expectRevert(selector);
        registry.slashEquivocation(proof, one, two);
    }

    function test_slashEquivocation_takesTheShareForItAndUnregisters() external {
        bytes32 root = optedIn();
        vm.expectEmit(address(registry));
        emit IProposerRegistry.OperatorSlashed(
            IProposerRegistry.SlashingType.Equivocation, root, OWNER, CHALLENGER, address(registry), MIN
        );
        assertEq(slashFor(ownDelegation(), other()), MIN);
        assertEq(registry.rewards(CHALLENGER), MIN / 2);
        assertEq(address(0).balance, MIN / 2);
        assertEq(collateralOf(root), 10 ether - MIN);
        IProposerRegistry.OperatorData memory data = registry.getOperatorData(root);
        assertTrue(data.equivocated && !data.deleted, "equivocated");
        assertEq(data.unregisteredAt, block.timestamp);
        vm.warp(block.timestamp + 1);
        assertEq(committerNow(root), address(0));
    }

    function test_slashEquivocation_isOfDifferentDelegates() external {
        bytes32 root = registerPastWindow();
        IProposerRegistry.Delegation memory second = ownDelegation();
        second.delegate = BlsSigner.pubkeyOf(3_000_003);
        slashFor(ownDelegation(), second);
        assertEq(collateralOf(root), 10 ether - MIN);
    }

    function test_slashEquivocation_shouldRevertWhenOnlyMetadataOrSlotDiffers() external {
        registerPastWindow();
        IProposerRegistry.SignedDelegation memory one = signDelegation(VALIDATOR, ownDelegation());
        expectRefusal(one, one, IProposerRegistry.DelegationsAgree.selector);

        IProposerRegistry.Delegation memory second = ownDelegation();
        second.metadata = abi.encodePacked(STRANGER);
        expectRefusal(one, signDelegation(VALIDATOR, second), IProposerRegistry.DelegationsAgree.selector);
        second = other();
        second.slot += 1;
        expectRefusal(one, signDelegation(VALIDATOR, second), IProposerRegistry.DelegationsAgree.selector);
        // Signed twice with different nonces it is the same delegation.
        IProposerRegistry.SignedDelegation memory again = one;
        again.nonce += 1;
        expectRefusal(one, again, IProposerRegistry.DelegationsAgree.selector);
    }

    function test_slashEquivocation_shouldRevertWhenEitherIsNotTheValidators() external {
        registerPastWindow();
        IProposerRegistry.SignedDelegation memory right = signDelegation(VALIDATOR, ownDelegation());
        IProposerRegistry.SignedDelegation memory forged = signDelegation(VALIDATOR + 1, other());
        expectRefusal(right, forged, IProposerRegistry.InvalidSignature.selector);
        expectRefusal(forged, right, IProposerRegistry.InvalidSignature.selector);

        // A right signature of another of the operator's keys: two validators may delegate differently.
        IProposerRegistry.Delegation memory anothers = other();
        anothers.proposer = BlsSigner.pubkeyOf(VALIDATOR + 1);
        IProposerRegistry.SignedDelegation memory signed = signDelegation(VALIDATOR + 1, anothers);
        expectRefusal(right, signed, IProposerRegistry.WrongProposer.selector);
        expectRefusal(signed, right, IProposerRegistry.WrongProposer.selector);
    }

    function test_slashEquivocation_shouldRevertWhenSignedForAnotherRegistry() external {
        registerPastWindow();
        IProposerRegistry.SignedDelegation memory right = signDelegation(VALIDATOR, ownDelegation());
        IProposerRegistry.SignedDelegation memory elsewhere = signDelegation(VALIDATOR, other());
        elsewhere.signingId = keccak256("elsewhere");
        expectRefusal(right, elsewhere, IProposerRegistry.InvalidSigningId.selector);
        expectRefusal(elsewhere, right, IProposerRegistry.InvalidSigningId.selector);
    }

    function test_slashEquivocation_isOncePerOperator() external {
        bytes32 root = registerPastWindow();
        slashFor(ownDelegation(), other());
        IProposerRegistry.Delegation memory third = other();
        third.committer = USER;
        expectRefusal(
            signDelegation(VALIDATOR, other()),
            signDelegation(VALIDATOR, third),
            IProposerRegistry.AlreadyEquivocated.selector
        );
        assertEq(collateralOf(root), 10 ether - MIN);
    }

    function test_slashEquivocation_isWithinItsWindows() external {
        bytes32 root = register();
        IProposerRegistry.SignedDelegation memory one = signDelegation(VALIDATOR, ownDelegation());
        IProposerRegistry.SignedDelegation memory two = signDelegation(VALIDATOR, other());
        vm.warp(START + FRAUD_PROOF_WINDOW - 1);
        expectRefusal(one, two, IProposerRegistry.FraudProofWindowRunning.selector);
        vm.warp(START + FRAUD_PROOF_WINDOW);
        unregister(root);
        uint256 unregisteredAt = block.timestamp;
        vm.warp(unregisteredAt + UNREGISTRATION_DELAY);
        expectRefusal(one, two, IProposerRegistry.NotSlashable.selector);
        vm.warp(unregisteredAt + UNREGISTRATION_DELAY - 1);
        slashFor(one, two);
        // It was leaving already, and leaves no later.
        assertEq(registry.getOperatorData(root).unregisteredAt, unregisteredAt);
    }

    function test_slashEquivocation_shouldRevertAfterFraud() external {
        IProposerRegistry.SignedRegistration[] memory registrations = ownRegistrations();
        registrations[2].nonce = 9;
        bytes32 root = register(registrations, OWNER, 3 ether);
        registry.slashRegistration(proofOf(registrations, OWNER, 2));
        vm.warp(block.timestamp + FRAUD_PROOF_WINDOW);
        IProposerRegistry.RegistrationProof memory proof = proofOf(registrations, OWNER, 0);
        IProposerRegistry.SignedDelegation memory one = signDelegation(VALIDATOR, ownDelegation());
        IProposerRegistry.SignedDelegation memory two = signDelegation(VALIDATOR, other());
        vm.expectRevert(IProposerRegistry.NotSlashable.selector);
        registry.slashEquivocation(proof, one, two);
        assertEq(collateralOf(root), 3 ether - MIN);
    }

    /// @dev Zellic's 3.2: accusing oneself was a way out without a loss.
    function test_slashEquivocation_ofOneselfCostsHalfAndIsNoEarlyExit() external {
        bytes32 root = optedIn();
        IProposerRegistry.RegistrationProof memory proof = ownProof();
        IProposerRegistry.SignedDelegation memory one = signDelegation(VALIDATOR, ownDelegation());
        IProposerRegistry.SignedDelegation memory two = signDelegation(VALIDATOR, other());
        vm.prank(OWNER);
        registry.slashEquivocation(proof, one, two);
        assertEq(registry.rewards(OWNER), MIN / 2);
        assertEq(address(0).balance, MIN / 2);

        // The bond answers on, and nothing comes out sooner than by unregistering.
        assertEq(slash(root, 1 ether, "fault"), 1 ether);
        vm.warp(block.timestamp + UNREGISTRATION_DELAY - 1);
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.NothingToClaim.selector);
        registry.claimCollateral(root);
        vm.warp(block.timestamp + 1);
        claim(root);
    }
}
