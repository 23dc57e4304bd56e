// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { LookaheadFixture } from "../../support/LookaheadFixture.sol";

/// @notice Gas of whole transactions, kept in snapshots/.
/// forge-config: default.isolate = true
contract LookaheadGasTest is LookaheadFixture {
    address private constant ANYONE = address(0xA27);

    function measureCheck(address proposer, bytes memory lookahead, string memory name)
        private
        returns (uint256)
    {
        schedule.checkProposer(proposer, lookahead);
        return vm.snapshotGasLastCall("LookaheadSchedule", name);
    }

    function test_gas_proveLookahead() external {
        StateVector memory v = loadState("mainnet", "fulu");
        uint256 timestamp = block.timestamp;
        storeBeaconRoot(timestamp, v.root);
        schedule.proveLookahead(v.header, timestamp, v.lookahead, v.branch);
        vm.snapshotGasLastCall("LookaheadSchedule", "proveLookahead");
    }

    function test_gas_claim() external {
        Operator memory operator = registerOperator(0);
        claim(operator.proof, operator.owner, 1_234_567);
        vm.snapshotGasLastCall("ValidatorMap", "claim");
    }

    function test_gas_checkProposer_ofTheSlotsOwnProposer() external {
        Operator[] memory operators = foundOperators(1);
        bytes memory lookahead = emptyLookahead();
        setProposer(lookahead, 1, 100);
        proveLookahead(EPOCH, lookahead);
        measureCheck(operators[0].committer, lookahead, "checkProposer, first slot looked at");
    }

    function test_gas_checkProposer_behind31Strangers() external {
        Operator[] memory operators = foundOperators(1);
        bytes memory lookahead = emptyLookahead();
        setProposer(lookahead, 31, 100);
        proveLookahead(EPOCH, lookahead);
        enterSlot(EPOCH, 0);
        measureCheck(operators[0].committer, lookahead, "checkProposer, 32nd slot looked at");
    }

    /// @dev Nothing takes longer: every slot of two epochs belongs to somebody who claimed it and counts no more.
    function test_gas_checkProposer_behind64WhoOptedOut() external {
        Operator[] memory operators = foundOperators(2 * EPOCH_SLOTS);
        bytes memory lookahead = emptyLookahead();
        for (uint256 i; i < operators.length; ++i) {
            optOut(operators[i]);
            setProposer(lookahead, i, uint64(100 + i));
        }
        enterSlot(EPOCH + 2, 0);
        proveLookahead(EPOCH + 2, lookahead);
        uint256 used = measureCheck(ANYONE, lookahead, "checkProposer, 64 slots whose operators opted out");
        assertTrue(used < 1_250_000, "bounded");
    }
}
