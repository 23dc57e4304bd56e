// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Ownable, Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";
import { BeaconRoots } from "./BeaconRoots.sol";
import { IProposerSchedule } from "./IProposerSchedule.sol";

/// @title WhitelistSchedule
/// @notice One operator an epoch, drawn from a list its owner keeps, by a beacon root two epochs old: known to all before
///         the epoch begins. Selection and delays are those of Taiko's live whitelist.
/// @dev Removing an operator takes effect at once and may change who holds the running epoch.
contract WhitelistSchedule is IProposerSchedule, Ownable2Step {
    struct Operator {
        /// @notice Start of the first epoch that can be his, in seconds; 0 for who is no operator.
        uint48 activeSince;
        uint8 index;
    }

    /// @notice Most operators; bounds every loop over them.
    uint256 public constant MAX_OPERATORS = 64;
    /// @notice Epochs until a new operator can be drawn.
    uint256 public constant OPERATOR_CHANGE_DELAY = 2;
    /// @notice Epochs between the beacon root and the epoch it decides.
    uint256 public constant RANDOMNESS_DELAY = 2;

    /// @notice Contract with the interface of EIP-4788; 0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02 wherever that is live.
    address public immutable beaconRoots;
    /// @notice Timestamp of slot 0, in seconds.
    uint48 public immutable beaconGenesis;
    uint48 public immutable secondsPerSlot;
    uint48 public immutable secondsPerEpoch;

    mapping(address account => Operator) public operators;
    address[] private _operatorList;
    /// @notice From this time on every operator is active. Seconds.
    uint48 public latestActivation;

    event OperatorAdded(address indexed operator, uint48 activeSince);
    event OperatorRemoved(address indexed operator);

    error BeforeBeaconGenesis();
    error InvalidOperator();
    error InvalidTiming();
    error NoActiveOperatorRemaining();
    error OperatorAlreadyExists();
    error TooManyOperators();

    /// @param initialOperators Active from the beginning.
    /// @param slotsPerEpoch 32 on Ethereum.
    constructor(
        address owner,
        address[] memory initialOperators,
        address beaconRoots_,
        uint48 beaconGenesis_,
        uint48 secondsPerSlot_,
        uint48 slotsPerEpoch
    ) Ownable(owner) {
        require(secondsPerSlot_ > 0 && slotsPerEpoch > 0, InvalidTiming());
        beaconRoots = beaconRoots_;
        beaconGenesis = beaconGenesis_;
        secondsPerSlot = secondsPerSlot_;
        secondsPerEpoch = secondsPerSlot_ * slotsPerEpoch;
        for (uint256 i; i < initialOperators.length; ++i) {
            _add(initialOperators[i], 1);
        }
    }

    function addOperator(address operator) external onlyOwner {
        uint48 activeSince = epochStart(OPERATOR_CHANGE_DELAY);
        latestActivation = activeSince;
        _add(operator, activeSince);
    }

    /// @notice Takes effect at once. The last active operator stays.
    function removeOperator(address operator) external onlyOwner {
        Operator memory removed = operators[operator];
        require(removed.activeSince != 0, InvalidOperator());
        uint256 last = _operatorList.length - 1;
        if (removed.index != last) {
            address moved = _operatorList[last];
            _operatorList[removed.index] = moved;
            operators[moved].index = removed.index;
        }
        _operatorList.pop();
        delete operators[operator];
        require(_activeAt(epochStart(0)).length > 0, NoActiveOperatorRemaining());
        emit OperatorRemoved(operator);
    }

    /// @inheritdoc IProposerSchedule
    /// @dev No window end: a whitelist does not slash.
    function checkProposer(address proposer, bytes calldata) external view returns (uint48) {
        address operator = getOperatorForCurrentEpoch();
        require(operator != address(0) && operator == proposer, InvalidProposer());
        return 0;
    }

    /// @notice Zero when no operator is active.
    function getOperatorForCurrentEpoch() public view returns (address) {
        return _operatorAt(epochStart(0));
    }

    /// @notice Zero when no operator will be active.
    function getOperatorForNextEpoch() external view returns (address) {
        return _operatorAt(epochStart(1));
    }

    function getOperators() external view returns (address[] memory) {
        return _operatorList;
    }

    /// @notice Start of the epoch `offset` after the running one, in seconds.
    function epochStart(uint256 offset) public view returns (uint48) {
        require(block.timestamp >= beaconGenesis, BeforeBeaconGenesis());
        uint256 epoch = (block.timestamp - beaconGenesis) / secondsPerEpoch; // rounds down: the running epoch
        return uint48(beaconGenesis + (epoch + offset) * secondsPerEpoch);
    }

    /// @dev Without a root (32 slots missed in a row, or no EIP-4788 on the chain) the number is zero and the first
    ///      operator has the epoch: the schedule goes on, but is no lottery.
    function _operatorAt(uint48 start) private view returns (address) {
        address[] memory candidates = start >= latestActivation ? _operatorList : _activeAt(start);
        if (candidates.length == 0) return address(0);
        uint256 delay = RANDOMNESS_DELAY * secondsPerEpoch;
        bytes32 root = start >= beaconGenesis + delay
            ? BeaconRoots.findAtOrAfter(beaconRoots, start - delay, secondsPerSlot)
            : bytes32(0);
        return candidates[uint256(root) % candidates.length];
    }

    function _activeAt(uint48 start) private view returns (address[] memory active) {
        uint256 total = _operatorList.length;
        active = new address[](total);
        uint256 count;
        for (uint256 i; i < total; ++i) {
            address operator = _operatorList[i];
            if (start >= operators[operator].activeSince) active[count++] = operator;
        }
        assembly ("memory-safe") {
            mstore(active, count)
        }
    }

    function _add(address operator, uint48 activeSince) private {
        require(operator != address(0), InvalidOperator());
        require(operators[operator].activeSince == 0, OperatorAlreadyExists());
        uint256 index = _operatorList.length;
        require(index < MAX_OPERATORS, TooManyOperators());
        operators[operator] = Operator({ activeSince: activeSince, index: uint8(index) });
        _operatorList.push(operator);
        emit OperatorAdded(operator, activeSince);
    }
}
