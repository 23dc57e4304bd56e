// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BlsPoints } from "../../../src/l1/registry/BlsPoints.sol";
import { IProposerRegistry } from "../../../src/l1/registry/IProposerRegistry.sol";
import { ProposerRegistry } from "../../../src/l1/registry/ProposerRegistry.sol";
import { SigningRoots } from "../../../src/l1/registry/SigningRoots.sol";
import { RegistryFixture } from "./RegistryFixture.sol";
import { ReenteringReceiver } from "./TestSlashers.sol";

/// @notice Constructor, registering, the tree of keys, collateral in and out.
contract RegisterTest is RegistryFixture {
    function claimableAfter(bytes32 root) private {
        unregister(root);
        vm.warp(block.timestamp + UNREGISTRATION_DELAY);
    }

    function test_constructor_keepsTheConfig() external view {
        assertEq(abi.encode(registry.getConfig()), abi.encode(config()));
        assertEq(
            registry.requiredSigningId(),
            keccak256(abi.encode("Plumbline ProposerRegistry", block.chainid, address(registry)))
        );
    }

    function test_constructor_shouldRevertWhenConfigIsUnsafe() external {
        for (uint256 i; i < 10; ++i) {
            IProposerRegistry.Config memory broken = config();
            if (i == 0) broken.minCollateralWei = 0;
            if (i == 1) broken.fraudProofWindow = 0;
            if (i == 2) broken.slashWindow = 0;
            if (i == 3) broken.optInDelay = 0;
            if (i == 4) broken.unregistrationDelay = SLASH_WINDOW;
            if (i == 5) broken.unregistrationDelay = broken.fraudProofWindow = SLASH_WINDOW + 1;
            if (i == 6) broken.signingDomain = DOMAIN << 8;
            if (i == 7) broken.chainId = bytes32(block.chainid);
            if (i == 8) broken.chainId = SigningRoots.littleEndian(block.chainid + 1);
            if (i == 9) broken.chainId = 0;
            vm.expectRevert(IProposerRegistry.InvalidConfig.selector);
            new ProposerRegistry(broken);
        }
    }

    function test_register_keepsOwnerKeysAndCollateral() external {
        IProposerRegistry.SignedRegistration[] memory registrations = ownRegistrations();
        bytes32 expected = proofOf(registrations, OWNER, 0).registrationRoot;
        bytes32 signingId = registry.requiredSigningId();
        vm.expectEmit(address(registry));
        emit IProposerRegistry.OperatorRegistered(expected, 10 ether, OWNER);
        vm.expectEmit(address(registry));
        emit IProposerRegistry.KeysRegistered(expected, registrations);
        vm.prank(STRANGER);
        bytes32 root = registry.register{ value: 10 ether }(registrations, OWNER, signingId);
        assertEq(root, expected);

        IProposerRegistry.OperatorData memory data = registry.getOperatorData(root);
        assertEq(data.owner, OWNER);
        assertEq(data.collateralWei, 10 ether);
        assertEq(data.numKeys, 3);
        assertEq(data.registeredAt, START);
        assertEq(data.unregisteredAt, type(uint48).max);
        assertEq(data.slashedAt, 0);
        assertTrue(!data.deleted && !data.equivocated && !registry.isSlashed(root), "in good standing");
    }

    function test_register_shouldRevertWhenNoKeys() external {
        bytes32 signingId = registry.requiredSigningId();
        vm.expectRevert(IProposerRegistry.WrongNumberOfKeys.selector);
        registry.register(new IProposerRegistry.SignedRegistration[](0), OWNER, signingId);
    }

    function test_register_shouldRevertWhenOwnerIsZero() external {
        IProposerRegistry.SignedRegistration[] memory registrations = ownRegistrations();
        bytes32 signingId = registry.requiredSigningId();
        vm.expectRevert(IProposerRegistry.ZeroAddress.selector);
        registry.register{ value: MIN }(registrations, address(0), signingId);
    }

    function test_register_shouldRevertWhenSigningIdIsNotThisRegistrys() external {
        IProposerRegistry.SignedRegistration[] memory registrations = ownRegistrations();
        vm.expectRevert(IProposerRegistry.InvalidSigningId.selector);
        registry.register{ value: MIN }(registrations, OWNER, bytes32(0));
    }

    function testFuzz_register_shouldRevertWhenCollateralIsShort(uint256 amountWei) external {
        amountWei = bound(amountWei, 0, MIN - 1);
        IProposerRegistry.SignedRegistration[] memory registrations = signRegistrations(VALIDATOR, 1, OWNER);
        bytes32 signingId = registry.requiredSigningId();
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.InsufficientCollateral.selector);
        registry.register{ value: amountWei }(registrations, OWNER, signingId);
    }

    function test_register_shouldRevertWhenCollateralOverflows() external {
        uint256 tooMuch = uint256(type(uint80).max) + 1;
        vm.deal(OWNER, tooMuch);
        IProposerRegistry.SignedRegistration[] memory registrations = ownRegistrations();
        bytes32 signingId = registry.requiredSigningId();
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.CollateralTooLarge.selector);
        registry.register{ value: tooMuch }(registrations, OWNER, signingId);

        vm.deal(OWNER, tooMuch);
        bytes32 root = register(registrations, OWNER, type(uint80).max);
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.CollateralTooLarge.selector);
        registry.addCollateral{ value: 1 }(root);
    }

    /// @dev Whoever sends an owner's registration first pays for it, and the owner has the operator all the same.
    function test_register_frontRunGivesTheOwnerHisOperatorAtTheOthersCost() external {
        IProposerRegistry.SignedRegistration[] memory registrations = ownRegistrations();
        bytes32 signingId = registry.requiredSigningId();
        vm.prank(STRANGER);
        bytes32 root = registry.register{ value: MIN }(registrations, OWNER, signingId);

        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.OperatorAlreadyRegistered.selector);
        registry.register{ value: 10 ether }(registrations, OWNER, signingId);
        vm.prank(OWNER);
        registry.addCollateral{ value: BOND }(root);

        vm.warp(block.timestamp + FRAUD_PROOF_WINDOW);
        vm.prank(STRANGER);
        vm.expectRevert(IProposerRegistry.NotOperatorOwner.selector);
        registry.claimCollateral(root);
        optIn(root);
        uint256 before = OWNER.balance;
        claimableAfter(root);
        claim(root);
        assertEq(OWNER.balance - before, BOND + MIN);
    }

    /// @dev Keys registered for an owner they did not sign for are another operator, of which anyone can show that it is a
    ///      fraud; the rightful one stands untouched.
    function test_register_keysOfAnotherAreAnotherOperatorAndFraud() external {
        bytes32 rightful = register();
        IProposerRegistry.SignedRegistration[] memory stolen = ownRegistrations();
        bytes32 signingId = registry.requiredSigningId();
        vm.prank(STRANGER);
        bytes32 root = registry.register{ value: MIN }(stolen, STRANGER, signingId);
        assertTrue(root != rightful, "owners are told apart");

        IProposerRegistry.RegistrationProof memory proof = proofOf(stolen, STRANGER, 1);
        vm.prank(CHALLENGER);
        registry.slashRegistration(proof);
        assertEq(collateralOf(root), 0);
        assertEq(collateralOf(rightful), 10 ether);
    }

    function test_register_shouldRevertWhenRootWasUsedBefore() external {
        bytes32 root = registerPastWindow();
        claimableAfter(root);
        claim(root);
        IProposerRegistry.SignedRegistration[] memory registrations = ownRegistrations();
        bytes32 signingId = registry.requiredSigningId();
        vm.expectRevert(IProposerRegistry.OperatorAlreadyRegistered.selector);
        registry.register{ value: MIN }(registrations, OWNER, signingId);
    }

    function test_tree_isPaddedAndSorted() external view {
        IProposerRegistry.SignedRegistration[] memory registrations = ownRegistrations();
        bytes32[4] memory leaves;
        for (uint256 i; i < 3; ++i) {
            leaves[i] = keccak256(abi.encode(registrations[i], OWNER));
        }
        bytes32 left = hashSorted(leaves[0], leaves[1]);
        bytes32 right = hashSorted(leaves[2], bytes32(0));
        IProposerRegistry.RegistrationProof memory proof = proofOf(registrations, OWNER, 2);
        assertEq(proof.registrationRoot, hashSorted(left, right));
        assertEq(proof.merkleProof.length, 2);
        assertEq(proof.merkleProof[0], bytes32(0));
        assertEq(proof.merkleProof[1], left);

        proof = proofOf(signRegistrations(VALIDATOR, 1, OWNER), OWNER, 0);
        assertEq(proof.registrationRoot, leaves[0]);
        assertEq(proof.merkleProof.length, 0);
    }

    function hashSorted(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }

    function testFuzz_verifyMerkleProof_provesEveryKeyAndNoOther(uint256 count, uint256 index, uint256 nonce)
        external
    {
        count = bound(count, 1, 9);
        index = bound(index, 0, count - 1);
        IProposerRegistry.SignedRegistration[] memory registrations =
            new IProposerRegistry.SignedRegistration[](count);
        for (uint256 i; i < count; ++i) {
            registrations[i].nonce = uint64(i); // signatures are not looked at
        }
        register(registrations, OWNER, MIN);
        IProposerRegistry.RegistrationProof memory proof = proofOf(registrations, OWNER, index);
        registry.verifyMerkleProof(proof);
        assertEq(registry.getVerifiedOperatorData(proof).owner, OWNER);

        proof.registration.nonce = uint64(bound(nonce, count, type(uint64).max));
        vm.expectRevert(IProposerRegistry.InvalidMerkleProof.selector);
        registry.verifyMerkleProof(proof);
    }

    function test_verifyMerkleProof_shouldRevertWhenOperatorIsUnknown() external {
        // Its own leaf is the root of a tree of one; the owner of what nobody registered would be zero.
        IProposerRegistry.RegistrationProof memory proof =
            proofOf(signRegistrations(VALIDATOR, 1, address(0)), address(0), 0);
        vm.expectRevert(IProposerRegistry.UnknownOperator.selector);
        registry.verifyMerkleProof(proof);
    }

    function test_verifyMerkleProof_shouldRevertWhenSigningIdIsNotThisRegistrys() external {
        register();
        IProposerRegistry.RegistrationProof memory proof = ownProof();
        proof.signingId = bytes32(uint256(1));
        vm.expectRevert(IProposerRegistry.InvalidSigningId.selector);
        registry.getVerifiedOperatorData(proof);
    }

    function test_verifyRegistrationSignature_acceptsKeysOfTheOwnerOnly() external {
        register();
        registry.verifyRegistrationSignature(ownProof());
        IProposerRegistry.SignedRegistration[] memory stolen = signRegistrations(VALIDATOR, 1, OWNER);
        register(stolen, STRANGER, MIN);
        IProposerRegistry.RegistrationProof memory proof = proofOf(stolen, STRANGER, 0);
        vm.expectRevert(IProposerRegistry.InvalidSignature.selector);
        registry.verifyRegistrationSignature(proof);
    }

    function test_unregister_isByTheOwnerOnceAndPastTheFraudProofWindow() external {
        bytes32 root = register();
        vm.warp(block.timestamp + FRAUD_PROOF_WINDOW - 1);
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.FraudProofWindowRunning.selector);
        registry.unregister(root);
        vm.warp(block.timestamp + 1);
        vm.prank(STRANGER);
        vm.expectRevert(IProposerRegistry.NotOperatorOwner.selector);
        registry.unregister(root);

        vm.expectEmit(address(registry));
        emit IProposerRegistry.OperatorUnregistered(root);
        unregister(root);
        assertEq(registry.getOperatorData(root).unregisteredAt, block.timestamp);
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.AlreadyUnregistered.selector);
        registry.unregister(root);
    }

    function test_addCollateral_isFromAnyoneWhileRegistered() external {
        bytes32 root = register();
        vm.expectEmit(address(registry));
        emit IProposerRegistry.CollateralAdded(root, 2 ether);
        vm.prank(STRANGER);
        registry.addCollateral{ value: 2 ether }(root);
        assertEq(collateralOf(root), 12 ether);

        vm.warp(block.timestamp + FRAUD_PROOF_WINDOW);
        unregister(root);
        vm.expectRevert(IProposerRegistry.AlreadyUnregistered.selector);
        registry.addCollateral{ value: 1 }(root);
        vm.expectRevert(IProposerRegistry.UnknownOperator.selector);
        registry.addCollateral{ value: 1 }(bytes32(uint256(1)));
    }

    /// @dev All is taken by slashers but the operator still registered: it may fill up and go on.
    function test_addCollateral_helpsAnOperatorThatWasSlashed() external {
        bytes32 root = register(ownRegistrations(), OWNER, MIN + BOND);
        vm.warp(block.timestamp + FRAUD_PROOF_WINDOW);
        optIn(root);
        slash(root, BOND, "fault");
        vm.prank(OWNER);
        registry.addCollateral{ value: BOND }(root);
        vm.warp(block.timestamp + OPT_IN_DELAY);
        optOut(root);
        vm.warp(block.timestamp + SLASH_WINDOW);
        optIn(root);
        vm.warp(block.timestamp + 1);
        assertEq(committerNow(root), committer());
    }

    function test_claimCollateral_givesAllAfterTheDelayAndOnce() external {
        bytes32 root = optedIn();
        unregister(root);
        vm.warp(block.timestamp + UNREGISTRATION_DELAY - 1);
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.NothingToClaim.selector);
        registry.claimCollateral(root);

        vm.warp(block.timestamp + 1);
        uint256 before = OWNER.balance;
        vm.expectEmit(address(registry));
        emit IProposerRegistry.CollateralClaimed(root, 10 ether);
        claim(root);
        assertEq(OWNER.balance - before, 10 ether);
        assertTrue(registry.getOperatorData(root).deleted, "deleted");
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.NothingToClaim.selector);
        registry.claimCollateral(root);
    }

    /// @dev What is neither a bond nor the share for fraud and equivocation is nobody's security.
    function test_claimCollateral_givesAnOperatorWhatIsFree() external {
        bytes32 root = optedIn();
        uint256 before = OWNER.balance;
        claim(root);
        assertEq(OWNER.balance - before, 10 ether - MIN - BOND);
        assertEq(collateralOf(root), MIN + BOND);
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.NothingToClaim.selector);
        registry.claimCollateral(root);

        vm.warp(block.timestamp + OPT_IN_DELAY);
        optOut(root);
        vm.warp(block.timestamp + SLASH_WINDOW - 1);
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.NothingToClaim.selector);
        registry.claimCollateral(root);
        vm.warp(block.timestamp + 1);
        claim(root);
        assertEq(collateralOf(root), MIN);
        assertTrue(!registry.getOperatorData(root).deleted, "still registered");
    }

    function test_claimCollateral_shouldRevertWithinTheFraudProofWindow() external {
        bytes32 root = register();
        vm.warp(block.timestamp + FRAUD_PROOF_WINDOW - 1);
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.FraudProofWindowRunning.selector);
        registry.claimCollateral(root);
    }

    function test_claimCollateral_shouldRevertForAnyoneElse() external {
        bytes32 root = registerPastWindow();
        vm.prank(STRANGER);
        vm.expectRevert(IProposerRegistry.NotOperatorOwner.selector);
        registry.claimCollateral(root);
    }

    function test_claimCollateral_shouldRevertWhenOwnerRefusesEther() external {
        address refuser = address(slasher); // has no receive function
        IProposerRegistry.SignedRegistration[] memory registrations = ownRegistrations();
        bytes32 root = register(registrations, refuser, 2 * MIN);
        vm.warp(block.timestamp + FRAUD_PROOF_WINDOW);
        vm.prank(refuser);
        vm.expectRevert(IProposerRegistry.TransferFailed.selector);
        registry.claimCollateral(root);
        assertEq(collateralOf(root), 2 * MIN);
    }

    function test_claimCollateral_cannotBeReentered() external {
        ReenteringReceiver owner = new ReenteringReceiver(address(registry));
        IProposerRegistry.SignedRegistration[] memory registrations = ownRegistrations();
        bytes32 root = register(registrations, address(owner), 10 ether);
        register(signRegistrations(VALIDATOR, 1, OWNER), OWNER, 10 ether); // another's money to steal
        vm.warp(block.timestamp + FRAUD_PROOF_WINDOW);
        bytes memory call = abi.encodeCall(IProposerRegistry.claimCollateral, (root));
        owner.callBack(call);
        owner.execute(call);
        assertEq(address(owner).balance, 10 ether - MIN);
        assertTrue(!owner.succeeded(), "refused");
        assertEq(bytes32(owner.result()), bytes32(bytes4(keccak256("ReentrancyGuardReentrantCall()"))));
        assertEq(address(registry).balance, 10 ether + MIN);
    }

    function test_forcedEtherIsNobodys() external {
        bytes32 root = registerPastWindow();
        vm.deal(address(registry), 15 ether); // as by selfdestruct, or by being coinbase
        assertEq(collateralOf(root), 10 ether);
        claimableAfter(root);
        claim(root);
        assertEq(address(registry).balance, 5 ether);
        (bool accepted,) = address(registry).call{ value: 1 }("");
        assertTrue(!accepted, "sent without a purpose");
    }

    function test_getHistoricalCollateral_isZeroBeforeTheFirstRecord() external {
        bytes32 root = register();
        assertEq(registry.getHistoricalCollateral(root, START - 1), 0);
        assertEq(registry.getHistoricalCollateral(root, 0), 0);
        assertEq(registry.getHistoricalCollateral(bytes32(0), START), 0);
    }

    function test_getHistoricalCollateral_keepsWhatWas() external {
        bytes32 root = register();
        vm.warp(START + 100);
        vm.prank(OWNER);
        registry.addCollateral{ value: 2 ether }(root);
        vm.warp(START + FRAUD_PROOF_WINDOW);
        claim(root);
        assertEq(registry.getHistoricalCollateral(root, START), 10 ether);
        assertEq(registry.getHistoricalCollateral(root, START + 99), 10 ether);
        assertEq(registry.getHistoricalCollateral(root, START + 100), 12 ether);
        assertEq(registry.getHistoricalCollateral(root, START + FRAUD_PROOF_WINDOW - 1), 12 ether);
        assertEq(registry.getHistoricalCollateral(root, START + FRAUD_PROOF_WINDOW), MIN);
        assertEq(registry.getHistoricalCollateral(root, type(uint256).max), MIN);
    }
}
