// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Bridge } from "../../../src/shared/Bridge.sol";
import { CheckpointStore } from "../../../src/shared/CheckpointStore.sol";
import { IBridge } from "../../../src/shared/IBridge.sol";
import { BridgeFixture } from "../../support/BridgeFixture.sol";
import { MoodyReceiver } from "../../support/BridgeReceivers.sol";
import { Invariants } from "../../support/Invariants.sol";

/// @notice Deposits, true and false withdrawals, retries and recoveries in any order, at any time; and books of its own.
contract BridgeHandler is BridgeFixture {
    uint256 private constant MESSAGES_MAX = 8;

    MoodyReceiver private immutable _receiver = new MoodyReceiver();
    IBridge.Message[] private _messages;
    uint256 private _time = 1_800_000_000;

    uint256 public depositedWei;
    uint256 public depositCount;
    uint256 public paidWei;
    mapping(bytes32 messageHash => uint256) public paymentsOf;
    /// @dev What was paid when, for the quota.
    uint256[] private _paymentTimes;
    uint256[] private _paymentWeis;
    bool public isQuotaBroken;

    constructor() {
        vm.chainId(HERE);
        store = new CheckpointStore(address(this));
        bridge = new Bridge(store, OTHER_BRIDGE, THERE, QUOTA, PERIOD);
        // What a chain may claim: some of it more than the bridge will ever hold.
        for (uint64 i; i < MESSAGES_MAX; ++i) {
            IBridge.Message memory message = messageTo(address(_receiver), uint256(1 + i % 7) * 8 ether, "");
            message.nonce = i;
            if (i % 3 == 0) message.to = address(bridge);
            else if (i % 3 == 1) message.to = ALICE;
            _messages.push(message);
        }
    }

    modifier atTime() {
        vm.warp(_time);
        _;
    }

    function target() external view returns (Bridge) {
        return bridge;
    }

    function messageCount() external view returns (uint256) {
        return _messages.length;
    }

    function statusAt(uint256 i) external view returns (bytes32, IBridge.Status) {
        bytes32 messageHash = hashOf(_messages[i]);
        return (messageHash, bridge.statusOf(messageHash));
    }

    function passTime(uint256 elapsed) external {
        _time += bound(elapsed, 1, PERIOD / 2);
    }

    function changeMood(bool isWilling) external {
        _receiver.setWilling(isWilling);
    }

    function deposit(uint256 value) external atTime {
        value = bound(value, 0, QUOTA / 2);
        vm.deal(BOB, value);
        vm.prank(BOB);
        bridge.sendMessage{ value: value }(ALICE, BOB, 0, "");
        depositedWei += value;
        ++depositCount;
    }

    function withdraw(uint256 which) external atTime {
        IBridge.Message memory message = _messages[which % MESSAGES_MAX];
        IBridge.Proof memory proof = proveSlot(hashOf(message), hex"01", 0);
        uint256 before = address(bridge).balance;
        bridge.processMessage(message, proof);
        note(message, before);
    }

    /// @dev Proven is another message than the one claimed.
    function withdrawUnproven(uint256 which) external atTime {
        IBridge.Message memory message = _messages[which % MESSAGES_MAX];
        IBridge.Proof memory proof = proveSlot(hashOf(message), hex"01", 0);
        message.value += 1;
        uint256 before = address(bridge).balance;
        bridge.processMessage(message, proof);
        note(message, before);
    }

    function retry(uint256 which) external atTime {
        IBridge.Message memory message = _messages[which % MESSAGES_MAX];
        uint256 before = address(bridge).balance;
        bridge.retryMessage(message);
        note(message, before);
    }

    function recover(uint256 which, uint256 who) external atTime {
        bool isOwner = who % 4 > 0;
        IBridge.Message memory message = _messages[which % MESSAGES_MAX];
        uint256 before = address(bridge).balance;
        vm.prank(isOwner ? BOB : ALICE);
        bridge.recoverValue(message, BOB);
        note(message, before);
        if (!isOwner) isQuotaBroken = true;
    }

    function note(IBridge.Message memory message, uint256 balanceBefore) private {
        uint256 paid = balanceBefore - address(bridge).balance;
        if (paid == 0) return;
        if (paid != message.value) isQuotaBroken = true;
        paidWei += paid;
        ++paymentsOf[hashOf(message)];
        _paymentTimes.push(_time);
        _paymentWeis.push(paid);
        uint256 sum;
        for (uint256 i = _paymentTimes.length; i > 0; --i) {
            sum += _paymentWeis[i - 1];
            uint256 elapsed = _time - _paymentTimes[i - 1];
            if (sum > QUOTA + QUOTA * elapsed / PERIOD) isQuotaBroken = true;
        }
    }
}

contract BridgeInvariants is Invariants {
    BridgeHandler private handler;
    Bridge private bridge;

    function setUp() external {
        handler = new BridgeHandler();
        bridge = handler.target();
        _fuzz(address(handler));
        _fuzz(BridgeHandler.passTime.selector);
        _fuzz(BridgeHandler.changeMood.selector);
        _fuzz(BridgeHandler.deposit.selector);
        _fuzz(BridgeHandler.withdraw.selector);
        _fuzz(BridgeHandler.withdrawUnproven.selector);
        _fuzz(BridgeHandler.retry.selector);
        _fuzz(BridgeHandler.recover.selector);
    }

    /// @dev Whatever the other chain claims: no more comes out than went in, and the rest is there, failed messages' too.
    function invariant_withdrawals_areAtMostDeposits() external view {
        require(handler.paidWei() <= handler.depositedWei(), Broken("withdrawals exceed deposits"));
    }

    function invariant_balance_isDepositsLessWithdrawals() external view {
        require(
            address(bridge).balance == handler.depositedWei() - handler.paidWei(), Broken("the books differ")
        );
    }

    /// @dev Paid once where it is done or recovered, and never otherwise.
    function invariant_message_isPaidAtMostOnce() external view {
        for (uint256 i; i < handler.messageCount(); ++i) {
            (bytes32 messageHash, IBridge.Status status) = handler.statusAt(i);
            bool isOver = status == IBridge.Status.Done || status == IBridge.Status.Recovered;
            require(handler.paymentsOf(messageHash) == (isOver ? 1 : 0), Broken("paid against its status"));
        }
    }

    /// @dev In every span of time that ends with a payment.
    function invariant_quota_isNeverExceeded() external view {
        require(!handler.isQuotaBroken(), Broken("more left than the quota lets"));
    }

    function invariant_nonce_countsMessagesSent() external view {
        require(bridge.nextNonce() == handler.depositCount(), Broken("a nonce was used twice or never"));
    }
}
