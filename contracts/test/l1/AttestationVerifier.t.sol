// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { AttestationVerifier } from "../../src/l1/AttestationVerifier.sol";
import { Test } from "../support/Test.sol";

contract AttestationVerifierTest is Test {
    uint256 private constant SECP256K1_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    uint64 private constant L2_CHAIN_ID = 1_670_042;
    uint256 private constant COUNT = 5;
    uint256 private constant THRESHOLD = 3;
    bytes32 private constant COMMITMENT = keccak256("commitment");

    AttestationVerifier private verifier;
    /// @dev By ascending addresses.
    uint256[] private keys;

    function setUp() external {
        uint256[] memory sorted = new uint256[](COUNT);
        for (uint256 i; i < COUNT; ++i) {
            uint256 key = 1000 + i;
            uint256 j = i;
            for (; j > 0 && vm.addr(sorted[j - 1]) > vm.addr(key); --j) {
                sorted[j] = sorted[j - 1];
            }
            sorted[j] = key;
        }
        keys = sorted;
        verifier = new AttestationVerifier(L2_CHAIN_ID, addresses(), THRESHOLD);
    }

    function addresses() private view returns (address[] memory list) {
        list = new address[](COUNT);
        for (uint256 i; i < COUNT; ++i) {
            list[i] = vm.addr(keys[i]);
        }
    }

    function sign(uint256 key) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, verifier.attestationDigest(COMMITMENT));
        return abi.encodePacked(r, s, v);
    }

    function proofOf(uint256 a, uint256 b, uint256 c) private view returns (bytes memory) {
        return bytes.concat(sign(keys[a]), sign(keys[b]), sign(keys[c]));
    }

    function test_attestationDigest_isTaikosPublicInputWithoutSigner() external view {
        bytes memory words = abi.encodePacked(
            bytes32("VERIFY_PROOF"),
            uint256(L2_CHAIN_ID),
            bytes32(uint256(uint160(address(verifier)))),
            COMMITMENT,
            bytes32(0)
        );
        assertEq(words.length, 160);
        assertEq(verifier.attestationDigest(COMMITMENT), keccak256(words));
    }

    /// @dev Accepted exactly when three different attesters stand in ascending order.
    function testFuzz_verifyProof_acceptsAscendingSignersOnly(uint256 a, uint256 b, uint256 c) external {
        (a, b, c) = (bound(a, 0, COUNT - 1), bound(b, 0, COUNT - 1), bound(c, 0, COUNT - 1));
        bytes memory proof = proofOf(a, b, c);
        if (a >= b || b >= c) vm.expectRevert(AttestationVerifier.SignersNotAscending.selector);
        verifier.verifyProof(0, COMMITMENT, proof);
    }

    function testFuzz_verifyProof_ignoresAge(uint256 age) external view {
        verifier.verifyProof(age, COMMITMENT, proofOf(0, 2, 4));
    }

    function test_verifyProof_shouldRevertWhenBelowThreshold() external {
        bytes memory two = bytes.concat(sign(keys[0]), sign(keys[1]));
        vm.expectRevert(AttestationVerifier.InvalidProofLength.selector);
        verifier.verifyProof(0, COMMITMENT, two);
    }

    function test_verifyProof_shouldRevertWhenAboveThreshold() external {
        bytes memory four = bytes.concat(proofOf(0, 1, 2), sign(keys[3]));
        vm.expectRevert(AttestationVerifier.InvalidProofLength.selector);
        verifier.verifyProof(0, COMMITMENT, four);
    }

    function test_verifyProof_shouldRevertWhenSignerIsDuplicated() external {
        bytes memory proof = proofOf(0, 1, 1);
        vm.expectRevert(AttestationVerifier.SignersNotAscending.selector);
        verifier.verifyProof(0, COMMITMENT, proof);
    }

    /// @dev The twin (n − s, other v) recovers the same signer; it is refused before it could be told apart.
    function testFuzz_verifyProof_shouldRevertWhenSignatureIsMalleated(uint256 which) external {
        which = bound(which, 0, 2);
        bytes[3] memory parts = [sign(keys[0]), sign(keys[2]), sign(keys[4])];
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[which * 2], verifier.attestationDigest(COMMITMENT));
        bytes32 highS = bytes32(SECP256K1_N - uint256(s));
        parts[which] = abi.encodePacked(r, highS, v == 27 ? uint8(28) : uint8(27));
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureS.selector, highS));
        verifier.verifyProof(0, COMMITMENT, bytes.concat(parts[0], parts[1], parts[2]));
    }

    function testFuzz_verifyProof_shouldRevertWhenSignerIsAnOutsider(uint256 key) external {
        key = bound(key, 1, SECP256K1_N - 1);
        vm.assume(!verifier.isAttester(vm.addr(key)));
        address outsider = vm.addr(key);
        // Above the others or below them, an outsider in its right place is an outsider still.
        bytes memory proof = outsider < vm.addr(keys[0])
            ? bytes.concat(sign(key), sign(keys[0]), sign(keys[1]))
            : bytes.concat(sign(keys[0]), sign(key), sign(keys[4]));
        vm.assume(outsider < vm.addr(keys[0]) || (outsider > vm.addr(keys[0]) && outsider < vm.addr(keys[4])));
        vm.expectRevert(abi.encodeWithSelector(AttestationVerifier.NotAttester.selector, outsider));
        verifier.verifyProof(0, COMMITMENT, proof);
    }

    function testFuzz_verifyProof_shouldRevertWhenVIsNot27Or28(uint8 v) external {
        vm.assume(v != 27 && v != 28);
        bytes memory proof = proofOf(0, 1, 2);
        proof[64] = bytes1(v);
        vm.expectRevert(ECDSA.ECDSAInvalidSignature.selector);
        verifier.verifyProof(0, COMMITMENT, proof);
    }

    function testFuzz_verifyProof_shouldRevertWhenCommitmentDiffers(bytes32 other) external view {
        vm.assume(other != COMMITMENT);
        try verifier.verifyProof(0, other, proofOf(0, 1, 2)) {
            assertTrue(false, "signatures of another commitment are refused");
        } catch { }
    }

    function test_verifyProof_shouldRevertWhenSignedForAnotherVerifierOrChain() external {
        bytes memory proof = proofOf(0, 1, 2);
        AttestationVerifier other = new AttestationVerifier(L2_CHAIN_ID, addresses(), THRESHOLD);
        assertTrue(
            other.attestationDigest(COMMITMENT) != verifier.attestationDigest(COMMITMENT), "verifier is bound"
        );
        try other.verifyProof(0, COMMITMENT, proof) {
            assertTrue(false, "signatures for another verifier are refused");
        } catch { }

        AttestationVerifier otherChain = new AttestationVerifier(L2_CHAIN_ID + 1, addresses(), THRESHOLD);
        vm.etch(address(verifier), address(otherChain).code);
        try verifier.verifyProof(0, COMMITMENT, proof) {
            assertTrue(false, "signatures for another chain are refused");
        } catch { }
    }

    function test_constructor_shouldRevertWhenThresholdIsImpossible() external {
        vm.expectRevert(AttestationVerifier.InvalidThreshold.selector);
        new AttestationVerifier(L2_CHAIN_ID, addresses(), 0);
        vm.expectRevert(AttestationVerifier.InvalidThreshold.selector);
        new AttestationVerifier(L2_CHAIN_ID, addresses(), COUNT + 1);
    }

    function test_constructor_shouldRevertWhenAttestersAreNotAscending() external {
        address[] memory list = addresses();
        list[1] = list[0];
        vm.expectRevert(AttestationVerifier.InvalidAttesters.selector);
        new AttestationVerifier(L2_CHAIN_ID, list, 1);
        list = addresses();
        list[0] = address(0);
        vm.expectRevert(AttestationVerifier.InvalidAttesters.selector);
        new AttestationVerifier(L2_CHAIN_ID, list, 1);
        vm.expectRevert(AttestationVerifier.InvalidAttesters.selector);
        new AttestationVerifier(L2_CHAIN_ID, new address[](0), 1);
        vm.expectRevert(AttestationVerifier.InvalidAttesters.selector);
        new AttestationVerifier(L2_CHAIN_ID, new address[](65), 1);
    }
}
