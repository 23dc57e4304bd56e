// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IProposerRegistry } from "../../../src/l1/registry/IProposerRegistry.sol";
import { RegistryFixture } from "./RegistryFixture.sol";
import { QuietSlasher } from "./TestSlashers.sol";

/// @notice Gas of whole transactions, kept in snapshots/.
/// forge-config: default.isolate = true
contract RegistryGasTest is RegistryFixture {
    string private constant GROUP = "ProposerRegistry";

    function setUp() public override {
        super.setUp();
        slasher = new QuietSlasher(BOND);
    }

    function measureRegister(uint256 count, string memory name) private {
        register(signRegistrations(VALIDATOR, count, OWNER), OWNER, MIN);
        vm.snapshotGasLastCall(GROUP, name);
    }

    function test_gas_registerOne() external {
        measureRegister(1, "register, one key");
    }

    function test_gas_registerTen() external {
        measureRegister(10, "register, 10 keys");
    }

    function test_gas_registerHundred() external {
        measureRegister(100, "register, 100 keys");
    }

    function test_gas_optIn() external {
        bytes32 root = registerPastWindow();
        optIn(root);
        vm.snapshotGasLastCall(GROUP, "optInToSlasher");
    }

    function test_gas_slashCommitment() external {
        bytes32 root = optedIn();
        slash(root, ownCommitment(), evidence(1 ether, USER, "fault"));
        vm.snapshotGasLastCall(GROUP, "slashCommitment, own committer, without the slasher's part");
    }

    function test_gas_slashDelegatedCommitment() external {
        optedIn();
        IProposerRegistry.RegistrationProof memory proof = ownProof();
        IProposerRegistry.SignedDelegation memory delegation = signDelegation(VALIDATOR, ownDelegation());
        IProposerRegistry.SignedCommitment memory commitment =
            signCommitment(DELEGATE_KEY, commitTo(address(slasher), "promise"), 0);
        vm.prank(CHALLENGER);
        registry.slashCommitment(proof, delegation, commitment, evidence(1 ether, USER, "fault"));
        vm.snapshotGasLastCall(GROUP, "slashCommitment, delegated, without the slasher's part");
    }

    function test_gas_slashEquivocation() external {
        optedIn();
        IProposerRegistry.Delegation memory other = ownDelegation();
        other.committer = STRANGER;
        IProposerRegistry.RegistrationProof memory proof = ownProof();
        IProposerRegistry.SignedDelegation memory one = signDelegation(VALIDATOR, ownDelegation());
        IProposerRegistry.SignedDelegation memory two = signDelegation(VALIDATOR, other);
        vm.prank(CHALLENGER);
        registry.slashEquivocation(proof, one, two);
        vm.snapshotGasLastCall(GROUP, "slashEquivocation");
    }

    /// @dev The hundredth of a hundred keys, signed for someone else.
    function test_gas_slashRegistration() external {
        IProposerRegistry.SignedRegistration[] memory registrations = signRegistrations(VALIDATOR, 100, OWNER);
        registrations[99] = signRegistration(VALIDATOR, STRANGER);
        register(registrations, OWNER, MIN);
        IProposerRegistry.RegistrationProof memory proof = proofOf(registrations, OWNER, 99);
        vm.prank(CHALLENGER);
        registry.slashRegistration(proof);
        vm.snapshotGasLastCall(GROUP, "slashRegistration, one of 100 keys");
    }
}
