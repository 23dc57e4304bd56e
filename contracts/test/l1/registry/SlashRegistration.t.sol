// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Bls } from "../../../src/l1/registry/Bls.sol";
import { BlsPoints } from "../../../src/l1/registry/BlsPoints.sol";
import { IProposerRegistry } from "../../../src/l1/registry/IProposerRegistry.sol";
import { ProposerRegistry } from "../../../src/l1/registry/ProposerRegistry.sol";
import { SigningRoots } from "../../../src/l1/registry/SigningRoots.sol";
import { BlsSigner } from "./BlsSigner.sol";
import { BlsVectors } from "./BlsVectors.sol";
import { RegistryFixture } from "./RegistryFixture.sol";

/// @notice Registrations that their keys did not sign.
contract SlashRegistrationTest is RegistryFixture {
    /// @dev Three keys, of which the last is signed for another owner; with three ether.
    function registerFraud()
        private
        returns (bytes32 root, IProposerRegistry.RegistrationProof memory proof)
    {
        IProposerRegistry.SignedRegistration[] memory registrations = ownRegistrations();
        registrations[2] = signRegistration(VALIDATOR + 2, STRANGER);
        root = register(registrations, OWNER, 3 ether);
        proof = proofOf(registrations, OWNER, 2);
    }

    function challenge(IProposerRegistry.RegistrationProof memory proof) private returns (uint256) {
        vm.prank(CHALLENGER);
        return registry.slashRegistration(proof);
    }

    function isFraud(IProposerRegistry.SignedRegistration memory registration) private returns (bool) {
        IProposerRegistry.SignedRegistration[] memory registrations =
            new IProposerRegistry.SignedRegistration[](1);
        registrations[0] = registration;
        register(registrations, OWNER, MIN);
        IProposerRegistry.RegistrationProof memory proof = proofOf(registrations, OWNER, 0);
        try registry.slashRegistration(proof) returns (uint256 slashedWei) {
            assertEq(slashedWei, MIN);
            return true;
        } catch (bytes memory reason) {
            assertEq(bytes32(reason), bytes32(IProposerRegistry.RegistrationIsValid.selector));
            return false;
        }
    }

    function test_slashRegistration_takesTheShareForFraudAndUnregisters() external {
        (bytes32 root, IProposerRegistry.RegistrationProof memory proof) = registerFraud();
        vm.expectEmit(address(registry));
        emit IProposerRegistry.OperatorUnregistered(root);
        vm.expectEmit(address(registry));
        emit IProposerRegistry.RewardHeld(CHALLENGER, MIN / 2);
        vm.expectEmit(address(registry));
        emit IProposerRegistry.OperatorSlashed(
            IProposerRegistry.SlashingType.Fraud, root, OWNER, CHALLENGER, address(registry), MIN
        );
        assertEq(challenge(proof), MIN);
        assertEq(registry.rewards(CHALLENGER), MIN / 2);
        assertEq(address(0).balance, MIN / 2);
        assertEq(address(registry).balance, 3 ether - MIN / 2);
        assertEq(collateralOf(root), 3 ether - MIN);
        assertEq(registry.getOperatorData(root).slashedAt, block.timestamp);
        assertEq(registry.getOperatorData(root).unregisteredAt, block.timestamp);
        assertTrue(registry.isSlashed(root), "slashed");
    }

    function test_slashRegistration_isOfEverySignatureThatIsNotTheKeysOverItsOwner() external {
        IProposerRegistry.SignedRegistration memory right = signRegistration(VALIDATOR, OWNER);
        assertTrue(!isFraud(right), "right");

        IProposerRegistry.SignedRegistration memory wrong = signRegistration(VALIDATOR, STRANGER);
        assertTrue(isFraud(wrong), "another owner");
        (wrong = signRegistration(VALIDATOR, OWNER)).nonce = 1;
        assertTrue(isFraud(wrong), "another nonce");
        (wrong = signRegistration(VALIDATOR, OWNER)).pubkey = BlsSigner.pubkeyOf(VALIDATOR + 1);
        assertTrue(isFraud(wrong), "another key");
        bytes32 root = SigningRoots.registrationRoot(OWNER);
        (wrong = signRegistration(VALIDATOR, OWNER)).signature = BlsSigner.sign(VALIDATOR, root);
        assertTrue(isFraud(wrong), "without a domain");
        bytes32 elsewhere = SigningRoots.signingIdOf(block.chainid, address(0x1));
        bytes32 chainId = SigningRoots.littleEndian(block.chainid);
        wrong.signature =
            BlsSigner.sign(VALIDATOR, SigningRoots.signingRoot(root, 0, elsewhere, chainId, DOMAIN));
        assertTrue(isFraud(wrong), "for another registry");
        bytes32 signingId = registry.requiredSigningId();
        wrong.signature = BlsSigner.sign(
            VALIDATOR,
            SigningRoots.signingRoot(root, 0, signingId, SigningRoots.littleEndian(block.chainid + 1), DOMAIN)
        );
        assertTrue(isFraud(wrong), "for another chain");
    }

    /// @dev Points that no signature could be right for must not be proof against a challenge.
    function test_slashRegistration_isOfPointsThatAreNone() external {
        IProposerRegistry.SignedRegistration memory wrong = signRegistration(VALIDATOR, OWNER);
        BlsPoints.G1Point memory noKey;
        wrong.pubkey = noKey;
        assertTrue(isFraud(wrong), "key at infinity");
        BlsPoints.G2Point memory noSignature;
        wrong.signature = noSignature;
        assertTrue(isFraud(wrong), "key and signature at infinity");
        wrong.pubkey = BlsSigner.pubkeyOf(VALIDATOR);
        assertTrue(isFraud(wrong), "signature at infinity");

        wrong = signRegistration(VALIDATOR, OWNER);
        wrong.pubkey = abi.decode(BlsVectors.outsideG1(0), (BlsPoints.G1Point));
        assertTrue(isFraud(wrong), "key outside the subgroup");
        wrong.pubkey.y_b = bytes32(uint256(wrong.pubkey.y_b) + 1);
        assertTrue(isFraud(wrong), "key off the curve");
        wrong = signRegistration(VALIDATOR, OWNER);
        wrong.signature = abi.decode(BlsVectors.outsideG2(0), (BlsPoints.G2Point));
        assertTrue(isFraud(wrong), "signature outside the subgroup");
        wrong.signature.y_c0_b = bytes32(uint256(wrong.signature.y_c0_b) + 1);
        assertTrue(isFraud(wrong), "signature off the curve");
    }

    /// @dev No sum of gas makes a right registration look wrong.
    function testFuzz_slashRegistration_cannotStarveAValidRegistration(uint256 gasLimit) external {
        register();
        IProposerRegistry.RegistrationProof memory proof = ownProof();
        gasLimit = bound(gasLimit, 50_000, 4_000_000);
        try registry.slashRegistration{ gas: gasLimit }(proof) {
            assertTrue(false, "valid");
        } catch { }
    }

    /// @dev The pairing precompile keeps all it got when it refuses a point. What the call as a whole has to bring.
    function test_slashRegistration_ofAPointThatIsNoneNeedsTheGasItSays() external {
        IProposerRegistry.SignedRegistration[] memory registrations = ownRegistrations();
        registrations[0].signature.x_c0_b ^= bytes32(uint256(1));
        register(registrations, OWNER, MIN);
        IProposerRegistry.RegistrationProof memory proof = proofOf(registrations, OWNER, 0);
        vm.expectRevert(Bls.NotEnoughGas.selector);
        registry.slashRegistration{ gas: 2_100_000 }(proof);
        assertEq(registry.slashRegistration{ gas: 2_350_000 }(proof), MIN);
    }

    function test_slashRegistration_shouldRevertPastTheWindow() external {
        (, IProposerRegistry.RegistrationProof memory proof) = registerFraud();
        vm.warp(START + FRAUD_PROOF_WINDOW);
        vm.expectRevert(IProposerRegistry.FraudProofWindowOver.selector);
        registry.slashRegistration(proof);
        vm.warp(START + FRAUD_PROOF_WINDOW - 1);
        challenge(proof);
    }

    function test_slashRegistration_isOncePerOperator() external {
        IProposerRegistry.SignedRegistration[] memory registrations =
            signRegistrations(VALIDATOR, 2, STRANGER);
        bytes32 root = register(registrations, OWNER, 3 ether);
        IProposerRegistry.RegistrationProof memory first = proofOf(registrations, OWNER, 0);
        IProposerRegistry.RegistrationProof memory second = proofOf(registrations, OWNER, 1);
        challenge(first);
        vm.expectRevert(IProposerRegistry.AlreadyUnregistered.selector);
        registry.slashRegistration(first);
        vm.expectRevert(IProposerRegistry.AlreadyUnregistered.selector);
        registry.slashRegistration(second);
        assertEq(collateralOf(root), 3 ether - MIN);
    }

    function test_slashRegistration_shouldRevertWhenTheProofIsOfAnother() external {
        (bytes32 root, IProposerRegistry.RegistrationProof memory proof) = registerFraud();
        proof.registration = signRegistration(VALIDATOR + 1, STRANGER);
        vm.expectRevert(IProposerRegistry.InvalidMerkleProof.selector);
        registry.slashRegistration(proof);
        proof.registrationRoot = keccak256("nobody");
        vm.expectRevert(IProposerRegistry.UnknownOperator.selector);
        registry.slashRegistration(proof);
        assertEq(collateralOf(root), 3 ether);
    }

    /// @dev Nothing an owner can do within the window takes the operator out of a challenger's reach.
    function test_slashRegistration_cannotBeEscapedByFrontRunning() external {
        (bytes32 root, IProposerRegistry.RegistrationProof memory proof) = registerFraud();
        bytes[3] memory escapes = [
            abi.encodeCall(IProposerRegistry.unregister, (root)),
            abi.encodeCall(IProposerRegistry.claimCollateral, (root)),
            abi.encodeCall(IProposerRegistry.optInToSlasher, (root, address(slasher), OWNER))
        ];
        for (uint256 i; i < escapes.length; ++i) {
            vm.prank(OWNER);
            (bool done, bytes memory reason) = address(registry).call(escapes[i]);
            assertTrue(!done, "refused");
            assertEq(bytes32(reason), bytes32(IProposerRegistry.FraudProofWindowRunning.selector));
        }
        vm.prank(OWNER);
        registry.addCollateral{ value: 1 ether }(root);
        challenge(proof);
        assertEq(collateralOf(root), 3 ether);
    }

    function test_slashRegistration_leavesTheRestToTheOwnerAfterTheDelay() external {
        (bytes32 root, IProposerRegistry.RegistrationProof memory proof) = registerFraud();
        challenge(proof);
        uint256 slashedAt = block.timestamp;
        vm.warp(slashedAt + UNREGISTRATION_DELAY - 1);
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.NothingToClaim.selector);
        registry.claimCollateral(root);
        vm.warp(slashedAt + UNREGISTRATION_DELAY);
        uint256 before = OWNER.balance;
        claim(root);
        assertEq(OWNER.balance - before, 3 ether - MIN);
    }

    function test_slashRegistration_keepsTheOperatorOutForGood() external {
        (bytes32 root, IProposerRegistry.RegistrationProof memory proof) = registerFraud();
        challenge(proof);
        vm.warp(block.timestamp + FRAUD_PROOF_WINDOW);
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.AlreadyUnregistered.selector);
        registry.optInToSlasher(root, address(slasher), committer());
        vm.prank(OWNER);
        vm.expectRevert(IProposerRegistry.AlreadyUnregistered.selector);
        registry.unregister(root);
        assertEq(committerNow(root), address(0));
    }

    /// @dev Challenging oneself gives half back, and no sooner than leaving would.
    function test_slashRegistration_ofOneselfCostsHalf() external {
        (, IProposerRegistry.RegistrationProof memory proof) = registerFraud();
        vm.prank(OWNER);
        registry.slashRegistration(proof);
        assertEq(registry.rewards(OWNER), MIN / 2);
        assertEq(address(0).balance, MIN - MIN / 2);
    }

    function test_slashRegistration_burnsTheOddWei() external {
        IProposerRegistry.Config memory odd = config();
        odd.minCollateralWei = 3;
        registry = new ProposerRegistry(odd);
        IProposerRegistry.SignedRegistration[] memory registrations =
            signRegistrations(VALIDATOR, 1, STRANGER);
        register(registrations, OWNER, 3);
        challenge(proofOf(registrations, OWNER, 0));
        assertEq(registry.rewards(CHALLENGER), 1);
        assertEq(address(0).balance, 2);
        assertEq(address(registry).balance, 1);
    }
}
