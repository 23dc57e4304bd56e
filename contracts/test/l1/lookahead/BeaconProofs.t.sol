// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BeaconProofs } from "../../../src/l1/lookahead/BeaconProofs.sol";
import { BeaconProofsHarness } from "../../support/BeaconProofsHarness.sol";
import { BeaconVectors } from "../../support/BeaconVectors.sol";

contract BeaconProofsTest is BeaconVectors {
    BeaconProofsHarness private harness;
    string[2] private presets = ["mainnet", "minimal"];
    string[2] private forks = ["fulu", "gloas"];

    function setUp() external {
        harness = new BeaconProofsHarness();
    }

    /// @dev Field `index` of a container of `count` fields.
    function fieldOf(uint256 count, uint256 index) private pure returns (uint256) {
        uint256 leaves = 1;
        while (leaves < count) {
            leaves *= 2;
        }
        return leaves + index;
    }

    /// @dev Element `index` of a progressive container or list: EIP-7916, EIP-7495.
    function progressiveFieldOf(uint256 index) private pure returns (uint256 node) {
        uint256 leaves = 1;
        for (node = 2; index >= leaves; node = 2 * node + 1) {
            index -= leaves;
            leaves *= 4;
        }
        return 2 * node * leaves + index;
    }

    function concat(uint256 above, uint256 below) private pure returns (uint256) {
        uint256 size = 1;
        while (size * 2 <= below) {
            size *= 2;
        }
        return above * size + below - size;
    }

    /// @dev The same formulas give what the specifications publish for the light client.
    function test_gindices_followFromFieldCountAndPosition() external pure {
        assertEq(fieldOf(37, 22), 86); // CURRENT_SYNC_COMMITTEE_GINDEX_ELECTRA
        assertEq(concat(fieldOf(37, 20), fieldOf(2, 1)), 169); // FINALIZED_ROOT_GINDEX_ELECTRA
        assertEq(progressiveFieldOf(22), 2945); // current_sync_committee in Gloas
        assertEq(concat(progressiveFieldOf(20), fieldOf(2, 1)), 735); // finalized_checkpoint.root in Gloas

        assertEq(BeaconProofs.VALIDATORS_FULU, fieldOf(38, 11));
        assertEq(BeaconProofs.PROPOSER_LOOKAHEAD_FULU, fieldOf(38, 37));
        assertEq(BeaconProofs.VALIDATORS_GLOAS, progressiveFieldOf(11));
        assertEq(BeaconProofs.PROPOSER_LOOKAHEAD_GLOAS, progressiveFieldOf(37));
        // From the block's root: state_root is field 3 of 5.
        assertEq(concat(fieldOf(5, 3), BeaconProofs.PROPOSER_LOOKAHEAD_FULU), 741);
    }

    function testFuzz_pubkeyGindex_followsFromListAndContainer(uint64 index) external view {
        index = uint64(bound(index, 0, BeaconProofs.MAX_VALIDATORS - 1));
        uint256 inList = concat(2, (uint256(1) << 40) + index);
        uint256 path = concat(concat(fieldOf(38, 11), inList), fieldOf(8, 0));
        assertEq(harness.pubkeyGindex(index, false), path);
        path = concat(concat(progressiveFieldOf(11), progressiveFieldOf(index)), fieldOf(8, 0));
        assertEq(harness.pubkeyGindex(index, true), path);
    }

    function testFuzz_pubkeyGindex_shouldRevertBeyondTheRegistryLimit(uint64 index) external {
        index = uint64(bound(index, BeaconProofs.MAX_VALIDATORS, type(uint64).max));
        vm.expectRevert(BeaconProofs.ValidatorIndexTooLarge.selector);
        harness.pubkeyGindex(index, false);
        vm.expectRevert(BeaconProofs.ValidatorIndexTooLarge.selector);
        harness.pubkeyGindex(index, true);
    }

    function test_lookahead_isProvenInBothForksAndPresets() external view {
        for (uint256 i; i < 4; ++i) {
            StateVector memory v = loadState(presets[i / 2], forks[i % 2]);
            assertEq(harness.hashHeader(v.header), v.root);
            assertEq(harness.hashUint64Vector(v.lookahead), v.lookaheadRoot);
            assertEq(BeaconProofs.lookaheadGindex(i % 2 == 1), v.gindex);
            harness.verifyBranch(v.header.stateRoot, v.lookaheadRoot, v.gindex, v.branch);
            assertEq(v.lookahead.length, 8 * v.validatorIndices.length);
            for (uint256 j; j < v.validatorIndices.length; ++j) {
                assertEq(harness.readUint64(v.lookahead, j), v.validatorIndices[j]);
            }
        }
    }

    function test_pubkeys_areProvenInBothForksAndPresets() external view {
        for (uint256 i; i < 4; ++i) {
            bytes32 stateRoot = loadState(presets[i / 2], forks[i % 2]).header.stateRoot;
            for (uint256 j; j < VALIDATOR_VECTORS; ++j) {
                ValidatorVector memory v = loadValidator(presets[i / 2], forks[i % 2], j);
                assertEq(harness.pubkeyGindex(v.index, i % 2 == 1), v.gindex);
                bytes32 leaf = BeaconProofs.hashPubkey(v.pubkey);
                harness.verifyBranch(stateRoot, leaf, v.gindex, v.branch);
            }
        }
    }

    function testFuzz_verifyBranch_shouldRevertWhenOneBitIsChanged(uint256 seed) external {
        StateVector memory v = loadState("mainnet", forks[seed % 2]);
        bytes32 flip = bytes32(uint256(1) << (seed >> 8) % 256);
        uint256 where = (seed >> 16) % (v.branch.length + 2);
        (bytes32 root, bytes32 leaf) = (v.header.stateRoot, v.lookaheadRoot);
        if (where < v.branch.length) v.branch[where] ^= flip;
        else if (where == v.branch.length) leaf ^= flip;
        else root ^= flip;
        vm.expectRevert(BeaconProofs.RootMismatch.selector);
        harness.verifyBranch(root, leaf, v.gindex, v.branch);
    }

    /// @dev Any place of the same depth, hence neighbours too.
    function testFuzz_verifyBranch_shouldRevertAtAnotherPlace(uint256 gindex) external {
        StateVector memory v = loadState("mainnet", "fulu");
        gindex = bound(gindex, 64, 127);
        vm.assume(gindex != v.gindex);
        vm.expectRevert(BeaconProofs.RootMismatch.selector);
        harness.verifyBranch(v.header.stateRoot, v.lookaheadRoot, gindex, v.branch);
    }

    function testFuzz_verifyBranch_shouldRevertUnlessTheLengthIsExact(uint8 length) external {
        StateVector memory v = loadState("mainnet", "fulu");
        uint256 exact = v.branch.length;
        vm.assume(length != exact && length < 64);
        bytes32[] memory other = new bytes32[](length);
        for (uint256 i; i < length && i < exact; ++i) {
            other[i] = v.branch[i];
        }
        vm.expectRevert(abi.encodeWithSelector(BeaconProofs.BranchLengthMismatch.selector, exact));
        harness.verifyBranch(v.header.stateRoot, v.lookaheadRoot, v.gindex, other);
    }

    /// @dev An inner node, or a leaf's child, is no leaf: what a shorter or a longer branch would show.
    function test_verifyBranch_shouldRevertForAnInnerNode() external {
        StateVector memory v = loadState("mainnet", "fulu");
        bytes32 inner = sha256(abi.encodePacked(v.branch[0], v.lookaheadRoot));
        bytes32[] memory upper = new bytes32[](v.branch.length - 1);
        for (uint256 i; i < upper.length; ++i) {
            upper[i] = v.branch[i + 1];
        }
        harness.verifyBranch(v.header.stateRoot, inner, v.gindex / 2, upper);
        vm.expectRevert(abi.encodeWithSelector(BeaconProofs.BranchLengthMismatch.selector, v.branch.length));
        harness.verifyBranch(v.header.stateRoot, inner, v.gindex, upper);
    }

    function test_verifyBranch_shouldRevertWithTheOtherForksIndex() external {
        for (uint256 i; i < 2; ++i) {
            StateVector memory v = loadState("mainnet", forks[i]);
            uint256 other = BeaconProofs.lookaheadGindex(i == 0);
            uint256 depth = i == 0 ? 11 : 6;
            vm.expectRevert(abi.encodeWithSelector(BeaconProofs.BranchLengthMismatch.selector, depth));
            harness.verifyBranch(v.header.stateRoot, v.lookaheadRoot, other, v.branch);
        }
    }

    function test_pubkey_shouldRevertForTheNeighboursIndex() external {
        bytes32 stateRoot = loadState("mainnet", "fulu").header.stateRoot;
        for (uint256 j; j < VALIDATOR_VECTORS; ++j) {
            ValidatorVector memory v = loadValidator("mainnet", "fulu", j);
            bytes32 leaf = BeaconProofs.hashPubkey(v.pubkey);
            uint256 gindex = harness.pubkeyGindex(v.index ^ 1, false);
            vm.expectRevert(BeaconProofs.RootMismatch.selector);
            harness.verifyBranch(stateRoot, leaf, gindex, v.branch);
            gindex = harness.pubkeyGindex(v.index + 1, false);
            vm.expectRevert(BeaconProofs.RootMismatch.selector);
            harness.verifyBranch(stateRoot, leaf, gindex, v.branch);
        }
    }

    function testFuzz_hashHeader_dependsOnEveryBit(uint8 bit, uint8 field) external view {
        StateVector memory v = loadState("minimal", "fulu");
        BeaconProofs.BeaconBlockHeader memory header = v.header;
        bytes32 flip = bytes32(uint256(1) << bit);
        if (field % 5 == 0) header.slot ^= uint64(1) << bit % 64;
        else if (field % 5 == 1) header.proposerIndex ^= uint64(1) << bit % 64;
        else if (field % 5 == 2) header.parentRoot ^= flip;
        else if (field % 5 == 3) header.stateRoot ^= flip;
        else header.bodyRoot ^= flip;
        assertTrue(harness.hashHeader(header) != v.root, "another header, another root");
    }

    function testFuzz_hashUint64Vector_dependsOnEveryBit(uint256 bit) external view {
        StateVector memory v = loadState("mainnet", "fulu");
        bit = bound(bit, 0, 8 * v.lookahead.length - 1);
        v.lookahead[bit / 8] ^= bytes1(uint8(1 << bit % 8));
        assertTrue(harness.hashUint64Vector(v.lookahead) != v.lookaheadRoot, "another root");
    }

    function testFuzz_readUint64_isLittleEndian(uint64[64] calldata values, uint256 position) external view {
        bytes memory vector;
        for (uint256 i; i < 64; ++i) {
            for (uint256 j; j < 8; ++j) {
                vector = bytes.concat(vector, bytes1(uint8(values[i] >> 8 * j)));
            }
        }
        position = bound(position, 0, 63);
        assertEq(harness.readUint64(vector, position), values[position]);
    }
}
