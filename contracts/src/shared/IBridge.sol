// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IBridge
/// @notice ETH and messages between two layers.
interface IBridge {
    struct Message {
        /// @notice Counted by the bridge that sends, from 0.
        uint64 nonce;
        uint64 sourceChainId;
        uint64 destinationChainId;
        /// @notice Gas the receiver gets for certain.
        uint64 gasLimit;
        /// @notice Account that called `sendMessage`.
        address sender;
        /// @notice Account on the destination that may take the value out of a message that failed.
        address owner;
        address to;
        /// @notice Wei.
        uint256 value;
        /// @notice For `IMessageReceiver.onMessage`; empty for a mere transfer.
        bytes data;
    }

    enum Status {
        New,
        Done,
        /// @dev The receiver did not take it. Anyone may retry; the owner may recover the value.
        Failed,
        Recovered
    }

    /// @notice What shows that the other side sent a message: nodes as `eth_getProof` gives them.
    struct Proof {
        /// @notice Number of a block of the other layer in this layer's checkpoint store.
        uint48 blockNumber;
        /// @notice From that block's state root to the other bridge's account.
        bytes[] accountProof;
        /// @notice From that account's storage root to the message's slot.
        bytes[] storageProof;
    }

    event MessageSent(bytes32 indexed messageHash, Message message);
    event MessageProcessed(bytes32 indexed messageHash, Status status);
    event MessageRecovered(bytes32 indexed messageHash, address to);

    error DataTooLong();
    error GasLimitTooHigh();
    error InsufficientBalance();
    error InvalidAccount();
    error InvalidMessage();
    error InvalidQuota();
    error InvalidTarget();
    error MessageNotFailed();
    error MessageNotNew();
    error NotEnoughGas();
    error NotMessageOwner();
    error NotSent();
    error QuotaExceeded();
    error ReceiverFailed();
    error TransferFailed();
    error ValueAboveQuota();

    /// @notice Sends `msg.value` and `data` to the other layer. Free but for gas.
    /// @param to Who receives. Without data it gets a plain transfer, with data a call of `onMessage`.
    /// @param owner Account on the other layer that may recover the value if `to` does not take it.
    /// @param gasLimit Gas that `to` gets for certain when the message is processed.
    function sendMessage(address to, address owner, uint64 gasLimit, bytes calldata data)
        external
        payable
        returns (bytes32 messageHash);

    /// @notice Delivers a message that the other side sent. Anyone may call, once a message.
    /// @dev A receiver that fails leaves the message `Failed`; everything else reverts and can be tried again.
    function processMessage(Message calldata message, Proof calldata proof) external;

    /// @notice Delivers a failed message, with all the gas there is. Reverts if the receiver fails again.
    function retryMessage(Message calldata message) external;

    /// @notice Pays the value of a failed message out to `to` instead of delivering it. For the message's owner alone.
    function recoverValue(Message calldata message, address to) external;

    /// @notice Of a message sent to this layer.
    function statusOf(bytes32 messageHash) external view returns (Status);

    /// @notice Whether this bridge sent a message with this hash.
    function isSent(bytes32 messageHash) external view returns (bool);

    /// @notice Wei that may leave the bridge now.
    function availableQuota() external view returns (uint256);

    /// @notice Hash of a message that this bridge sends (source) or the other one sent (destination).
    function hashMessage(Message calldata message) external view returns (bytes32);
}
