// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BlsPoints } from "./BlsPoints.sol";

/// @title IProposerRegistry
/// @notice Where L1 proposers opt in to slashing. The ABI is that of the Universal Registry Contract's `signing-domain`
///         branch; what it does wrong is mended here, and each change is named where it stands.
interface IProposerRegistry {
    enum SlashingType {
        Fraud,
        Equivocation,
        Commitment
    }

    struct Config {
        /// @notice Part of every operator's collateral that answers for its registrations and delegations; never locked for
        ///         a slasher.
        uint80 minCollateralWei;
        /// @notice Seconds after registering in which signatures can be challenged, and nothing else be done but adding
        ///         collateral.
        uint32 fraudProofWindow;
        /// @notice Seconds between unregistering and taking the collateral out; longer than `slashWindow` and
        ///         `fraudProofWindow`.
        uint32 unregistrationDelay;
        /// @notice Seconds after opting out of a slasher in which it can still slash.
        uint32 slashWindow;
        /// @notice Seconds between opting in and opting out, and between opting out and in again (which also waits for the
        ///         end of `slashWindow`).
        uint32 optInDelay;
        /// @notice Commit-Boost's domain of this L1: 0x6d6d6f43 ‖ fork data root[0:28].
        bytes32 signingDomain;
        /// @notice L1 chain id as SSZ has it: little-endian uint256.
        bytes32 chainId;
    }

    struct SignedRegistration {
        BlsPoints.G1Point pubkey;
        /// @notice By the validator key over the registration root (message type 1), with `nonce`.
        BlsPoints.G2Point signature;
        uint64 nonce;
    }

    struct RegistrationProof {
        bytes32 registrationRoot;
        SignedRegistration registration;
        bytes32[] merkleProof;
        bytes32 signingId;
    }

    struct OperatorData {
        address owner;
        uint80 collateralWei;
        uint16 numKeys;
        uint48 registeredAt;
        /// @notice type(uint48).max while registered. Registration fraud and delegation equivocation unregister, too.
        uint48 unregisteredAt;
        /// @notice Of the last slashing of any kind; 0 for none. Says nothing about what can still be slashed.
        uint48 slashedAt;
        /// @notice Unregistered, and what was left of the collateral taken out.
        bool deleted;
        bool equivocated;
    }

    struct SlasherCommitment {
        address committer;
        uint48 optedInAt;
        /// @notice 0 while opted in.
        uint48 optedOutAt;
        /// @notice When a slashing first left less than the bond of the opt-in; 0 before. The operator no longer counts then.
        uint48 slashedAt;
        /// @notice What is left of the bond locked at opt-in, in wei; 0 once the slasher can slash no more.
        uint80 bondWei;
    }

    struct Delegation {
        BlsPoints.G1Point proposer;
        BlsPoints.G1Point delegate;
        address committer;
        uint64 slot;
        /// @notice Begins with the 20 bytes of the slasher that the committer's commitments answer to.
        bytes metadata;
    }

    struct SignedDelegation {
        Delegation delegation;
        uint64 nonce;
        bytes32 signingId;
        BlsPoints.G2Point signature;
    }

    struct Commitment {
        uint64 commitmentType;
        bytes payload;
        bytes32 requestHash;
        address slasher;
    }

    struct SignedCommitment {
        Commitment commitment;
        uint64 nonce;
        bytes32 signingId;
        /// @notice r ‖ s ‖ v, 65 bytes, v in {27, 28}, s in the lower half.
        bytes signature;
    }

    event OperatorRegistered(bytes32 indexed registrationRoot, uint256 collateralWei, address owner);
    /// @notice All that a challenge of the operator's signatures needs.
    event KeysRegistered(bytes32 indexed registrationRoot, SignedRegistration[] registrations);
    /// @notice `slasher` is the registry itself unless a commitment was broken; `slashAmountWei` counts what was burned and
    ///         what was rewarded.
    event OperatorSlashed(
        SlashingType slashingType,
        bytes32 indexed registrationRoot,
        address owner,
        address challenger,
        address indexed slasher,
        uint256 slashAmountWei
    );
    event OperatorUnregistered(bytes32 indexed registrationRoot);
    event CollateralClaimed(bytes32 indexed registrationRoot, uint256 collateralWei);
    event CollateralAdded(bytes32 indexed registrationRoot, uint256 collateralWei);
    event OperatorOptedIn(
        bytes32 indexed registrationRoot, address indexed slasher, address indexed committer
    );
    event OperatorOptedOut(bytes32 indexed registrationRoot, address indexed slasher);
    /// @notice Part of a slashed amount waits for its receiver; the rest was burned.
    event RewardHeld(address indexed receiver, uint256 amountWei);
    event RewardWithdrawn(address indexed receiver, address to, uint256 amountWei);

    error AlreadyEquivocated();
    error AlreadyOptedIn();
    error AlreadyUnregistered();
    error CollateralTooLarge();
    error DelegationsAgree();
    error DelegationToAnotherSlasher();
    error FaultAlreadySlashed();
    error FraudProofWindowOver();
    error FraudProofWindowRunning();
    error FutureLookup();
    error InsufficientCollateral();
    error InvalidConfig();
    error InvalidMerkleProof();
    error InvalidSignature();
    error InvalidSigningId();
    error NothingToClaim();
    error NothingToSlash();
    error NotOperatorOwner();
    error NotOptedIn();
    error NotSlashable();
    error OperatorAlreadyRegistered();
    error OptInDelayRunning();
    error RegistrationIsValid();
    error TooManyOptIns();
    error TransferFailed();
    error UnknownOperator();
    error WrongCommitter();
    error WrongNumberOfKeys();
    error WrongProposer();
    error ZeroAddress();

    /// @notice Makes `owner` the operator of the keys, with the value sent as collateral. Anyone may do it for him: the root
    ///         tells no payer, so that whoever comes first gives the owner his operator and nothing else.
    /// @dev Signatures are not looked at; each that is wrong can be shown during `fraudProofWindow`. A root registers once:
    ///      to come back after leaving, a key signs with another nonce.
    /// @param registrations At least one.
    /// @param signingId `requiredSigningId()`.
    function register(SignedRegistration[] calldata registrations, address owner, bytes32 signingId)
        external
        payable
        returns (bytes32 registrationRoot);
    /// @notice By the owner. The operator counts no more; its bonds answer for `slashWindow` seconds, the rest of its
    ///         collateral for `unregistrationDelay` seconds.
    function unregister(bytes32 registrationRoot) external;
    /// @notice By the owner: `committer` commits for the operator from the next second on, and `slasher` may take the bond it
    ///         asks for. Needs collateral for it beside `minCollateralWei` and the other bonds.
    function optInToSlasher(bytes32 registrationRoot, address slasher, address committer) external;
    /// @notice By the owner, `optInDelay` after opting in. The bond answers for `slashWindow` seconds more.
    function optOutOfSlasher(bytes32 registrationRoot, address slasher) external;
    /// @notice Takes `minCollateralWei` for a registration whose BLS signature is wrong, within `fraudProofWindow`, and
    ///         unregisters the operator. Needs a gas limit of 2.4 million, of which a point that is none uses most.
    function slashRegistration(RegistrationProof calldata proof) external returns (uint256 slashedWei);
    /// @notice Slashes for a commitment by the committer that a validator key of the operator delegated a slot to. Of the
    ///         windows and the bond, as for the operator's own committer. Needs a gas limit of 2.3 million.
    /// @return slashAmountWei What was taken: no more than what the bond still holds.
    function slashCommitment(
        RegistrationProof calldata proof,
        SignedDelegation calldata delegation,
        SignedCommitment calldata commitment,
        bytes calldata evidence
    ) external returns (uint256 slashAmountWei);
    /// @notice Slashes for a commitment by the committer named at opt-in, while opted in and for `slashWindow` after.
    /// @return slashAmountWei What was taken: no more than what the bond still holds.
    function slashCommitment(
        bytes32 registrationRoot,
        SignedCommitment calldata commitment,
        bytes calldata evidence
    ) external returns (uint256 slashAmountWei);
    /// @notice Takes `minCollateralWei`, once, for two delegations of one slot to different delegates or committers, and
    ///         unregisters the operator. Metadata may differ. Needs a gas limit of 2.5 million.
    function slashEquivocation(
        RegistrationProof calldata proof,
        SignedDelegation calldata delegationOne,
        SignedDelegation calldata delegationTwo
    ) external returns (uint256 slashAmountWei);
    /// @notice By anyone, while the operator is registered.
    function addCollateral(bytes32 registrationRoot) external payable;
    /// @notice To the owner: while registered, what neither a slasher may still take nor is `minCollateralWei`;
    ///         `unregistrationDelay` after unregistering, all that is left.
    function claimCollateral(bytes32 registrationRoot) external;
    /// @notice Pays out the caller's rewards from slashings.
    function withdrawReward(address to) external;

    /// @notice What every signature made for this registry carries: keccak256(abi.encode("Plumbline ProposerRegistry",
    ///         chain id, this address)). Commit-Boost's domain has the chain, this has the contract.
    function requiredSigningId() external view returns (bytes32);
    /// @notice What waits for `withdrawReward`, in wei.
    function rewards(address receiver) external view returns (uint256 amountWei);
    function getConfig() external view returns (Config memory);
    function getOperatorData(bytes32 registrationRoot) external view returns (OperatorData memory);
    /// @notice Reverts unless the registration is part of the root.
    function verifyMerkleProof(RegistrationProof calldata proof) external view;
    /// @notice Operator of a proven registration.
    function getVerifiedOperatorData(RegistrationProof calldata proof)
        external
        view
        returns (OperatorData memory);
    /// @notice Reverts unless the registration's BLS signature is right. Takes about 200,000 gas, but a limit of 2.3 million.
    function verifyRegistrationSignature(RegistrationProof calldata proof) external view;
    function getSlasherCommitment(bytes32 registrationRoot, address slasher)
        external
        view
        returns (SlasherCommitment memory);
    function isSlashed(bytes32 registrationRoot) external view returns (bool);
    function isSlashed(bytes32 registrationRoot, address slasher) external view returns (bool);
    /// @notice Whether the operator answers to the slasher now, with its whole bond.
    function isOptedIntoSlasher(bytes32 registrationRoot, address slasher) external view returns (bool);
    /// @notice Committer of an operator that when the second `timestamp` began was registered (no fraud or equivocation
    ///         shown), opted in and had its whole bond; zero otherwise. Known for all times up to now, and never changes:
    ///         what happens in a second counts from the next. Reverts for a time to come.
    function committerAt(bytes32 registrationRoot, address slasher, uint48 timestamp)
        external
        view
        returns (address committer);
    /// @notice Whether a fault was paid for: `digest` is keccak256(abi.encode(registrationRoot, slasher, fault)), with the
    ///         fault as the slasher names it.
    function slashingEvidenceAlreadyUsed(bytes32 digest) external view returns (bool);
    /// @notice Collateral after all that happened up to and in the second `timestamp`, in wei; 0 before registering.
    function getHistoricalCollateral(bytes32 registrationRoot, uint256 timestamp)
        external
        view
        returns (uint256);
    /// @notice Proof for `slashRegistration` and others, from the keys as they were registered.
    function getRegistrationProof(
        SignedRegistration[] calldata registrations,
        address owner,
        uint256 leafIndex,
        bytes32 signingId
    ) external pure returns (RegistrationProof memory);
}
