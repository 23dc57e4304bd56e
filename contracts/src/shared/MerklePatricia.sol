// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title MerklePatricia
/// @notice Reads one value of a secure Merkle-Patricia trie from the nodes on its path.
/// @dev OpenZeppelin's TrieProof needs MCOPY, which L2 lacks until Unzen; tests hold this beside it. A node shorter than 32 bytes
///      lies inside its parent and is not a node of the proof, as in geth's proofs.
library MerklePatricia {
    /// @dev Of a 32-byte path.
    uint256 private constant _NIBBLES = 64;
    uint256 private constant _BRANCH_ITEMS = 17;

    /// @notice The nodes are not exactly those on the path to a value.
    error ProofInvalid();
    /// @notice A node, or what it holds, is not RLP of the form it must have.
    error RlpInvalid();

    /// @notice The value at `path` in the trie with `root`. Reverts when there is none.
    /// @param path Hash of the key.
    /// @param nodes From the root to the leaf, without any more. Each is pinned by its hash in the one before.
    function readValue(bytes32 root, bytes32 path, bytes[] calldata nodes)
        internal
        pure
        returns (bytes calldata value)
    {
        bytes32 expected = root;
        uint256 depth;
        for (uint256 i; i < nodes.length; ++i) {
            bytes calldata item = nodes[i];
            require(keccak256(item) == expected, ProofInvalid());
            // Through nodes that lie inside this one. Every round takes a nibble off the path at least.
            for (;;) {
                bool isValue;
                (item, depth, isValue) = _descend(item, path, depth);
                if (isValue) {
                    require(i == nodes.length - 1, ProofInvalid());
                    return item;
                }
                if (!isList(item)) break;
            }
            bytes calldata hash = readString(item);
            // An empty place in a branch: nothing is there.
            require(hash.length == 32, ProofInvalid());
            expected = bytes32(hash);
        }
        revert ProofInvalid();
    }

    /// @notice Item `index` of an RLP list that fills `list`, with its header, and how many items there are.
    /// @dev Empty where there is none of that index. More items than a branch has are an error.
    function readItem(bytes calldata list, uint256 index)
        internal
        pure
        returns (bytes calldata item, uint256 count)
    {
        (uint256 offset, uint256 end) = _readHeader(list, 0);
        require(isList(list) && end == list.length, RlpInvalid());
        item = list[0:0];
        while (offset < end) {
            (, uint256 next) = _readHeader(list, offset);
            if (count == index) item = list[offset:next];
            offset = next;
            require(++count <= _BRANCH_ITEMS, RlpInvalid());
        }
    }

    /// @notice Content of an RLP string that fills `item`.
    function readString(bytes calldata item) internal pure returns (bytes calldata) {
        (uint256 start, uint256 end) = _readHeader(item, 0);
        require(!isList(item) && end == item.length, RlpInvalid());
        return item[start:end];
    }

    /// @dev `item` is not empty.
    function isList(bytes calldata item) internal pure returns (bool) {
        return uint8(item[0]) >= 0xc0;
    }

    /// @dev One node down the path.
    /// @return next The value of a leaf; otherwise the child as it stands in the node, hash or node, with its header.
    function _descend(bytes calldata node, bytes32 path, uint256 depth)
        private
        pure
        returns (bytes calldata next, uint256 nextDepth, bool isValue)
    {
        uint256 nibble = depth < _NIBBLES ? uint256(path << (4 * depth)) >> 252 : 0;
        uint256 count;
        (next, count) = readItem(node, nibble);
        if (count == _BRANCH_ITEMS) {
            // Paths are of one length, so that no value lies in a branch.
            require(depth < _NIBBLES, ProofInvalid());
            return (next, depth + 1, false);
        }
        require(count == 2, RlpInvalid());
        (next,) = readItem(node, 0);
        (isValue, nextDepth) = _follow(readString(next), path, depth);
        (next,) = readItem(node, 1);
        if (isValue) next = readString(next);
    }

    /// @dev Compares a node's part of the path, in hex-prefix encoding, and says where it ends.
    function _follow(bytes calldata part, bytes32 path, uint256 depth)
        private
        pure
        returns (bool isLeaf, uint256 nextDepth)
    {
        require(part.length > 0 && part.length <= 33, RlpInvalid());
        uint256 flags = uint8(part[0]) >> 4;
        require(flags < 4, RlpInvalid());
        bool isOdd = flags & 1 == 1;
        uint256 packed = uint8(part[0]) & 15;
        require(isOdd || packed == 0, RlpInvalid());
        uint256 length = 2 * (part.length - 1);
        packed <<= 4 * length;
        if (length > 0) packed |= uint256(bytes32(part[1:])) >> (256 - 4 * length);
        if (isOdd) ++length;

        isLeaf = flags & 2 == 2;
        nextDepth = depth + length;
        require(isLeaf ? nextDepth == _NIBBLES : length > 0 && nextDepth <= _NIBBLES, ProofInvalid());
        require(length == 0 || uint256(path << (4 * depth)) >> (256 - 4 * length) == packed, ProofInvalid());
    }

    /// @dev Where the content of the item at `offset` begins and ends. Lengths of up to 4 bytes: a node has less than 2^32.
    function _readHeader(bytes calldata data, uint256 offset)
        private
        pure
        returns (uint256 start, uint256 end)
    {
        require(offset < data.length, RlpInvalid());
        uint256 prefix = uint8(data[offset]);
        if (prefix < 0x80) return (offset, offset + 1);
        uint256 length = prefix - (prefix < 0xc0 ? 0x80 : 0xc0);
        start = offset + 1;
        if (length > 55) {
            uint256 size = length - 55;
            require(size <= 4 && start + size <= data.length, RlpInvalid());
            length = uint256(bytes32(data[start:start + size])) >> (256 - 8 * size);
            start += size;
        }
        end = start + length;
        require(end <= data.length, RlpInvalid());
    }
}
