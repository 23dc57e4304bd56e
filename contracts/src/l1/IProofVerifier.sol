// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IProofVerifier
/// @notice Decides whether a commitment about L2 is true.
interface IProofVerifier {
    /// @notice Reverts unless `proof` proves the commitment.
    /// @param proposalAge Age in seconds of the one proposal newly proven; 0 when there are several.
    /// @param commitmentHash keccak256(abi.encode(IInbox.Commitment)).
    function verifyProof(uint256 proposalAge, bytes32 commitmentHash, bytes calldata proof) external view;
}
