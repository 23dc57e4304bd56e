// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Faults
/// @notice What a preconfer can be slashed for, and what each fault costs once.
abstract contract Faults {
    enum Fault {
        /// @notice Two signed promises that cannot both be kept. Evidence: SignedCommitment.
        Equivocation,
        /// @notice Another block than the promised one landed in the window. Evidence: Course.
        ContentMismatch,
        /// @notice A promised block did not land before its window was over. Evidence: Course.
        MissedSubmission,
        /// @notice A block was promised behind the one said to be the window's last. Evidence: SignedCommitment.
        PromisedBehindEnd,
        /// @notice A block landed in the window behind the one said to be its last. Evidence: Course.
        LandedBehindEnd,
        /// @notice The window's last block was not said to be its last. Evidence: Course.
        MissingEnd,
        /// @notice A listed transaction that could execute at the window's end was not included. Evidence: Omission.
        InclusionListViolation
    }

    /// @notice A judgement. An operator pays once for each key.
    struct Verdict {
        bool isSafety;
        bytes32 key;
        address harmedUser;
    }

    /// @notice Seconds after the L1 block that makes a fault, in which it is not judged: a reorg could still unmake it.
    uint48 public immutable evidenceMinAge;
    /// @notice Seconds after the end of a window in which faults of the window can be judged.
    uint48 public immutable evidenceMaxAge;

    error EvidenceTooEarly();
    error EvidenceTooLate();
    error Excused();
    error InvalidEvidenceAges();
    error NoFault();

    constructor(uint48 evidenceMinAge_, uint48 evidenceMaxAge_) {
        require(evidenceMinAge_ > 0 && evidenceMinAge_ < evidenceMaxAge_, InvalidEvidenceAges());
        evidenceMinAge = evidenceMinAge_;
        evidenceMaxAge = evidenceMaxAge_;
    }

    /// @param timestamp Of the L1 block that makes the fault, in seconds.
    function _requireSettled(uint48 timestamp) internal view {
        require(block.timestamp >= uint256(timestamp) + evidenceMinAge, EvidenceTooEarly());
    }

    function _requireInTime(uint48 windowEnd) internal view {
        require(block.timestamp <= uint256(windowEnd) + evidenceMaxAge, EvidenceTooLate());
    }

    /// @dev Of all promises of one committer about one position.
    function _positionKey(address committer, uint48 blockNumber, bytes32 parentBlockHash)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode("position", committer, blockNumber, parentBlockHash));
    }

    /// @dev Of all that one committer failed to do in one window.
    function _windowKey(address committer, uint48 windowEnd) internal pure returns (bytes32) {
        return keccak256(abi.encode("window", committer, windowEnd));
    }

    /// @dev Of all inclusion lists of one committer for one window.
    function _listKey(address committer, uint48 windowEnd) internal pure returns (bytes32) {
        return keccak256(abi.encode("list", committer, windowEnd));
    }
}
