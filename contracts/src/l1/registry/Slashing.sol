// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { Checkpoints } from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import { Bls } from "./Bls.sol";
import { BlsPoints } from "./BlsPoints.sol";
import { IProposerRegistry } from "./IProposerRegistry.sol";
import { ISlasher } from "./ISlasher.sol";
import { OptIns } from "./OptIns.sol";
import { SigningRoots } from "./SigningRoots.sol";

/// @title Slashing
/// @notice What a wrong signature, a double delegation and a broken commitment cost. Part of ProposerRegistry.
/// @dev At least half of what is taken is burned, so that an operator who slashes himself pays, too.
abstract contract Slashing is OptIns {
    using Checkpoints for Checkpoints.Trace208;

    address private constant _BURN = address(0);

    /// @inheritdoc IProposerRegistry
    mapping(address receiver => uint256 amountWei) public rewards;
    /// @inheritdoc IProposerRegistry
    mapping(bytes32 digest => bool) public slashingEvidenceAlreadyUsed;

    /// @inheritdoc IProposerRegistry
    function slashRegistration(RegistrationProof calldata proof)
        external
        nonReentrant
        returns (uint256 slashedWei)
    {
        Operator storage operator = _provenOperator(proof);
        _requireRegistered(operator);
        require(_isInFraudProofWindow(operator), FraudProofWindowOver());
        require(!_isSignedRegistration(operator, proof.registration), RegistrationIsValid());
        return _takeMinCollateral(proof.registrationRoot, operator, SlashingType.Fraud);
    }

    /// @inheritdoc IProposerRegistry
    function slashEquivocation(
        RegistrationProof calldata proof,
        SignedDelegation calldata delegationOne,
        SignedDelegation calldata delegationTwo
    ) external nonReentrant returns (uint256 slashAmountWei) {
        Operator storage operator = _provenOperator(proof);
        _requireLiable(operator);
        require(!operator.data.equivocated, AlreadyEquivocated());
        Delegation calldata one = delegationOne.delegation;
        Delegation calldata two = delegationTwo.delegation;
        require(
            one.slot == two.slot && (one.committer != two.committer || !_isSame(one.delegate, two.delegate)),
            DelegationsAgree()
        );
        _requireDelegated(proof.registration.pubkey, delegationOne);
        _requireDelegated(proof.registration.pubkey, delegationTwo);
        operator.data.equivocated = true;
        return _takeMinCollateral(proof.registrationRoot, operator, SlashingType.Equivocation);
    }

    /// @inheritdoc IProposerRegistry
    function slashCommitment(
        bytes32 registrationRoot,
        SignedCommitment calldata commitment,
        bytes calldata evidence
    ) external nonReentrant returns (uint256 slashAmountWei) {
        Operator storage operator = _operators[registrationRoot];
        address committer = operator.optIns[commitment.commitment.slasher].committer;
        Delegation memory none;
        return _slashCommitment(registrationRoot, none, committer, commitment, evidence);
    }

    /// @inheritdoc IProposerRegistry
    function slashCommitment(
        RegistrationProof calldata proof,
        SignedDelegation calldata delegation,
        SignedCommitment calldata commitment,
        bytes calldata evidence
    ) external nonReentrant returns (uint256 slashAmountWei) {
        _provenOperator(proof);
        bytes calldata metadata = delegation.delegation.metadata;
        require(
            metadata.length >= 20 && address(bytes20(metadata)) == commitment.commitment.slasher,
            DelegationToAnotherSlasher()
        );
        _requireDelegated(proof.registration.pubkey, delegation);
        return _slashCommitment(
            proof.registrationRoot,
            delegation.delegation,
            delegation.delegation.committer,
            commitment,
            evidence
        );
    }

    /// @inheritdoc IProposerRegistry
    function withdrawReward(address to) external nonReentrant {
        require(to != address(0), ZeroAddress());
        uint256 amountWei = rewards[msg.sender];
        require(amountWei > 0, NothingToClaim());
        rewards[msg.sender] = 0;
        emit RewardWithdrawn(msg.sender, to, amountWei);
        _send(to, amountWei);
    }

    /// @inheritdoc IProposerRegistry
    function verifyRegistrationSignature(RegistrationProof calldata proof) external view {
        Operator storage operator = _provenOperator(proof);
        require(_isSignedRegistration(operator, proof.registration), InvalidSignature());
    }

    /// @dev Of both ways: `committer` is who the operator, or a validator of it, said to be bound by.
    function _slashCommitment(
        bytes32 registrationRoot,
        Delegation memory delegation,
        address committer,
        SignedCommitment calldata signed,
        bytes calldata evidence
    ) private returns (uint256 slashAmountWei) {
        address slasher = signed.commitment.slasher;
        Operator storage operator = _operators[registrationRoot];
        SlasherCommitment storage optIn = operator.optIns[slasher];
        require(_isSlashable(operator, optIn), NotSlashable());
        require(_recoverCommitter(signed) == committer, WrongCommitter());

        (uint256 askedWei, address harmedUser, bytes32 fault) =
            ISlasher(slasher).slash(delegation, signed.commitment, committer, evidence, msg.sender);
        bytes32 digest = keccak256(abi.encode(registrationRoot, slasher, fault));
        require(!slashingEvidenceAlreadyUsed[digest], FaultAlreadySlashed());
        slashingEvidenceAlreadyUsed[digest] = true;

        slashAmountWei = Math.min(askedWei, optIn.bondWei);
        require(slashAmountWei > 0, NothingToSlash());
        optIn.bondWei -= uint80(slashAmountWei);
        if (optIn.slashedAt == 0) {
            optIn.slashedAt = _now();
            operator.committers[slasher].push(_now(), 0);
        }
        _take(operator, slashAmountWei, harmedUser);
        emit OperatorSlashed(
            SlashingType.Commitment,
            registrationRoot,
            operator.data.owner,
            msg.sender,
            slasher,
            slashAmountWei
        );
    }

    /// @dev Whoever loses this share has nothing left to answer for keys and delegations with, and is unregistered.
    function _takeMinCollateral(
        bytes32 registrationRoot,
        Operator storage operator,
        SlashingType slashingType
    ) private returns (uint256 amountWei) {
        if (operator.data.unregisteredAt == NEVER) {
            _unregister(registrationRoot, operator);
        }
        amountWei = _minCollateralWei;
        _take(operator, amountWei, address(0));
        emit OperatorSlashed(
            slashingType, registrationRoot, operator.data.owner, msg.sender, address(this), amountWei
        );
    }

    /// @dev Half is burned, an odd wei too. Of the other half a harmed user has four fifths, the challenger the rest.
    function _take(Operator storage operator, uint256 amountWei, address harmedUser) private {
        operator.data.slashedAt = _now();
        _setCollateral(operator, operator.data.collateralWei - amountWei);
        uint256 rewardWei = amountWei / 2;
        uint256 userWei = harmedUser == address(0) ? 0 : rewardWei * 4 / 5;
        _hold(harmedUser, userWei);
        _hold(msg.sender, rewardWei - userWei);
        _send(_BURN, amountWei - rewardWei);
    }

    function _hold(address receiver, uint256 amountWei) private {
        if (amountWei == 0) return;
        rewards[receiver] += amountWei;
        emit RewardHeld(receiver, amountWei);
    }

    /// @dev Answers for delegations: past the fraud window, and not past the delay after unregistering. Whoever was
    ///      unregistered within the fraud window has paid for fraud already.
    function _requireLiable(Operator storage operator) private view {
        require(!_isInFraudProofWindow(operator), FraudProofWindowRunning());
        uint256 unregisteredAt = operator.data.unregisteredAt;
        require(unregisteredAt >= operator.data.registeredAt + _fraudProofWindow, NotSlashable());
        require(block.timestamp < unregisteredAt + _unregistrationDelay, NotSlashable());
    }

    function _requireDelegated(BlsPoints.G1Point calldata pubkey, SignedDelegation calldata signed)
        private
        view
    {
        require(_isSame(signed.delegation.proposer, pubkey), WrongProposer());
        require(signed.signingId == requiredSigningId, InvalidSigningId());
        bytes32 root = SigningRoots.delegationRoot(signed.delegation);
        require(Bls.verify(_signingRoot(root, signed.nonce), signed.signature, pubkey), InvalidSignature());
    }

    function _isSignedRegistration(Operator storage operator, SignedRegistration calldata registration)
        private
        view
        returns (bool)
    {
        bytes32 root = SigningRoots.registrationRoot(operator.data.owner);
        return Bls.verify(_signingRoot(root, registration.nonce), registration.signature, registration.pubkey);
    }

    function _recoverCommitter(SignedCommitment calldata signed) private view returns (address) {
        require(signed.signingId == requiredSigningId, InvalidSigningId());
        bytes32 root = SigningRoots.commitmentRoot(signed.commitment);
        return ECDSA.recover(_signingRoot(root, signed.nonce), signed.signature);
    }

    function _isSame(BlsPoints.G1Point calldata one, BlsPoints.G1Point calldata two)
        private
        pure
        returns (bool)
    {
        return keccak256(abi.encode(one)) == keccak256(abi.encode(two));
    }
}
