// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { OpenSchedule } from "../../src/l1/OpenSchedule.sol";
import { BeaconClock } from "../../src/l1/lookahead/BeaconClock.sol";
import { BeaconProofs } from "../../src/l1/lookahead/BeaconProofs.sol";
import { LookaheadSchedule } from "../../src/l1/lookahead/LookaheadSchedule.sol";
import { ValidatorMap } from "../../src/l1/lookahead/ValidatorMap.sol";
import { BlsPubkeys } from "../../src/l1/registry/BlsPubkeys.sol";
import { IProposerRegistry } from "../../src/l1/registry/IProposerRegistry.sol";
import { ISlasher } from "../../src/l1/registry/ISlasher.sol";
import { ProposerRegistry } from "../../src/l1/registry/ProposerRegistry.sol";
import { SigningRoots } from "../../src/l1/registry/SigningRoots.sol";
import { BlsSigner } from "../l1/registry/BlsSigner.sol";
import { BeaconProofsHarness } from "./BeaconProofsHarness.sol";
import { BeaconVectors } from "./BeaconVectors.sol";
import { Eip4788 } from "./Eip4788.sol";
import { InboxFixture } from "./InboxFixture.sol";

/// @notice Finds every commitment broken.
contract HarshSlasher is ISlasher {
    uint256 public constant requiredBondWei = 1 ether;

    function slash(
        IProposerRegistry.Delegation calldata,
        IProposerRegistry.Commitment calldata commitment,
        address,
        bytes calldata,
        address
    ) external pure returns (uint256, address, bytes32) {
        return (requiredBondWei, address(0), keccak256(commitment.payload));
    }
}

/// @notice An L1 with its beacon chain, a registry with operators, and a schedule over both. Beacon roots are kept by the
///         code of EIP-4788 itself. States are made up: of each only what is proven, and a branch of noise up to its root.
abstract contract LookaheadFixture is InboxFixture, BeaconVectors {
    struct Operator {
        uint256 secretKey;
        address owner;
        uint256 committerKey;
        address committer;
        bytes32 root;
        IProposerRegistry.RegistrationProof proof;
    }

    uint48 internal constant BEACON_GENESIS = 1_606_824_023;
    uint48 internal constant SLOT_SECONDS = 12;
    uint48 internal constant EPOCH_SLOTS = 32;
    uint48 internal constant EPOCH_SECONDS = EPOCH_SLOTS * SLOT_SECONDS;
    /// @dev Where tests begin, in Fulu.
    uint256 internal constant EPOCH = 420_000;
    uint32 internal constant FRAUD_WINDOW = 1 days;
    uint32 internal constant OPT_IN_DELAY = 3 * uint32(EPOCH_SECONDS);
    /// @dev Holesky's, of preconf.md.
    bytes32 private constant SIGNING_DOMAIN =
        0x6d6d6f435b83a23759c560b2d0c64576e1dcfc34ea94c4988f3e0d9f77f05387;

    BeaconProofsHarness internal beacon;
    ProposerRegistry internal registry;
    HarshSlasher internal slasher;
    ValidatorMap internal validatorMap;
    LookaheadSchedule internal schedule;

    function setUp() public virtual override {
        vm.roll(1000);
        enterSlot(EPOCH, 1);
        Eip4788.deploy();
        beacon = new BeaconProofsHarness();
        slasher = new HarshSlasher();
        deployRegistry(FRAUD_WINDOW, 2 days, OPT_IN_DELAY);
        deploySchedule(type(uint64).max, EPOCH_SLOTS);
        inbox = deployInbox(schedule);
    }

    function deployRegistry(uint32 fraudWindow, uint32 slashWindow, uint32 optInDelay) internal {
        registry = new ProposerRegistry(
            IProposerRegistry.Config({
                minCollateralWei: 0.1 ether,
                fraudProofWindow: fraudWindow,
                unregistrationDelay: 2 * (fraudWindow + slashWindow),
                slashWindow: slashWindow,
                optInDelay: optInDelay,
                signingDomain: SIGNING_DOMAIN,
                chainId: SigningRoots.littleEndian(block.chainid)
            })
        );
    }

    function deploySchedule(uint64 gloasForkEpoch, uint48 slotsPerEpoch) internal {
        validatorMap = new ValidatorMap(
            registry,
            BeaconClock.BeaconSettings({
                beaconRoots: Eip4788.ADDRESS,
                beaconGenesis: BEACON_GENESIS,
                secondsPerSlot: SLOT_SECONDS,
                slotsPerEpoch: slotsPerEpoch,
                gloasForkEpoch: gloasForkEpoch
            })
        );
        schedule = new LookaheadSchedule(validatorMap, address(slasher), new OpenSchedule());
    }

    // Time

    function startOf(uint256 epoch) internal pure returns (uint48) {
        return uint48(BEACON_GENESIS + epoch * EPOCH_SECONDS);
    }

    function timeOf(uint256 epoch, uint256 slotInEpoch) internal pure returns (uint48) {
        return uint48(startOf(epoch) + slotInEpoch * SLOT_SECONDS);
    }

    /// @dev In a new L1 block.
    function enterSlot(uint256 epoch, uint256 slotInEpoch) internal {
        vm.setBlockhash(block.number, blockHashOf(block.number));
        vm.roll(block.number + 1);
        vm.warp(timeOf(epoch, slotInEpoch));
    }

    // Operators

    function register(uint256 secretKey, address owner, uint64 nonce)
        internal
        returns (IProposerRegistry.RegistrationProof memory)
    {
        return register(secretKey, secretKey, owner, nonce);
    }

    /// @param signer The key itself, or a thief's.
    function register(uint256 secretKey, uint256 signer, address owner, uint64 nonce)
        internal
        returns (IProposerRegistry.RegistrationProof memory)
    {
        bytes32 signingId = registry.requiredSigningId();
        bytes32 message = SigningRoots.signingRoot(
            SigningRoots.registrationRoot(owner),
            nonce,
            signingId,
            SigningRoots.littleEndian(block.chainid),
            SIGNING_DOMAIN
        );
        IProposerRegistry.SignedRegistration[] memory registrations =
            new IProposerRegistry.SignedRegistration[](1);
        registrations[0] = IProposerRegistry.SignedRegistration({
            pubkey: BlsSigner.pubkeyOf(secretKey), signature: BlsSigner.sign(signer, message), nonce: nonce
        });
        vm.deal(owner, owner.balance + 2 ether);
        vm.prank(owner);
        registry.register{ value: 2 ether }(registrations, owner, signingId);
        return registry.getRegistrationProof(registrations, owner, 0, signingId);
    }

    /// @dev Registers operator number `i`, whose one validator key is his number too.
    function registerOperator(uint256 i) internal returns (Operator memory operator) {
        operator.secretKey = 1000 + i;
        operator.owner = address(uint160(0x0E0000 + i));
        operator.committerKey = 2000 + i;
        operator.committer = vm.addr(operator.committerKey);
        operator.proof = register(operator.secretKey, operator.owner, 0);
        operator.root = operator.proof.registrationRoot;
    }

    function optIn(Operator memory operator) internal {
        vm.prank(operator.owner);
        registry.optInToSlasher(operator.root, address(slasher), operator.committer);
    }

    function optOut(Operator memory operator) internal {
        vm.prank(operator.owner);
        registry.optOutOfSlasher(operator.root, address(slasher));
    }

    /// @dev For a commitment that nothing was wrong with but its judge.
    function slash(Operator memory operator) internal {
        IProposerRegistry.SignedCommitment memory signed;
        signed.commitment = IProposerRegistry.Commitment({
            commitmentType: 1, payload: abi.encode(block.timestamp), requestHash: 0, slasher: address(slasher)
        });
        signed.signingId = registry.requiredSigningId();
        bytes32 digest = SigningRoots.signingRoot(
            SigningRoots.commitmentRoot(signed.commitment),
            0,
            signed.signingId,
            SigningRoots.littleEndian(block.chainid),
            SIGNING_DOMAIN
        );
        signed.signature = signature(operator.committerKey, digest);
        registry.slashCommitment(operator.root, signed, "");
    }

    /// @dev Of operators 0 to `count` - 1, registered and opted in long ago, whose validators are 100, 101 …
    function foundOperators(uint256 count) internal returns (Operator[] memory operators) {
        operators = new Operator[](count);
        uint256 epoch = EPOCH - 1000;
        enterSlot(epoch, 1);
        for (uint256 i; i < count; ++i) {
            operators[i] = registerOperator(i);
        }
        vm.warp(block.timestamp + FRAUD_WINDOW);
        for (uint256 i; i < count; ++i) {
            optIn(operators[i]);
            claim(operators[i].proof, operators[i].owner, uint64(100 + i));
        }
        enterSlot(EPOCH, 1);
    }

    // Beacon chain

    /// @dev As at the beginning of the execution block at `timestamp`.
    function storeBeaconRoot(uint256 timestamp, bytes32 root) internal {
        uint256 present = block.timestamp;
        vm.warp(timestamp);
        Eip4788.store(root);
        vm.warp(present);
    }

    /// @dev A block whose state has `leaf` at `gindex`; its root is there at the next slot's timestamp.
    function makeHeader(uint256 slot, bytes32 leaf, uint256 gindex)
        internal
        returns (BeaconProofs.BeaconBlockHeader memory header, uint256 timestamp, bytes32[] memory branch)
    {
        uint256 depth;
        for (uint256 node = gindex; node > 1; node /= 2) {
            ++depth;
        }
        branch = new bytes32[](depth);
        bytes32 stateRoot = leaf;
        for (uint256 i; i < depth; ++i) {
            branch[i] = keccak256(abi.encode("sibling", slot, i));
            stateRoot = (gindex >> i) % 2 == 0
                ? sha256(abi.encodePacked(stateRoot, branch[i]))
                : sha256(abi.encodePacked(branch[i], stateRoot));
        }
        header = BeaconProofs.BeaconBlockHeader({
            slot: uint64(slot),
            proposerIndex: 7,
            parentRoot: keccak256(abi.encode("parent", slot)),
            stateRoot: stateRoot,
            bodyRoot: keccak256(abi.encode("body", slot))
        });
        timestamp = BEACON_GENESIS + (slot + 1) * SLOT_SECONDS;
        storeBeaconRoot(timestamp, beacon.hashHeader(header));
    }

    /// @dev By its owner, with a state of the slot before.
    function claim(IProposerRegistry.RegistrationProof memory proof, address owner, uint64 validatorIndex)
        internal
    {
        (BeaconProofs.BeaconBlockHeader memory header, uint256 timestamp, bytes32[] memory branch) =
            keyProof(proof, validatorIndex);
        vm.prank(owner);
        validatorMap.claim(proof, validatorIndex, header, timestamp, branch);
    }

    function keyProof(IProposerRegistry.RegistrationProof memory proof, uint64 validatorIndex)
        internal
        returns (BeaconProofs.BeaconBlockHeader memory, uint256, bytes32[] memory)
    {
        bytes32 leaf = sha256(bytes.concat(BlsPubkeys.compress(proof.registration.pubkey), bytes16(0)));
        uint256 slot = (block.timestamp - BEACON_GENESIS) / SLOT_SECONDS - 1;
        return makeHeader(slot, leaf, beacon.pubkeyGindex(validatorIndex, false));
    }

    /// @dev Stores the lookahead of an epoch, from the state of its first slot.
    function proveLookahead(uint256 epoch, bytes memory lookahead) internal {
        (BeaconProofs.BeaconBlockHeader memory header, uint256 timestamp, bytes32[] memory branch) = makeHeader(
            epoch * EPOCH_SLOTS, beacon.hashUint64Vector(lookahead), BeaconProofs.PROPOSER_LOOKAHEAD_FULU
        );
        schedule.proveLookahead(header, timestamp, lookahead, branch);
    }

    /// @dev Two epochs of slots of a validator that nobody claimed.
    function emptyLookahead() internal pure returns (bytes memory lookahead) {
        lookahead = new bytes(16 * EPOCH_SLOTS);
        for (uint256 i; i < 2 * EPOCH_SLOTS; ++i) {
            setProposer(lookahead, i, 1_000_000);
        }
    }

    function setProposer(bytes memory lookahead, uint256 i, uint64 validatorIndex) internal pure {
        for (uint256 j; j < 8; ++j) {
            lookahead[8 * i + j] = bytes1(uint8(validatorIndex >> 8 * j));
        }
    }
}
