// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { IProposerRegistry } from "../registry/IProposerRegistry.sol";
import { BlockCommitments } from "./BlockCommitments.sol";
import { Faults } from "./Faults.sol";
import { InclusionLists } from "./InclusionLists.sol";
import { PromiseCourse } from "./PromiseCourse.sol";
import { Promises } from "./Promises.sol";

/// @title EquivocationFault
/// @notice Two signatures of one committer are the whole proof: nothing of L1 or L2 is asked, so it can be judged at once.
abstract contract EquivocationFault is Faults, PromiseCourse {
    error NotTheSameCommitter();
    error WrongCommitmentType();
    error WrongSigningId();
    error WrongSlasher();

    /// @dev Two blocks for one position: chain, number and parent. The position stays taken when the window passes.
    function _judgeBlockEquivocation(
        BlockCommitments.BlockCommitment memory first,
        address committer,
        bytes memory evidence
    ) internal view returns (Verdict memory verdict) {
        bytes memory payload = _readOther(BlockCommitments.COMMITMENT_TYPE, committer, evidence);
        BlockCommitments.BlockCommitment memory second = _decode(payload);
        require(
            second.blockNumber == first.blockNumber && second.parentBlockHash == first.parentBlockHash
                && keccak256(payload) != keccak256(BlockCommitments.encode(first)),
            NoFault()
        );
        verdict.isSafety = true;
        verdict.key = _positionKey(committer, first.blockNumber, first.parentBlockHash);
    }

    function _judgeListEquivocation(
        InclusionLists.InclusionList memory first,
        address committer,
        bytes memory evidence
    ) internal view returns (Verdict memory verdict) {
        bytes memory payload = _readOther(InclusionLists.COMMITMENT_TYPE, committer, evidence);
        InclusionLists.InclusionList memory second = InclusionLists.decode(payload);
        require(second.l2ChainId == first.l2ChainId, WrongChain());
        require(
            second.windowEnd == first.windowEnd && second.transactionsHash != first.transactionsHash,
            NoFault()
        );
        verdict.isSafety = true;
        verdict.key = _listKey(committer, first.windowEnd);
    }

    /// @notice Payload of another promise that the committer signed for this slasher.
    /// @dev What it answers and its nonce are free, as in the first.
    function _readOther(uint64 commitmentType, address committer, bytes memory evidence)
        internal
        view
        returns (bytes memory)
    {
        IProposerRegistry.SignedCommitment memory other =
            abi.decode(evidence, (IProposerRegistry.SignedCommitment));
        Promises.Domain memory domain = _domain();
        require(other.commitment.commitmentType == commitmentType, WrongCommitmentType());
        require(other.commitment.slasher == domain.slasher, WrongSlasher());
        require(other.signingId == domain.signingId, WrongSigningId());
        bytes32 root = Promises.signingRoot(domain, other.commitment, other.nonce);
        require(ECDSA.recover(root, other.signature) == committer, NotTheSameCommitter());
        return other.commitment.payload;
    }
}
