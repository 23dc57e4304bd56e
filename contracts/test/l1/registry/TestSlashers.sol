// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IProposerRegistry } from "../../../src/l1/registry/IProposerRegistry.sol";
import { ISlasher } from "../../../src/l1/registry/ISlasher.sol";

/// @notice Finds what the evidence says: abi.encode(uint256 amountWei, address harmedUser, bytes32 fault). Remembers whom
///         it was asked about.
contract ObedientSlasher is ISlasher {
    uint256 public requiredBondWei;

    bytes32 public judgedDelegation;
    bytes32 public judgedCommitment;
    address public judgedCommitter;
    address public judgedChallenger;

    error NoFault();

    constructor(uint256 bondWei) {
        requiredBondWei = bondWei;
    }

    function setBond(uint256 bondWei) external {
        requiredBondWei = bondWei;
    }

    function slash(
        IProposerRegistry.Delegation calldata delegation,
        IProposerRegistry.Commitment calldata commitment,
        address committer,
        bytes calldata evidence,
        address challenger
    ) external virtual returns (uint256, address, bytes32) {
        require(evidence.length == 96, NoFault());
        judgedDelegation = keccak256(abi.encode(delegation));
        judgedCommitment = keccak256(abi.encode(commitment));
        (judgedCommitter, judgedChallenger) = (committer, challenger);
        return abi.decode(evidence, (uint256, address, bytes32));
    }
}

/// @notice Judges for nothing, so to speak: what is left is the registry's own gas.
contract QuietSlasher is ObedientSlasher {
    constructor(uint256 bondWei) ObedientSlasher(bondWei) { }

    function slash(
        IProposerRegistry.Delegation calldata,
        IProposerRegistry.Commitment calldata,
        address,
        bytes calldata evidence,
        address
    ) external pure override returns (uint256, address, bytes32) {
        return abi.decode(evidence, (uint256, address, bytes32));
    }
}

/// @notice Calls back into the registry while it judges.
contract ReenteringSlasher is ObedientSlasher {
    bytes private _call;
    bool public hasCalled;
    bool public succeeded;
    bytes public result;

    constructor(uint256 bondWei) ObedientSlasher(bondWei) { }

    function callBack(bytes calldata data) external {
        _call = data;
    }

    function slash(
        IProposerRegistry.Delegation calldata,
        IProposerRegistry.Commitment calldata,
        address,
        bytes calldata evidence,
        address
    ) external override returns (uint256, address, bytes32) {
        hasCalled = true;
        (succeeded, result) = msg.sender.call(_call);
        return abi.decode(evidence, (uint256, address, bytes32));
    }
}

/// @notice An owner, or a receiver of rewards, that calls back into the registry when it is paid.
contract ReenteringReceiver {
    address private immutable _registry;
    bytes private _call;
    bool public succeeded;
    bytes public result;

    constructor(address registry) {
        _registry = registry;
    }

    receive() external payable {
        (succeeded, result) = _registry.call(_call);
    }

    function callBack(bytes calldata data) external {
        _call = data;
    }

    function execute(bytes calldata data) external {
        (bool done, bytes memory reason) = _registry.call(data);
        if (done) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }
}
