// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IProposerRegistry } from "../../../src/l1/registry/IProposerRegistry.sol";
import { BlsSigner } from "./BlsSigner.sol";
import { RegistryFixture } from "./RegistryFixture.sol";
import { ObedientSlasher } from "./TestSlashers.sol";

/// @notice Broken commitments of whom a validator delegated a slot to.
contract SlashDelegatedTest is RegistryFixture {
    function delegatesCommitment() private view returns (IProposerRegistry.SignedCommitment memory) {
        return signCommitment(DELEGATE_KEY, commitTo(address(slasher), "promise"), 0);
    }

    function signedDelegation() private view returns (IProposerRegistry.SignedDelegation memory) {
        return signDelegation(VALIDATOR, ownDelegation());
    }

    function slashDelegated(
        IProposerRegistry.SignedDelegation memory delegation,
        IProposerRegistry.SignedCommitment memory commitment
    ) private returns (uint256) {
        IProposerRegistry.RegistrationProof memory proof = ownProof();
        vm.prank(CHALLENGER);
        return registry.slashCommitment(proof, delegation, commitment, evidence(1 ether, USER, "fault"));
    }

    function expectRefusal(
        IProposerRegistry.SignedDelegation memory delegation,
        IProposerRegistry.SignedCommitment memory commitment,
        bytes4 selector
    ) private {
        IProposerRegistry.RegistrationProof memory proof = ownProof();
        vm.expectRevert(selector);
        registry.slashCommitment(proof, delegation, commitment, evidence(1 ether, USER, "fault"));
    }

    function test_slashDelegated_asksTheSlasherAndTakesFromTheBond() external {
        bytes32 root = optedIn();
        IProposerRegistry.SignedDelegation memory delegation = signedDelegation();
        vm.expectEmit(address(registry));
        emit IProposerRegistry.OperatorSlashed(
            IProposerRegistry.SlashingType.Commitment, root, OWNER, CHALLENGER, address(slasher), 1 ether
        );
        assertEq(slashDelegated(delegation, delegatesCommitment()), 1 ether);
        assertEq(slasher.judgedDelegation(), keccak256(abi.encode(delegation.delegation)));
        assertEq(slasher.judgedCommitter(), delegate());
        assertEq(registry.getSlasherCommitment(root, address(slasher)).bondWei, BOND - 1 ether);
        assertEq(collateralOf(root), 9 ether);
        assertEq(registry.rewards(USER), 0.4 ether);
        assertEq(registry.rewards(CHALLENGER), 0.1 ether);
    }

    /// @dev A fault is one, whoever is shown to be bound for it.
    function test_slashDelegated_isOncePerFaultOnBothPaths() external {
        bytes32 root = optedIn();
        slashDelegated(signedDelegation(), delegatesCommitment());
        expectRefusal(
            signedDelegation(), delegatesCommitment(), IProposerRegistry.FaultAlreadySlashed.selector
        );
        IProposerRegistry.SignedCommitment memory own = ownCommitment();
        vm.expectRevert(IProposerRegistry.FaultAlreadySlashed.selector);
        registry.slashCommitment(root, own, evidence(1 ether, USER, "fault"));

        slash(root, 1 ether, "another");
        IProposerRegistry.RegistrationProof memory proof = ownProof();
        IProposerRegistry.SignedDelegation memory delegation = signedDelegation();
        IProposerRegistry.SignedCommitment memory commitment = delegatesCommitment();
        vm.expectRevert(IProposerRegistry.FaultAlreadySlashed.selector);
        registry.slashCommitment(proof, delegation, commitment, evidence(1 ether, USER, "another"));
    }

    function test_slashDelegated_isOfTheDelegationsCommitterOnly() external {
        optedIn();
        // The operator's own committer did not get this slot.
        expectRefusal(signedDelegation(), ownCommitment(), IProposerRegistry.WrongCommitter.selector);
        IProposerRegistry.Delegation memory toNobody = ownDelegation();
        toNobody.committer = address(0);
        expectRefusal(
            signDelegation(VALIDATOR, toNobody),
            delegatesCommitment(),
            IProposerRegistry.WrongCommitter.selector
        );
    }

    /// @dev A delegate bound to one slasher cannot be brought before another, which its owner might have written.
    function test_slashDelegated_shouldRevertWhenMetadataNamesAnotherSlasher() external {
        optedIn();
        IProposerRegistry.Delegation memory delegation = ownDelegation();
        bytes[3] memory metadata = [
            abi.encodePacked(address(new ObedientSlasher(BOND))),
            bytes(""),
            abi.encodePacked(bytes19(bytes20(address(slasher))))
        ];
        for (uint256 i; i < metadata.length; ++i) {
            delegation.metadata = metadata[i];
            expectRefusal(
                signDelegation(VALIDATOR, delegation),
                delegatesCommitment(),
                IProposerRegistry.DelegationToAnotherSlasher.selector
            );
        }
        delegation.metadata = abi.encodePacked(address(slasher));
        slashDelegated(signDelegation(VALIDATOR, delegation), delegatesCommitment());
    }

    function test_slashDelegated_shouldRevertWhenTheValidatorDidNotSign() external {
        optedIn();
        IProposerRegistry.SignedDelegation memory delegation = signDelegation(VALIDATOR + 1, ownDelegation());
        expectRefusal(delegation, delegatesCommitment(), IProposerRegistry.InvalidSignature.selector);
        delegation = signedDelegation();
        delegation.delegation.slot += 1;
        expectRefusal(delegation, delegatesCommitment(), IProposerRegistry.InvalidSignature.selector);
        delegation = signedDelegation();
        delegation.nonce += 1;
        expectRefusal(delegation, delegatesCommitment(), IProposerRegistry.InvalidSignature.selector);

        IProposerRegistry.Delegation memory byAnother = ownDelegation();
        byAnother.proposer = BlsSigner.pubkeyOf(4_000_004);
        expectRefusal(
            signDelegation(4_000_004, byAnother),
            delegatesCommitment(),
            IProposerRegistry.WrongProposer.selector
        );
    }

    function test_slashDelegated_shouldRevertWhenSignedForAnotherRegistry() external {
        optedIn();
        IProposerRegistry.SignedDelegation memory delegation = signedDelegation();
        delegation.signingId = keccak256("elsewhere");
        expectRefusal(delegation, delegatesCommitment(), IProposerRegistry.InvalidSigningId.selector);
        IProposerRegistry.SignedCommitment memory commitment = delegatesCommitment();
        commitment.signingId = keccak256("elsewhere");
        expectRefusal(signedDelegation(), commitment, IProposerRegistry.InvalidSigningId.selector);
    }

    function test_slashDelegated_shouldRevertWhenTheKeyIsNotTheOperators() external {
        optedIn();
        IProposerRegistry.RegistrationProof memory proof = ownProof();
        proof.registration = signRegistration(4_000_004, OWNER);
        IProposerRegistry.Delegation memory delegation = ownDelegation();
        delegation.proposer = proof.registration.pubkey;
        IProposerRegistry.SignedDelegation memory signed = signDelegation(4_000_004, delegation);
        IProposerRegistry.SignedCommitment memory commitment = delegatesCommitment();
        vm.expectRevert(IProposerRegistry.InvalidMerkleProof.selector);
        registry.slashCommitment(proof, signed, commitment, evidence(1 ether, USER, "fault"));
    }

    /// @dev Without an opt-in there is no bond to answer, whatever a validator signed.
    function test_slashDelegated_shouldRevertWhenTheOperatorIsNotOptedIn() external {
        registerPastWindow();
        expectRefusal(signedDelegation(), delegatesCommitment(), IProposerRegistry.NotSlashable.selector);
    }

    function test_slashDelegated_isWithinTheWindowsOfTheOptIn() external {
        bytes32 root = optedIn();
        vm.warp(block.timestamp + OPT_IN_DELAY);
        optOut(root);
        uint256 optedOutAt = block.timestamp;
        vm.warp(optedOutAt + SLASH_WINDOW);
        expectRefusal(signedDelegation(), delegatesCommitment(), IProposerRegistry.NotSlashable.selector);
        vm.warp(optedOutAt + SLASH_WINDOW - 1);
        slashDelegated(signedDelegation(), delegatesCommitment());
    }
}
