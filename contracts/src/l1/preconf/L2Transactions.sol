// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Memory } from "@openzeppelin/contracts/utils/Memory.sol";
import { RLP } from "@openzeppelin/contracts/utils/RLP.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title L2Transactions
/// @notice Signed transactions that a block could have executed: legacy with a chain id (EIP-155), EIP-2930, EIP-1559.
/// @dev Everything doubtful is refused: a transaction that no node would execute is no promise anybody can break.
library L2Transactions {
    using Memory for Memory.Slice;
    using RLP for Memory.Slice;

    struct L2Transaction {
        address sender;
        uint64 nonce;
        uint64 gasLimit;
        /// @notice Of the limit, what is left once the intrinsic gas is paid: the most that code can use.
        uint64 gasToRun;
        /// @notice Wei per gas.
        uint128 maxFeePerGas;
        /// @notice Value and the most that gas can cost, in wei.
        uint256 maxCostWei;
    }

    /// @notice A later fork drops what asks for more. EIP-7825.
    uint256 internal constant MAX_GAS_LIMIT = 2 ** 24;

    uint256 private constant _LEGACY_FIELDS = 9;
    uint256 private constant _SIGNATURE_FIELDS = 3;
    uint256 private constant _TRANSACTION_GAS = 21_000;
    uint256 private constant _CREATION_GAS = 32_000;
    uint256 private constant _INITCODE_WORD_GAS = 2; // EIP-3860
    uint256 private constant _ACCESS_ADDRESS_GAS = 2400; // EIP-2930
    uint256 private constant _ACCESS_KEY_GAS = 1900; // EIP-2930
    uint256 private constant _ZERO_BYTE_GAS = 4;
    uint256 private constant _NONZERO_BYTE_GAS = 16; // EIP-2028
    uint256 private constant _FLOOR_TOKEN_GAS = 10; // EIP-7623
    uint256 private constant _TOKENS_PER_NONZERO_BYTE = 4; // EIP-7623
    /// @dev Sizes of items with their RLP prefix.
    uint256 private constant _ADDRESS_ITEM_SIZE = 21;
    uint256 private constant _HASH_ITEM_SIZE = 33;
    bytes1 private constant _EMPTY_ITEM = 0x80;

    error InvalidTransaction();

    /// @notice Reverts unless `raw` is one transaction of `chainId` that is valid but for what the state says.
    function decode(bytes memory raw, uint64 chainId) internal pure returns (L2Transaction memory) {
        require(raw.length > 1, InvalidTransaction());
        uint8 first = uint8(raw[0]);
        if (first >= 0xc0) return _decodeLegacy(raw, chainId);
        require(first == 1 || first == 2, InvalidTransaction());
        return _decodeTyped(raw, first, chainId);
    }

    function _decodeLegacy(bytes memory raw, uint64 chainId) private pure returns (L2Transaction memory) {
        Memory.Slice[] memory fields = RLP.decodeList(raw);
        require(fields.length == _LEGACY_FIELDS, InvalidTransaction());
        uint256 parity = _readUint(fields[6]) - (35 + 2 * uint256(chainId)); // EIP-155; another chain's underflows
        bytes[] memory signed = new bytes[](_LEGACY_FIELDS);
        for (uint256 i; i < 6; ++i) {
            signed[i] = fields[i].toBytes();
        }
        signed[6] = RLP.encode(uint256(chainId));
        signed[7] = signed[8] = RLP.encode(uint256(0));
        return _check({
            signingHash: keccak256(RLP.encode(signed)),
            nonce: _readUint(fields[0]),
            maxFee: _readUint(fields[1]),
            gasLimit: _readUint(fields[2]),
            value: _readUint(fields[4]),
            intrinsic: _intrinsicGas(fields[3], fields[5], 0),
            signature: [parity, _readUint(fields[7]), _readUint(fields[8])]
        });
    }

    function _decodeTyped(bytes memory raw, uint8 kind, uint64 chainId)
        private
        pure
        returns (L2Transaction memory)
    {
        Memory.Slice[] memory fields = Memory.asSlice(raw).slice(1).readList();
        uint256 f = kind == 2 ? 1 : 0; // EIP-1559 has one field more: the priority fee, before the maximum fee
        require(fields.length == 11 + f, InvalidTransaction());
        require(_readUint(fields[0]) == chainId, InvalidTransaction());
        require(_readUint(fields[2]) <= _readUint(fields[2 + f]), InvalidTransaction());
        uint256 unsigned = fields.length - _SIGNATURE_FIELDS;
        bytes[] memory signed = new bytes[](unsigned);
        for (uint256 i; i < unsigned; ++i) {
            signed[i] = fields[i].toBytes();
        }
        return _check({
            signingHash: keccak256(bytes.concat(bytes1(kind), RLP.encode(signed))),
            nonce: _readUint(fields[1]),
            maxFee: _readUint(fields[2 + f]),
            gasLimit: _readUint(fields[3 + f]),
            value: _readUint(fields[5 + f]),
            intrinsic: _intrinsicGas(fields[4 + f], fields[6 + f], _accessListGas(fields[7 + f])),
            signature: [
                _readUint(fields[unsigned]), _readUint(fields[unsigned + 1]), _readUint(fields[unsigned + 2])
            ]
        });
    }

    /// @param intrinsic Gas, and Prague's floor: the limit reaches the larger, so that the answer holds in every fork.
    /// @param signature Parity, r, s; ECDSA refuses a high s.
    function _check(
        bytes32 signingHash,
        uint256 nonce,
        uint256 maxFee,
        uint256 gasLimit,
        uint256 value,
        uint256[2] memory intrinsic,
        uint256[3] memory signature
    ) private pure returns (L2Transaction memory transaction) {
        require(nonce < type(uint64).max && maxFee <= type(uint128).max, InvalidTransaction()); // EIP-2681
        require(
            gasLimit >= Math.max(intrinsic[0], intrinsic[1]) && gasLimit <= MAX_GAS_LIMIT,
            InvalidTransaction()
        );
        require(signature[0] <= 1, InvalidTransaction());
        transaction.sender = ECDSA.recover(
            signingHash, uint8(27 + signature[0]), bytes32(signature[1]), bytes32(signature[2])
        );
        transaction.nonce = uint64(nonce);
        transaction.gasLimit = uint64(gasLimit);
        transaction.gasToRun = uint64(gasLimit - intrinsic[0]);
        transaction.maxFeePerGas = uint128(maxFee);
        transaction.maxCostWei = value + gasLimit * maxFee;
    }

    /// @return What is paid before anything runs, and the least that is paid for the data. EIP-7623.
    function _intrinsicGas(Memory.Slice to, Memory.Slice data, uint256 accessListGas)
        private
        pure
        returns (uint256[2] memory)
    {
        bool creates = to.length() == 1;
        require(
            creates ? bytes1(to.load(0)) == _EMPTY_ITEM : to.length() == _ADDRESS_ITEM_SIZE,
            InvalidTransaction()
        );
        bytes memory input = data.readBytes();
        uint256 zeros;
        for (uint256 i; i < input.length; ++i) {
            if (input[i] == 0) ++zeros;
        }
        uint256 nonzeros = input.length - zeros;
        uint256 gas = _TRANSACTION_GAS + zeros * _ZERO_BYTE_GAS + nonzeros * _NONZERO_BYTE_GAS + accessListGas;
        if (creates) gas += _CREATION_GAS + Math.ceilDiv(input.length, 32) * _INITCODE_WORD_GAS;
        uint256 tokens = zeros + nonzeros * _TOKENS_PER_NONZERO_BYTE;
        return [gas, _TRANSACTION_GAS + tokens * _FLOOR_TOKEN_GAS];
    }

    /// @dev Bounded by the size of an inclusion list.
    function _accessListGas(Memory.Slice list) private pure returns (uint256 gas) {
        Memory.Slice[] memory entries = list.readList();
        for (uint256 i; i < entries.length; ++i) {
            Memory.Slice[] memory entry = entries[i].readList();
            require(entry.length == 2 && entry[0].length() == _ADDRESS_ITEM_SIZE, InvalidTransaction());
            Memory.Slice[] memory keys = entry[1].readList();
            for (uint256 j; j < keys.length; ++j) {
                require(keys[j].length() == _HASH_ITEM_SIZE, InvalidTransaction());
            }
            gas += _ACCESS_ADDRESS_GAS + keys.length * _ACCESS_KEY_GAS;
        }
    }

    /// @dev Without leading zeros: the library would accept them, nodes do not.
    function _readUint(Memory.Slice item) private pure returns (uint256 value) {
        value = item.readUint256();
        require(item.length() == RLP.encode(value).length, InvalidTransaction());
    }
}
