// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Operators } from "./Operators.sol";
import { Slashing } from "./Slashing.sol";

/// @title ProposerRegistry
/// @notice L1 proposers opt in to being slashed here: they register validator keys with collateral (Operators), lock bonds
///         for slashers (OptIns) and lose them when shown to have lied (Slashing). Nobody owns, pauses or changes it.
contract ProposerRegistry is Slashing {
    constructor(Config memory config) Operators(config) { }
}
