// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IProposerRegistry } from "../../../src/l1/registry/IProposerRegistry.sol";
import { ProposerRegistry } from "../../../src/l1/registry/ProposerRegistry.sol";
import { SigningRoots } from "../../../src/l1/registry/SigningRoots.sol";
import { BlsSigner } from "./BlsSigner.sol";
import { RegistryFixture } from "./RegistryFixture.sol";
import { ObedientSlasher } from "./TestSlashers.sol";

/// @notice Three owners who come and go, honest and not; two slashers; a challenger, a user. Keeps books of its own, by what
///         went through its hands, and notes at once what an invariant could not see later. All operators register one key,
///         with different nonces: what happens to one must not touch the others.
contract RegistryHandler is RegistryFixture {
    struct Book {
        bytes32 root;
        address owner;
        uint256 registeredAt;
        /// @dev By whichever way; 0 while registered.
        uint256 leftAt;
        uint256 paidInWei;
        uint256 claimedWei;
        uint256 takenWei;
        /// @dev The share for fraud and equivocation is gone.
        bool hasPaidShare;
        bool isClosed;
        bool isFraud;
    }

    struct OptIn {
        uint256 optedOutAt;
        uint256 takenWei;
    }

    struct Sample {
        bytes32 root;
        address slasher;
        uint48 timestamp;
        address answer;
    }

    uint256 public constant OWNERS = 3;
    uint256 private constant FAULTS = 6;
    uint256 private constant SAMPLES_MAX = 256;

    uint256 public time = START;
    uint256 public forcedWei;
    uint256 public takenWei;
    ObedientSlasher[2] private _slashers;
    Book[] private _books;
    IProposerRegistry.RegistrationProof[] private _proofs;
    /// @dev Index of each owner's newest book, plus one.
    uint256[OWNERS] private _newest;
    mapping(bytes32 root => mapping(address slasher => OptIn)) private _optIns;
    mapping(bytes32 digest => bool) private _isPaid;
    Sample[] private _samples;
    uint256 private _calls;
    /// @dev Of one slot: to either slasher, and a second one to the first.
    IProposerRegistry.SignedDelegation[3] private _delegations;

    bool public hasPaidTwice;
    bool public hasTakenTooMuch;
    bool public hasSlashedLate;
    bool public hasClaimedEarly;
    bool public hasRewrittenHistory;
    bool public hasPunishedTheHonest;

    constructor() {
        setUp();
        _slashers = [slasher, new ObedientSlasher(1 ether)];
        vm.deal(address(this), type(uint128).max);
        for (uint256 i; i < 3; ++i) {
            IProposerRegistry.Delegation memory delegation = ownDelegation();
            delegation.metadata = abi.encodePacked(address(_slashers[i % 2]));
            if (i == 2) delegation.committer = STRANGER;
            _delegations[i] = signDelegation(VALIDATOR, delegation);
        }
    }

    function target() external view returns (ProposerRegistry) {
        return registry;
    }

    function countBooks() external view returns (uint256) {
        return _books.length;
    }

    function book(uint256 i) external view returns (Book memory) {
        return _books[i];
    }

    function slasherAt(uint256 i) external view returns (ObedientSlasher) {
        return _slashers[i];
    }

    function ownerAt(uint256 i) public pure returns (address) {
        return address(uint160(0x0111 * (i + 1)));
    }

    function receivers() external pure returns (address[] memory list) {
        list = new address[](OWNERS + 2);
        (list[0], list[1]) = (CHALLENGER, USER);
        for (uint256 i; i < OWNERS; ++i) {
            list[i + 2] = ownerAt(i);
        }
    }

    function wait_(uint256 seed) external {
        seed = begin(seed);
        uint256[5] memory times =
            [uint256(1), OPT_IN_DELAY, FRAUD_PROOF_WINDOW, SLASH_WINDOW, UNREGISTRATION_DELAY];
        // Often to the very edge of a window.
        skip(times[seed % 5] - (seed >> 8) % 2);
    }

    /// @dev A new operator once the owner left the last one. One in four is a fraud.
    function register(uint256 seed) external {
        seed = begin(seed);
        uint256 i = seed % OWNERS;
        require(_newest[i] == 0 || _books[_newest[i] - 1].leftAt != 0, "one at a time");
        bool isFraud = (seed >> 8) % 4 == 0;
        Book memory opened;
        opened.owner = ownerAt(i);
        IProposerRegistry.SignedRegistration[] memory registrations =
            new IProposerRegistry.SignedRegistration[](1);
        uint64 nonce = uint64(_books.length);
        bytes32 message = signingRoot(SigningRoots.registrationRoot(opened.owner), nonce);
        registrations[0] = IProposerRegistry.SignedRegistration({
            pubkey: _delegations[0].delegation.proposer,
            signature: isFraud ? _delegations[0].signature : BlsSigner.sign(VALIDATOR, message),
            nonce: nonce
        });
        opened.isFraud = isFraud;
        opened.paidInWei = MIN + (seed >> 16) % 9 ether;
        opened.root = registry.register{ value: opened.paidInWei }(
            registrations, opened.owner, registry.requiredSigningId()
        );
        opened.registeredAt = time;
        _books.push(opened);
        _proofs.push(proofOf(registrations, opened.owner, 0));
        _newest[i] = _books.length;
        if (!isFraud && (seed >> 24) % 4 != 0) skip(FRAUD_PROOF_WINDOW);
    }

    function addCollateral(uint256 seed) external {
        seed = begin(seed);
        Book storage chosen = pick(seed);
        uint256 amountWei = (seed >> 8) % 5 ether;
        registry.addCollateral{ value: amountWei }(chosen.root);
        chosen.paidInWei += amountWei;
    }

    function unregister(uint256 seed) external {
        seed = begin(seed);
        require((seed >> 160) % 8 == 0, "seldom");
        Book storage chosen = pick(seed);
        vm.prank(chosen.owner);
        registry.unregister(chosen.root);
        chosen.leftAt = time;
    }

    function claim(uint256 seed) external {
        seed = begin(seed);
        Book storage chosen = pick(seed);
        // Or there would never be enough for a bond.
        require(chosen.leftAt != 0 || (seed >> 160) % 4 == 0, "seldom");
        uint256 before = chosen.owner.balance;
        vm.prank(chosen.owner);
        registry.claimCollateral(chosen.root);
        chosen.claimedWei += chosen.owner.balance - before;
        if (time < chosen.registeredAt + FRAUD_PROOF_WINDOW) hasClaimedEarly = true;
        if (chosen.leftAt == 0) return;
        if (time < chosen.leftAt + UNREGISTRATION_DELAY) hasClaimedEarly = true;
        chosen.isClosed = true;
    }

    function optIn(uint256 seed) external {
        seed = begin(seed);
        Book storage chosen = pick(seed);
        ObedientSlasher to = _slashers[(seed >> 8) % 2];
        vm.prank(chosen.owner);
        registry.optInToSlasher(chosen.root, address(to), committer());
        delete _optIns[chosen.root][address(to)];
    }

    function optOut(uint256 seed) external {
        seed = begin(seed);
        Book storage chosen = pick(seed);
        ObedientSlasher from = _slashers[(seed >> 8) % 2];
        if ((seed >> 16) % 2 == 0) skip(OPT_IN_DELAY);
        vm.prank(chosen.owner);
        registry.optOutOfSlasher(chosen.root, address(from));
        _optIns[chosen.root][address(from)].optedOutAt = time;
    }

    /// @dev By the challenger or the operator itself, before one slasher or the other, by either path.
    function slashCommitment(uint256 seed) external {
        seed = begin(seed);
        uint256 i = pickIndex(seed);
        ObedientSlasher judge = _slashers[(seed >> 8) % 2];
        bytes32 fault = bytes32((seed >> 16) % FAULTS);
        bytes memory said = evidence((seed >> 24) % 2 ether, (seed >> 32) % 2 == 0 ? USER : address(0), fault);
        bool isDelegated = (seed >> 40) % 4 == 0;
        address challenger = (seed >> 48) % 4 == 0 ? _books[i].owner : CHALLENGER;

        bytes32 root = _books[i].root;
        uint256 wei_;
        if (isDelegated) {
            IProposerRegistry.SignedDelegation memory signed = _delegations[(seed >> 8) % 2];
            IProposerRegistry.SignedCommitment memory commitment =
                signCommitment(DELEGATE_KEY, commitTo(address(judge), "promise"), 0);
            vm.prank(challenger);
            wei_ = registry.slashCommitment(_proofs[i], signed, commitment, said);
        } else {
            IProposerRegistry.SignedCommitment memory commitment =
                signCommitment(COMMITTER_KEY, commitTo(address(judge), "promise"), 0);
            vm.prank(challenger);
            wei_ = registry.slashCommitment(root, commitment, said);
        }

        note(_books[i], wei_);
        bytes32 digest = keccak256(abi.encode(root, judge, fault));
        if (_isPaid[digest]) hasPaidTwice = true;
        _isPaid[digest] = true;
        OptIn storage of_ = _optIns[root][address(judge)];
        of_.takenWei += wei_;
        if (of_.takenWei > judge.requiredBondWei()) hasTakenTooMuch = true;
        if (of_.optedOutAt != 0 && time >= of_.optedOutAt + SLASH_WINDOW) hasSlashedLate = true;
        if (_books[i].leftAt != 0 && time >= _books[i].leftAt + SLASH_WINDOW) hasSlashedLate = true;
    }

    function slashRegistration(uint256 seed) external {
        seed = begin(seed);
        uint256 i = pickIndex(seed);
        vm.prank((seed >> 8) % 4 == 0 ? _books[i].owner : CHALLENGER);
        noteShare(_books[i], registry.slashRegistration(_proofs[i]));
        if (time >= _books[i].registeredAt + FRAUD_PROOF_WINDOW) hasSlashedLate = true;
        if (!_books[i].isFraud) hasPunishedTheHonest = true;
    }

    function slashEquivocation(uint256 seed) external {
        seed = begin(seed);
        require((seed >> 160) % 8 == 0, "seldom");
        uint256 i = pickIndex(seed);
        IProposerRegistry.SignedDelegation memory one = _delegations[0];
        IProposerRegistry.SignedDelegation memory two = _delegations[2];
        vm.prank((seed >> 8) % 4 == 0 ? _books[i].owner : CHALLENGER);
        noteShare(_books[i], registry.slashEquivocation(_proofs[i], one, two));
        uint256 leftAt = _books[i].leftAt;
        if (time >= leftAt + UNREGISTRATION_DELAY) hasSlashedLate = true;
    }

    function withdrawReward(uint256 seed) external {
        seed = begin(seed);
        vm.prank(seed % 2 == 0 ? CHALLENGER : USER);
        registry.withdrawReward(address(0xDEAD));
    }

    /// @dev As by selfdestruct.
    function forceEther(uint256 seed) external {
        seed = begin(seed);
        uint256 amountWei = seed % 1 ether;
        vm.deal(address(registry), address(registry).balance + amountWei);
        forcedWei += amountWei;
    }

    /// @dev Answers given before, asked for again.
    function recheckAll() external view returns (bool) {
        for (uint256 i; i < _samples.length; ++i) {
            if (!isAsBefore(_samples[i])) return false;
        }
        return true;
    }

    /// @dev Each call moves time by up to a tenth of the shortest window, asks again what was asked before, and asks
    ///      something new that what follows in the same second must not change. Small seeds are no choice of anything.
    function begin(uint256 seed) private returns (uint256 mixed) {
        mixed = uint256(keccak256(abi.encode(seed, ++_calls)));
        skip(mixed % (OPT_IN_DELAY / 10));
        if (_books.length > 0) sample(mixed);
    }

    function sample(uint256 seed) private {
        uint256 i = (seed >> 64) % _books.length;
        address of_ = address(_slashers[(seed >> 72) % 2]);
        uint48 timestamp = uint48(time - (seed >> 80) % 3 * ((seed >> 88) % (2 * SLASH_WINDOW)));
        address answer = registry.committerAt(_books[i].root, of_, timestamp);
        if (_samples.length > 0 && !isAsBefore(_samples[(seed >> 96) % _samples.length])) {
            hasRewrittenHistory = true;
        }
        Sample memory taken = Sample(_books[i].root, of_, timestamp, answer);
        if (_samples.length < SAMPLES_MAX) _samples.push(taken);
        else _samples[(seed >> 104) % SAMPLES_MAX] = taken;
    }

    function isAsBefore(Sample memory asked) private view returns (bool) {
        return registry.committerAt(asked.root, asked.slasher, asked.timestamp) == asked.answer;
    }

    function skip(uint256 elapsed) private {
        time += elapsed;
        vm.warp(time);
    }

    function noteShare(Book storage chosen, uint256 wei_) private {
        if (chosen.hasPaidShare) hasPaidTwice = true;
        chosen.hasPaidShare = true;
        note(chosen, wei_);
        if (chosen.leftAt == 0) chosen.leftAt = time;
    }

    function note(Book storage chosen, uint256 wei_) private {
        chosen.takenWei += wei_;
        takenWei += wei_;
    }

    /// @dev Mostly of the newest, sometimes of one that is gone.
    function pickIndex(uint256 seed) private view returns (uint256) {
        require(_books.length > 0, "nobody");
        uint256 newest = _newest[seed % OWNERS];
        if (newest == 0 || (seed >> 128) % 8 == 0) return (seed >> 136) % _books.length;
        return newest - 1;
    }

    function pick(uint256 seed) private view returns (Book storage) {
        return _books[pickIndex(seed)];
    }
}
