// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What forge asks a contract of invariants: whom to call, and with which functions.
abstract contract Invariants {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    error Broken(string claim);

    address private _handler;
    bytes4[] private _selectors;

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = _handler;
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector({ addr: _handler, selectors: _selectors });
    }

    function _fuzz(address handler) internal {
        _handler = handler;
    }

    function _fuzz(bytes4 selector) internal {
        _selectors.push(selector);
    }
}
