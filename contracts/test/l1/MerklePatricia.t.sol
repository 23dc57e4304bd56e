// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { TrieProof } from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";
import { MerklePatricia } from "../../src/shared/MerklePatricia.sol";
import { Test } from "../support/Test.sol";
import { TrieBuilder } from "../support/TrieBuilder.sol";

/// @notice Ours and OpenZeppelin's on the same nodes.
contract MerklePatriciaTest is Test {
    bytes32 private constant PATH = keccak256("path");

    function readOurs(bytes32 root, bytes32 path, bytes[] calldata nodes)
        external
        pure
        returns (bytes memory)
    {
        return MerklePatricia.readValue(root, path, nodes);
    }

    function readTheirs(bytes32 root, bytes32 path, bytes[] calldata nodes)
        external
        pure
        returns (bytes memory)
    {
        return TrieProof.traverse(root, abi.encodePacked(path), nodes);
    }

    function assertAgree(bytes32 root, bytes32 path, bytes[] memory nodes)
        private
        view
        returns (bool isFound)
    {
        bytes memory theirs;
        try this.readTheirs(root, path, nodes) returns (bytes memory value) {
            (theirs, isFound) = (value, true);
        } catch { }
        try this.readOurs(root, path, nodes) returns (bytes memory ours) {
            assertTrue(isFound, "found by ours alone");
            assertEq(ours, theirs);
        } catch {
            assertTrue(!isFound, "found by theirs alone");
        }
    }

    /// @dev Branches, extensions and leaves of every length, leaves inside their parents among them.
    function testFuzz_readValue_findsWhatOpenZeppelinFinds(
        bytes32 path,
        bytes32 salt,
        uint256 depth,
        uint8 size
    ) external view {
        bytes memory value = abi.encodePacked(keccak256(abi.encode(salt)), salt);
        uint256 length = bound(size, 1, 64);
        assembly ("memory-safe") {
            mstore(value, length)
        }
        (bytes32 root, bytes[] memory nodes) = TrieBuilder.build(path, value, bound(depth, 0, 64), salt);
        assertTrue(assertAgree(root, path, nodes), "a value");
        assertEq(this.readOurs(root, path, nodes), value);
        assertTrue(!assertAgree(root, ~path, nodes), "no value on another path");
    }

    /// @dev Behind a changed node stands its own hash, so that what is wrong is the node alone.
    function testFuzz_readValue_refusesWhatOpenZeppelinRefuses(uint256 where, uint8 what, bytes32 salt)
        external
        view
    {
        (, bytes[] memory nodes) = TrieBuilder.build(PATH, hex"01", bound(uint256(salt), 0, 12), salt);
        bytes memory node = nodes[nodes.length - 1];
        node[where % node.length] = bytes1(what);
        bytes[] memory one = new bytes[](1);
        one[0] = node;
        // A single node is the root; what is left of the path differs, and both must say so.
        bool isFound = assertAgree(keccak256(node), PATH, one);
        if (nodes.length > 1) assertTrue(!isFound, "its path is not the whole");
    }

    /// @dev 2^36 hashes find a message whose path shares nine nibbles with a victim's; its leaf then lies inside the branch.
    function test_readValue_goesIntoLeavesInsideTheirBranch() external view {
        for (uint256 depth = 9; depth <= 64; ++depth) {
            (bytes32 root, bytes[] memory nodes) = TrieBuilder.build(PATH, hex"01", depth, 0);
            assertTrue(nodes.length <= depth, "one node less");
            assertEq(this.readOurs(root, PATH, nodes), hex"01");
        }
    }

    function test_readValue_shouldRevertWhenALeafIsNotTheLastNode() external {
        (bytes32 root, bytes[] memory nodes) = TrieBuilder.build(PATH, hex"01", 0, 0);
        bytes[] memory twice = new bytes[](2);
        (twice[0], twice[1]) = (nodes[0], nodes[0]);
        vm.expectRevert(MerklePatricia.ProofInvalid.selector);
        this.readOurs(root, PATH, twice);
    }

    /// @dev An item may not reach beyond its list, nor a list beyond or short of its node.
    function test_readValue_shouldRevertWhenRlpIsMalformed() external {
        bytes[8] memory malformed = [
            bytes(""),
            hex"80",
            hex"c0",
            hex"c3",
            hex"c20101ff",
            hex"c2208201",
            hex"c3830101",
            hex"ff0000000000000001"
        ];
        for (uint256 i; i < malformed.length; ++i) {
            bytes[] memory nodes = new bytes[](1);
            nodes[0] = malformed[i];
            vm.expectRevert(MerklePatricia.RlpInvalid.selector);
            this.readOurs(keccak256(nodes[0]), PATH, nodes);
        }
    }
}
