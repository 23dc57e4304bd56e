// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IProposerRegistry } from "../../../src/l1/registry/IProposerRegistry.sol";
import { ProposerRegistry } from "../../../src/l1/registry/ProposerRegistry.sol";
import { BlockCommitments } from "../../../src/l1/preconf/BlockCommitments.sol";
import { Faults } from "../../../src/l1/preconf/Faults.sol";
import { PromiseCourse } from "../../../src/l1/preconf/PromiseCourse.sol";
import { SlasherFixture } from "../../support/SlasherFixture.sol";
import { Invariants } from "../../support/Invariants.sol";

/// @notice Windows of two preconfers in any order, on an L1 that misses slots and lets others in; and a challenger who tries
///         every evidence there is about every promise. One preconfer is honest, whatever the other and the L1 do.
contract SlasherHandler is SlasherFixture {
    using BlockCommitments for BlockCommitments.BlockCommitment;

    struct Published {
        bool isHonest;
        BlockCommitments.BlockCommitment promised;
        /// @dev One more than the index of the promise it links to; 0 for none.
        uint256 parent;
    }

    enum Lie {
        None,
        OtherBlock,
        Withhold,
        NoEnd,
        GoOnBehindEnd,
        Equivocate
    }

    uint256 private constant PARENTS_MAX = 4;
    uint256 private constant RECENT = 24;

    Published[] private _published;
    /// @dev Promises that nobody landed yet, from the canonical head upwards.
    uint256[] private _pending;
    /// @dev One more than the index of the promise that the head was landed by, as promised.
    uint256 private _headPromise;
    /// @dev What a preconfer's own guard remembers: it never signs twice for a position.
    mapping(bytes32 position => bool) private _isTaken;
    uint256[] private _checkpoints;
    uint256 private _time;
    uint256 private _number;
    bytes32 private _liarRoot;

    mapping(bool isHonest => uint256) public takenWei;
    mapping(bool isHonest => uint256) public faultsPaid;
    mapping(bool isHonest => mapping(uint48 windowEnd => uint256)) private _livenessFaults;
    uint256 public livenessFaultsMax;
    bool public isPaidTwice;

    constructor() {
        bondWei = 200 ether;
        setUp();
        _liarRoot = registerOperator(address(0x11A2), vm.addr(OTHER_KEY));
        enterSlotAt(FIRST_SLOT + 3 * FRAUD_WINDOW);
        nextTimestamp = uint64(block.timestamp);
        remember();
    }

    modifier onL1() {
        vm.roll(_number);
        vm.warp(_time);
        _;
        remember();
    }

    function remember() private {
        (_time, _number) = (block.timestamp, block.number);
    }

    function bondLeft(bool isHonest) external view returns (uint256) {
        return registry.getSlasherCommitment(rootFor(isHonest), address(slasher)).bondWei;
    }

    function rootFor(bool isHonest) private view returns (bytes32) {
        return isHonest ? operatorRoot : _liarRoot;
    }

    function keyFor(bool isHonest) private pure returns (uint256) {
        return isHonest ? KEY : OTHER_KEY;
    }

    // Windows

    function playHonest(uint256 seed) external onL1 {
        playWindow(true, seed, Lie.None);
    }

    function playLiar(uint256 seed, uint8 lie) external onL1 {
        playWindow(false, seed, Lie(lie % 6));
    }

    function passTime(uint256 slots) external onL1 {
        enterSlotAt(block.timestamp + bound(slots, 1, 2000) * SLOT_SECONDS);
    }

    /// @dev Each byte of the seed decides about one slot.
    function playWindow(bool isHonest, uint256 seed, Lie lie) private {
        uint256 slots = 1 + seed % 3;
        uint48 windowEnd = slotAfter(slots);
        // What the predecessor published is taken over, or left lying.
        if (seed >> 2 & 1 == 0) delete _pending;
        uint256 own;
        for (uint256 slot = 1; slot <= slots; ++slot) {
            uint256 dice = seed >> (8 * slot) & 255;
            bool isLast = slot == slots;
            uint256 count = dice % 3;
            if (isLast && own > 0 && count == 0) count = 1;
            for (uint256 i; i < count; ++i) {
                bool isEnd = isLast && i + 1 == count && lie != Lie.NoEnd;
                if (publish(isHonest, windowEnd, isEnd)) ++own;
            }
            if (isLast && lie == Lie.GoOnBehindEnd) publish(isHonest, windowEnd, false);
            if (lie == Lie.Equivocate && own > 0) equivocate();
            playSlot(windowEnd, dice >> 4, lie);
        }
        if (proposals.length - 1 > provenProposals) {
            prove();
            _checkpoints.push(head());
        }
    }

    /// @dev Promises one block more, unless the position was promised before.
    function publish(bool isHonest, uint48 windowEnd, bool isEnd) private returns (bool) {
        Published memory next;
        next.isHonest = isHonest;
        if (_pending.length > 0) {
            next.parent = _pending[_pending.length - 1] + 1;
            next.promised = promiseOn(_published[next.parent - 1].promised, windowEnd);
        } else {
            next.promised = promiseNext(windowEnd);
            next.parent = _headPromise;
            if (next.parent > 0) {
                next.promised.parentCommitmentHash = _published[next.parent - 1].promised.hash(domainOf());
            }
        }
        next.promised.isEndOfWindow = isEnd;
        next.promised.transactionsRoot = keccak256(abi.encode("promised", _published.length));
        bytes32 position =
            keccak256(abi.encode(isHonest, next.promised.blockNumber, next.promised.parentBlockHash));
        if (_isTaken[position]) return false;
        _isTaken[position] = true;
        _pending.push(_published.length);
        _published.push(next);
        return true;
    }

    /// @dev A second promise for the position of the last.
    function equivocate() private {
        Published memory second = _published[_published.length - 1];
        second.promised.transactionsRoot = keccak256("second");
        _published.push(second);
    }

    function playSlot(uint48 windowEnd, uint256 dice, Lie lie) private {
        if (dice & 3 == 0) return missSlot();
        enterSlot();
        if (dice & 15 == 15) {
            landRoot(0, keccak256(abi.encode("others", block.number)));
            delete _pending;
            _headPromise = 0;
            return;
        }
        if (lie == Lie.Withhold) return;
        if (_pending.length == 0) {
            // Nothing promised; sometimes something is landed all the same.
            if (dice & 4 == 0) return;
            landRoot(windowEnd, keccak256(abi.encode("unpromised", block.number)));
            _headPromise = 0;
            return;
        }
        bytes32[] memory roots = new bytes32[](_pending.length);
        for (uint256 i; i < roots.length; ++i) {
            roots[i] = _published[_pending[i]].promised.transactionsRoot;
        }
        if (lie == Lie.OtherBlock) roots[dice % roots.length] = keccak256("other block");
        landRoots(windowEnd, roots);
        _headPromise = lie == Lie.OtherBlock ? 0 : _pending[_pending.length - 1] + 1;
        delete _pending;
    }

    // Challenges

    /// @dev Tries everything against one promise, of late or of long ago.
    function challenge(uint256 seed) external onL1 {
        if (_published.length == 0) return;
        uint256 index = seed & 1 == 0
            ? (seed >> 1) % _published.length
            : _published.length - 1 - (seed >> 1) % min(RECENT, _published.length);
        uint256 settled = uint256(_published[index].promised.windowEnd) + MIN_AGE;
        if (block.timestamp < settled + SLOT_SECONDS) {
            enterSlotAt(block.timestamp + MIN_AGE + 8 * SLOT_SECONDS);
        }
        trySignatures(index, seed >> 128);
        tryCourses(index);
    }

    /// @dev With every promise nearby that could be in question, and with any.
    function trySignatures(uint256 index, uint256 any) private {
        uint256 first = index > RECENT ? index - RECENT : 0;
        uint48 number = _published[index].promised.blockNumber;
        for (uint256 i = first; i < _published.length && i < index + RECENT; ++i) {
            uint48 other = _published[i].promised.blockNumber;
            if (i != index && (other == number || other == number + 1)) tryPair(index, i);
        }
        tryPair(index, any % _published.length);
    }

    function tryPair(uint256 index, uint256 otherIndex) private {
        Published memory accused = _published[index];
        Published memory other = _published[otherIndex];
        bytes memory signed = abi.encode(sign(keyFor(other.isHonest), commitmentOf(other.promised)));
        accuse(accused, evidenceOf(Faults.Fault.Equivocation, signed), Faults.Fault.Equivocation);
        accuse(accused, evidenceOf(Faults.Fault.PromisedBehindEnd, signed), Faults.Fault.PromisedBehindEnd);
    }

    function tryCourses(uint256 index) private {
        Published memory accused = _published[index];
        uint256 linked = accused.parent;
        for (uint256 count; count <= PARENTS_MAX; ++count) {
            uint256 bottom = accused.promised.blockNumber - count;
            uint256 low = checkpointFrom(bottom);
            uint256 high = checkpointFrom(accused.promised.blockNumber + 1);
            tryFrom(index, count, low);
            if (high != low) tryFrom(index, count, high);
            if (linked == 0 || bottom == 1) return;
            linked = _published[linked - 1].parent;
        }
    }

    /// @dev With `count` parents, and headers from a checkpoint.
    function tryFrom(uint256 index, uint256 count, uint256 top) private {
        if (top == 0) return;
        Published memory accused = _published[index];
        PromiseCourse.Course memory course = courseOf(top, accused.promised.blockNumber - count);
        course.parents = new bytes[](count);
        uint256 linked = accused.parent;
        for (uint256 i; i < count; ++i) {
            course.parents[i] = _published[linked - 1].promised.encode();
            linked = _published[linked - 1].parent;
        }
        uint48 windowEnd = accused.promised.windowEnd;
        for (uint8 kind = 1; kind < 6; ++kind) {
            accuse(accused, evidenceOf(Faults.Fault(kind), course), Faults.Fault(kind));
        }
        try slasher.recordKept(accused.promised.encode(), windowEnd, abi.encode(course)) { } catch { }
    }

    /// @dev The first at or above `least`; 0 for none.
    function checkpointFrom(uint256 least) private view returns (uint256) {
        for (uint256 i; i < _checkpoints.length; ++i) {
            if (_checkpoints[i] >= least) return _checkpoints[i];
        }
        return 0;
    }

    function accuse(Published memory accused, bytes memory evidence, Faults.Fault fault) private {
        bool isHonest = accused.isHonest;
        IProposerRegistry.SignedCommitment memory signed =
            sign(keyFor(isHonest), commitmentOf(accused.promised));
        vm.prank(CHALLENGER);
        try registry.slashCommitment(rootFor(isHonest), signed, evidence) returns (uint256 amountWei) {
            takenWei[isHonest] += amountWei;
            ++faultsPaid[isHonest];
            if (fault == Faults.Fault.MissedSubmission || fault == Faults.Fault.MissingEnd) {
                uint256 count = ++_livenessFaults[isHonest][accused.promised.windowEnd];
                if (count > livenessFaultsMax) livenessFaultsMax = count;
            }
        } catch {
            return;
        }
        try registry.slashCommitment(rootFor(isHonest), signed, evidence) {
            isPaidTwice = true;
        } catch { }
    }

    function min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}

contract SlasherInvariants is Invariants {
    uint256 private constant BOND = 200 ether;

    SlasherHandler private handler;

    function setUp() external {
        handler = new SlasherHandler();
        _fuzz(address(handler));
        _fuzz(SlasherHandler.playHonest.selector);
        _fuzz(SlasherHandler.playLiar.selector);
        _fuzz(SlasherHandler.passTime.selector);
        _fuzz(SlasherHandler.challenge.selector);
    }

    /// @dev One campaign for all: windows and challenges are long.
    function invariant_honestPreconferIsNeverSlashed_faultsArePaidOnce() external view {
        require(handler.faultsPaid(true) == 0 && handler.bondLeft(true) == BOND, "honest preconfer slashed");
        require(!handler.isPaidTwice(), "a fault paid twice");
        require(handler.livenessFaultsMax() <= 1, "two liveness faults in a window");
        require(handler.takenWei(false) + handler.bondLeft(false) == BOND, "slashed more than the bond");
    }

    /// @dev The handler can do what it is for: each lie is found and paid for.
    function test_everyLie_isPaidFor() external {
        for (uint8 lie = 1; lie < 6; ++lie) {
            uint256 before = handler.faultsPaid(false);
            // Three slots with a promise in each, which are neither missed nor others'.
            handler.playLiar(0x10101002, lie);
            handler.playHonest(0x10101002);
            for (uint256 i; i < 8; ++i) {
                handler.challenge(1 + 2 * i);
            }
            require(handler.faultsPaid(false) > before, "unpaid");
        }
        require(handler.faultsPaid(true) == 0, "honest");
    }
}
