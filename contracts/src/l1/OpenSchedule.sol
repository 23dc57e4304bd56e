// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IProposerSchedule } from "./IProposerSchedule.sol";

/// @title OpenSchedule
/// @notice Anyone may propose, at any time.
contract OpenSchedule is IProposerSchedule {
    /// @inheritdoc IProposerSchedule
    function checkProposer(address, bytes calldata) external pure returns (uint48) {
        return 0;
    }
}
