// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { TrieBuilder } from "./TrieBuilder.sol";

/// @notice Headers of L2 blocks, as derivation makes them under Shanghai (17 fields; those of later forks come behind), by an encoder of the tests' own.
library L2HeaderBuilder {
    struct Header {
        bytes32 parentHash;
        bytes32 stateRoot;
        bytes32 transactionsRoot;
        uint64 difficulty;
        uint64 number;
        uint64 gasLimit;
        uint64 gasUsed;
        uint64 timestamp;
        bytes extraData;
        uint64 baseFee;
    }

    bytes32 private constant EMPTY_OMMERS =
        0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347;
    bytes32 private constant EMPTY_TRIE = 0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421;

    function encode(Header memory header) internal pure returns (bytes memory) {
        bytes memory roots = bytes.concat(
            word(header.parentHash),
            word(EMPTY_OMMERS),
            TrieBuilder.str(abi.encodePacked(address(0xC01))),
            word(header.stateRoot),
            word(header.transactionsRoot)
        );
        bytes memory results = bytes.concat(
            word(keccak256(abi.encode("receipts", header.number))),
            TrieBuilder.str(bloom(header.number)),
            number(header.difficulty),
            number(header.number),
            number(header.gasLimit)
        );
        bytes memory rest = bytes.concat(
            number(header.gasUsed),
            number(header.timestamp),
            TrieBuilder.str(header.extraData),
            word(keccak256(abi.encode("mix", header.number))),
            TrieBuilder.str(new bytes(8)), // nonce
            number(header.baseFee)
        );
        bytes memory withdrawals = word(EMPTY_TRIE);
        return TrieBuilder.list(bytes.concat(roots, results, rest, withdrawals));
    }

    function number(uint256 value) internal pure returns (bytes memory) {
        bytes memory digits;
        for (; value > 0; value >>= 8) {
            digits = bytes.concat(bytes1(uint8(value)), digits);
        }
        return TrieBuilder.str(digits);
    }

    function word(bytes32 value) private pure returns (bytes memory) {
        return TrieBuilder.str(abi.encodePacked(value));
    }

    /// @dev Without zero bytes: the dearest there is.
    function bloom(uint256 salt) private pure returns (bytes memory filter) {
        for (uint256 i; i < 8; ++i) {
            filter = bytes.concat(filter, keccak256(abi.encode("bloom", salt, i)));
        }
    }
}
