// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Blobs } from "../../src/l1/Blobs.sol";
import { IInbox } from "../../src/l1/IInbox.sol";
import { IProposerSchedule } from "../../src/l1/IProposerSchedule.sol";
import { BlockCommitments } from "../../src/l1/preconf/BlockCommitments.sol";
import { Faults } from "../../src/l1/preconf/Faults.sol";
import { InclusionLists } from "../../src/l1/preconf/InclusionLists.sol";
import { PreconfSlasher } from "../../src/l1/preconf/PreconfSlasher.sol";
import { PromiseCourse } from "../../src/l1/preconf/PromiseCourse.sol";
import { Promises } from "../../src/l1/preconf/Promises.sol";
import { IProposerRegistry } from "../../src/l1/registry/IProposerRegistry.sol";
import { ProposerRegistry } from "../../src/l1/registry/ProposerRegistry.sol";
import { SigningRoots } from "../../src/l1/registry/SigningRoots.sol";
import { Eip4788 } from "./Eip4788.sol";
import { InboxFixture } from "./InboxFixture.sol";
import { L2HeaderBuilder } from "./L2HeaderBuilder.sol";

/// @notice Anyone may propose; whose window it is, the test says.
contract WindowSchedule is IProposerSchedule {
    uint48 public windowEnd;

    function set(uint48 windowEnd_) external {
        windowEnd = windowEnd_;
    }

    function checkProposer(address, bytes calldata) external view returns (uint48) {
        return windowEnd;
    }
}

/// @notice An L1 of slots, the real inbox and registry on it, an L2 of headers, and a preconfer who promises.
abstract contract SlasherFixture is InboxFixture {
    using BlockCommitments for BlockCommitments.BlockCommitment;

    uint48 internal constant SLOT_SECONDS = 12;
    uint48 internal constant BEACON_GENESIS = 1_700_000_003;
    uint48 internal constant FIRST_SLOT = BEACON_GENESIS + 8_000_000 * SLOT_SECONDS;
    uint48 internal constant MIN_AGE = 64 * SLOT_SECONDS;
    uint48 internal constant MAX_AGE = 2 days;
    uint32 internal constant SLASH_WINDOW = 3 days;
    uint32 internal constant FRAUD_WINDOW = 1 days;
    uint256 internal constant SAFETY = 1 ether;
    uint256 internal constant LIVENESS = 0.1 ether;
    uint256 internal constant BOND = 2 ether;
    /// @dev Hoodi's.
    bytes32 internal constant SIGNING_DOMAIN =
        0x6d6d6f43719103511efa4f1362ff2a50996cccf329cc84cb410c5e5c7d351d03;
    uint64 internal constant GAS_LIMIT = 46_000_000;
    uint64 internal constant BASE_FEE = 25_000_000;

    uint256 internal constant KEY = 0xC0FFEE;
    uint256 internal constant OTHER_KEY = 0xDECAF;
    address internal constant OWNER = address(0x09E12);
    address internal constant CHALLENGER = address(0xC4A1);
    address internal committer = vm.addr(KEY);

    ProposerRegistry internal registry;
    PreconfSlasher internal slasher;
    WindowSchedule internal schedule;
    bytes32 internal operatorRoot;
    uint256 internal bondWei = BOND;

    /// @dev By block number; block 0 is the genesis without a header.
    bytes[] internal headers;
    bytes32[] internal hashes;
    uint48[] internal proposalIds;
    /// @dev By id; proposal 0 is the activation.
    bytes[] internal proposals;
    uint256 internal provenProposals;
    /// @dev For the next blocks that land.
    bytes32 internal nextStateRoot = keccak256("state");
    uint64 internal nextGasUsed = 1_000_000;
    /// @dev Before Unzen none is counted.
    uint64 internal nextZkGas;
    uint64 internal nextBaseFee = BASE_FEE;
    uint64 internal nextTimestamp = FIRST_SLOT;

    function setUp() public virtual override {
        vm.roll(1000);
        vm.warp(FIRST_SLOT - 2 * FRAUD_WINDOW);
        Eip4788.deploy();
        schedule = new WindowSchedule();
        inbox = deployInbox(schedule);
        registry = new ProposerRegistry(registryConfig());
        slasher = new PreconfSlasher(slasherSettings());
        operatorRoot = registerOperator(OWNER, committer);
        vm.warp(FIRST_SLOT - SLOT_SECONDS);
        enterSlot();

        headers.push("");
        hashes.push(GENESIS_HASH);
        proposalIds.push(0);
        proposals.push("");
    }

    function registryConfig() internal view returns (IProposerRegistry.Config memory) {
        return IProposerRegistry.Config({
            minCollateralWei: 0.1 ether,
            fraudProofWindow: FRAUD_WINDOW,
            unregistrationDelay: 4 days,
            slashWindow: SLASH_WINDOW,
            optInDelay: 1 days,
            signingDomain: SIGNING_DOMAIN,
            chainId: SigningRoots.littleEndian(block.chainid)
        });
    }

    function slasherSettings() internal view returns (PreconfSlasher.Settings memory) {
        return PreconfSlasher.Settings({
            registry: registry,
            inbox: inbox,
            beaconRoots: Eip4788.ADDRESS,
            beaconGenesis: BEACON_GENESIS,
            secondsPerSlot: SLOT_SECONDS,
            l2ChainId: L2_CHAIN_ID,
            safetyPenaltyWei: SAFETY,
            livenessPenaltyWei: LIVENESS,
            requiredBondWei: bondWei,
            evidenceMinAge: MIN_AGE,
            evidenceMaxAge: MAX_AGE
        });
    }

    /// @dev Validator keys are never asked for in these tests; the registry takes them on trust until challenged.
    function registerOperator(address owner, address committer_) internal returns (bytes32 root) {
        IProposerRegistry.SignedRegistration[] memory registrations =
            new IProposerRegistry.SignedRegistration[](1);
        bytes32 signingId = registry.requiredSigningId();
        vm.deal(owner, bondWei + 1 ether);
        vm.prank(owner);
        root = registry.register{ value: bondWei + 1 ether }(registrations, owner, signingId);
        vm.warp(block.timestamp + FRAUD_WINDOW);
        vm.prank(owner);
        registry.optInToSlasher(root, address(slasher), committer_);
    }

    // L1

    /// @dev The next slot, with a block.
    function enterSlot() internal {
        nextL1Block();
        Eip4788.store(keccak256(abi.encode("beacon", block.timestamp)));
    }

    /// @dev The next slot passes without a block; the running block stays.
    function missSlot() internal {
        vm.warp(block.timestamp + SLOT_SECONDS);
    }

    /// @dev A block in the slot at `timestamp`, which has not passed; those between are missed.
    function enterSlotAt(uint256 timestamp) internal {
        vm.warp(timestamp - SLOT_SECONDS);
        enterSlot();
    }

    /// @dev Timestamp of the slot `count` after the running one.
    function slotAfter(uint256 count) internal view returns (uint48) {
        return uint48(block.timestamp + count * SLOT_SECONDS);
    }

    // L2

    function rootOf(uint256 blockNumber) internal pure returns (bytes32) {
        return keccak256(abi.encode("transactions", blockNumber));
    }

    function head() internal view returns (uint256) {
        return headers.length - 1;
    }

    /// @dev In the running slot's L1 block: a proposal in the window, of blocks with the roots of `rootOf`.
    function land(uint48 windowEnd, uint256 count) internal {
        bytes32[] memory roots = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            roots[i] = rootOf(headers.length + i);
        }
        landRoots(windowEnd, roots);
    }

    function landRoot(uint48 windowEnd, bytes32 root) internal {
        bytes32[] memory roots = new bytes32[](1);
        roots[0] = root;
        landRoots(windowEnd, roots);
    }

    function landRoots(uint48 windowEnd, bytes32[] memory roots) internal {
        uint48 id = proposeIn(windowEnd);
        for (uint256 i; i < roots.length; ++i) {
            appendBlock(roots[i], id);
        }
    }

    function proposeIn(uint48 windowEnd) internal returns (uint48 id) {
        id = uint48(proposals.length);
        schedule.set(windowEnd);
        bytes32[] memory blobs = carryBlobs(1);
        IInbox.Proposal memory proposal = IInbox.Proposal({
            id: id,
            timestamp: uint48(block.timestamp),
            endOfSubmissionWindowTimestamp: windowEnd,
            proposer: ALICE,
            parentProposalHash: inbox.getProposalHash(id - 1),
            originBlockNumber: uint48(block.number - 1),
            originBlockHash: blockHashOf(block.number - 1),
            basefeeSharingPctg: PCTG,
            sources: new IInbox.DerivationSource[](1)
        });
        proposal.sources[0].blobSlice =
            Blobs.BlobSlice({ blobHashes: blobs, offset: 0, timestamp: uint48(block.timestamp) });
        vm.prank(ALICE);
        inbox.propose("", encodeInput(0, 0, 1, 0, 0));
        proposals.push(abi.encode(proposal));
        assertEq(inbox.getProposalHash(id), keccak256(proposals[id]));
    }

    function appendBlock(bytes32 transactionsRoot, uint48 proposalId) internal {
        nextTimestamp += 2;
        bytes memory header = L2HeaderBuilder.encode(
            L2HeaderBuilder.Header({
                parentHash: hashes[head()],
                stateRoot: nextStateRoot,
                transactionsRoot: transactionsRoot,
                difficulty: nextZkGas,
                number: uint64(headers.length),
                gasLimit: GAS_LIMIT,
                gasUsed: nextGasUsed,
                timestamp: nextTimestamp,
                extraData: abi.encodePacked(PCTG, proposalId),
                baseFee: nextBaseFee
            })
        );
        headers.push(header);
        hashes.push(keccak256(header));
        proposalIds.push(proposalId);
    }

    /// @dev Hash of the block that would be next, had it these transactions and came it in the next proposal.
    function foresee(bytes32 parentHash, uint256 blockNumber, bytes32 transactionsRoot)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode("foreseen", parentHash, blockNumber, transactionsRoot));
    }

    /// @dev Everything landed becomes proven; its last block is a checkpoint.
    function prove() internal {
        uint256 last = proposals.length - 1;
        IInbox.Commitment memory statement;
        statement.firstProposalId = uint48(provenProposals + 1);
        statement.firstProposalParentBlockHash = lastHashOf(provenProposals);
        statement.lastProposalHash = inbox.getProposalHash(last);
        statement.actualProver = BOB;
        statement.endBlockNumber = uint48(head());
        statement.endStateRoot = nextStateRoot;
        statement.transitions = new IInbox.Transition[](last - provenProposals);
        for (uint256 i; i < statement.transitions.length; ++i) {
            IInbox.Proposal memory proposal = proposalAt(provenProposals + 1 + i);
            statement.transitions[i] = IInbox.Transition({
                proposer: proposal.proposer, timestamp: proposal.timestamp, blockHash: lastHashOf(proposal.id)
            });
        }
        inbox.prove(encodeCommitment(statement), attest(statement));
        provenProposals = last;
    }

    function lastHashOf(uint256 proposalId) internal view returns (bytes32) {
        for (uint256 number = head(); number > 0; --number) {
            if (proposalIds[number] <= proposalId) return hashes[number];
        }
        return GENESIS_HASH;
    }

    function proposalAt(uint256 id) internal view returns (IInbox.Proposal memory) {
        return abi.decode(proposals[id], (IInbox.Proposal));
    }

    /// @dev Proves all, and waits until faults of what landed so far can be judged.
    function settle() internal {
        prove();
        enterSlotAt(block.timestamp + MIN_AGE + 2 * SLOT_SECONDS);
    }

    // Promises

    function domainOf() internal view returns (Promises.Domain memory) {
        return Promises.Domain({
            slasher: address(slasher),
            signingId: registry.requiredSigningId(),
            chainId: SigningRoots.littleEndian(block.chainid),
            signingDomain: SIGNING_DOMAIN
        });
    }

    /// @dev To append a block to the canonical chain as it stands, with the root of `rootOf`.
    function promiseNext(uint48 windowEnd) internal view returns (BlockCommitments.BlockCommitment memory) {
        return promiseAt(headers.length, hashes[head()], windowEnd);
    }

    function promiseAt(uint256 number, bytes32 parentHash, uint48 windowEnd)
        internal
        pure
        returns (BlockCommitments.BlockCommitment memory)
    {
        return BlockCommitments.BlockCommitment({
            l2ChainId: L2_CHAIN_ID,
            blockNumber: uint48(number),
            parentCommitmentHash: 0,
            parentBlockHash: parentHash,
            transactionsRoot: rootOf(number),
            anchorBlockNumber: 7,
            windowEnd: windowEnd,
            isEndOfWindow: false
        });
    }

    /// @dev To build on what `parent` promises, under a hash that the block then need not get.
    function promiseOn(BlockCommitments.BlockCommitment memory parent, uint48 windowEnd)
        internal
        view
        returns (BlockCommitments.BlockCommitment memory child)
    {
        bytes32 parentHash = foresee(parent.parentBlockHash, parent.blockNumber, parent.transactionsRoot);
        child = promiseAt(parent.blockNumber + 1, parentHash, windowEnd);
        child.parentCommitmentHash = parent.hash(domainOf());
    }

    function commitmentOf(BlockCommitments.BlockCommitment memory promised)
        internal
        view
        returns (IProposerRegistry.Commitment memory)
    {
        return commitmentOf(BlockCommitments.COMMITMENT_TYPE, promised.encode());
    }

    function commitmentOf(InclusionLists.InclusionList memory list)
        internal
        view
        returns (IProposerRegistry.Commitment memory)
    {
        return commitmentOf(InclusionLists.COMMITMENT_TYPE, InclusionLists.encode(list));
    }

    function commitmentOf(uint64 commitmentType, bytes memory payload)
        internal
        view
        returns (IProposerRegistry.Commitment memory)
    {
        return IProposerRegistry.Commitment({
            commitmentType: commitmentType, payload: payload, requestHash: 0, slasher: address(slasher)
        });
    }

    function sign(uint256 key, IProposerRegistry.Commitment memory commitment)
        internal
        view
        returns (IProposerRegistry.SignedCommitment memory)
    {
        bytes32 root = Promises.signingRoot(domainOf(), commitment, 0);
        return IProposerRegistry.SignedCommitment({
            commitment: commitment,
            nonce: 0,
            signingId: registry.requiredSigningId(),
            signature: signature(key, root)
        });
    }

    // Evidence

    /// @dev Headers of blocks `top` down to `bottom`, and their proposals.
    function courseOf(uint256 top, uint256 bottom)
        internal
        view
        returns (PromiseCourse.Course memory course)
    {
        course.headers = headersOf(top, bottom);
        course.proposals = proposalsOf(top, bottom);
    }

    function courseOf(uint256 top, uint256 bottom, BlockCommitments.BlockCommitment memory parent)
        internal
        view
        returns (PromiseCourse.Course memory course)
    {
        course = courseOf(top, bottom);
        course.parents = new bytes[](1);
        course.parents[0] = parent.encode();
    }

    function headersOf(uint256 top, uint256 bottom) internal view returns (bytes[] memory chain) {
        chain = new bytes[](top + 1 - bottom);
        for (uint256 i; i < chain.length; ++i) {
            chain[i] = headers[top - i];
        }
    }

    function proposalsOf(uint256 top, uint256 bottom) internal view returns (IInbox.Proposal[] memory list) {
        uint256 last = proposalIds[top];
        list = new IInbox.Proposal[](last + 1 - proposalIds[bottom]);
        for (uint256 i; i < list.length; ++i) {
            list[i] = proposalAt(last - i);
        }
    }

    function evidenceOf(Faults.Fault fault, bytes memory data) internal pure returns (bytes memory) {
        return abi.encode(uint8(fault), data);
    }

    function evidenceOf(Faults.Fault fault, PromiseCourse.Course memory course)
        internal
        pure
        returns (bytes memory)
    {
        return evidenceOf(fault, abi.encode(course));
    }

    // Judgement

    struct Outcome {
        uint256 amountWei;
        address harmedUser;
        bytes32 key;
    }

    function noDelegation() internal pure returns (IProposerRegistry.Delegation memory none) { }

    /// @dev As the registry asks, for the committer of the operator's own opt-in.
    function judge(IProposerRegistry.Commitment memory commitment, bytes memory evidence)
        internal
        returns (Outcome memory outcome)
    {
        vm.prank(address(registry));
        (outcome.amountWei, outcome.harmedUser, outcome.key) =
            slasher.slash(noDelegation(), commitment, committer, evidence, CHALLENGER);
    }

    function judge(
        BlockCommitments.BlockCommitment memory promised,
        Faults.Fault fault,
        PromiseCourse.Course memory course
    ) internal returns (Outcome memory) {
        return judge(commitmentOf(promised), evidenceOf(fault, course));
    }

    function expectRefusal(
        BlockCommitments.BlockCommitment memory promised,
        Faults.Fault fault,
        PromiseCourse.Course memory course,
        bytes4 reason
    ) internal {
        expectRefusal(commitmentOf(promised), evidenceOf(fault, course), reason);
    }

    function expectRefusal(
        IProposerRegistry.Commitment memory commitment,
        bytes memory evidence,
        bytes4 reason
    ) internal {
        vm.prank(address(registry));
        vm.expectRevert(reason);
        slasher.slash(noDelegation(), commitment, committer, evidence, CHALLENGER);
    }

    /// @dev For whatever reason.
    function isRefused(IProposerRegistry.Commitment memory commitment, bytes memory evidence)
        internal
        returns (bool)
    {
        vm.prank(address(registry));
        try slasher.slash(noDelegation(), commitment, committer, evidence, CHALLENGER) {
            return false;
        } catch {
            return true;
        }
    }

    function assertSafety(Outcome memory outcome, BlockCommitments.BlockCommitment memory promised)
        internal
        view
    {
        assertEq(outcome.amountWei, SAFETY);
        assertEq(outcome.harmedUser, address(0));
        assertEq(
            outcome.key,
            keccak256(abi.encode("position", committer, promised.blockNumber, promised.parentBlockHash))
        );
    }

    function assertLiveness(Outcome memory outcome, uint48 windowEnd) internal view {
        assertEq(outcome.amountWei, LIVENESS);
        assertEq(outcome.harmedUser, address(0));
        assertEq(outcome.key, keccak256(abi.encode("window", committer, windowEnd)));
    }
}
