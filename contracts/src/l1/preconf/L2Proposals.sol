// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IInbox } from "../IInbox.sol";
import { InboxCodec } from "../InboxCodec.sol";

/// @title L2Proposals
/// @notice Proposals by their preimages: when one landed, and in whose window.
/// @dev The inbox forgets a proposal's hash when its ring comes round again. What is recorded here stays.
abstract contract L2Proposals {
    /// @notice Most proposals in one call.
    uint256 public constant MAX_PROPOSALS = 256;

    IInbox public immutable inbox;

    mapping(uint256 proposalId => bytes32 proposalHash) private _recorded;

    event ProposalsRecorded(uint256 indexed firstId, uint256 lastId);

    error InvalidProposalCount();
    error UnknownProposal();

    constructor(IInbox inbox_) {
        inbox = inbox_;
    }

    /// @notice Remembers proposals. For anyone.
    /// @param proposals The first is in the inbox's ring or recorded; each next one is the parent of the one before.
    function recordProposals(IInbox.Proposal[] memory proposals) external {
        require(proposals.length > 0 && proposals.length <= MAX_PROPOSALS, InvalidProposalCount());
        _requireKnown(proposals[0]);
        bytes32 hash = InboxCodec.hashProposal(proposals[0]);
        for (uint256 i;;) {
            _recorded[proposals[i].id] = hash;
            if (++i == proposals.length) break;
            hash = proposals[i - 1].parentProposalHash;
            require(InboxCodec.hashProposal(proposals[i]) == hash, UnknownProposal());
        }
        emit ProposalsRecorded(proposals[proposals.length - 1].id, proposals[0].id);
    }

    /// @dev The id is part of what is hashed, so another proposal in the same slot of the ring has another hash.
    function _requireKnown(IInbox.Proposal memory proposal) internal view {
        bytes32 hash = InboxCodec.hashProposal(proposal);
        require(
            hash == inbox.getProposalHash(proposal.id) || hash == _recorded[proposal.id], UnknownProposal()
        );
    }
}
