// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Bridge } from "../../src/shared/Bridge.sol";
import { IMessageReceiver } from "../../src/shared/IMessageReceiver.sol";

/// @notice Takes messages and money when it is in the mood, and remembers the last.
contract MoodyReceiver is IMessageReceiver {
    bool public isWilling;
    uint64 public sourceChainId;
    address public sender;
    bytes public data;

    function setWilling(bool isWilling_) external {
        isWilling = isWilling_;
    }

    function onMessage(uint64 sourceChainId_, address sender_, bytes calldata data_) external payable {
        require(isWilling);
        (sourceChainId, sender, data) = (sourceChainId_, sender_, data_);
    }

    receive() external payable {
        require(isWilling);
    }
}

/// @notice Takes whatever comes.
contract WillingReceiver is IMessageReceiver {
    function onMessage(uint64, address, bytes calldata) external payable { }

    receive() external payable { }
}

/// @notice Calls back into the bridge with whatever it was told to, and goes on whatever comes of it.
contract ReenteringReceiver is IMessageReceiver {
    bytes public attack;
    bytes public failure;
    bool public hasEntered;

    function prepare(bytes calldata attack_) external {
        attack = attack_;
    }

    function onMessage(uint64, address, bytes calldata) external payable {
        (hasEntered, failure) = msg.sender.call(attack);
    }
}

/// @notice Replies: sends a message of its own from inside a delivery.
contract ReplyingReceiver is IMessageReceiver {
    function onMessage(uint64, address sender, bytes calldata data) external payable {
        Bridge(msg.sender).sendMessage{ value: msg.value }(sender, sender, 0, data);
    }
}

/// @notice Needs a certain amount of gas, and fails without it.
contract HungryReceiver is IMessageReceiver {
    uint256 private immutable _gasNeeded;

    constructor(uint256 gasNeeded) {
        _gasNeeded = gasNeeded;
    }

    function onMessage(uint64, address, bytes calldata) external payable {
        require(gasleft() >= _gasNeeded);
    }
}

/// @notice Fails with as much returned data as its gas can make.
contract BombReceiver is IMessageReceiver {
    function onMessage(uint64, address, bytes calldata) external payable {
        assembly {
            revert(0, 1000000)
        }
    }
}
