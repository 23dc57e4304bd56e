// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title BlsPoints
/// @notice Points of BLS12-381, affine and uncompressed, as the precompiles of EIP-2537 take them: each field element of 48
///         bytes is padded to 64 on the left and split into two words.
library BlsPoints {
    struct G1Point {
        bytes32 x_a;
        bytes32 x_b;
        bytes32 y_a;
        bytes32 y_b;
    }

    /// @dev c0 is the real part of an Fp2 element, c1 the imaginary one.
    struct G2Point {
        bytes32 x_c0_a;
        bytes32 x_c0_b;
        bytes32 x_c1_a;
        bytes32 x_c1_b;
        bytes32 y_c0_a;
        bytes32 y_c0_b;
        bytes32 y_c1_a;
        bytes32 y_c1_b;
    }
}
