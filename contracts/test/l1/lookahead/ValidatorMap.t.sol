// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BeaconClock } from "../../../src/l1/lookahead/BeaconClock.sol";
import { BeaconProofs } from "../../../src/l1/lookahead/BeaconProofs.sol";
import { ValidatorMap } from "../../../src/l1/lookahead/ValidatorMap.sol";
import { IProposerRegistry } from "../../../src/l1/registry/IProposerRegistry.sol";
import { LookaheadFixture } from "../../support/LookaheadFixture.sol";

contract ValidatorMapTest is LookaheadFixture {
    uint256 private constant KEY = 77;
    uint64 private constant INDEX = 1_234_567;
    address private constant OWNER = address(0x0111);
    address private constant THIEF = address(0x7413F);

    IProposerRegistry.RegistrationProof private proof;

    function setUp() public override {
        super.setUp();
        proof = register(KEY, OWNER, 5);
    }

    function rootAt(uint256 timestamp) private view returns (bytes32) {
        return validatorMap.operatorAt(INDEX, timestamp);
    }

    /// @dev A claim that must fail with `refusal`.
    function expectRefusal(
        IProposerRegistry.RegistrationProof memory claimed,
        address sender,
        bytes memory expected
    ) private {
        (BeaconProofs.BeaconBlockHeader memory header, uint256 timestamp, bytes32[] memory branch) =
            keyProof(claimed, INDEX);
        vm.expectRevert(expected);
        vm.prank(sender);
        validatorMap.claim(claimed, INDEX, header, timestamp, branch);
    }

    function refusal(bytes4 selector) private pure returns (bytes memory) {
        return abi.encodeWithSelector(selector);
    }

    function testFuzz_claim_countsFromTheNextEpochsStart(uint64 index, uint256 slot) external {
        index = uint64(bound(index, 0, BeaconProofs.MAX_VALIDATORS - 1));
        enterSlot(EPOCH, bound(slot, 0, EPOCH_SLOTS - 1));
        uint48 activeSince = startOf(EPOCH + 1);
        (BeaconProofs.BeaconBlockHeader memory header, uint256 timestamp, bytes32[] memory branch) =
            keyProof(proof, index);
        vm.expectEmit(address(validatorMap));
        emit ValidatorMap.ValidatorClaimed(index, proof.registrationRoot, 5, activeSince);
        vm.prank(OWNER);
        validatorMap.claim(proof, index, header, timestamp, branch);

        assertEq(validatorMap.operatorAt(index, block.timestamp), 0);
        assertEq(validatorMap.operatorAt(index, activeSince - 1), 0);
        assertEq(validatorMap.operatorAt(index, activeSince), proof.registrationRoot);
        assertEq(validatorMap.operatorAt(index ^ 1, activeSince), 0);
        ValidatorMap.History memory history = validatorMap.historyOf(index);
        assertEq(history.latest.nonce, 5);
        assertEq(history.latest.activeSince, activeSince);
        assertEq(history.previous.registrationRoot, 0);
    }

    /// @dev Real states, real keys: both forks.
    function test_claim_takesProofsOfRealStates() external {
        string[2] memory forks = ["fulu", "gloas"];
        for (uint256 i; i < 2; ++i) {
            StateVector memory state = loadState("mainnet", forks[i]);
            deploySchedule(i == 0 ? type(uint64).max : 1, EPOCH_SLOTS);
            uint256 timestamp = block.timestamp;
            storeBeaconRoot(timestamp, state.root);
            for (uint256 j; j < VALIDATOR_VECTORS; ++j) {
                ValidatorVector memory v = loadValidator("mainnet", forks[i], j);
                IProposerRegistry.RegistrationProof memory own = register(v.secretKey, OWNER, uint64(i));
                assertEq(abi.encode(own.registration.pubkey), abi.encode(v.point));
                vm.prank(OWNER);
                validatorMap.claim(own, v.index, state.header, timestamp, v.branch);
                assertEq(validatorMap.operatorAt(v.index, startOf(EPOCH + 1)), own.registrationRoot);
            }
        }
    }

    function test_claim_shouldRevertWithTheOtherForksState() external {
        string[2] memory forks = ["fulu", "gloas"];
        for (uint256 i; i < 2; ++i) {
            StateVector memory state = loadState("mainnet", forks[i]);
            deploySchedule(i == 0 ? 1 : type(uint64).max, EPOCH_SLOTS);
            storeBeaconRoot(block.timestamp, state.root);
            ValidatorVector memory v = loadValidator("mainnet", forks[i], 0);
            proof = register(v.secretKey, OWNER, uint64(i));
            uint256 depth = i == 0 ? 13 : 50;
            vm.expectRevert(abi.encodeWithSelector(BeaconProofs.BranchLengthMismatch.selector, depth));
            vm.prank(OWNER);
            validatorMap.claim(proof, v.index, state.header, block.timestamp, v.branch);
        }
    }

    function testFuzz_claim_shouldRevertForAnotherValidator(uint64 index) external {
        index = uint64(bound(index, 0, BeaconProofs.MAX_VALIDATORS - 1));
        vm.assume(index != INDEX);
        (BeaconProofs.BeaconBlockHeader memory header, uint256 timestamp, bytes32[] memory branch) =
            keyProof(proof, INDEX);
        vm.expectRevert(BeaconProofs.RootMismatch.selector);
        vm.prank(OWNER);
        validatorMap.claim(proof, index, header, timestamp, branch);
    }

    /// @dev The key differs in one bit, of either coordinate; the registration is genuine.
    function test_claim_shouldRevertForAnotherKey() external {
        IProposerRegistry.RegistrationProof memory other = register(KEY + 1, OWNER, 5);
        (BeaconProofs.BeaconBlockHeader memory header, uint256 timestamp, bytes32[] memory branch) =
            keyProof(proof, INDEX);
        vm.expectRevert(BeaconProofs.RootMismatch.selector);
        vm.prank(OWNER);
        validatorMap.claim(other, INDEX, header, timestamp, branch);
    }

    function testFuzz_claim_shouldRevertWhenOneBitIsChanged(uint256 where, uint8 bit) external {
        (BeaconProofs.BeaconBlockHeader memory header, uint256 timestamp, bytes32[] memory branch) =
            keyProof(proof, INDEX);
        where = bound(where, 0, branch.length + 4);
        bytes32 flip = bytes32(uint256(1) << bit);
        bytes4 expected = BeaconClock.HeaderMismatch.selector;
        if (where < branch.length) {
            branch[where] ^= flip;
            expected = BeaconProofs.RootMismatch.selector;
        } else if (where == branch.length) {
            header.slot ^= uint64(1) << bit % 64;
        } else if (where == branch.length + 1) {
            header.proposerIndex ^= uint64(1) << bit % 64;
        } else if (where == branch.length + 2) {
            header.parentRoot ^= flip;
        } else if (where == branch.length + 3) {
            header.stateRoot ^= flip;
        } else {
            header.bodyRoot ^= flip;
        }
        vm.expectRevert(expected);
        vm.prank(OWNER);
        validatorMap.claim(proof, INDEX, header, timestamp, branch);
    }

    /// @dev No root for a missed slot, and none once its place in the ring of 8191 was taken.
    function test_claim_shouldRevertWithoutABeaconRoot() external {
        (BeaconProofs.BeaconBlockHeader memory header, uint256 timestamp, bytes32[] memory branch) =
            keyProof(proof, INDEX);
        vm.startPrank(OWNER);
        vm.expectRevert(BeaconClock.BeaconRootMissing.selector);
        validatorMap.claim(proof, INDEX, header, timestamp - SLOT_SECONDS, branch);
        vm.stopPrank();
        storeBeaconRoot(timestamp + 8191 * SLOT_SECONDS, keccak256("later"));
        vm.startPrank(OWNER);
        vm.expectRevert(BeaconClock.BeaconRootMissing.selector);
        validatorMap.claim(proof, INDEX, header, timestamp, branch);
        vm.stopPrank();
    }

    function testFuzz_claim_shouldRevertWhenCallerIsNotTheOwner(address caller) external {
        vm.assume(caller != OWNER);
        expectRefusal(proof, caller, refusal(ValidatorMap.NotOperatorOwner.selector));
    }

    function test_claim_shouldRevertAfterUnregistering() external {
        vm.warp(block.timestamp + FRAUD_WINDOW);
        vm.prank(OWNER);
        registry.unregister(proof.registrationRoot);
        expectRefusal(proof, OWNER, refusal(ValidatorMap.OperatorNotRegistered.selector));
    }

    /// @dev A key registered under a signature that is not its own: nothing to gain, in the fraud window or after.
    function test_claim_shouldRevertWhenTheKeyNeverSigned() external {
        IProposerRegistry.RegistrationProof memory stolen = register(KEY, KEY + 1, THIEF, type(uint64).max);
        bytes memory unsigned = refusal(IProposerRegistry.InvalidSignature.selector);
        expectRefusal(stolen, THIEF, unsigned);
        vm.warp(block.timestamp + 30 days);
        expectRefusal(stolen, THIEF, unsigned);
        // The victim neither waits nor raises his nonce.
        claim(proof, OWNER, INDEX);
        expectRefusal(stolen, THIEF, unsigned);
        vm.warp(block.timestamp + EPOCH_SECONDS);
        assertEq(rootAt(block.timestamp), proof.registrationRoot);
    }

    /// @dev Whoever copies a signature registers for its signer's owner, and cannot claim in his name.
    function test_claim_shouldRevertWhenTheSignatureIsCopied() external {
        IProposerRegistry.SignedRegistration[] memory copied = new IProposerRegistry.SignedRegistration[](2);
        copied[0] = proof.registration;
        copied[1] = proof.registration;
        bytes32 signingId = registry.requiredSigningId();
        vm.deal(THIEF, 4 ether);
        vm.startPrank(THIEF);
        registry.register{ value: 2 ether }(copied, THIEF, signingId);
        registry.register{ value: 2 ether }(copied, OWNER, signingId);
        vm.stopPrank();
        expectRefusal(
            registry.getRegistrationProof(copied, THIEF, 0, signingId),
            THIEF,
            refusal(IProposerRegistry.InvalidSignature.selector)
        );
        expectRefusal(
            registry.getRegistrationProof(copied, OWNER, 0, signingId),
            THIEF,
            refusal(ValidatorMap.NotOperatorOwner.selector)
        );
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_claim_goesToTheHigherNonceOnly(uint64 nonce) external {
        claim(proof, OWNER, INDEX);
        enterSlot(EPOCH + 2, 3);
        address other = address(0x0222);
        IProposerRegistry.RegistrationProof memory moved = register(KEY, other, nonce);
        if (nonce <= 5) {
            expectRefusal(moved, other, refusal(ValidatorMap.StaleRegistration.selector));
            return;
        }
        claim(moved, other, INDEX);
        assertEq(rootAt(startOf(EPOCH + 3) - 1), proof.registrationRoot);
        assertEq(rootAt(startOf(EPOCH + 3)), moved.registrationRoot);
        enterSlot(EPOCH + 4, 0);
        expectRefusal(proof, OWNER, refusal(ValidatorMap.StaleRegistration.selector));
    }

    function test_claim_goesToTheSameNonceOnceTheOldOperatorIsOut() external {
        claim(proof, OWNER, INDEX);
        address other = address(0x0222);
        IProposerRegistry.RegistrationProof memory moved = register(KEY, other, 5);
        IProposerRegistry.RegistrationProof memory older = register(KEY, other, 4);
        vm.warp(block.timestamp + FRAUD_WINDOW);
        expectRefusal(moved, other, refusal(ValidatorMap.StaleRegistration.selector));
        vm.prank(OWNER);
        registry.unregister(proof.registrationRoot);
        // What the key said before it moved on stays void.
        expectRefusal(older, other, refusal(ValidatorMap.StaleRegistration.selector));
        claim(moved, other, INDEX);
        assertEq(rootAt(block.timestamp), proof.registrationRoot);
        vm.warp(block.timestamp + EPOCH_SECONDS);
        assertEq(rootAt(block.timestamp), moved.registrationRoot);
    }

    function test_claim_replacesOneThatIsNotActiveYet() external {
        claim(proof, OWNER, INDEX);
        enterSlot(EPOCH + 2, 3);
        IProposerRegistry.RegistrationProof memory second = register(KEY, OWNER, 6);
        IProposerRegistry.RegistrationProof memory third = register(KEY, OWNER, 7);
        claim(second, OWNER, INDEX);
        claim(third, OWNER, INDEX);
        assertEq(rootAt(block.timestamp), proof.registrationRoot);
        assertEq(rootAt(startOf(EPOCH + 1)), proof.registrationRoot);
        assertEq(rootAt(startOf(EPOCH + 1) - 1), 0);
        assertEq(rootAt(startOf(EPOCH + 3)), third.registrationRoot);
    }

    function test_claim_shouldRevertWhileTheScheduleAsksAboutTheLastOne() external {
        claim(proof, OWNER, INDEX);
        IProposerRegistry.RegistrationProof memory second = register(KEY, OWNER, 6);
        enterSlot(EPOCH + 1, 31);
        expectRefusal(second, OWNER, refusal(ValidatorMap.ClaimedTooRecently.selector));
        enterSlot(EPOCH + 2, 0);
        claim(second, OWNER, INDEX);
        assertEq(rootAt(startOf(EPOCH + 1)), proof.registrationRoot);
    }

    /// @dev INV: what the schedule may ask about the past has one answer, whatever is claimed when.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_operatorAt_neverChangesItsMind(uint256 seed) external {
        bytes32[] memory seen = new bytes32[](10);
        IProposerRegistry.RegistrationProof[] memory proofs = new IProposerRegistry.RegistrationProof[](4);
        for (uint64 i; i < 4; ++i) {
            proofs[i] = register(KEY, OWNER, 10 + i);
        }
        uint256 next;
        for (uint256 step; step < 10; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            enterSlot(EPOCH + step, seed % EPOCH_SLOTS);
            seen[step] = rootAt(startOf(EPOCH + step));
            for (uint256 tries; tries < (seed >> 8) % 3 && next < 4; ++tries) {
                (BeaconProofs.BeaconBlockHeader memory header, uint256 timestamp, bytes32[] memory branch) =
                    keyProof(proofs[next], INDEX);
                vm.prank(OWNER);
                try validatorMap.claim(proofs[next], INDEX, header, timestamp, branch) {
                    ++next;
                } catch { }
                assertEq(rootAt(startOf(EPOCH + step)), seen[step]);
                if (step > 0) assertEq(rootAt(startOf(EPOCH + step - 1)), seen[step - 1]);
            }
        }
    }
}
