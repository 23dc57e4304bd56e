// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Memory } from "@openzeppelin/contracts/utils/Memory.sol";
import { RLP } from "@openzeppelin/contracts/utils/RLP.sol";
import { TrieProof } from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";
import { InclusionLists } from "./InclusionLists.sol";
import { L2Headers } from "./L2Headers.sol";
import { L2Transactions } from "./L2Transactions.sol";

/// @title OmissionJudge
/// @notice Whether a listed transaction could have been appended to a block. Without state; apart from the slasher, which with
///         it would exceed the size of a contract (EIP-170).
contract OmissionJudge {
    using InclusionLists for InclusionLists.InclusionList;
    using RLP for Memory.Slice;

    /// @dev Nonce, balance, storage root, code hash.
    uint256 private constant _ACCOUNT_FIELDS = 4;

    /// @notice Zk gas of a block, at most. docs/derivation.md D-92; the TypeScript twin of these is src/spec/zkSchedule.ts.
    uint256 public constant MAX_BLOCK_ZK_GAS = 100_000_000;
    /// @notice What every transaction adds before anything of it runs.
    uint256 public constant TRANSACTION_ZK_GAS = 243_000;
    /// @notice Most that one unit of gas can cost, whatever runs.
    uint256 public constant MAX_ZK_GAS_PER_GAS = 65_535;

    error CannotExecute();
    /// @notice Nothing executes here, so what code might run is taken at its dearest.
    error MayExceedZkGas();
    error InvalidAccount();

    /// @notice Reverts unless the transaction could have been executed behind the block's last.
    /// @param transactions RLP list that the promise has the hash of.
    /// @param last The block, canonical.
    /// @param accountProof Trie nodes from the block's state root to the sender's account.
    /// @return sender Of the transaction.
    function requireExecutable(
        InclusionLists.InclusionList memory list,
        bytes memory transactions,
        uint256 index,
        L2Headers.L2Block memory last,
        bytes[] memory accountProof
    ) external pure returns (address sender) {
        L2Transactions.L2Transaction memory omitted = L2Transactions.decode(
            list.transactionAt(transactions, index), list.l2ChainId
        );
        require(
            omitted.maxFeePerGas >= last.baseFee && omitted.gasLimit <= last.gasLimit - last.gasUsed,
            CannotExecute()
        );
        require(
            last.zkGasUsed == 0 || last.zkGasUsed + _zkGasAtMost(omitted) <= MAX_BLOCK_ZK_GAS,
            MayExceedZkGas()
        );
        bytes memory key = abi.encodePacked(keccak256(abi.encodePacked(omitted.sender)));
        Memory.Slice[] memory account = RLP.decodeList(TrieProof.traverse(last.stateRoot, key, accountProof));
        require(account.length == _ACCOUNT_FIELDS, InvalidAccount());
        require(
            account[0].readUint256() == omitted.nonce && account[1].readUint256() >= omitted.maxCostWei
                && account[3].readBytes32() == keccak256(""), // no code
            CannotExecute()
        );
        return omitted.sender;
    }

    function _zkGasAtMost(L2Transactions.L2Transaction memory omitted) private pure returns (uint256) {
        return TRANSACTION_ZK_GAS + MAX_ZK_GAS_PER_GAS * omitted.gasToRun;
    }
}
