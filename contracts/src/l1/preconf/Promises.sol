// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IProposerRegistry } from "../registry/IProposerRegistry.sol";
import { SigningRoots } from "../registry/SigningRoots.sol";

/// @title Promises
/// @notice The one hash of a promise: what its committer signs, what the next promise links to, and what is slashed for.
/// @dev It is the signing root of a registry commitment that answers no request, with nonce 0. A committer is held to the
///      payload also where he signed it with another nonce or as the answer to a request.
library Promises {
    /// @notice Whom a promise is made to, and on which L1.
    struct Domain {
        address slasher;
        /// @notice `requiredSigningId` of the registry.
        bytes32 signingId;
        /// @notice L1 chain id, little-endian.
        bytes32 chainId;
        /// @notice Commit-Boost's domain of the L1.
        bytes32 signingDomain;
    }

    function hash(Domain memory domain, uint64 commitmentType, bytes memory payload)
        internal
        pure
        returns (bytes32)
    {
        return signingRoot(
            domain,
            IProposerRegistry.Commitment({
                commitmentType: commitmentType, payload: payload, requestHash: 0, slasher: domain.slasher
            }),
            0
        );
    }

    /// @notice What a signature over `commitment` signs.
    function signingRoot(Domain memory domain, IProposerRegistry.Commitment memory commitment, uint64 nonce)
        internal
        pure
        returns (bytes32)
    {
        return SigningRoots.signingRoot(
            SigningRoots.commitmentRoot(commitment),
            nonce,
            domain.signingId,
            domain.chainId,
            domain.signingDomain
        );
    }
}
