// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BlockHeader } from "@openzeppelin/contracts/utils/BlockHeader.sol";
import { Memory } from "@openzeppelin/contracts/utils/Memory.sol";
import { L2Headers } from "../../../src/l1/preconf/L2Headers.sol";
import { CheckpointStore } from "../../../src/shared/CheckpointStore.sol";
import { ICheckpointStore } from "../../../src/shared/ICheckpointStore.sol";
import { L2HeaderBuilder } from "../../support/L2HeaderBuilder.sol";
import { Test } from "../../support/Test.sol";

contract L2HeadersHarness is L2Headers {
    constructor(ICheckpointStore store) L2Headers(store) { }

    function readBlock(bytes memory header) external pure returns (L2Block memory) {
        return _readBlock(header);
    }

    function verifyChain(bytes[] memory headers) external view returns (uint256) {
        return _verifyChain(headers);
    }
}

/// @notice Against OpenZeppelin's decoder, for headers with fields of every length.
contract L2HeadersTest is Test {
    using BlockHeader for Memory.Slice[];

    CheckpointStore private store;
    L2HeadersHarness private harness;

    function setUp() external {
        store = new CheckpointStore(address(this));
        harness = new L2HeadersHarness(store);
    }

    /// @dev `length` bits of each number.
    function shorten(L2HeaderBuilder.Header memory header, uint8 length) private pure {
        uint64 mask = uint64((uint256(1) << length % 65) - 1);
        header.difficulty &= mask;
        header.number &= mask;
        header.gasLimit &= mask;
        header.gasUsed &= mask;
        header.timestamp &= mask;
        header.baseFee &= mask;
    }

    function testFuzz_readBlock_agreesWithOpenZeppelin(
        L2HeaderBuilder.Header memory header,
        uint8 length,
        uint48 proposalId
    ) external view {
        shorten(header, length);
        header.extraData = abi.encodePacked(uint8(75), proposalId);
        bytes memory encoded = L2HeaderBuilder.encode(header);
        L2Headers.L2Block memory l2Block = harness.readBlock(encoded);
        Memory.Slice[] memory fields = BlockHeader.parseHeader(encoded);
        assertEq(l2Block.number, fields.getNumber());
        assertEq(l2Block.parentHash, fields.getParentHash());
        assertEq(l2Block.stateRoot, fields.getStateRoot());
        assertEq(l2Block.transactionsRoot, fields.getTransactionsRoot());
        assertEq(l2Block.zkGasUsed, fields.getDifficulty());
        assertEq(l2Block.gasLimit, fields.getGasLimit());
        assertEq(l2Block.gasUsed, fields.getGasUsed());
        assertEq(l2Block.baseFee, fields.getBaseFeePerGas());
        assertEq(l2Block.proposalId, proposalId);
    }

    function testFuzz_readBlock_shouldRevertForTheExtraDataOfOtherForks(
        L2HeaderBuilder.Header memory header,
        uint8 size
    ) external {
        vm.assume(size != 7 && size <= 32);
        header.extraData = new bytes(size);
        if (size == 1) header.extraData[0] = 0x87; // else it would be its own prefix
        bytes memory encoded = L2HeaderBuilder.encode(header);
        vm.expectRevert(L2Headers.InvalidExtraData.selector);
        harness.readBlock(encoded);
    }

    function testFuzz_verifyChain_acceptsTheCheckpointItself(
        L2HeaderBuilder.Header memory header,
        uint48 number
    ) external {
        vm.assume(number != 0);
        header.number = number;
        header.extraData = new bytes(7);
        bytes[] memory chain = new bytes[](1);
        chain[0] = L2HeaderBuilder.encode(header);
        vm.expectRevert(L2Headers.BrokenHeaderChain.selector);
        harness.verifyChain(chain);
        store.saveCheckpoint(
            ICheckpointStore.Checkpoint({
                blockNumber: number, blockHash: keccak256(chain[0]), stateRoot: bytes32(uint256(1))
            })
        );
        assertEq(harness.verifyChain(chain), number);
    }

    /// @dev Foreign bytes never pass for a header, and never do worse than revert.
    function testFuzz_verifyChain_shouldRevertForForeignBytes(bytes memory foreign, bool isTwice)
        external
        view
    {
        bytes[] memory chain = new bytes[](isTwice ? 2 : 1);
        chain[0] = foreign;
        if (isTwice) chain[1] = foreign;
        try harness.verifyChain(chain) {
            assertTrue(false, "refused");
        } catch { }
    }
}
