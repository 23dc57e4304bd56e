// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IProposerRegistry } from "./IProposerRegistry.sol";

/// @title ISlasher
/// @notice Judges commitments made to it. The registry has verified the signature before it asks, and takes the bond after.
interface ISlasher {
    /// @notice Bond an operator locks for this slasher when opting in, in wei; read once, at opt-in. No slasher can take more.
    function requiredBondWei() external view returns (uint256);

    /// @notice Judges evidence against a commitment; reverts unless it shows a fault. Called by the registry only.
    /// @param delegation Empty when the committer comes from the operator's own opt-in.
    /// @param committer Who signed the commitment.
    /// @param challenger Who brought the evidence.
    /// @return slashAmountWei Above zero. The registry takes what the bond still holds of it.
    /// @return harmedUser Gets the larger part of the reward; zero when the fault harmed nobody in particular.
    /// @return fault Names what was done wrong (for instance kind and position), the same in whatever bytes evidence of it
    ///         comes. An operator pays for a fault once; the registry keeps that record, for each operator apart. (A
    ///         slasher that kept it could be fed the fault through another operator, with less bond left, that names the
    ///         same committer.)
    function slash(
        IProposerRegistry.Delegation calldata delegation,
        IProposerRegistry.Commitment calldata commitment,
        address committer,
        bytes calldata evidence,
        address challenger
    ) external returns (uint256 slashAmountWei, address harmedUser, bytes32 fault);
}
