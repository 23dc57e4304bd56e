// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BlsPoints } from "./BlsPoints.sol";

/// @title BlsPubkeys
/// @notice Public keys as the beacon chain writes them: 48 bytes, x with three flags in its highest bits.
library BlsPubkeys {
    bytes1 private constant _COMPRESSED = 0x80;
    bytes1 private constant _LARGER_Y = 0x20;

    /// @dev (p − 1) / 2, split as coordinates are.
    uint256 private constant _HALF_P_A = 0x0d0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant _HALF_P_B = 0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    /// @notice x has more than 381 bits, or both coordinates are zero.
    error InvalidPubkey();

    /// @notice Does not check that the point is on the curve: what the beacon chain has, is.
    function compress(BlsPoints.G1Point memory pubkey) internal pure returns (bytes memory compressed) {
        uint256 xA = uint256(pubkey.x_a);
        require(xA >> 125 == 0, InvalidPubkey());
        require(pubkey.x_a | pubkey.x_b | pubkey.y_a | pubkey.y_b != 0, InvalidPubkey());
        compressed = abi.encodePacked(uint128(xA), pubkey.x_b);
        compressed[0] |= _COMPRESSED;
        uint256 yA = uint256(pubkey.y_a);
        bool isLarger = yA > _HALF_P_A || (yA == _HALF_P_A && uint256(pubkey.y_b) > _HALF_P_B);
        if (isLarger) compressed[0] |= _LARGER_Y;
    }
}
