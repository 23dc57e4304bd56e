// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { MerkleProof } from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import { Checkpoints } from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import { IProposerRegistry } from "./IProposerRegistry.sol";
import { RegistrationTree } from "./RegistrationTree.sol";
import { SigningRoots } from "./SigningRoots.sol";

/// @title Operators
/// @notice Who is registered, with which keys, and the ether that answers for it. Part of ProposerRegistry.
/// @dev Ether is counted by what was sent in calls, never by the balance, which others can force up.
abstract contract Operators is IProposerRegistry, ReentrancyGuardTransient {
    using Checkpoints for Checkpoints.Trace208;

    struct Operator {
        OperatorData data;
        /// @dev Collateral by time, in wei.
        Checkpoints.Trace208 collateral;
        mapping(address slasher => SlasherCommitment) optIns;
        /// @dev Committer by time, zero when not opted in with a whole bond. Being registered is looked up beside it.
        mapping(address slasher => Checkpoints.Trace208) committers;
        /// @dev Who holds a bond, and some who held one.
        address[] bondholders;
    }

    /// @dev `unregisteredAt` of who is registered.
    uint48 internal constant NEVER = type(uint48).max;
    /// @dev Commit-Boost's domain type.
    bytes4 private constant _DOMAIN_TYPE = 0x6d6d6f43;

    uint80 internal immutable _minCollateralWei;
    uint32 internal immutable _fraudProofWindow;
    uint32 internal immutable _unregistrationDelay;
    uint32 internal immutable _slashWindow;
    uint32 internal immutable _optInDelay;
    bytes32 private immutable _signingDomain;
    bytes32 private immutable _chainId;

    /// @inheritdoc IProposerRegistry
    bytes32 public immutable requiredSigningId;

    mapping(bytes32 registrationRoot => Operator) internal _operators;

    constructor(Config memory config) {
        require(config.minCollateralWei > 0 && config.optInDelay > 0, InvalidConfig());
        require(config.fraudProofWindow > 0 && config.slashWindow > 0, InvalidConfig());
        require(config.unregistrationDelay > config.fraudProofWindow, InvalidConfig());
        require(config.unregistrationDelay > config.slashWindow, InvalidConfig());
        require(bytes4(config.signingDomain) == _DOMAIN_TYPE, InvalidConfig());
        require(config.chainId == SigningRoots.littleEndian(block.chainid), InvalidConfig());
        _minCollateralWei = config.minCollateralWei;
        _fraudProofWindow = config.fraudProofWindow;
        _unregistrationDelay = config.unregistrationDelay;
        _slashWindow = config.slashWindow;
        _optInDelay = config.optInDelay;
        _signingDomain = config.signingDomain;
        _chainId = config.chainId;
        requiredSigningId = SigningRoots.signingIdOf(block.chainid, address(this));
    }

    /// @inheritdoc IProposerRegistry
    function register(SignedRegistration[] calldata registrations, address owner, bytes32 signingId)
        external
        payable
        nonReentrant
        returns (bytes32 registrationRoot)
    {
        require(registrations.length > 0 && registrations.length <= type(uint16).max, WrongNumberOfKeys());
        require(owner != address(0), ZeroAddress());
        require(signingId == requiredSigningId, InvalidSigningId());
        require(msg.value >= _minCollateralWei, InsufficientCollateral());

        registrationRoot = RegistrationTree.rootOf(registrations, owner);
        Operator storage operator = _operators[registrationRoot];
        require(operator.data.registeredAt == 0, OperatorAlreadyRegistered());
        operator.data.owner = owner;
        operator.data.numKeys = uint16(registrations.length);
        operator.data.registeredAt = _now();
        operator.data.unregisteredAt = NEVER;
        _setCollateral(operator, msg.value);
        emit OperatorRegistered(registrationRoot, msg.value, owner);
        emit KeysRegistered(registrationRoot, registrations);
    }

    /// @inheritdoc IProposerRegistry
    function unregister(bytes32 registrationRoot) external nonReentrant {
        Operator storage operator = _ownedOperator(registrationRoot);
        _requireRegistered(operator);
        _unregister(registrationRoot, operator);
    }

    /// @inheritdoc IProposerRegistry
    function addCollateral(bytes32 registrationRoot) external payable nonReentrant {
        Operator storage operator = _operators[registrationRoot];
        _requireRegistered(operator);
        _setCollateral(operator, operator.data.collateralWei + msg.value);
        emit CollateralAdded(registrationRoot, msg.value);
    }

    /// @inheritdoc IProposerRegistry
    function claimCollateral(bytes32 registrationRoot) external nonReentrant {
        Operator storage operator = _ownedOperator(registrationRoot);
        uint256 collateralWei = operator.data.collateralWei;
        uint256 reservedWei;
        if (operator.data.unregisteredAt == NEVER) {
            reservedWei = _minCollateralWei + _lockedWei(operator);
        } else if (block.timestamp < operator.data.unregisteredAt + _unregistrationDelay) {
            reservedWei = collateralWei;
        } else {
            operator.data.deleted = true;
        }
        require(collateralWei > reservedWei, NothingToClaim());
        _setCollateral(operator, reservedWei);
        emit CollateralClaimed(registrationRoot, collateralWei - reservedWei);
        _send(msg.sender, collateralWei - reservedWei);
    }

    /// @inheritdoc IProposerRegistry
    function getConfig() external view returns (Config memory) {
        return Config({
            minCollateralWei: _minCollateralWei,
            fraudProofWindow: _fraudProofWindow,
            unregistrationDelay: _unregistrationDelay,
            slashWindow: _slashWindow,
            optInDelay: _optInDelay,
            signingDomain: _signingDomain,
            chainId: _chainId
        });
    }

    /// @inheritdoc IProposerRegistry
    function getOperatorData(bytes32 registrationRoot) external view returns (OperatorData memory) {
        return _operators[registrationRoot].data;
    }

    /// @inheritdoc IProposerRegistry
    function getVerifiedOperatorData(RegistrationProof calldata proof)
        external
        view
        returns (OperatorData memory)
    {
        return _provenOperator(proof).data;
    }

    /// @inheritdoc IProposerRegistry
    function verifyMerkleProof(RegistrationProof calldata proof) external view {
        _provenOperator(proof);
    }

    /// @inheritdoc IProposerRegistry
    function getHistoricalCollateral(bytes32 registrationRoot, uint256 timestamp)
        external
        view
        returns (uint256)
    {
        uint48 time = timestamp > type(uint48).max ? type(uint48).max : uint48(timestamp);
        return _operators[registrationRoot].collateral.upperLookupRecent(time);
    }

    /// @inheritdoc IProposerRegistry
    function getRegistrationProof(
        SignedRegistration[] calldata registrations,
        address owner,
        uint256 leafIndex,
        bytes32 signingId
    ) external pure returns (RegistrationProof memory proof) {
        (proof.registrationRoot, proof.merkleProof) =
            RegistrationTree.proofOf(registrations, owner, leafIndex);
        proof.registration = registrations[leafIndex];
        proof.signingId = signingId;
    }

    /// @dev Wei of all bonds that a slasher may still take from.
    function _lockedWei(Operator storage operator) internal virtual returns (uint256);

    function _unregister(bytes32 registrationRoot, Operator storage operator) internal {
        operator.data.unregisteredAt = _now();
        emit OperatorUnregistered(registrationRoot);
    }

    function _setCollateral(Operator storage operator, uint256 collateralWei) internal {
        require(collateralWei <= type(uint80).max, CollateralTooLarge());
        operator.data.collateralWei = uint80(collateralWei);
        operator.collateral.push(_now(), uint208(collateralWei));
    }

    function _send(address to, uint256 amountWei) internal {
        (bool sent,) = to.call{ value: amountWei }("");
        require(sent, TransferFailed());
    }

    function _provenOperator(RegistrationProof calldata proof)
        internal
        view
        returns (Operator storage operator)
    {
        operator = _operators[proof.registrationRoot];
        require(operator.data.registeredAt != 0, UnknownOperator());
        require(proof.signingId == requiredSigningId, InvalidSigningId());
        bytes32 leaf = RegistrationTree.leafOf(proof.registration, operator.data.owner);
        require(
            MerkleProof.verifyCalldata(proof.merkleProof, proof.registrationRoot, leaf), InvalidMerkleProof()
        );
    }

    /// @dev For the caller, past the window in which his signatures are in doubt.
    function _ownedOperator(bytes32 registrationRoot) internal view returns (Operator storage operator) {
        operator = _operators[registrationRoot];
        require(operator.data.owner == msg.sender, NotOperatorOwner());
        require(!_isInFraudProofWindow(operator), FraudProofWindowRunning());
    }

    function _requireRegistered(Operator storage operator) internal view {
        require(operator.data.registeredAt != 0, UnknownOperator());
        require(operator.data.unregisteredAt == NEVER, AlreadyUnregistered());
    }

    function _isInFraudProofWindow(Operator storage operator) internal view returns (bool) {
        return block.timestamp < operator.data.registeredAt + _fraudProofWindow;
    }

    /// @dev What is signed for this registry with a message of `root`.
    function _signingRoot(bytes32 root, uint64 nonce) internal view returns (bytes32) {
        return SigningRoots.signingRoot(root, nonce, requiredSigningId, _chainId, _signingDomain);
    }

    function _now() internal view returns (uint48) {
        return uint48(block.timestamp);
    }
}
