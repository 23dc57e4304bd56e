// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IProposerRegistry } from "../../../src/l1/registry/IProposerRegistry.sol";
import { ProposerRegistry } from "../../../src/l1/registry/ProposerRegistry.sol";
import { SigningRoots } from "../../../src/l1/registry/SigningRoots.sol";
import { Test } from "../../support/Test.sol";
import { BlsSigner } from "./BlsSigner.sol";
import { ObedientSlasher } from "./TestSlashers.sol";

/// @notice A registry, an owner with three validator keys, a committer and a slasher.
abstract contract RegistryFixture is Test {
    uint80 internal constant MIN = 1 ether;
    uint80 internal constant BOND = 3 ether;
    // All different, so that no window passes for another.
    uint32 internal constant FRAUD_PROOF_WINDOW = 5000;
    uint32 internal constant UNREGISTRATION_DELAY = 20_000;
    uint32 internal constant SLASH_WINDOW = 9000;
    uint32 internal constant OPT_IN_DELAY = 3000;
    bytes32 internal constant DOMAIN = 0x6d6d6f43719103511efa4f1362ff2a50996cccf329cc84cb410c5e5c7d351d03;
    uint256 internal constant START = 1_800_000_000;

    address internal constant OWNER = address(0x0123);
    address internal constant STRANGER = address(0xBAD);
    address internal constant CHALLENGER = address(0xC4A1);
    address internal constant USER = address(0x05E2);
    uint256 internal constant COMMITTER_KEY = 0xC0DE;
    uint256 internal constant DELEGATE_KEY = 0xDE1E;
    /// @dev Secret keys of the owner's validators: this and the next two.
    uint256 internal constant VALIDATOR = 1_000_001;

    ProposerRegistry internal registry;
    ObedientSlasher internal slasher;

    function setUp() public virtual {
        vm.warp(START);
        registry = new ProposerRegistry(config());
        slasher = new ObedientSlasher(BOND);
        vm.deal(OWNER, 1_000_000 ether);
        vm.deal(STRANGER, 1_000_000 ether);
    }

    function config() internal view returns (IProposerRegistry.Config memory) {
        return IProposerRegistry.Config({
            minCollateralWei: MIN,
            fraudProofWindow: FRAUD_PROOF_WINDOW,
            unregistrationDelay: UNREGISTRATION_DELAY,
            slashWindow: SLASH_WINDOW,
            optInDelay: OPT_IN_DELAY,
            signingDomain: DOMAIN,
            chainId: SigningRoots.littleEndian(block.chainid)
        });
    }

    function committer() internal pure returns (address) {
        return vm.addr(COMMITTER_KEY);
    }

    function delegate() internal pure returns (address) {
        return vm.addr(DELEGATE_KEY);
    }

    function signingRoot(bytes32 root, uint64 nonce) internal view returns (bytes32) {
        return SigningRoots.signingRoot(
            root, nonce, registry.requiredSigningId(), SigningRoots.littleEndian(block.chainid), DOMAIN
        );
    }

    /// @dev Signed for `owner` by the secret key, with nonce 0.
    function signRegistration(uint256 secretKey, address owner)
        internal
        view
        returns (IProposerRegistry.SignedRegistration memory)
    {
        return IProposerRegistry.SignedRegistration({
            pubkey: BlsSigner.pubkeyOf(secretKey),
            signature: BlsSigner.sign(secretKey, signingRoot(SigningRoots.registrationRoot(owner), 0)),
            nonce: 0
        });
    }

    /// @dev By `count` secret keys from `firstKey` on.
    function signRegistrations(uint256 firstKey, uint256 count, address owner)
        internal
        view
        returns (IProposerRegistry.SignedRegistration[] memory registrations)
    {
        registrations = new IProposerRegistry.SignedRegistration[](count);
        for (uint256 i; i < count; ++i) {
            registrations[i] = signRegistration(firstKey + i, owner);
        }
    }

    function ownRegistrations() internal view returns (IProposerRegistry.SignedRegistration[] memory) {
        return signRegistrations(VALIDATOR, 3, OWNER);
    }

    function register(
        IProposerRegistry.SignedRegistration[] memory registrations,
        address owner,
        uint256 wei_
    ) internal returns (bytes32) {
        bytes32 signingId = registry.requiredSigningId();
        vm.prank(OWNER);
        return registry.register{ value: wei_ }(registrations, owner, signingId);
    }

    /// @dev The owner's three keys, with ten ether.
    function register() internal returns (bytes32) {
        return register(ownRegistrations(), OWNER, 10 ether);
    }

    function proofOf(
        IProposerRegistry.SignedRegistration[] memory registrations,
        address owner,
        uint256 index
    ) internal view returns (IProposerRegistry.RegistrationProof memory) {
        return registry.getRegistrationProof(registrations, owner, index, registry.requiredSigningId());
    }

    /// @dev Of the owner's first key.
    function ownProof() internal view returns (IProposerRegistry.RegistrationProof memory) {
        return proofOf(ownRegistrations(), OWNER, 0);
    }

    function registerPastWindow() internal returns (bytes32 root) {
        root = register();
        vm.warp(block.timestamp + FRAUD_PROOF_WINDOW);
    }

    function optIn(bytes32 root) internal {
        vm.prank(OWNER);
        registry.optInToSlasher(root, address(slasher), committer());
    }

    function optOut(bytes32 root) internal {
        vm.prank(OWNER);
        registry.optOutOfSlasher(root, address(slasher));
    }

    function unregister(bytes32 root) internal {
        vm.prank(OWNER);
        registry.unregister(root);
    }

    function claim(bytes32 root) internal {
        vm.prank(OWNER);
        registry.claimCollateral(root);
    }

    /// @dev Registered with ten ether, opted in with three of them.
    function optedIn() internal returns (bytes32 root) {
        root = registerPastWindow();
        optIn(root);
        vm.warp(block.timestamp + 1);
    }

    function signCommitment(uint256 key, IProposerRegistry.Commitment memory commitment, uint64 nonce)
        internal
        view
        returns (IProposerRegistry.SignedCommitment memory)
    {
        bytes32 signed = signingRoot(SigningRoots.commitmentRoot(commitment), nonce);
        return IProposerRegistry.SignedCommitment({
            commitment: commitment,
            nonce: nonce,
            signingId: registry.requiredSigningId(),
            signature: signEcdsa(key, signed)
        });
    }

    function signEcdsa(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function commitTo(address slasher_, bytes memory payload)
        internal
        pure
        returns (IProposerRegistry.Commitment memory)
    {
        return IProposerRegistry.Commitment(2, payload, bytes32(0), slasher_);
    }

    /// @dev A commitment by the owner's committer.
    function ownCommitment() internal view returns (IProposerRegistry.SignedCommitment memory) {
        return signCommitment(COMMITTER_KEY, commitTo(address(slasher), "promise"), 0);
    }

    function evidence(uint256 amountWei, address harmedUser, bytes32 fault)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encode(amountWei, harmedUser, fault);
    }

    function slash(bytes32 root, uint256 amountWei, bytes32 fault) internal returns (uint256) {
        return slash(root, ownCommitment(), evidence(amountWei, address(0), fault));
    }

    function slash(bytes32 root, IProposerRegistry.SignedCommitment memory commitment, bytes memory evidence_)
        internal
        returns (uint256)
    {
        vm.prank(CHALLENGER);
        return registry.slashCommitment(root, commitment, evidence_);
    }

    /// @dev Of slot 77, by the owner's first validator to a delegate, for the slasher.
    function ownDelegation() internal view returns (IProposerRegistry.Delegation memory) {
        return IProposerRegistry.Delegation({
            proposer: BlsSigner.pubkeyOf(VALIDATOR),
            delegate: BlsSigner.pubkeyOf(2_000_002),
            committer: delegate(),
            slot: 77,
            metadata: abi.encodePacked(address(slasher), "more")
        });
    }

    function signDelegation(uint256 secretKey, IProposerRegistry.Delegation memory delegation)
        internal
        view
        returns (IProposerRegistry.SignedDelegation memory)
    {
        bytes32 signed = signingRoot(SigningRoots.delegationRoot(delegation), 5);
        return IProposerRegistry.SignedDelegation({
            delegation: delegation,
            nonce: 5,
            signingId: registry.requiredSigningId(),
            signature: BlsSigner.sign(secretKey, signed)
        });
    }

    function collateralOf(bytes32 root) internal view returns (uint256) {
        return registry.getOperatorData(root).collateralWei;
    }

    function committerNow(bytes32 root) internal view returns (address) {
        return registry.committerAt(root, address(slasher), uint48(block.timestamp));
    }
}
