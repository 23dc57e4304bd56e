// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { IProposerRegistry } from "../../../src/l1/registry/IProposerRegistry.sol";
import { SigningRoots } from "../../../src/l1/registry/SigningRoots.sol";
import { RegistryFixture } from "./RegistryFixture.sol";
import { ObedientSlasher, ReenteringReceiver, ReenteringSlasher } from "./TestSlashers.sol";

/// @dev One overload each, to be told apart by name.
interface IOptInPath {
    function slashCommitment(bytes32, IProposerRegistry.SignedCommitment calldata, bytes calldata) external;
}

interface IDelegationPath {
    function slashCommitment(
        IProposerRegistry.RegistrationProof calldata,
        IProposerRegistry.SignedDelegation calldata,
        IProposerRegistry.SignedCommitment calldata,
        bytes calldata
    ) external;
}

/// @notice Broken commitments of the operator's own committer, and rewards.
contract SlashCommitmentTest is RegistryFixture {
    uint256 private constant SECP256K1_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function expectRefusal(
        bytes32 root,
        IProposerRegistry.SignedCommitment memory commitment,
        bytes memory reason
    ) private {
        vm.expectRevert(reason);
        registry.slashCommitment(root, commitment, evidence(1 ether, address(0), "fault"));
    }

    function expectRefusal(bytes32 root, bytes4 selector) private {
        expectRefusal(root, ownCommitment(), abi.encodePacked(selector));
    }

    function test_slashCommitment_asksTheSlasherAndTakesFromTheBond() external {
        bytes32 root = optedIn();
        IProposerRegistry.SignedCommitment memory commitment = ownCommitment();
        vm.expectEmit(address(registry));
        emit IProposerRegistry.OperatorSlashed(
            IProposerRegistry.SlashingType.Commitment, root, OWNER, CHALLENGER, address(slasher), 2 ether
        );
        assertEq(slash(root, commitment, evidence(2 ether, USER, "fault")), 2 ether);

        IProposerRegistry.Delegation memory none;
        assertEq(slasher.judgedDelegation(), keccak256(abi.encode(none)));
        assertEq(slasher.judgedCommitment(), keccak256(abi.encode(commitment.commitment)));
        assertEq(slasher.judgedCommitter(), committer());
        assertEq(slasher.judgedChallenger(), CHALLENGER);

        assertEq(collateralOf(root), 8 ether);
        assertEq(registry.getSlasherCommitment(root, address(slasher)).bondWei, BOND - 2 ether);
        assertTrue(registry.isSlashed(root) && registry.isSlashed(root, address(slasher)), "slashed");
        assertEq(registry.getOperatorData(root).slashedAt, block.timestamp);
        assertTrue(
            registry.slashingEvidenceAlreadyUsed(
                keccak256(abi.encode(root, address(slasher), bytes32("fault")))
            ),
            "kept"
        );
    }

    /// @dev Half is burned; of the rest a harmed user has four fifths.
    function testFuzz_slashCommitment_sharesWhatItTakes(uint256 amountWei, bool isHarmed) external {
        amountWei = bound(amountWei, 1, 2 * uint256(BOND));
        bytes32 root = optedIn();
        uint256 takenWei =
            slash(root, ownCommitment(), evidence(amountWei, isHarmed ? USER : address(0), "fault"));
        assertEq(takenWei, amountWei < BOND ? amountWei : BOND);
        uint256 rewardWei = takenWei / 2;
        assertEq(address(0).balance, takenWei - rewardWei);
        assertEq(registry.rewards(USER), isHarmed ? rewardWei * 4 / 5 : 0);
        assertEq(registry.rewards(CHALLENGER), rewardWei - registry.rewards(USER));
        assertEq(collateralOf(root), 10 ether - takenWei);
        assertEq(address(registry).balance, collateralOf(root) + rewardWei);
    }

    function test_slashCommitment_takesNoMoreThanTheBond() external {
        bytes32 root = optedIn();
        assertEq(slash(root, type(uint256).max, "fault"), BOND);
        assertEq(collateralOf(root), 10 ether - BOND);
    }

    /// @dev URC's H-1: one slashing, of one wei, was a shield against all others.
    function test_slashCommitment_goesOnWhileBondIsLeft() external {
        bytes32 root = optedIn();
        assertEq(slash(root, 1, "first"), 1);
        vm.warp(block.timestamp + 365 days); // still opted in, still answering
        assertEq(slash(root, 1 ether, "second"), 1 ether);
        assertEq(slash(root, BOND, "third"), BOND - 1 ether - 1);
        expectRefusal(root, IProposerRegistry.NothingToSlash.selector);
    }

    function test_slashCommitment_byAnOperatorsOwnSlasherShieldsNothing() external {
        bytes32 root = registerPastWindow();
        ObedientSlasher own = new ObedientSlasher(1 ether);
        vm.prank(OWNER);
        registry.optInToSlasher(root, address(own), committer());
        optIn(root);
        IProposerRegistry.SignedCommitment memory toOwn =
            signCommitment(COMMITTER_KEY, commitTo(address(own), "self"), 0);
        slash(root, toOwn, evidence(type(uint256).max, OWNER, "self"));

        vm.warp(block.timestamp + SLASH_WINDOW + 1);
        assertEq(committerNow(root), committer());
        assertEq(slash(root, BOND, "fault"), BOND);
        assertEq(collateralOf(root), 10 ether - 1 ether - BOND);
    }

    /// @dev URC's H-2: evidence was good for any number of slashings.
    function test_slashCommitment_isOncePerFault() external {
        bytes32 root = optedIn();
        slash(root, 1 ether, "fault");
        expectRefusal(root, IProposerRegistry.FaultAlreadySlashed.selector);

        // Written otherwise, signed with another nonce, shown by another commitment: it is the same fault.
        IProposerRegistry.SignedCommitment memory again =
            signCommitment(COMMITTER_KEY, commitTo(address(slasher), "promise"), 7);
        vm.expectRevert(IProposerRegistry.FaultAlreadySlashed.selector);
        registry.slashCommitment(root, again, evidence(1.5 ether, USER, "fault"));
        again = signCommitment(COMMITTER_KEY, commitTo(address(slasher), "other"), 0);
        expectRefusal(root, again, abi.encodePacked(IProposerRegistry.FaultAlreadySlashed.selector));
        assertEq(collateralOf(root), 9 ether);
    }

    /// @dev Someone else may name the same committer, with hardly a bond left; what that operator pays for is not paid.
    function test_slashCommitment_ofAShamOperatorDoesNotUseUpTheFault() external {
        bytes32 root = optedIn();
        IProposerRegistry.SignedRegistration[] memory shamKeys = signRegistrations(9_000_009, 1, OWNER);
        bytes32 sham = register(shamKeys, OWNER, MIN + BOND);
        vm.warp(block.timestamp + FRAUD_PROOF_WINDOW);
        optIn(sham);
        slash(sham, BOND - 1, "earlier");
        assertEq(slash(sham, BOND, "fault"), 1);
        assertEq(slash(root, BOND, "fault"), BOND);
    }

    function test_slashCommitment_shouldRevertWhenNotOptedIn() external {
        bytes32 root = registerPastWindow();
        expectRefusal(root, IProposerRegistry.NotSlashable.selector);
        expectRefusal(bytes32(0), IProposerRegistry.NotSlashable.selector);
    }

    function test_slashCommitment_isPossibleForTheSlashWindowAfterOptingOut() external {
        bytes32 root = optedIn();
        vm.warp(block.timestamp + OPT_IN_DELAY);
        optOut(root);
        uint256 optedOutAt = block.timestamp;
        vm.warp(optedOutAt + SLASH_WINDOW - 1);
        slash(root, 1 ether, "fault");
        // A slashing gives no time off, and takes none.
        slash(root, 1 ether, "another");
        vm.warp(optedOutAt + SLASH_WINDOW);
        expectRefusal(root, IProposerRegistry.NotSlashable.selector);
    }

    function test_slashCommitment_isPossibleForTheSlashWindowAfterUnregistering() external {
        bytes32 root = optedIn();
        unregister(root);
        uint256 unregisteredAt = block.timestamp;
        vm.warp(unregisteredAt + SLASH_WINDOW);
        expectRefusal(root, IProposerRegistry.NotSlashable.selector);
        vm.warp(unregisteredAt + SLASH_WINDOW - 1);
        slash(root, 1 ether, "fault");
    }

    function test_slashCommitment_shouldRevertWhenTheSlasherFindsNothing() external {
        bytes32 root = optedIn();
        IProposerRegistry.SignedCommitment memory commitment = ownCommitment();
        vm.expectRevert(ObedientSlasher.NoFault.selector);
        registry.slashCommitment(root, commitment, "");
        vm.expectRevert(IProposerRegistry.NothingToSlash.selector);
        registry.slashCommitment(root, commitment, evidence(0, USER, "fault"));
        // Not used up by either.
        slash(root, 1 ether, "fault");
    }

    function testFuzz_slashCommitment_shouldRevertWhenSomeoneElseSigned(uint256 key) external {
        key = bound(key, 1, SECP256K1_N - 1);
        vm.assume(key != COMMITTER_KEY);
        bytes32 root = optedIn();
        expectRefusal(
            root,
            signCommitment(key, commitTo(address(slasher), "promise"), 0),
            abi.encodePacked(IProposerRegistry.WrongCommitter.selector)
        );
    }

    /// @dev The committer of the last opt-in; one before it is out of reach, as its window is over.
    function test_slashCommitment_isOfTheCommitterOptedInWith() external {
        bytes32 root = optedIn();
        vm.warp(block.timestamp + OPT_IN_DELAY);
        optOut(root);
        vm.warp(block.timestamp + SLASH_WINDOW);
        vm.prank(OWNER);
        registry.optInToSlasher(root, address(slasher), delegate());
        expectRefusal(root, IProposerRegistry.WrongCommitter.selector);
        slash(
            root,
            signCommitment(DELEGATE_KEY, commitTo(address(slasher), "promise"), 0),
            evidence(1 ether, USER, "fault")
        );
    }

    function test_slashCommitment_shouldRevertWhenWhatWasSignedDiffers() external {
        bytes32 root = optedIn();
        for (uint256 i; i < 4; ++i) {
            IProposerRegistry.SignedCommitment memory changed = ownCommitment();
            if (i == 0) changed.nonce += 1;
            if (i == 1) changed.commitment.payload = "another promise";
            if (i == 2) changed.commitment.commitmentType += 1;
            if (i == 3) changed.commitment.requestHash = "request";
            expectRefusal(root, changed, abi.encodePacked(IProposerRegistry.WrongCommitter.selector));
        }
        IProposerRegistry.SignedCommitment memory elsewhere = ownCommitment();
        elsewhere.signingId = keccak256("elsewhere");
        expectRefusal(root, elsewhere, abi.encodePacked(IProposerRegistry.InvalidSigningId.selector));
    }

    /// @dev A commitment to one slasher is none to another, though the committer be the same.
    function test_slashCommitment_shouldRevertWhenMadeToAnotherSlasher() external {
        bytes32 root = optedIn();
        ObedientSlasher another = new ObedientSlasher(1 ether);
        vm.prank(OWNER);
        registry.optInToSlasher(root, address(another), committer());
        IProposerRegistry.SignedCommitment memory commitment = ownCommitment();
        commitment.commitment.slasher = address(another);
        expectRefusal(root, commitment, abi.encodePacked(IProposerRegistry.WrongCommitter.selector));
    }

    function test_slashCommitment_shouldRevertWhenSignedForAnotherRegistryChainOrNetwork() external {
        bytes32 root = optedIn();
        bytes32 message = SigningRoots.commitmentRoot(commitTo(address(slasher), "promise"));
        bytes32 signingId = registry.requiredSigningId();
        bytes32 chainId = SigningRoots.littleEndian(block.chainid);
        bytes32[4] memory signed = [
            message,
            SigningRoots.signingRoot(
                message, 0, SigningRoots.signingIdOf(block.chainid, address(1)), chainId, DOMAIN
            ),
            SigningRoots.signingRoot(
                message, 0, signingId, SigningRoots.littleEndian(block.chainid + 1), DOMAIN
            ),
            SigningRoots.signingRoot(message, 0, signingId, chainId, ~DOMAIN)
        ];
        for (uint256 i; i < signed.length; ++i) {
            IProposerRegistry.SignedCommitment memory commitment = ownCommitment();
            commitment.signature = signEcdsa(COMMITTER_KEY, signed[i]);
            expectRefusal(root, commitment, abi.encodePacked(IProposerRegistry.WrongCommitter.selector));
        }
    }

    function test_slashCommitment_shouldRevertWhenTheSignatureIsMalleated() external {
        bytes32 root = optedIn();
        IProposerRegistry.SignedCommitment memory commitment = ownCommitment();
        (bytes32 r, bytes32 s, uint8 v) = split(commitment.signature);
        bytes32 highS = bytes32(SECP256K1_N - uint256(s));
        commitment.signature = abi.encodePacked(r, highS, v == 27 ? uint8(28) : uint8(27));
        expectRefusal(root, commitment, abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureS.selector, highS));
    }

    /// @dev EIP-2098's form would be a second way to write a signature.
    function test_slashCommitment_shouldRevertWhenTheSignatureIsNot65Bytes() external {
        bytes32 root = optedIn();
        IProposerRegistry.SignedCommitment memory commitment = ownCommitment();
        (bytes32 r, bytes32 s, uint8 v) = split(commitment.signature);
        bytes[3] memory forms = [
            abi.encodePacked(r, bytes32(uint256(s) | uint256(v - 27) << 255)),
            abi.encodePacked(commitment.signature, uint8(0)),
            bytes("")
        ];
        for (uint256 i; i < forms.length; ++i) {
            commitment.signature = forms[i];
            expectRefusal(
                root,
                commitment,
                abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureLength.selector, forms[i].length)
            );
        }
    }

    function testFuzz_slashCommitment_shouldRevertWhenVIsNot27Or28(uint8 v) external {
        vm.assume(v != 27 && v != 28);
        bytes32 root = optedIn();
        IProposerRegistry.SignedCommitment memory commitment = ownCommitment();
        commitment.signature[64] = bytes1(v);
        expectRefusal(root, commitment, abi.encodePacked(ECDSA.ECDSAInvalidSignature.selector));
    }

    function split(bytes memory signature) private pure returns (bytes32 r, bytes32 s, uint8 v) {
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
            v := byte(0, mload(add(signature, 0x60)))
        }
    }

    /// @dev Zellic's 3.3. Nothing can be done from within a slashing, by slasher or challenger.
    function test_slashCommitment_cannotBeReentered() external {
        ReenteringSlasher reentering = new ReenteringSlasher(BOND);
        slasher = reentering;
        bytes32 root = optedIn();
        IProposerRegistry.RegistrationProof memory proof = ownProof();
        IProposerRegistry.SignedCommitment memory commitment = ownCommitment();
        IProposerRegistry.SignedDelegation memory delegation;
        bytes memory again = evidence(1 ether, address(slasher), "again");
        bytes[11] memory calls = [
            abi.encodeCall(IOptInPath.slashCommitment, (root, commitment, again)),
            abi.encodeCall(IDelegationPath.slashCommitment, (proof, delegation, commitment, again)),
            abi.encodeCall(IProposerRegistry.slashRegistration, (proof)),
            abi.encodeCall(IProposerRegistry.slashEquivocation, (proof, delegation, delegation)),
            abi.encodeCall(IProposerRegistry.unregister, (root)),
            abi.encodeCall(IProposerRegistry.addCollateral, (root)),
            abi.encodeCall(IProposerRegistry.claimCollateral, (root)),
            abi.encodeCall(IProposerRegistry.withdrawReward, (address(slasher))),
            abi.encodeCall(IProposerRegistry.optOutOfSlasher, (root, address(slasher))),
            abi.encodeCall(IProposerRegistry.optInToSlasher, (root, address(slasher), OWNER)),
            abi.encodeCall(
                IProposerRegistry.register, (ownRegistrations(), OWNER, registry.requiredSigningId())
            )
        ];
        for (uint256 i; i < calls.length; ++i) {
            reentering.callBack(calls[i]);
            slash(root, commitment, evidence(1000, address(0), bytes32(i)));
            assertTrue(reentering.hasCalled() && !reentering.succeeded(), "refused");
            assertEq(
                bytes32(reentering.result()),
                bytes32(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
            );
        }
        assertEq(collateralOf(root), 10 ether - 1000 * calls.length);
    }

    function test_withdrawReward_paysTheReceiverOnce() external {
        bytes32 root = optedIn();
        slash(root, 2 ether, "fault");
        vm.prank(CHALLENGER);
        vm.expectRevert(IProposerRegistry.ZeroAddress.selector);
        registry.withdrawReward(address(0));
        vm.expectEmit(address(registry));
        emit IProposerRegistry.RewardWithdrawn(CHALLENGER, USER, 1 ether);
        vm.prank(CHALLENGER);
        registry.withdrawReward(USER);
        assertEq(USER.balance, 1 ether);
        assertEq(registry.rewards(CHALLENGER), 0);
        vm.prank(CHALLENGER);
        vm.expectRevert(IProposerRegistry.NothingToClaim.selector);
        registry.withdrawReward(USER);
    }

    function test_withdrawReward_shouldRevertWhenTheReceiverRefuses() external {
        bytes32 root = optedIn();
        slash(root, 2 ether, "fault");
        vm.prank(CHALLENGER);
        vm.expectRevert(IProposerRegistry.TransferFailed.selector);
        registry.withdrawReward(address(slasher));
        assertEq(registry.rewards(CHALLENGER), 1 ether);
    }

    function test_withdrawReward_cannotBeReentered() external {
        bytes32 root = optedIn();
        ReenteringReceiver challenger = new ReenteringReceiver(address(registry));
        slash(root, ownCommitment(), evidence(2 ether, address(challenger), "fault"));
        bytes memory call = abi.encodeCall(IProposerRegistry.withdrawReward, (address(challenger)));
        challenger.callBack(call);
        challenger.execute(call);
        assertTrue(!challenger.succeeded(), "refused");
        assertEq(address(challenger).balance, 0.8 ether);
        assertEq(address(registry).balance, 8 ether + 0.2 ether);
    }
}
