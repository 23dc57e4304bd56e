// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BeaconProofs } from "../../src/l1/lookahead/BeaconProofs.sol";
import { BlsPoints } from "../../src/l1/registry/BlsPoints.sol";
import { Test } from "./Test.sol";

/// @notice Beacon states and proofs made with Lodestar's types; test/vectors/lookahead.mjs says how.
abstract contract BeaconVectors is Test {
    struct StateVector {
        BeaconProofs.BeaconBlockHeader header;
        bytes32 root;
        uint256 gindex;
        bytes lookahead;
        bytes32 lookaheadRoot;
        uint256[] validatorIndices;
        bytes32[] branch;
    }

    struct ValidatorVector {
        uint64 index;
        uint256 secretKey;
        bytes pubkey;
        BlsPoints.G1Point point;
        uint256 gindex;
        bytes32[] branch;
    }

    uint256 internal constant VALIDATOR_VECTORS = 9;

    /// @param preset mainnet or minimal.
    /// @param fork fulu or gloas.
    function loadState(string memory preset, string memory fork)
        internal
        view
        returns (StateVector memory v)
    {
        string memory json = _read(preset);
        string memory key = string.concat(".", fork, ".header.");
        v.header = BeaconProofs.BeaconBlockHeader({
            slot: uint64(vm.parseJsonUint(json, string.concat(key, "slot"))),
            proposerIndex: uint64(vm.parseJsonUint(json, string.concat(key, "proposerIndex"))),
            parentRoot: vm.parseJsonBytes32(json, string.concat(key, "parentRoot")),
            stateRoot: vm.parseJsonBytes32(json, string.concat(key, "stateRoot")),
            bodyRoot: vm.parseJsonBytes32(json, string.concat(key, "bodyRoot"))
        });
        v.root = vm.parseJsonBytes32(json, string.concat(key, "root"));
        key = string.concat(".", fork, ".lookahead.");
        v.gindex = vm.parseJsonUint(json, string.concat(key, "gindex"));
        v.lookahead = vm.parseJsonBytes(json, string.concat(key, "bytes"));
        v.lookaheadRoot = vm.parseJsonBytes32(json, string.concat(key, "root"));
        v.validatorIndices = vm.parseJsonUintArray(json, string.concat(key, "values"));
        v.branch = vm.parseJsonBytes32Array(json, string.concat(key, "branch"));
    }

    /// @param i Which of the nine.
    function loadValidator(string memory preset, string memory fork, uint256 i)
        internal
        view
        returns (ValidatorVector memory v)
    {
        string memory json = _read(preset);
        bytes memory digit = abi.encodePacked(uint8(48 + i));
        string memory key = string.concat(".", fork, ".validators[", string(digit), "].");
        v.index = uint64(vm.parseJsonUint(json, string.concat(key, "index")));
        v.secretKey = uint256(vm.parseJsonBytes32(json, string.concat(key, "secretKey")));
        v.pubkey = vm.parseJsonBytes(json, string.concat(key, "pubkey"));
        v.point = abi.decode(vm.parseJsonBytes(json, string.concat(key, "point")), (BlsPoints.G1Point));
        v.gindex = vm.parseJsonUint(json, string.concat(key, "gindex"));
        v.branch = vm.parseJsonBytes32Array(json, string.concat(key, "branch"));
    }

    function _read(string memory preset) private view returns (string memory) {
        return vm.readFile(string.concat("test/vectors/lookahead-", preset, ".json"));
    }
}
