// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Makes tries with one known value and strangers beside it, node by node, with an encoder of its own.
library TrieBuilder {
    uint256 private constant NIBBLES = 64;

    /// @dev A leaf below `depth` nibbles; above it branches, and where the salt says so extensions.
    /// @return root Of the whole trie.
    /// @return nodes From the root down; a node shorter than 32 bytes lies inside its parent only.
    function build(bytes32 path, bytes memory value, uint256 depth, bytes32 salt)
        internal
        pure
        returns (bytes32 root, bytes[] memory nodes)
    {
        bytes[] memory found = new bytes[](depth + 1);
        uint256 count;
        bytes memory node = list(bytes.concat(hexPrefix(path, depth, NIBBLES, true), str(value)));
        uint256 level = depth;
        while (level > 0) {
            bytes memory link = node.length < 32 ? node : str(abi.encodePacked(keccak256(node)));
            if (node.length >= 32) found[count++] = node;
            uint256 dice = uint256(keccak256(abi.encode(salt, level)));
            // An extension's child is a branch, never a leaf.
            if (level < depth && level > 1 && dice % 3 == 0 && !isExtension(node)) {
                uint256 length = 1 + (dice >> 8) % (level - 1);
                node = list(bytes.concat(hexPrefix(path, level - length, level, false), link));
                level -= length;
            } else {
                node = branch(nibbleAt(path, level - 1), link, bytes32(dice));
                --level;
            }
        }
        root = keccak256(node);
        nodes = new bytes[](count + 1);
        nodes[0] = node;
        for (uint256 i; i < count; ++i) {
            nodes[i + 1] = found[count - 1 - i];
        }
    }

    /// @dev A branch is longer than any node of two items.
    function isExtension(bytes memory node) private pure returns (bool) {
        return node.length < 100;
    }

    /// @dev All other places are taken.
    function branch(uint256 nibble, bytes memory link, bytes32 salt) internal pure returns (bytes memory) {
        bytes memory items;
        for (uint256 i; i < 16; ++i) {
            items = bytes.concat(
                items, i == nibble ? link : str(abi.encodePacked(keccak256(abi.encode(salt, i))))
            );
        }
        return list(bytes.concat(items, str("")));
    }

    function hexPrefix(bytes32 path, uint256 from, uint256 to, bool isLeaf)
        internal
        pure
        returns (bytes memory)
    {
        uint256 flags = isLeaf ? 2 : 0;
        bytes memory encoded;
        if ((to - from) % 2 == 1) {
            encoded = abi.encodePacked(uint8((flags + 1) << 4 | nibbleAt(path, from)));
            ++from;
        } else {
            encoded = abi.encodePacked(uint8(flags << 4));
        }
        for (; from < to; from += 2) {
            encoded = bytes.concat(
                encoded, abi.encodePacked(uint8(nibbleAt(path, from) << 4 | nibbleAt(path, from + 1)))
            );
        }
        return str(encoded);
    }

    function nibbleAt(bytes32 path, uint256 i) internal pure returns (uint256) {
        return uint256(path) >> (4 * (NIBBLES - 1 - i)) & 15;
    }

    function str(bytes memory content) internal pure returns (bytes memory) {
        if (content.length == 1 && uint8(content[0]) < 0x80) return content;
        return bytes.concat(header(content.length, 0x80), content);
    }

    function list(bytes memory items) internal pure returns (bytes memory) {
        return bytes.concat(header(items.length, 0xc0), items);
    }

    function header(uint256 length, uint256 offset) private pure returns (bytes memory) {
        if (length < 56) return abi.encodePacked(uint8(offset + length));
        if (length < 256) return abi.encodePacked(uint8(offset + 56), uint8(length));
        return abi.encodePacked(uint8(offset + 57), uint16(length));
    }

    function account(bytes32 storageRoot) internal pure returns (bytes memory) {
        return list(
            bytes.concat(
                str(hex"01"),
                str(""),
                str(abi.encodePacked(storageRoot)),
                str(abi.encodePacked(keccak256("code")))
            )
        );
    }
}
