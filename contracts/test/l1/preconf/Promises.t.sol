// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { BlockCommitments } from "../../../src/l1/preconf/BlockCommitments.sol";
import { InclusionLists } from "../../../src/l1/preconf/InclusionLists.sol";
import { Promises } from "../../../src/l1/preconf/Promises.sol";
import { SigningRoots } from "../../../src/l1/registry/SigningRoots.sol";
import { Test } from "../../support/Test.sol";
import { Vectors } from "../../support/Vectors.sol";

/// @notice A place where libraries revert.
contract PromisesHarness {
    function decodeBlock(bytes calldata payload)
        external
        pure
        returns (BlockCommitments.BlockCommitment memory)
    {
        return BlockCommitments.decode(payload);
    }

    function decodeList(bytes calldata payload) external pure returns (InclusionLists.InclusionList memory) {
        return InclusionLists.decode(payload);
    }

    function transactionAt(
        InclusionLists.InclusionList calldata list,
        bytes calldata transactions,
        uint256 index
    ) external pure returns (bytes memory) {
        return InclusionLists.transactionAt(list, transactions, index);
    }
}

/// @notice The same figures as test/unit/promise/promises.test.ts: promises mean the same on both sides.
contract PromisesTest is Test {
    using Vectors for string;

    PromisesHarness private harness;
    string private json;

    function setUp() external {
        harness = new PromisesHarness();
        json = vm.readFile("test/vectors/promises.json");
    }

    function domainOf() private view returns (Promises.Domain memory) {
        bytes32 signingId = SigningRoots.signingIdOf(json.uintAt(".l1ChainId"), json.addressAt(".registry"));
        assertEq(signingId, json.hashAt(".signingId"));
        return Promises.Domain({
            slasher: json.addressAt(".slasher"),
            signingId: signingId,
            chainId: SigningRoots.littleEndian(json.uintAt(".l1ChainId")),
            signingDomain: json.hashAt(".domain")
        });
    }

    function test_blockCommitment_hasOneEncodingAndOneHash() external view {
        for (uint256 i; i < 3; ++i) {
            string memory where = Vectors.item(".blockCommitments", i);
            BlockCommitments.BlockCommitment memory commitment = BlockCommitments.BlockCommitment({
                l2ChainId: uint64(json.uintAt(where, ".l2ChainId")),
                blockNumber: uint48(json.uintAt(where, ".blockNumber")),
                parentCommitmentHash: json.hashAt(where, ".parentCommitmentHash"),
                parentBlockHash: json.hashAt(where, ".parentBlockHash"),
                transactionsRoot: json.hashAt(where, ".transactionsRoot"),
                anchorBlockNumber: uint48(json.uintAt(where, ".anchorBlockNumber")),
                windowEnd: uint48(json.uintAt(where, ".windowEnd")),
                isEndOfWindow: i > 0
            });
            bytes memory payload = json.bytesAt(where, ".payload");
            assertEq(BlockCommitments.encode(commitment), payload);
            assertEq(abi.encode(harness.decodeBlock(payload)), payload);
            bytes32 hash = BlockCommitments.hash(commitment, domainOf());
            assertEq(hash, json.hashAt(where, ".hash"));
            assertEq(ECDSA.recover(hash, json.bytesAt(where, ".signature")), json.addressAt(".committer"));
        }
    }

    function test_inclusionList_hasOneEncodingAndOneHash() external view {
        for (uint256 i; i < 3; ++i) {
            string memory where = Vectors.item(".inclusionLists", i);
            InclusionLists.InclusionList memory list = InclusionLists.InclusionList({
                l2ChainId: uint64(json.uintAt(where, ".l2ChainId")),
                windowEnd: uint48(json.uintAt(where, ".windowEnd")),
                transactionsHash: json.hashAt(where, ".transactionsHash")
            });
            bytes memory payload = json.bytesAt(where, ".payload");
            assertEq(InclusionLists.encode(list), payload);
            assertEq(abi.encode(harness.decodeList(payload)), payload);
            bytes32 hash = InclusionLists.hash(list, domainOf());
            assertEq(hash, json.hashAt(where, ".hash"));
            assertEq(ECDSA.recover(hash, json.bytesAt(where, ".signature")), json.addressAt(".committer"));

            bytes[] memory transactions = json.bytesArrayAt(where, ".transactions");
            for (uint256 j; j < transactions.length; ++j) {
                bytes memory encoded = json.bytesAt(where, ".encoded");
                assertEq(harness.transactionAt(list, encoded, j), transactions[j]);
            }
        }
    }

    function test_decode_shouldRevertForWhatIsNotExactlyOneBlockCommitment() external view {
        bytes[] memory payloads = json.bytesArrayAt("", ".badBlockPayloads");
        assertEq(payloads.length, 16);
        for (uint256 i; i < payloads.length; ++i) {
            (bool decoded,) = address(harness).staticcall(abi.encodeCall(harness.decodeBlock, (payloads[i])));
            assertTrue(!decoded, "refused");
        }
    }

    function test_decode_shouldRevertForWhatIsNotExactlyOneInclusionList() external view {
        bytes[] memory payloads = json.bytesArrayAt("", ".badListPayloads");
        assertEq(payloads.length, 8);
        for (uint256 i; i < payloads.length; ++i) {
            (bool decoded,) = address(harness).staticcall(abi.encodeCall(harness.decodeList, (payloads[i])));
            assertTrue(!decoded, "refused");
        }
    }

    function testFuzz_decode_isTheInverseOfEncode(BlockCommitments.BlockCommitment calldata commitment)
        external
        view
    {
        bytes memory payload = BlockCommitments.encode(commitment);
        (bool decoded, bytes memory result) =
            address(harness).staticcall(abi.encodeCall(harness.decodeBlock, (payload)));
        bool hasZero = commitment.l2ChainId == 0 || commitment.blockNumber == 0
            || commitment.parentBlockHash == 0 || commitment.transactionsRoot == 0
            || commitment.windowEnd == 0;
        assertTrue(decoded != hasZero, "decodes unless a field is zero");
        if (decoded) assertEq(result, payload);
    }

    function testFuzz_hash_tellsEveryBitOfThePromiseAndItsDomain(uint256 bit, uint8 part) external view {
        bytes memory payload = json.bytesAt(".blockCommitments[0]", ".payload");
        Promises.Domain memory domain = domainOf();
        bytes32 hash = Promises.hash(domain, BlockCommitments.COMMITMENT_TYPE, payload);
        uint64 commitmentType = BlockCommitments.COMMITMENT_TYPE;
        part = uint8(bound(part, 0, 5));
        bytes32 flip = bytes32(uint256(1) << bit % 256);
        if (part == 0) payload[bit % payload.length] ^= bytes1(uint8(1 << (bit >> 8) % 8));
        if (part == 1) domain.slasher = address(uint160(domain.slasher) ^ uint160(1 << bit % 160));
        if (part == 2) domain.signingId ^= flip;
        if (part == 3) domain.chainId ^= flip;
        if (part == 4) domain.signingDomain ^= flip;
        if (part == 5) commitmentType ^= uint64(1 << bit % 64);
        assertTrue(Promises.hash(domain, commitmentType, payload) != hash, "another hash");
    }

    function test_transactionAt_shouldRevertForOtherTransactions() external {
        string memory where = Vectors.item(".inclusionLists", 2);
        InclusionLists.InclusionList memory list;
        bytes memory encoded = json.bytesAt(where, ".encoded");
        list.transactionsHash = keccak256(bytes.concat(encoded, hex"00"));
        vm.expectRevert(InclusionLists.WrongTransactions.selector);
        harness.transactionAt(list, encoded, 0);

        bytes memory tooLarge = new bytes(InclusionLists.MAX_TRANSACTIONS_SIZE + 1);
        list.transactionsHash = keccak256(tooLarge);
        vm.expectRevert(InclusionLists.InclusionListTooLarge.selector);
        harness.transactionAt(list, tooLarge, 0);
    }
}
