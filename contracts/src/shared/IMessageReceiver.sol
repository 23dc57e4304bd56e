// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IMessageReceiver
/// @notice What a contract must have to take messages with data. The bridge calls nothing else with data.
interface IMessageReceiver {
    /// @notice Takes a message. Check that `msg.sender` is the bridge, then who sent it: contracts of two chains may share an
    ///         address, so the sender is the pair of both.
    /// @param sourceChainId Chain the message was sent on.
    /// @param sender Account that called the bridge there.
    /// @dev To revert is to fail: the value goes back to the bridge, and the message can be tried again.
    function onMessage(uint64 sourceChainId, address sender, bytes calldata data) external payable;
}
