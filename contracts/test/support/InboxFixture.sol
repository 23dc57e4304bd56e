// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { AttestationVerifier } from "../../src/l1/AttestationVerifier.sol";
import { Blobs } from "../../src/l1/Blobs.sol";
import { IInbox } from "../../src/l1/IInbox.sol";
import { Inbox } from "../../src/l1/Inbox.sol";
import { IProposerSchedule } from "../../src/l1/IProposerSchedule.sol";
import { OpenSchedule } from "../../src/l1/OpenSchedule.sol";
import { Test } from "./Test.sol";

/// @notice Lets nobody propose.
contract ClosedSchedule is IProposerSchedule {
    function checkProposer(address, bytes calldata) external pure returns (uint48) {
        revert InvalidProposer();
    }
}

/// @notice An activated inbox, an L1 that moves on when told, and proofs by two of three attesters.
abstract contract InboxFixture is Test {
    bytes32 internal constant GENESIS_HASH = keccak256("L2 genesis");
    uint48 internal constant RING_SIZE = 8;
    uint8 internal constant PCTG = 75;
    uint16 internal constant DELAY = 576;
    uint64 internal constant FEE_GWEI = 10_000_000;
    uint64 internal constant FEE_THRESHOLD = 100;
    uint8 internal constant MULTIPLIER = 160;
    uint64 internal constant L2_CHAIN_ID = 1_670_042;

    address internal constant ALICE = address(0xA11CE);
    address internal constant BOB = address(0xB0B);

    Inbox internal inbox;
    AttestationVerifier internal verifier;
    /// @dev Private keys, by ascending addresses.
    uint256[3] internal attesterKeys;

    function setUp() public virtual {
        vm.roll(1000);
        vm.warp(1_800_000_000);
        inbox = deployInbox(new OpenSchedule());
    }

    function deployInbox(IProposerSchedule schedule) internal returns (Inbox) {
        address[] memory attesters = new address[](3);
        attesterKeys = sortedKeys();
        for (uint256 i; i < 3; ++i) {
            attesters[i] = vm.addr(attesterKeys[i]);
        }
        verifier = new AttestationVerifier(L2_CHAIN_ID, attesters, 2);
        return new Inbox(settings(schedule), GENESIS_HASH);
    }

    function settings(IProposerSchedule schedule) internal view returns (Inbox.Settings memory) {
        return Inbox.Settings({
            proofVerifier: address(verifier),
            proposerChecker: address(schedule),
            ringBufferSize: RING_SIZE,
            basefeeSharingPctg: PCTG,
            forcedInclusionDelay: DELAY,
            forcedInclusionFeeInGwei: FEE_GWEI,
            forcedInclusionFeeDoubleThreshold: FEE_THRESHOLD,
            permissionlessInclusionMultiplier: MULTIPLIER
        });
    }

    function sortedKeys() internal pure returns (uint256[3] memory keys) {
        keys = [uint256(1), 2, 3];
        for (uint256 i; i < 2; ++i) {
            for (uint256 j; j < 2 - i; ++j) {
                if (vm.addr(keys[j]) > vm.addr(keys[j + 1])) (keys[j], keys[j + 1]) = (keys[j + 1], keys[j]);
            }
        }
    }

    function nextL1Block() internal {
        vm.setBlockhash(block.number, blockHashOf(block.number));
        vm.roll(block.number + 1);
        vm.warp(block.timestamp + 12);
    }

    function blockHashOf(uint256 number) internal pure returns (bytes32) {
        return keccak256(abi.encode("L1", number));
    }

    /// @dev Gives the running transaction `count` blobs.
    function carryBlobs(uint256 count) internal returns (bytes32[] memory hashes) {
        hashes = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            hashes[i] = blobHash(i);
        }
        vm.blobhashes(hashes);
    }

    function blobHash(uint256 i) internal view returns (bytes32) {
        uint256 tail = uint256(keccak256(abi.encode("blob", block.number, i))) >> 8;
        return bytes32(uint256(1) << 248 | tail);
    }

    function encodeInput(uint48 deadline, uint16 start, uint16 count, uint24 offset, uint16 forced)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(deadline, start, count, offset, forced);
    }

    /// @dev One proposal in a new L1 block, of one blob.
    function propose(address proposer, uint16 forced) internal {
        nextL1Block();
        carryBlobs(1);
        vm.prank(proposer);
        inbox.propose("", encodeInput(0, 0, 1, 0, forced));
    }

    function saveForced(address sender) internal returns (uint256 feeWei) {
        nextL1Block();
        return saveForcedNow(sender);
    }

    function saveForcedNow(address sender) internal returns (uint256 feeWei) {
        carryBlobs(1);
        feeWei = uint256(inbox.getCurrentForcedInclusionFee()) * 1 gwei;
        vm.deal(sender, feeWei);
        vm.prank(sender);
        inbox.saveForcedInclusion{ value: feeWei }(
            Blobs.BlobReference({ blobStartIndex: 0, numBlobs: 1, offset: 0 })
        );
    }

    /// @dev True statement about proposals first..last, as a prover would make it.
    function commitmentOf(uint48 first, uint48 last, bytes32 parentHash)
        internal
        view
        returns (IInbox.Commitment memory commitment)
    {
        commitment.firstProposalId = first;
        commitment.firstProposalParentBlockHash = parentHash;
        commitment.lastProposalHash = inbox.getProposalHash(last);
        commitment.actualProver = BOB;
        commitment.endBlockNumber = last * 10;
        commitment.endStateRoot = keccak256(abi.encode("root", last));
        commitment.transitions = new IInbox.Transition[](last - first + 1);
        for (uint48 id = first; id <= last; ++id) {
            commitment.transitions[id - first] =
                IInbox.Transition({ proposer: ALICE, timestamp: 1_800_000_000, blockHash: endHash(id) });
        }
    }

    function endHash(uint256 proposalId) internal pure returns (bytes32) {
        return keccak256(abi.encode("L2 block", proposalId));
    }

    function encodeCommitment(IInbox.Commitment memory c) internal pure returns (bytes memory data) {
        data = abi.encodePacked(
            c.firstProposalId,
            c.firstProposalParentBlockHash,
            c.lastProposalHash,
            c.actualProver,
            c.endBlockNumber,
            c.endStateRoot,
            uint16(c.transitions.length)
        );
        for (uint256 i; i < c.transitions.length; ++i) {
            IInbox.Transition memory t = c.transitions[i];
            data = bytes.concat(data, abi.encodePacked(t.proposer, t.timestamp, t.blockHash));
        }
    }

    function attest(IInbox.Commitment memory commitment) internal view returns (bytes memory) {
        bytes32 digest = verifier.attestationDigest(inbox.hashCommitment(commitment));
        return bytes.concat(signature(attesterKeys[0], digest), signature(attesterKeys[2], digest));
    }

    function signature(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }
}
