// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// The transient guard needs Cancun; L2 runs Shanghai until Unzen.
import { ReentrancyGuard } from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import { IBridge } from "./IBridge.sol";
import { ICheckpointStore } from "./ICheckpointStore.sol";
import { IMessageReceiver } from "./IMessageReceiver.sol";
import { MessageProofs } from "./MessageProofs.sol";

/// @title Bridge
/// @notice One end of a bridge for ETH and messages; the same contract stands on both layers. No owner, no pause, no upgrade, no
///         fee. What it believes of the other layer is what this layer's checkpoint store holds.
/// @dev A message is sent by writing 1 into the slot keccak256(abi.encode(messageHash, 0)), and shown on the other layer by a
///      proof of that slot. The L2 end is put there by genesis with more ETH than exists, so that it can pay every deposit; the
///      L1 end pays out only what was deposited, whatever L2's genesis gave to whom.
contract Bridge is IBridge, ReentrancyGuard {
    /// @dev One slot.
    struct Spending {
        /// @dev What of the quota was used up at `timestamp`; it comes back by and by.
        uint208 usedWei;
        uint48 timestamp;
    }

    /// @notice Highest gas limit of a message. Below what one transaction may use on either side: 16,777,216 on L1 (EIP-7825),
    ///         the lowest gas limit of a block, 10,000,000, on L2 (D-48); the rest is for proof and calldata.
    uint64 public constant MAX_GAS_LIMIT = 8_000_000;
    /// @notice Bytes of data, at most; on L1 each costs up to 40 gas to bring (EIP-7623).
    uint256 public constant MAX_DATA_SIZE = 8192;

    /// @dev What CALL itself takes at most, 2,600 for a cold account, 9,000 for the value and 25,000 for a new account, and
    ///      what lies between the check and the call.
    uint256 private constant _CALL_OVERHEAD_GAS = 40_000;

    /// @notice Blocks of the other layer.
    ICheckpointStore public immutable checkpointStore;
    /// @notice The bridge on the other layer.
    address public immutable counterpart;
    uint64 public immutable counterpartChainId;
    /// @notice Wei that may leave at once. Immutable, so that genesis needs no storage.
    uint208 public immutable quotaWei;
    /// @notice Seconds in which a spent quota comes back, evenly: in any T seconds at most quotaWei · (1 + T / quotaPeriod) leave.
    uint48 public immutable quotaPeriod;

    /// @dev Slot 0: what the other layer proves.
    mapping(bytes32 messageHash => bool) private _sent;
    /// @inheritdoc IBridge
    mapping(bytes32 messageHash => Status) public statusOf;
    /// @notice Nonce of the next message.
    uint64 public nextNonce;
    Spending private _spending;

    /// @param quotaWei_ Above 0, and the same on both layers: a message worth more than the other side's quota would never pass.
    constructor(
        ICheckpointStore checkpointStore_,
        address counterpart_,
        uint64 counterpartChainId_,
        uint208 quotaWei_,
        uint48 quotaPeriod_
    ) {
        require(address(checkpointStore_) != address(0) && counterpart_ != address(0), InvalidAccount());
        require(quotaWei_ > 0 && quotaPeriod_ > 0, InvalidQuota());
        checkpointStore = checkpointStore_;
        counterpart = counterpart_;
        counterpartChainId = counterpartChainId_;
        quotaWei = quotaWei_;
        quotaPeriod = quotaPeriod_;
    }

    /// @inheritdoc IBridge
    function sendMessage(address to, address owner, uint64 gasLimit, bytes calldata data)
        external
        payable
        returns (bytes32 messageHash)
    {
        // Nothing is accepted that could never be delivered.
        require(to != address(0) && to != counterpart, InvalidTarget());
        require(owner != address(0), InvalidAccount());
        require(gasLimit <= MAX_GAS_LIMIT, GasLimitTooHigh());
        require(data.length <= MAX_DATA_SIZE, DataTooLong());
        require(msg.value <= quotaWei, ValueAboveQuota());
        Message memory message = Message({
            nonce: nextNonce++,
            sourceChainId: uint64(block.chainid),
            destinationChainId: counterpartChainId,
            gasLimit: gasLimit,
            sender: msg.sender,
            owner: owner,
            to: to,
            value: msg.value,
            data: data
        });
        messageHash = _hash(address(this), message);
        _sent[messageHash] = true;
        emit MessageSent(messageHash, message);
    }

    /// @inheritdoc IBridge
    function processMessage(Message calldata message, Proof calldata proof) external nonReentrant {
        require(
            message.sourceChainId == counterpartChainId && message.destinationChainId == block.chainid,
            InvalidMessage()
        );
        bytes32 messageHash = _hash(counterpart, message);
        require(statusOf[messageHash] == Status.New, MessageNotNew());
        bytes32 stateRoot = checkpointStore.getCheckpoint(proof.blockNumber).stateRoot;
        require(
            MessageProofs.isStored(
                stateRoot, counterpart, messageHash, proof.accountProof, proof.storageProof
            ),
            NotSent()
        );

        statusOf[messageHash] = Status.Done;
        Status status = _deliver(message, message.gasLimit) ? Status.Done : Status.Failed;
        if (status == Status.Failed) statusOf[messageHash] = status;
        emit MessageProcessed(messageHash, status);
    }

    /// @inheritdoc IBridge
    function retryMessage(Message calldata message) external nonReentrant {
        bytes32 messageHash = _hash(counterpart, message);
        require(statusOf[messageHash] == Status.Failed, MessageNotFailed());
        statusOf[messageHash] = Status.Done;
        require(_deliver(message, gasleft()), ReceiverFailed());
        emit MessageProcessed(messageHash, Status.Done);
    }

    /// @inheritdoc IBridge
    function recoverValue(Message calldata message, address to) external nonReentrant {
        bytes32 messageHash = _hash(counterpart, message);
        require(msg.sender == message.owner, NotMessageOwner());
        require(statusOf[messageHash] == Status.Failed, MessageNotFailed());
        statusOf[messageHash] = Status.Recovered;
        _checkPayable(message.value);
        _spend(message.value);
        emit MessageRecovered(messageHash, to);
        (bool isSent_,) = to.call{ value: message.value }("");
        require(isSent_, TransferFailed());
    }

    /// @inheritdoc IBridge
    function isSent(bytes32 messageHash) external view returns (bool) {
        return _sent[messageHash];
    }

    /// @inheritdoc IBridge
    function availableQuota() public view returns (uint256) {
        return quotaWei - _used();
    }

    /// @inheritdoc IBridge
    function hashMessage(Message calldata message) external view returns (bytes32) {
        return _hash(message.sourceChainId == block.chainid ? address(this) : counterpart, message);
    }

    /// @dev False when the receiver did not take it, and then nothing has moved. One path for first attempts and retries.
    function _deliver(Message calldata message, uint256 gasGiven) private returns (bool isDelivered) {
        _checkPayable(message.value);
        // Never called, whoever the sender is: they believe the bridge.
        if (message.to == address(this) || message.to == address(checkpointStore)) return false;
        bool isCall = message.data.length > 0;
        // A call of an account without code would succeed and lose the data.
        if (isCall && message.to.code.length == 0) return false;
        bytes memory input = isCall
            ? abi.encodeCall(
                IMessageReceiver.onMessage, (message.sourceChainId, message.sender, message.data)
            )
            : bytes("");
        isDelivered = _call(message.to, message.value, input, message.gasLimit, gasGiven);
        // After the call, since what fails spends nothing; nobody else can spend meanwhile, under the guard.
        if (isDelivered) _spend(message.value);
    }

    /// @dev A caller must not be able to make a receiver fail by bringing too little gas (EIP-150 keeps back a 64th): with less
    ///      than the receiver was promised the transaction reverts. What the receiver returns is not copied.
    function _call(address to, uint256 value, bytes memory input, uint256 gasPromised, uint256 gasGiven)
        private
        returns (bool isSuccess)
    {
        // Rounds up: of this a 64th stays behind.
        uint256 gasNeeded = gasPromised + gasPromised / 63 + 1 + _CALL_OVERHEAD_GAS;
        require(gasleft() >= gasNeeded, NotEnoughGas());
        assembly ("memory-safe") {
            isSuccess := call(gasGiven, to, value, add(input, 0x20), mload(input), 0, 0)
        }
    }

    /// @dev What reverts here is only too early.
    function _checkPayable(uint256 value) private view {
        require(value <= availableQuota(), QuotaExceeded());
        require(value <= address(this).balance, InsufficientBalance());
    }

    function _spend(uint256 value) private {
        if (value == 0) return;
        // Not above quotaWei: checked before.
        _spending = Spending({ usedWei: uint208(_used() + value), timestamp: uint48(block.timestamp) });
    }

    function _used() private view returns (uint256) {
        Spending memory spending = _spending;
        uint256 returned = uint256(quotaWei) * (block.timestamp - spending.timestamp) / quotaPeriod; // rounds down
        return spending.usedWei > returned ? spending.usedWei - returned : 0;
    }

    function _hash(address sourceBridge, Message memory message) private pure returns (bytes32) {
        return keccak256(abi.encode(sourceBridge, message));
    }
}
