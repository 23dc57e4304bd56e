// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IInbox } from "../../../src/l1/IInbox.sol";
import { Inbox } from "../../../src/l1/Inbox.sol";
import { WhitelistSchedule } from "../../../src/l1/WhitelistSchedule.sol";
import { BeaconProofs } from "../../../src/l1/lookahead/BeaconProofs.sol";
import { LookaheadSchedule } from "../../../src/l1/lookahead/LookaheadSchedule.sol";
import { Eip4788 } from "../../support/Eip4788.sol";
import { LookaheadFixture } from "../../support/LookaheadFixture.sol";
import { Vm } from "../../support/Vm.sol";
import { Invariants } from "../../support/Invariants.sol";

/// @notice Operators that come and go, validators that move between them, proposals by those whose turn it is and by others;
///         and a schedule of its own, read off the list of proposers and a diary. Epochs of 8 slots.
contract LookaheadHandler is LookaheadFixture {
    /// @dev Of an operator: from the second after `time` on it counts, or counts no more.
    struct Move {
        uint256 time;
        bool isIn;
    }

    /// @dev Of a validator, by operator `operator`.
    struct Claim {
        uint256 epoch;
        uint256 operator;
    }

    uint256 private constant SLOTS = 8;
    uint256 private constant VALIDATORS = 4;
    /// @dev Each key registers three times, with nonces 0, 1 and 2, each time for another owner.
    uint256 private constant OPERATORS = 3 * VALIDATORS;
    uint256 private constant NOBODY = type(uint256).max;
    address private constant STRANGER = address(0xA27);

    Operator[] private _operators;
    address[] private _posters = new address[](OPERATORS);
    uint256 private _slot = EPOCH * EPOCH_SLOTS;
    uint256 private _number = 1000;

    mapping(uint256 operator => Move[]) private _moves;
    mapping(uint256 validator => Claim[]) private _claims;
    mapping(uint256 epoch => bool) private _isProven;
    mapping(uint256 slot => bytes32) private _settled;

    /// @notice What an invariant would say, had it seen the moment.
    bool public hasTrespasser;
    bool public hasRefusedOwner;
    bool public hasWrongWindow;
    bool public hasChangedOwner;
    bool public hasGapOrOverlap;

    constructor() {
        setUp();
        enter();
        deployRegistry(96, 192, 200);
        deploySchedule(type(uint64).max, uint48(SLOTS));
        Inbox.Settings memory chosen = settings(schedule);
        chosen.ringBufferSize = 1 << 40;
        inbox = new Inbox(chosen, GENESIS_HASH);

        for (uint256 i; i < OPERATORS; ++i) {
            Operator memory operator;
            operator.owner = address(uint160(0x0E0000 + i));
            operator.committerKey = 2000 + i;
            operator.committer = vm.addr(operator.committerKey);
            operator.proof = register(1000 + i % VALIDATORS, operator.owner, uint64(i / VALIDATORS));
            operator.root = operator.proof.registrationRoot;
            _operators.push(operator);
        }
        _slot += 2 * SLOTS;
        enter();
        for (uint256 i; i < VALIDATORS; ++i) {
            optIn(i);
            if (i % 2 == 0) claimFor(i);
        }
        for (uint256 i; i < 3; ++i) {
            pass(11);
        }
        proveRunning(0);
    }

    // Actions

    /// @dev A block 1 to 12 slots later.
    function pass(uint256 slots) public {
        _slot += 1 + slots % 12;
        _number += 1;
        enter();
    }

    function optIn(uint256 i) public {
        enter();
        i %= OPERATORS;
        vm.prank(_operators[i].owner);
        registry.optInToSlasher(_operators[i].root, address(slasher), _operators[i].committer);
        _moves[i].push(Move(block.timestamp, true));
    }

    function optOut(uint256 i) external {
        enter();
        i %= OPERATORS;
        optOut(_operators[i]);
        _moves[i].push(Move(block.timestamp, false));
    }

    function slashOne(uint256 i) external {
        enter();
        i %= OPERATORS;
        slash(_operators[i]);
        _moves[i].push(Move(block.timestamp, false));
    }

    /// @dev Seldom, for there is no way back.
    function unregister(uint256 i) external {
        enter();
        if (i % 16 != 0) return;
        i = (i / 16) % OPERATORS;
        vm.prank(_operators[i].owner);
        registry.unregister(_operators[i].root);
        _moves[i].push(Move(block.timestamp, false));
    }

    function claimFor(uint256 i) public {
        enter();
        i %= OPERATORS;
        claim(_operators[i].proof, _operators[i].owner, uint64(100 + i % VALIDATORS));
        _claims[i % VALIDATORS].push(Claim(_slot / SLOTS, i));
    }

    function setPoster(uint256 i, uint256 poster) external {
        enter();
        i %= OPERATORS;
        address chosen = poster % 4 == 0 ? address(0) : address(uint160(0x9000 + poster % 4));
        vm.prank(_operators[i].owner);
        schedule.setPoster(_operators[i].root, chosen);
        _posters[i] = chosen;
    }

    /// @dev By a block of this epoch or the last.
    function proveRunning(uint256 back) public {
        enter();
        uint256 slot = _slot - 1 - (back % 2) * SLOTS;
        bytes memory lookahead = lookaheadOf(slot / SLOTS);
        (BeaconProofs.BeaconBlockHeader memory header,, bytes32[] memory branch) =
            makeHeader(slot, beacon.hashUint64Vector(lookahead), BeaconProofs.PROPOSER_LOOKAHEAD_FULU);
        storeBeaconRoot(block.timestamp, beacon.hashHeader(header));
        schedule.proveLookahead(header, block.timestamp, lookahead, branch);
        _isProven[slot / SLOTS] = true;
    }

    /// @param who Any operator's committer or poster, a stranger, or (most often) somebody of the one whose turn it is.
    function propose(uint256 who, uint256 back) external {
        pass(0);
        uint256 epoch = _slot / SLOTS - back % 2;
        (uint256 owner, uint256 end) = findOwner(_slot, epoch);
        address proposer = proposerBy(who, owner);
        bool isAllowed = _isProven[epoch] && (owner == NOBODY ? back % 2 == 0 : isOf(proposer, owner));

        carryBlobs(1);
        bytes memory lookahead = lookaheadOf(epoch);
        vm.recordLogs();
        vm.prank(proposer);
        try inbox.propose(lookahead, encodeInput(0, 0, 1, 0, 0)) {
            if (!isAllowed) hasTrespasser = true;
            Vm.Log[] memory logs = vm.getRecordedLogs();
            (, uint48 windowEnd,,) =
                abi.decode(logs[0].data, (bytes32, uint48, uint8, IInbox.DerivationSource[]));
            uint256 expected = owner == NOBODY ? 0 : BEACON_GENESIS + end * SLOT_SECONDS;
            if (windowEnd != expected) hasWrongWindow = true;
        } catch {
            if (isAllowed) hasRefusedOwner = true;
        }
    }

    /// @dev Asks for every slot of this epoch, and of the next where the lookahead tells.
    function look(uint256 back) external {
        enter();
        uint256 epoch = _slot / SLOTS;
        if (_isProven[epoch - back % 2]) lookThrough(epoch - back % 2, epoch * SLOTS);
    }

    // Books

    /// @dev Owner of a slot by the lookahead of an epoch, or nobody.
    function findOwner(uint256 slot, uint256 epoch) private view returns (uint256 operator, uint256 end) {
        for (end = slot; end < (epoch + 2) * SLOTS; ++end) {
            uint256 proposer = proposerOf(end);
            if (proposer >= VALIDATORS) continue;
            operator = holderIn(proposer, end / SLOTS);
            if (operator != NOBODY && countsIn(operator, end / SLOTS)) return (operator, end);
        }
        return (NOBODY, 0);
    }

    /// @dev Whom the validator's last claim was for, two epochs before at the latest.
    function holderIn(uint256 validator, uint256 epoch) private view returns (uint256 operator) {
        operator = NOBODY;
        for (uint256 i; i < _claims[validator].length; ++i) {
            if (_claims[validator][i].epoch + 2 <= epoch) operator = _claims[validator][i].operator;
        }
    }

    /// @dev Whether the operator's last move, before the epoch before began, was in.
    function countsIn(uint256 operator, uint256 epoch) private view returns (bool counts) {
        uint256 settledAt = BEACON_GENESIS + (epoch - 1) * SLOTS * SLOT_SECONDS;
        for (uint256 i; i < _moves[operator].length; ++i) {
            if (_moves[operator][i].time < settledAt) counts = _moves[operator][i].isIn;
        }
    }

    function isOf(address proposer, uint256 operator) private view returns (bool) {
        return proposer == _operators[operator].committer || proposer == _posters[operator];
    }

    function proposerBy(uint256 who, uint256 owner) private view returns (address proposer) {
        uint256 i = owner == NOBODY || who % 4 == 0 ? (who / 16) % OPERATORS : owner;
        proposer = who % 16 == 1 ? STRANGER : who % 4 == 2 ? _posters[i] : _operators[i].committer;
        if (proposer == address(0)) proposer = STRANGER;
    }

    function lookThrough(uint256 epoch, uint256 firstSlot) private {
        bytes memory lookahead = lookaheadOf(epoch);
        (bool isRunning, bool isOver) = (false, false);
        LookaheadSchedule.Window memory last;
        for (uint256 slot = firstSlot; slot < (epoch + 2) * SLOTS; ++slot) {
            uint256 time = BEACON_GENESIS + slot * SLOT_SECONDS;
            try schedule.ownerAt(time, lookahead) returns (LookaheadSchedule.Window memory window) {
                if (isOver) hasGapOrOverlap = true;
                bool isNobodys = window.registrationRoot == 0;
                // A window that goes on, or the next one beginning right behind the end of the last.
                bool isSame = window.registrationRoot == last.registrationRoot && window.end == last.end;
                if (isRunning && isSame != (last.end == 0 || time <= last.end)) hasGapOrOverlap = true;
                if (isNobodys ? window.end != 0 : window.end < time) hasGapOrOverlap = true;
                if (!isNobodys && proposerOf((window.end - BEACON_GENESIS) / SLOT_SECONDS) >= VALIDATORS) {
                    hasGapOrOverlap = true;
                }
                bytes32 owner = keccak256(abi.encode(window.registrationRoot, window.end));
                if (_settled[slot] == 0) _settled[slot] = owner;
                else if (_settled[slot] != owner) hasChangedOwner = true;
                (isRunning, last) = (true, window);
            } catch {
                // Behind the last slot of those who opted in, in the second epoch only.
                if (isRunning && time <= last.end) hasGapOrOverlap = true;
                if (slot / SLOTS == epoch) hasGapOrOverlap = true;
                (isRunning, isOver) = (false, true);
            }
        }
    }

    /// @dev A third of the slots are the four validators'; others have proposers whom nobody claimed.
    function proposerOf(uint256 slot) private pure returns (uint256) {
        return uint256(keccak256(abi.encode("proposer", slot))) % (3 * VALIDATORS);
    }

    function lookaheadOf(uint256 epoch) private pure returns (bytes memory lookahead) {
        lookahead = new bytes(16 * SLOTS);
        for (uint256 i; i < 2 * SLOTS; ++i) {
            setProposer(lookahead, i, uint64(100 + proposerOf(epoch * SLOTS + i)));
        }
    }

    function enter() private {
        vm.roll(_number);
        vm.warp(BEACON_GENESIS + _slot * SLOT_SECONDS);
    }
}

/// @notice Operators of a whitelist that come and go, while beacon blocks are made and missed. Epochs of 8 slots.
contract WhitelistHandler is LookaheadFixture {
    uint256 private constant SLOTS = 8;
    uint256 private constant OPERATORS = 6;

    WhitelistSchedule private immutable _whitelist;
    uint256 private _slot = EPOCH * EPOCH_SLOTS;

    address[] private _list;
    mapping(address operator => uint256 epoch) private _firstEpoch;
    mapping(uint256 slot => bytes32) private _rootBefore;

    /// @notice What an invariant would say, had it seen the moment.
    bool public hasTrespasser;
    bool public hasRefusedOperator;

    constructor() {
        setUp();
        enter();
        address[] memory list = new address[](2);
        (list[0], list[1]) = (operatorAt(0), operatorAt(1));
        _list = list;
        _whitelist = new WhitelistSchedule(
            address(this), list, Eip4788.ADDRESS, BEACON_GENESIS, SLOT_SECONDS, uint48(SLOTS)
        );
    }

    /// @dev Slots with blocks and without.
    function pass(uint256 slots, uint256 seed) external {
        for (uint256 i; i < 1 + slots % 12; ++i) {
            ++_slot;
            enter();
            if (uint256(keccak256(abi.encode(seed, i))) % 4 == 0) continue;
            _rootBefore[_slot] = keccak256(abi.encode("root", _slot));
            Eip4788.store(_rootBefore[_slot]);
        }
    }

    function add(uint256 i) external {
        enter();
        address operator = operatorAt(i);
        _whitelist.addOperator(operator);
        _list.push(operator);
        _firstEpoch[operator] = _slot / SLOTS + 2;
    }

    function remove(uint256 i) external {
        enter();
        address operator = operatorAt(i);
        _whitelist.removeOperator(operator);
        for (uint256 j; j < _list.length; ++j) {
            if (_list[j] != operator) continue;
            _list[j] = _list[_list.length - 1];
            _list.pop();
        }
    }

    /// @dev Everybody tries.
    function check() external {
        enter();
        address turn = operatorOf(_slot / SLOTS);
        for (uint256 i; i < OPERATORS + 1; ++i) {
            address proposer = operatorAt(i);
            if (i == OPERATORS) proposer = address(0xA27);
            try _whitelist.checkProposer(proposer, "") {
                if (proposer != turn) hasTrespasser = true;
            } catch {
                if (proposer == turn) hasRefusedOperator = true;
            }
        }
    }

    function operatorOf(uint256 epoch) private view returns (address) {
        address[] memory active = new address[](_list.length);
        uint256 count;
        for (uint256 i; i < _list.length; ++i) {
            if (_firstEpoch[_list[i]] <= epoch) active[count++] = _list[i];
        }
        if (count == 0) return address(0);
        uint256 slot = (epoch - 2) * SLOTS + 1;
        uint256 last = slot + 31 < _slot ? slot + 31 : _slot;
        while (slot < last && _rootBefore[slot] == 0) {
            ++slot;
        }
        return active[uint256(_rootBefore[slot]) % count];
    }

    function operatorAt(uint256 i) private pure returns (address) {
        return address(uint160(0x1000 + i % OPERATORS));
    }

    function enter() private {
        vm.warp(BEACON_GENESIS + _slot * SLOT_SECONDS);
    }
}

contract LookaheadInvariants is Invariants {
    LookaheadHandler private handler;

    function setUp() external {
        handler = new LookaheadHandler();
        _fuzz(address(handler));
        _fuzz(LookaheadHandler.pass.selector);
        _fuzz(LookaheadHandler.optIn.selector);
        _fuzz(LookaheadHandler.optOut.selector);
        _fuzz(LookaheadHandler.slashOne.selector);
        _fuzz(LookaheadHandler.unregister.selector);
        _fuzz(LookaheadHandler.claimFor.selector);
        _fuzz(LookaheadHandler.setPoster.selector);
        _fuzz(LookaheadHandler.proveRunning.selector);
        _fuzz(LookaheadHandler.propose.selector);
        _fuzz(LookaheadHandler.look.selector);
    }

    /// @dev And who owns the slot is not refused.
    function invariant_proposals_areInTheProposersOwnWindow() external view {
        require(!handler.hasTrespasser(), Broken("a proposal outside the proposer's window"));
        require(!handler.hasWrongWindow(), Broken("a window that ends elsewhere"));
        require(!handler.hasRefusedOwner(), Broken("an owner refused in his window"));
    }

    /// @dev Each slot in one window, each window up to a slot of its owner.
    function invariant_windows_partitionTheSlots() external view {
        require(!handler.hasGapOrOverlap(), Broken("windows with a gap or an overlap"));
    }

    /// @dev Once the epoch before has begun: whoever opts in, out, unregisters, is slashed or claims.
    function invariant_owners_neverChangeOnceSettled() external view {
        require(!handler.hasChangedOwner(), Broken("another owner of a settled slot"));
    }
}

contract WhitelistInvariants is Invariants {
    WhitelistHandler private handler;

    function setUp() external {
        handler = new WhitelistHandler();
        _fuzz(address(handler));
        _fuzz(WhitelistHandler.pass.selector);
        _fuzz(WhitelistHandler.add.selector);
        _fuzz(WhitelistHandler.remove.selector);
        _fuzz(WhitelistHandler.check.selector);
    }

    /// @dev And the epoch's operator is not refused.
    function invariant_proposals_areByTheEpochsOperator() external view {
        require(!handler.hasTrespasser(), Broken("a proposal by another than the epoch's operator"));
        require(!handler.hasRefusedOperator(), Broken("the epoch's operator refused"));
    }
}
