// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Memory } from "@openzeppelin/contracts/utils/Memory.sol";
import { RLP } from "@openzeppelin/contracts/utils/RLP.sol";
import { Promises } from "./Promises.sol";

/// @title InclusionLists
/// @notice Transactions that a preconfer promises to include in its window, unless they cannot execute at its end: FOCIL's
///         conditional rule (EIP-7805) applied to L2. The TypeScript twin is src/promise/inclusionList.ts.
library InclusionLists {
    using Memory for Memory.Slice;
    using RLP for Memory.Slice;

    struct InclusionList {
        uint64 l2ChainId;
        /// @notice Timestamp of the preconfer's own L1 slot, the last of its window, in seconds.
        uint48 windowEnd;
        /// @notice keccak256 of the RLP list of the transactions.
        bytes32 transactionsHash;
    }

    /// @notice Type of the registry commitment that carries an encoded InclusionList.
    uint64 internal constant COMMITMENT_TYPE = 3;
    /// @dev Three words.
    uint256 internal constant PAYLOAD_SIZE = 3 * 32;
    /// @notice Size of the RLP list of transactions. EIP-7805, MAX_BYTES_PER_INCLUSION_LIST.
    uint256 internal constant MAX_TRANSACTIONS_SIZE = 8192;
    /// @dev First byte of a list in RLP.
    bytes1 private constant _LIST_PREFIX = 0xc0;

    error InclusionListTooLarge();
    error InvalidInclusionList();
    error WrongTransactions();

    function encode(InclusionList memory list) internal pure returns (bytes memory) {
        return abi.encode(list);
    }

    /// @notice Reverts unless `payload` is exactly one list without a zero field.
    function decode(bytes memory payload) internal pure returns (InclusionList memory list) {
        require(payload.length == PAYLOAD_SIZE, InvalidInclusionList());
        list = abi.decode(payload, (InclusionList));
        require(
            list.l2ChainId != 0 && list.windowEnd != 0 && list.transactionsHash != 0, InvalidInclusionList()
        );
    }

    function hash(InclusionList memory list, Promises.Domain memory domain) internal pure returns (bytes32) {
        return Promises.hash(domain, COMMITMENT_TYPE, encode(list));
    }

    /// @notice Transaction at `index` of the list, in its EIP-2718 form.
    /// @param transactions RLP list: a legacy transaction is a list, a typed one a byte string.
    function transactionAt(InclusionList memory list, bytes memory transactions, uint256 index)
        internal
        pure
        returns (bytes memory)
    {
        require(transactions.length <= MAX_TRANSACTIONS_SIZE, InclusionListTooLarge());
        require(keccak256(transactions) == list.transactionsHash, WrongTransactions());
        Memory.Slice item = RLP.decodeList(transactions)[index];
        return bytes1(item.load(0)) >= _LIST_PREFIX ? item.toBytes() : item.readBytes();
    }
}
