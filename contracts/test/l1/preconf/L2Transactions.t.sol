// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { L2Transactions } from "../../../src/l1/preconf/L2Transactions.sol";
import { Test } from "../../support/Test.sol";
import { Vectors } from "../../support/Vectors.sol";

/// @notice A place where the library reverts.
contract L2TransactionsHarness {
    function decode(bytes calldata raw, uint64 chainId)
        external
        pure
        returns (L2Transactions.L2Transaction memory)
    {
        return L2Transactions.decode(raw, chainId);
    }
}

/// @notice Against transactions that viem signed.
contract L2TransactionsTest is Test {
    using Vectors for string;

    L2TransactionsHarness private harness;
    string private json;
    uint64 private chainId;

    function setUp() external {
        harness = new L2TransactionsHarness();
        json = vm.readFile("test/vectors/transactions.json");
        chainId = uint64(json.uintAt(".chainId"));
    }

    function isRefused(bytes memory raw) private view returns (bool) {
        (bool decoded,) = address(harness).staticcall(abi.encodeCall(harness.decode, (raw, chainId)));
        return !decoded;
    }

    function test_decode_readsEveryTypeAsItWasSigned() external view {
        for (uint256 i; i < 6; ++i) {
            string memory where = Vectors.item(".transactions", i);
            L2Transactions.L2Transaction memory transaction =
                harness.decode(json.bytesAt(where, ".raw"), chainId);
            assertEq(transaction.sender, json.addressAt(".sender"));
            assertEq(transaction.nonce, json.uintAt(where, ".nonce"));
            assertEq(transaction.gasLimit, json.uintAt(where, ".gasLimit"));
            assertEq(transaction.gasToRun, json.uintAt(where, ".gasToRun"));
            assertEq(transaction.maxFeePerGas, json.uintAt(where, ".maxFeePerGas"));
            assertEq(transaction.maxCostWei, json.uintAt(where, ".maxCostWei"));
        }
    }

    function test_decode_shouldRevertWithOneGasTooLittle() external {
        for (uint256 i; i < 6; ++i) {
            bytes memory raw = json.bytesAt(Vectors.item(".transactions", i), ".tooLittleGas");
            vm.expectRevert(L2Transactions.InvalidTransaction.selector);
            harness.decode(raw, chainId);
        }
    }

    function test_decode_shouldRevertForAnotherChain() external view {
        for (uint256 i; i < 6; ++i) {
            bytes memory raw = json.bytesAt(Vectors.item(".transactions", i), ".otherChain");
            assertTrue(isRefused(raw), "refused");
        }
    }

    function test_decode_shouldRevertForWhatNoNodeExecutes() external view {
        bytes[] memory raws = json.bytesArrayAt("", ".badTransactions");
        assertEq(raws.length, 16);
        for (uint256 i; i < raws.length; ++i) {
            assertTrue(isRefused(raws[i]), Vectors.item("refused ", i));
        }
    }

    /// @dev Any other byte makes another sender, another number of something, or no transaction.
    function testFuzz_decode_meansEveryByte(uint256 where, uint8 flip) external view {
        vm.assume(flip != 0);
        string memory path = Vectors.item(".transactions", 4);
        bytes memory raw = json.bytesAt(path, ".raw");
        raw[where % raw.length] ^= bytes1(flip);
        (bool decoded, bytes memory result) =
            address(harness).staticcall(abi.encodeCall(harness.decode, (raw, chainId)));
        if (!decoded) return;
        L2Transactions.L2Transaction memory transaction = abi.decode(result, (L2Transactions.L2Transaction));
        assertTrue(transaction.sender != json.addressAt(".sender"), "another sender");
    }
}
