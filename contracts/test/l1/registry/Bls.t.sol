// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Bls } from "../../../src/l1/registry/Bls.sol";
import { BlsPoints } from "../../../src/l1/registry/BlsPoints.sol";
import { BlsPubkeys } from "../../../src/l1/registry/BlsPubkeys.sol";
import { Test } from "../../support/Test.sol";
import { BlsSigner } from "./BlsSigner.sol";
import { BlsVectors } from "./BlsVectors.sol";

/// @notice Against blst and noble, see BlsVectors.
contract BlsTest is Test {
    uint256 private constant P_A = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant P_B = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;
    /// @dev Order of the groups.
    uint256 private constant R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;

    function verify(bytes32 message, BlsPoints.G2Point memory signature, BlsPoints.G1Point memory pubkey)
        external
        view
        returns (bool)
    {
        return Bls.verify(message, signature, pubkey);
    }

    function compress(BlsPoints.G1Point memory pubkey) external pure returns (bytes memory) {
        return BlsPubkeys.compress(pubkey);
    }

    function messageAt(uint256 i) private pure returns (bytes32) {
        return abi.decode(BlsVectors.message(i), (bytes32));
    }

    function secretKeyAt(uint256 i) private pure returns (uint256) {
        return abi.decode(BlsVectors.secretKey(i), (uint256));
    }

    function pubkeyAt(uint256 i) private pure returns (BlsPoints.G1Point memory) {
        return abi.decode(BlsVectors.pubkey(i), (BlsPoints.G1Point));
    }

    function signatureAt(uint256 i) private pure returns (BlsPoints.G2Point memory) {
        return abi.decode(BlsVectors.signature(i), (BlsPoints.G2Point));
    }

    function isValid(bytes32 message, BlsPoints.G2Point memory signature, BlsPoints.G1Point memory pubkey)
        private
        view
        returns (bool)
    {
        return Bls.verify(message, signature, pubkey);
    }

    /// @dev The same point with its first coordinate not reduced.
    function addModulus(bytes32 a, bytes32 b) private pure returns (bytes32, bytes32) {
        unchecked {
            uint256 low = uint256(b) + P_B;
            uint256 carry = low < P_B ? 1 : 0;
            return (bytes32(uint256(a) + P_A + carry), bytes32(low));
        }
    }

    function test_hashToG2_equalsNobles() external view {
        for (uint256 i; i < BlsVectors.MESSAGES; ++i) {
            assertEq(abi.encode(Bls.hashToG2(messageAt(i))), BlsVectors.hashToG2(i));
        }
    }

    function test_verify_acceptsWhatBlstSigned() external view {
        for (uint256 i; i < BlsVectors.KEYS * BlsVectors.MESSAGES; ++i) {
            (uint256 key, uint256 message) = (i / BlsVectors.MESSAGES, i % BlsVectors.MESSAGES);
            assertTrue(isValid(messageAt(message), signatureAt(i), pubkeyAt(key)), "signed by blst");
        }
    }

    /// @dev The tests' own signer makes the points that blst makes.
    function test_signer_equalsBlst() external view {
        for (uint256 i; i < BlsVectors.KEYS * BlsVectors.MESSAGES; ++i) {
            (uint256 key, uint256 message) = (i / BlsVectors.MESSAGES, i % BlsVectors.MESSAGES);
            assertEq(abi.encode(BlsSigner.pubkeyOf(secretKeyAt(key))), BlsVectors.pubkey(key));
            assertEq(
                abi.encode(BlsSigner.sign(secretKeyAt(key), messageAt(message))), BlsVectors.signature(i)
            );
        }
    }

    function testFuzz_verify_acceptsOnlyTheKeyAndTheMessageSigned(uint256 key, uint256 other, bytes32 message)
        external
        view
    {
        (key, other) = (bound(key, 1, R - 1), bound(other, 1, R - 1));
        vm.assume(key != other);
        BlsPoints.G2Point memory signature = BlsSigner.sign(key, message);
        assertTrue(isValid(message, signature, BlsSigner.pubkeyOf(key)), "own");
        assertTrue(!isValid(message, signature, BlsSigner.pubkeyOf(other)), "another key");
        assertTrue(!isValid(~message, signature, BlsSigner.pubkeyOf(key)), "another message");
    }

    function test_verify_refusesInfinity() external view {
        BlsPoints.G1Point memory noKey;
        BlsPoints.G2Point memory noSignature;
        // Both together would satisfy the pairing for every message.
        assertTrue(!isValid(messageAt(0), noSignature, noKey), "both");
        assertTrue(!isValid(messageAt(0), signatureAt(0), noKey), "key");
        assertTrue(!isValid(messageAt(0), noSignature, pubkeyAt(0)), "signature");
    }

    function test_verify_refusesPointsOutsideTheSubgroups() external view {
        BlsPoints.G1Point memory key = abi.decode(BlsVectors.outsideG1(0), (BlsPoints.G1Point));
        BlsPoints.G2Point memory signature = abi.decode(BlsVectors.outsideG2(0), (BlsPoints.G2Point));
        assertTrue(!isValid(messageAt(0), signatureAt(0), key), "key");
        assertTrue(!isValid(messageAt(0), signature, pubkeyAt(0)), "signature");
    }

    function testFuzz_verify_refusesPointsOffTheCurve(uint8 bit) external view {
        BlsPoints.G1Point memory key = pubkeyAt(0);
        key.x_b ^= bytes32(uint256(1) << bit);
        assertTrue(!isValid(messageAt(0), signatureAt(0), key), "key");
        BlsPoints.G2Point memory signature = signatureAt(0);
        signature.y_c1_b ^= bytes32(uint256(1) << bit);
        assertTrue(!isValid(messageAt(0), signature, pubkeyAt(0)), "signature");
    }

    /// @dev Else a key or signature could be written in two ways.
    function test_verify_refusesCoordinatesNotReduced() external view {
        BlsPoints.G1Point memory key = pubkeyAt(0);
        (key.y_a, key.y_b) = addModulus(key.y_a, key.y_b);
        assertTrue(!isValid(messageAt(0), signatureAt(0), key), "key");
        BlsPoints.G2Point memory signature = signatureAt(0);
        (signature.x_c0_a, signature.x_c0_b) = addModulus(signature.x_c0_a, signature.x_c0_b);
        assertTrue(!isValid(messageAt(0), signature, pubkeyAt(0)), "signature");
    }

    /// @dev With any gas at all: true, or a revert. A false would be taken for a proof of fraud.
    function testFuzz_verify_neverCallsARightSignatureWrongForLackOfGas(uint256 gasLimit) external view {
        gasLimit = bound(gasLimit, 20_000, 3_000_000);
        try this.verify{ gas: gasLimit }(messageAt(0), signatureAt(0), pubkeyAt(0)) returns (bool valid) {
            assertTrue(valid, "signed by blst");
        } catch { }
    }

    function test_verify_shouldRevertWhenGasCouldRunOutInThePairing() external {
        vm.expectRevert(Bls.NotEnoughGas.selector);
        this.verify{ gas: 2_100_000 }(messageAt(0), signatureAt(0), pubkeyAt(0));
    }

    function test_compress_equalsBlsts() external pure {
        bool hasSmaller;
        for (uint256 i; i < BlsVectors.KEYS; ++i) {
            bytes memory compressed = BlsPubkeys.compress(pubkeyAt(i));
            assertEq(compressed, BlsVectors.compressedPubkey(i));
            if (compressed[0] & 0x20 == 0) hasSmaller = true;
        }
        assertTrue(hasSmaller, "keys of both signs");
    }

    /// @dev The keys s and r − s have one x and opposite y.
    function testFuzz_compress_tellsOppositePointsApart(uint256 key) external view {
        key = bound(key, 1, R - 1);
        bytes memory one = BlsPubkeys.compress(BlsSigner.pubkeyOf(key));
        bytes memory other = BlsPubkeys.compress(BlsSigner.pubkeyOf(R - key));
        assertEq(one.length, 48);
        one[0] ^= 0x20;
        assertEq(one, other);
    }

    function test_compress_shouldRevertWhenPubkeyIsInfinityOrTooLong() external {
        BlsPoints.G1Point memory pubkey;
        vm.expectRevert(BlsPubkeys.InvalidPubkey.selector);
        this.compress(pubkey);
        pubkey = pubkeyAt(0);
        pubkey.x_a |= bytes32(uint256(1) << 125); // where the flags go
        vm.expectRevert(BlsPubkeys.InvalidPubkey.selector);
        this.compress(pubkey);
    }
}
