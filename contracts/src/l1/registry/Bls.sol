// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Bytes } from "@openzeppelin/contracts/utils/Bytes.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { BlsPoints } from "./BlsPoints.sol";

/// @title Bls
/// @notice Signatures of validator keys, verified by the precompiles of EIP-2537: ciphersuite
///         BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_, public keys in G1, messages of 32 bytes.
/// @dev Subgroups are checked by the pairing precompile, which refuses points outside of them, off the curve, or with a
///      coordinate that is not reduced.
library Bls {
    address private constant _G2_ADD = address(0x0d);
    address private constant _PAIRING = address(0x0f);
    address private constant _MAP_FP2_TO_G2 = address(0x11);

    /// @notice Gas that the pairing gets at most. It takes 102,900; but all of what it got when it refuses a point.
    uint256 internal constant PAIRING_GAS = 2_000_000;
    /// @dev Of which 63/64 are more than PAIRING_GAS, encoding the call included.
    uint256 private constant _GAS_BEFORE_PAIRING = 2_100_000;

    /// @dev The tag, and its length as expand_message_xmd appends it.
    bytes private constant _DST_PRIME = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_\x2b";

    /// @dev The field's modulus, in 64 bytes.
    bytes private constant _MODULUS =
        hex"000000000000000000000000000000001a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

    /// @dev Generator of G1, negated.
    bytes private constant _NEGATED_GENERATOR = hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
        hex"00000000000000000000000000000000114d1d6855d545a8aa7d76c8cf2e21f267816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca";

    /// @notice The call had too little gas to tell a refused point from an exhausted precompile.
    error NotEnoughGas();
    /// @notice This chain lacks a precompile of EIP-2537.
    error PrecompileFailed();

    /// @notice Whether `signature` is the public key's over `message`. False for infinity and for anything that is no point
    ///         of its group.
    /// @dev e(−G1, signature) · e(pubkey, H(message)) = 1. A `false` never comes of a lack of gas: a fraud proof rests on it.
    function verify(bytes32 message, BlsPoints.G2Point memory signature, BlsPoints.G1Point memory pubkey)
        internal
        view
        returns (bool)
    {
        if (_isInfinity(pubkey) || _isInfinity(signature)) return false;
        bytes memory pairs = abi.encodePacked(
            _NEGATED_GENERATOR, abi.encode(signature), abi.encode(pubkey), abi.encode(hashToG2(message))
        );
        require(gasleft() > _GAS_BEFORE_PAIRING, NotEnoughGas());
        (bool accepted, bytes memory result) = _PAIRING.staticcall{ gas: PAIRING_GAS }(pairs);
        if (!accepted) return false;
        require(result.length == 32, PrecompileFailed());
        return abi.decode(result, (bool));
    }

    /// @notice hash_to_curve of RFC 9380, for a message of 32 bytes.
    /// @dev Mapping each half clears its cofactor, which comes to the same as clearing that of their sum.
    function hashToG2(bytes32 message) internal view returns (BlsPoints.G2Point memory) {
        bytes memory uniform = _expandMessage(message);
        bytes memory first = _mapToG2(uniform, 0);
        bytes memory second = _mapToG2(uniform, 128);
        return abi.decode(_call(_G2_ADD, bytes.concat(first, second), 256), (BlsPoints.G2Point));
    }

    /// @dev 128 uniform bytes make an element of Fp2, and that a point.
    function _mapToG2(bytes memory uniform, uint256 offset) private view returns (bytes memory) {
        bytes memory element = bytes.concat(_toField(uniform, offset), _toField(uniform, offset + 64));
        return _call(_MAP_FP2_TO_G2, element, 256);
    }

    /// @dev 64 bytes, modulo p.
    function _toField(bytes memory uniform, uint256 offset) private view returns (bytes memory) {
        return Math.modExp(Bytes.slice(uniform, offset, offset + 64), hex"01", _MODULUS);
    }

    /// @dev expand_message_xmd with SHA-256 to 256 bytes: two elements of Fp2, each coordinate from 64 bytes.
    function _expandMessage(bytes32 message) private pure returns (bytes memory uniform) {
        bytes32 b0 = sha256(abi.encodePacked(new bytes(64), message, uint16(256), uint8(0), _DST_PRIME));
        bytes32 block_;
        for (uint8 i = 1; i <= 8; ++i) {
            block_ = sha256(abi.encodePacked(b0 ^ block_, i, _DST_PRIME));
            uniform = bytes.concat(uniform, block_);
        }
    }

    function _call(address precompile, bytes memory input, uint256 size) private view returns (bytes memory) {
        (bool accepted, bytes memory result) = precompile.staticcall(input);
        require(accepted && result.length == size, PrecompileFailed());
        return result;
    }

    function _isInfinity(BlsPoints.G1Point memory point) private pure returns (bool) {
        return point.x_a | point.x_b | point.y_a | point.y_b == 0;
    }

    function _isInfinity(BlsPoints.G2Point memory point) private pure returns (bool) {
        bytes32 x = point.x_c0_a | point.x_c0_b | point.x_c1_a | point.x_c1_b;
        bytes32 y = point.y_c0_a | point.y_c0_b | point.y_c1_a | point.y_c1_b;
        return x | y == 0;
    }
}
