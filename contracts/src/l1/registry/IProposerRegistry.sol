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
        /// @notice Seconds after registering in which signatures can be challenged, and nothing else be done.
        uint32 fraudProofWindow;
        /// @notice Seconds between unregistering and taking the collateral out; longer than `slashWindow`.
        uint32 unregistrationDelay;
        /// @notice Seconds after opting out of a slasher in which it can still slash.
        uint32 slashWindow;
        /// @notice Seconds between opting in and opting out, and between opting out and in again. Longer than two epochs, so
        ///         that what the lookahead schedule asks about the recent past has one answer.
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
        /// @notice type(uint48).max while registered.
        uint48 unregisteredAt;
        /// @notice Of the last slashing of any kind; 0 for none. Says nothing about what can still be slashed.
        uint48 slashedAt;
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
        /// @notice What is left of the bond locked at opt-in, in wei.
        uint80 bondWei;
    }

    struct Delegation {
        BlsPoints.G1Point proposer;
        BlsPoints.G1Point delegate;
        address committer;
        uint64 slot;
        /// @notice Begins with the 20 bytes of the slasher that the delegate's commitments answer to.
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

    function register(SignedRegistration[] calldata registrations, address owner, bytes32 signingId)
        external
        payable
        returns (bytes32 registrationRoot);
    function unregister(bytes32 registrationRoot) external;
    function optInToSlasher(bytes32 registrationRoot, address slasher, address committer) external;
    function optOutOfSlasher(bytes32 registrationRoot, address slasher) external;
    function slashRegistration(RegistrationProof calldata proof) external returns (uint256 slashedWei);
    function slashCommitment(
        RegistrationProof calldata proof,
        SignedDelegation calldata delegation,
        SignedCommitment calldata commitment,
        bytes calldata evidence
    ) external returns (uint256 slashAmountWei);
    function slashCommitment(
        bytes32 registrationRoot,
        SignedCommitment calldata commitment,
        bytes calldata evidence
    ) external returns (uint256 slashAmountWei);
    function slashEquivocation(
        RegistrationProof calldata proof,
        SignedDelegation calldata delegationOne,
        SignedDelegation calldata delegationTwo
    ) external returns (uint256 slashAmountWei);
    function addCollateral(bytes32 registrationRoot) external payable;
    /// @notice To the owner: what is not locked for a slasher that may still slash; all of it once nothing is.
    function claimCollateral(bytes32 registrationRoot) external;
    /// @notice Rewards of the caller from slashings.
    function withdrawReward(address to) external;

    /// @notice What every signature made for this registry carries: keccak256(abi.encode("Plumbline ProposerRegistry",
    ///         chain id, this address)). Commit-Boost's domain has the chain, this has the contract.
    function requiredSigningId() external view returns (bytes32);
    function getConfig() external view returns (Config memory);
    function getOperatorData(bytes32 registrationRoot) external view returns (OperatorData memory);
    /// @notice Reverts unless the registration is part of the root.
    function verifyMerkleProof(RegistrationProof calldata proof) external view;
    /// @notice Operator of a proven registration.
    function getVerifiedOperatorData(RegistrationProof calldata proof)
        external
        view
        returns (OperatorData memory);
    /// @notice Reverts unless the registration's BLS signature is right (about 300,000 gas).
    function verifyRegistrationSignature(RegistrationProof calldata proof) external view;
    function getSlasherCommitment(bytes32 registrationRoot, address slasher)
        external
        view
        returns (SlasherCommitment memory);
    function isSlashed(bytes32 registrationRoot) external view returns (bool);
    function isSlashed(bytes32 registrationRoot, address slasher) external view returns (bool);
    /// @notice Whether the operator answers to the slasher now, with its whole bond.
    function isOptedIntoSlasher(bytes32 registrationRoot, address slasher) external view returns (bool);
    /// @notice Committer of an operator that at `timestamp` was registered, unchallenged by a successful fraud proof, opted in
    ///         and had its whole bond; zero otherwise. Exact for the last `optInDelay` seconds; never changes afterwards.
    function committerAt(bytes32 registrationRoot, address slasher, uint48 timestamp)
        external
        view
        returns (address committer);
    function slashingEvidenceAlreadyUsed(bytes32 digest) external view returns (bool);
    function getHistoricalCollateral(bytes32 registrationRoot, uint256 timestamp)
        external
        view
        returns (uint256);
    function getRegistrationProof(
        SignedRegistration[] calldata registrations,
        address owner,
        uint256 leafIndex,
        bytes32 signingId
    ) external pure returns (RegistrationProof memory);
}
