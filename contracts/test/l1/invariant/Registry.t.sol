// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IProposerRegistry } from "../../../src/l1/registry/IProposerRegistry.sol";
import { ProposerRegistry } from "../../../src/l1/registry/ProposerRegistry.sol";
import { Test } from "../../support/Test.sol";
import { RegistryHandler } from "../registry/RegistryHandler.sol";
import { ObedientSlasher } from "../registry/TestSlashers.sol";
import { Invariants } from "../../support/Invariants.sol";

contract RegistryInvariants is Test, Invariants {
    uint256 private constant MIN = 1 ether;
    uint256 private constant SLASHERS = 2;

    RegistryHandler private handler;
    ProposerRegistry private registry;

    function setUp() external {
        handler = new RegistryHandler();
        registry = handler.target();
        _fuzz(address(handler));
        _fuzz(RegistryHandler.wait_.selector);
        _fuzz(RegistryHandler.register.selector);
        _fuzz(RegistryHandler.addCollateral.selector);
        _fuzz(RegistryHandler.unregister.selector);
        _fuzz(RegistryHandler.claim.selector);
        _fuzz(RegistryHandler.optIn.selector);
        _fuzz(RegistryHandler.optOut.selector);
        _fuzz(RegistryHandler.slashCommitment.selector);
        _fuzz(RegistryHandler.slashRegistration.selector);
        _fuzz(RegistryHandler.slashEquivocation.selector);
        _fuzz(RegistryHandler.withdrawReward.selector);
        _fuzz(RegistryHandler.forceEther.selector);
    }

    function afterInvariant() external view {
        require(handler.recheckAll(), Broken("an answer about the past changed"));
    }

    /// @dev Collateral by what owners were seen to pay and receive, and slashings to return.
    function invariant_ether_isAccountedFor() external view {
        uint256 sumWei = handler.forcedWei();
        for (uint256 i; i < handler.countBooks(); ++i) {
            RegistryHandler.Book memory book = handler.book(i);
            uint256 leftWei = book.paidInWei - book.claimedWei - book.takenWei;
            sumWei += leftWei;
            IProposerRegistry.OperatorData memory data = registry.getOperatorData(book.root);
            require(data.collateralWei == leftWei, Broken("collateral not by the books"));
            require(data.deleted == book.isClosed, Broken("closed unseen"));
            require((data.unregisteredAt == type(uint48).max) == (book.leftAt == 0), Broken("left unseen"));
        }
        address[] memory receivers = handler.receivers();
        for (uint256 i; i < receivers.length; ++i) {
            sumWei += registry.rewards(receivers[i]);
        }
        require(address(registry).balance == sumWei, Broken("ether missing or left"));
    }

    /// @dev Beside the share for fraud and equivocation. Who counts has all of its bond.
    function invariant_bonds_areThere() external {
        vm.warp(handler.time());
        for (uint256 i; i < handler.countBooks(); ++i) {
            RegistryHandler.Book memory book = handler.book(i);
            uint256 lockedWei = book.hasPaidShare || book.isClosed ? 0 : MIN;
            for (uint256 s; s < SLASHERS; ++s) {
                ObedientSlasher slasher = handler.slasherAt(s);
                uint256 bondWei = registry.getSlasherCommitment(book.root, address(slasher)).bondWei;
                lockedWei += bondWei;
                if (!registry.isOptedIntoSlasher(book.root, address(slasher))) continue;
                require(book.leftAt == 0 && !book.hasPaidShare, Broken("counts though it left"));
                require(bondWei == slasher.requiredBondWei(), Broken("counts with part of a bond"));
            }
            require(
                lockedWei <= registry.getOperatorData(book.root).collateralWei, Broken("a bond is not there")
            );
        }
    }

    /// @dev Half of what is taken is burned; so, whatever an owner does to himself, he has no more than he paid.
    function invariant_slashing_enrichesNoOwner() external view {
        require(2 * address(0).balance >= handler.takenWei(), Broken("less than half burned"));
        address[] memory receivers = handler.receivers();
        for (uint256 r = 2; r < receivers.length; ++r) {
            uint256 paidWei;
            for (uint256 i; i < handler.countBooks(); ++i) {
                RegistryHandler.Book memory book = handler.book(i);
                if (book.owner == receivers[r]) paidWei += book.paidInWei;
            }
            uint256 hasWei = receivers[r].balance + registry.rewards(receivers[r]);
            require(hasWei <= paidWei, Broken("an owner gained"));
        }
    }

    function invariant_evidence_paysOnceAndNoMoreThanTheBond() external view {
        require(!handler.hasPaidTwice(), Broken("paid twice"));
        require(!handler.hasTakenTooMuch(), Broken("more than the bond"));
        require(!handler.hasPunishedTheHonest(), Broken("a right registration was slashed"));
    }

    function invariant_windows_areKept() external view {
        require(!handler.hasSlashedLate(), Broken("slashed past a window"));
        require(!handler.hasClaimedEarly(), Broken("claimed before a window's end"));
    }

    function invariant_past_neverChanges() external view {
        require(!handler.hasRewrittenHistory(), Broken("an answer about the past changed"));
    }
}
