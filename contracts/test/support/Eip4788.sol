// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Vm } from "./Vm.sol";

/// @notice The beacon roots contract itself: its code and the call that begins every L1 block (EIP-4788).
library Eip4788 {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    address internal constant ADDRESS = 0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02;
    address private constant SYSTEM = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;
    bytes private constant CODE =
        hex"3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500";

    function deploy() internal {
        vm.etch(ADDRESS, CODE);
    }

    /// @dev Of the running L1 block.
    function store(bytes32 parentBeaconRoot) internal {
        vm.prank(SYSTEM);
        (bool stored,) = ADDRESS.call(abi.encode(parentBeaconRoot));
        require(stored, "no beacon roots");
    }
}
