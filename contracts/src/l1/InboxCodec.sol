// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Blobs } from "./Blobs.sol";
import { IInbox } from "./IInbox.sol";

/// @title InboxCodec
/// @notice Packed calldata of the inbox, big-endian without padding. A length that is not exactly right is refused.
library InboxCodec {
    /// @dev deadline 6 | blobStartIndex 2 | numBlobs 2 | offset 3 | numForcedInclusions 2
    uint256 internal constant PROPOSE_INPUT_SIZE = 6 + 2 + 2 + 3 + 2;
    /// @dev firstProposalId 6 | parent hash 32 | lastProposalHash 32 | prover 20 | endBlockNumber 6 | endStateRoot 32 | count 2
    uint256 internal constant COMMITMENT_HEAD_SIZE = 6 + 32 + 32 + 20 + 6 + 32 + 2;
    /// @dev proposer 20 | timestamp 6 | blockHash 32
    uint256 internal constant TRANSITION_SIZE = 20 + 6 + 32;

    error InvalidInputLength();

    function decodeProposeInput(bytes calldata data)
        internal
        pure
        returns (IInbox.ProposeInput memory input)
    {
        require(data.length == PROPOSE_INPUT_SIZE, InvalidInputLength());
        input.deadline = uint48(bytes6(data[0:6]));
        input.blobReference = Blobs.BlobReference({
            blobStartIndex: uint16(bytes2(data[6:8])),
            numBlobs: uint16(bytes2(data[8:10])),
            offset: uint24(bytes3(data[10:13]))
        });
        input.numForcedInclusions = uint16(bytes2(data[13:15]));
    }

    /// @dev The number of transitions is bounded by the calldata and by uint16.
    function decodeCommitment(bytes calldata data)
        internal
        pure
        returns (IInbox.Commitment memory commitment)
    {
        require(data.length >= COMMITMENT_HEAD_SIZE, InvalidInputLength());
        commitment.firstProposalId = uint48(bytes6(data[0:6]));
        commitment.firstProposalParentBlockHash = bytes32(data[6:38]);
        commitment.lastProposalHash = bytes32(data[38:70]);
        commitment.actualProver = address(bytes20(data[70:90]));
        commitment.endBlockNumber = uint48(bytes6(data[90:96]));
        commitment.endStateRoot = bytes32(data[96:128]);

        uint256 count = uint16(bytes2(data[128:130]));
        require(data.length == COMMITMENT_HEAD_SIZE + count * TRANSITION_SIZE, InvalidInputLength());
        commitment.transitions = new IInbox.Transition[](count);
        for (uint256 i; i < count; ++i) {
            uint256 start = COMMITMENT_HEAD_SIZE + i * TRANSITION_SIZE;
            commitment.transitions[i] = IInbox.Transition({
                proposer: address(bytes20(data[start:start + 20])),
                timestamp: uint48(bytes6(data[start + 20:start + 26])),
                blockHash: bytes32(data[start + 26:start + 58])
            });
        }
    }

    function hashProposal(IInbox.Proposal memory proposal) internal pure returns (bytes32) {
        return keccak256(abi.encode(proposal));
    }

    function hashCommitment(IInbox.Commitment memory commitment) internal pure returns (bytes32) {
        return keccak256(abi.encode(commitment));
    }
}
