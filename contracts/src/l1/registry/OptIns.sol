// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Checkpoints } from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import { IProposerRegistry } from "./IProposerRegistry.sol";
import { ISlasher } from "./ISlasher.sol";
import { Operators } from "./Operators.sol";

/// @title OptIns
/// @notice Which slashers an operator answers to, since when, by which committer and with what bond. Part of
///         ProposerRegistry.
/// @dev Each slasher has its own bond and its own windows: what one does changes nothing for another.
abstract contract OptIns is Operators {
    using Checkpoints for Checkpoints.Trace208;

    /// @notice Bonds an operator has at one time; bounds every loop over them.
    uint256 public constant MAX_OPT_INS = 16;

    /// @inheritdoc IProposerRegistry
    function optInToSlasher(bytes32 registrationRoot, address slasher, address committer)
        external
        nonReentrant
    {
        Operator storage operator = _ownedOperator(registrationRoot);
        _requireRegistered(operator);
        require(committer != address(0), ZeroAddress());
        SlasherCommitment storage optIn = operator.optIns[slasher];
        if (optIn.optedInAt != 0) {
            require(optIn.optedOutAt != 0, AlreadyOptedIn());
            // One bond at a time: the last one must have stopped answering.
            require(block.timestamp >= optIn.optedOutAt + _optInDelay, OptInDelayRunning());
            require(!_isSlashable(operator, optIn), OptInDelayRunning());
        }

        uint256 bondWei = ISlasher(slasher).requiredBondWei();
        uint256 reservedWei = _minCollateralWei + _lockedWei(operator);
        // Without a bond nothing would be at stake.
        require(bondWei > 0, InsufficientCollateral());
        require(
            bondWei <= type(uint80).max && operator.data.collateralWei >= reservedWei + bondWei,
            InsufficientCollateral()
        );
        require(operator.bondholders.length < MAX_OPT_INS, TooManyOptIns());

        operator.optIns[slasher] = SlasherCommitment({
            committer: committer, optedInAt: _now(), optedOutAt: 0, slashedAt: 0, bondWei: uint80(bondWei)
        });
        operator.bondholders.push(slasher);
        operator.committers[slasher].push(_now(), uint160(committer));
        emit OperatorOptedIn(registrationRoot, slasher, committer);
    }

    /// @inheritdoc IProposerRegistry
    function optOutOfSlasher(bytes32 registrationRoot, address slasher) external nonReentrant {
        Operator storage operator = _ownedOperator(registrationRoot);
        _requireRegistered(operator);
        SlasherCommitment storage optIn = operator.optIns[slasher];
        require(optIn.optedInAt != 0 && optIn.optedOutAt == 0, NotOptedIn());
        require(block.timestamp >= optIn.optedInAt + _optInDelay, OptInDelayRunning());
        optIn.optedOutAt = _now();
        operator.committers[slasher].push(_now(), 0);
        emit OperatorOptedOut(registrationRoot, slasher);
    }

    /// @inheritdoc IProposerRegistry
    function getSlasherCommitment(bytes32 registrationRoot, address slasher)
        external
        view
        returns (SlasherCommitment memory optIn)
    {
        Operator storage operator = _operators[registrationRoot];
        optIn = operator.optIns[slasher];
        if (!_isSlashable(operator, operator.optIns[slasher])) optIn.bondWei = 0;
    }

    /// @inheritdoc IProposerRegistry
    function isSlashed(bytes32 registrationRoot) external view returns (bool) {
        return _operators[registrationRoot].data.slashedAt != 0;
    }

    /// @inheritdoc IProposerRegistry
    function isSlashed(bytes32 registrationRoot, address slasher) external view returns (bool) {
        return _operators[registrationRoot].optIns[slasher].slashedAt != 0;
    }

    /// @inheritdoc IProposerRegistry
    function isOptedIntoSlasher(bytes32 registrationRoot, address slasher) external view returns (bool) {
        Operator storage operator = _operators[registrationRoot];
        return operator.data.unregisteredAt == NEVER && operator.committers[slasher].latest() != 0;
    }

    /// @inheritdoc IProposerRegistry
    function committerAt(bytes32 registrationRoot, address slasher, uint48 timestamp)
        external
        view
        returns (address committer)
    {
        require(timestamp <= block.timestamp, FutureLookup());
        Operator storage operator = _operators[registrationRoot];
        if (timestamp == 0 || timestamp > operator.data.unregisteredAt) return address(0);
        return address(uint160(operator.committers[slasher].upperLookupRecent(timestamp - 1)));
    }

    /// @dev Takes bonds that are no longer answering off the list on the way.
    function _lockedWei(Operator storage operator) internal override returns (uint256 lockedWei) {
        address[] storage bondholders = operator.bondholders;
        for (uint256 i = bondholders.length; i > 0; --i) {
            SlasherCommitment storage optIn = operator.optIns[bondholders[i - 1]];
            if (_isSlashable(operator, optIn)) {
                lockedWei += optIn.bondWei;
            } else {
                bondholders[i - 1] = bondholders[bondholders.length - 1];
                bondholders.pop();
            }
        }
    }

    /// @dev From opting in until `slashWindow` after the opt-in ended, by opting out or unregistering.
    function _isSlashable(Operator storage operator, SlasherCommitment storage optIn)
        internal
        view
        returns (bool)
    {
        if (optIn.optedInAt == 0) return false;
        uint256 endedAt = operator.data.unregisteredAt;
        if (optIn.optedOutAt != 0 && optIn.optedOutAt < endedAt) endedAt = optIn.optedOutAt;
        return block.timestamp < endedAt + _slashWindow;
    }
}
