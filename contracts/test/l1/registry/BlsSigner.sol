// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Bls } from "../../../src/l1/registry/Bls.sol";
import { BlsPoints } from "../../../src/l1/registry/BlsPoints.sol";
import { BlsVectors } from "./BlsVectors.sol";

/// @notice Validator keys for tests: multiplies by the precompiles. Bls.t.sol compares it with blst.
library BlsSigner {
    address private constant G1_MSM = address(0x0c);
    address private constant G2_MSM = address(0x0e);

    function pubkeyOf(uint256 secretKey) internal view returns (BlsPoints.G1Point memory) {
        // The vectors' last key is 1, its public key the generator.
        bytes memory generator = BlsVectors.pubkey(BlsVectors.KEYS - 1);
        return abi.decode(multiply(G1_MSM, generator, secretKey), (BlsPoints.G1Point));
    }

    function sign(uint256 secretKey, bytes32 message) internal view returns (BlsPoints.G2Point memory) {
        bytes memory hashed = abi.encode(Bls.hashToG2(message));
        return abi.decode(multiply(G2_MSM, hashed, secretKey), (BlsPoints.G2Point));
    }

    function multiply(address precompile, bytes memory point, uint256 scalar)
        private
        view
        returns (bytes memory)
    {
        (bool accepted, bytes memory result) = precompile.staticcall(abi.encodePacked(point, scalar));
        require(accepted && result.length == point.length, "no precompile");
        return result;
    }
}
