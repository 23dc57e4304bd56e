// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BlsPubkeys } from "../registry/BlsPubkeys.sol";
import { IProposerRegistry } from "../registry/IProposerRegistry.sol";
import { BeaconClock } from "./BeaconClock.sol";
import { BeaconProofs } from "./BeaconProofs.sol";

/// @title ValidatorMap
/// @notice Which operator a validator belongs to, by the validator's index: with this, that a proposer did not opt in is
///         seen by looking and needs no proof.
/// @dev The registry takes registrations on trust and lets anyone challenge them; here none is taken on trust. A claim pays
///      once for checking the key's signature, because what it gains is turns in the schedule: keys of validators that never
///      opted in, registered under signatures of nobody, would otherwise buy turns wherever no watcher noticed in time.
contract ValidatorMap is BeaconClock {
    struct Assignment {
        /// @notice Of the operator; zero for none.
        bytes32 registrationRoot;
        /// @notice Reference times from here on see it. Seconds.
        uint48 activeSince;
        /// @notice That the validator's key signed the registration with.
        uint64 nonce;
    }

    struct History {
        Assignment latest;
        /// @dev Of use until `latest` is active, and for reference times before.
        Assignment previous;
    }

    IProposerRegistry public immutable registry;

    mapping(uint64 validatorIndex => History) private _histories;

    event ValidatorClaimed(
        uint64 indexed validatorIndex, bytes32 indexed registrationRoot, uint64 nonce, uint48 activeSince
    );

    error ClaimedTooRecently();
    error NotOperatorOwner();
    error OperatorNotRegistered();
    error StaleRegistration();

    constructor(IProposerRegistry registry_, BeaconSettings memory settings) BeaconClock(settings) {
        registry = registry_;
    }

    /// @notice Gives a validator to the operator that its key registered with. By the operator's owner, from the next epoch's
    ///         start on: it counts in the schedule of the epoch after that. Takes about 360,000 gas, but a limit of 2.6
    ///         million, as the registry's check of the signature does.
    /// @dev A key that registered more than once belongs where it last said, which is the registration of the highest nonce.
    ///      At the same nonce the first claim stands while its operator is registered. One claim in two epochs, because the
    ///      schedule still asks about the epoch before the running one.
    /// @param validatorIndex Whose key in `header`'s state is that of `proof`.
    /// @param timestamp Of an execution block of the last 27 hours; `header` is the beacon block before it. Seconds.
    /// @param branch From validators[validatorIndex].pubkey up to `header.stateRoot`.
    function claim(
        IProposerRegistry.RegistrationProof calldata proof,
        uint64 validatorIndex,
        BeaconProofs.BeaconBlockHeader calldata header,
        uint256 timestamp,
        bytes32[] calldata branch
    ) external {
        IProposerRegistry.OperatorData memory operator = registry.getVerifiedOperatorData(proof);
        require(_isRegistered(operator), OperatorNotRegistered());
        require(msg.sender == operator.owner, NotOperatorOwner());
        uint256 epoch = _checkHeader(header, timestamp);
        BeaconProofs.verifyBranch(
            header.stateRoot,
            BeaconProofs.hashPubkey(BlsPubkeys.compress(proof.registration.pubkey)),
            BeaconProofs.pubkeyGindex(validatorIndex, _isGloas(epoch)),
            branch
        );
        registry.verifyRegistrationSignature(proof);
        _assign(validatorIndex, proof.registrationRoot, proof.registration.nonce);
    }

    /// @notice Operator of a validator at a reference time; zero for none. Exact from the start of the last epoch on, and
    ///         unchanged by anything that happens at or after `timestamp`.
    function operatorAt(uint64 validatorIndex, uint256 timestamp)
        external
        view
        returns (bytes32 registrationRoot)
    {
        History storage history = _histories[validatorIndex];
        if (timestamp >= history.latest.activeSince) return history.latest.registrationRoot;
        if (timestamp >= history.previous.activeSince) return history.previous.registrationRoot;
    }

    /// @notice The two newest claims of a validator; `latest` may not be active yet.
    function historyOf(uint64 validatorIndex) external view returns (History memory) {
        return _histories[validatorIndex];
    }

    function _assign(uint64 validatorIndex, bytes32 registrationRoot, uint64 nonce) private {
        History storage history = _histories[validatorIndex];
        Assignment memory latest = history.latest;
        uint256 epoch = epochAt(block.timestamp);
        if (latest.registrationRoot != 0) {
            require(
                nonce > latest.nonce
                    || (nonce == latest.nonce
                        && !_isRegistered(registry.getOperatorData(latest.registrationRoot))),
                StaleRegistration()
            );
            // One that is not active yet is replaced as if it had never been.
            if (latest.activeSince <= block.timestamp) {
                require(latest.activeSince <= referenceTime(epoch), ClaimedTooRecently());
                history.previous = latest;
            }
        }
        uint48 activeSince = slotStart((epoch + 1) * slotsPerEpoch);
        history.latest =
            Assignment({ registrationRoot: registrationRoot, activeSince: activeSince, nonce: nonce });
        emit ValidatorClaimed(validatorIndex, registrationRoot, nonce, activeSince);
    }

    /// @dev Not after unregistering, nor once a fraudulent registration was proven.
    function _isRegistered(IProposerRegistry.OperatorData memory operator) private pure returns (bool) {
        return operator.registeredAt != 0 && operator.unregisteredAt == type(uint48).max && !operator.deleted;
    }
}
