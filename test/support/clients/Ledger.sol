// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// What clients try things on: storage, events, a mapping, and every way to fail.
contract Ledger {
    event Noted(address indexed who, uint256 indexed kind, uint256 value);

    error TooMuch(uint256 given, uint256 most);

    uint256 public constant MOST = 1000;

    uint256 public total;
    mapping(address who => uint256 sum) public sumOf;

    constructor(uint256 start) payable {
        total = start;
    }

    receive() external payable {}

    function note(uint256 value) external payable returns (uint256) {
        require(value <= MOST, TooMuch(value, MOST));
        sumOf[msg.sender] += value;
        total += value;
        emit Noted(msg.sender, value % 3, value);
        return total;
    }

    function fail() external {
        revert("never");
    }

    function divide(uint256 by) external pure returns (uint256) {
        return MOST / by;
    }
}
