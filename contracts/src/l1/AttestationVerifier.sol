// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { IProofVerifier } from "./IProofVerifier.sol";

/// @title AttestationVerifier
/// @notice TRUSTED, for devnets: a commitment counts as proven when enough named attesters have signed it. Nothing is
///         proven; whoever holds the keys of a threshold of attesters decides what L2 state L1 believes.
contract AttestationVerifier is IProofVerifier {
    /// @notice Most attesters a verifier can have; bounds the loop over signatures.
    uint256 public constant MAX_ATTESTERS = 64;

    /// @dev r 32 | s 32 | v 1
    uint256 private constant _SIGNATURE_SIZE = 65;

    /// @notice Signatures needed.
    uint256 public immutable threshold;
    /// @notice Chain the attesters speak about; part of what they sign.
    uint64 public immutable l2ChainId;

    mapping(address account => bool) public isAttester;

    error InvalidAttesters();
    error InvalidProofLength();
    error InvalidThreshold();
    error NotAttester(address signer);
    error SignersNotAscending();

    /// @param attesters Ascending, without duplicates.
    /// @param threshold_ In [1, number of attesters].
    constructor(uint64 l2ChainId_, address[] memory attesters, uint256 threshold_) {
        require(attesters.length > 0 && attesters.length <= MAX_ATTESTERS, InvalidAttesters());
        require(threshold_ > 0 && threshold_ <= attesters.length, InvalidThreshold());
        address previous;
        for (uint256 i; i < attesters.length; ++i) {
            require(attesters[i] > previous, InvalidAttesters());
            previous = attesters[i];
            isAttester[previous] = true;
        }
        l2ChainId = l2ChainId_;
        threshold = threshold_;
    }

    /// @notice What an attester signs, without a prefix: Taiko's public input with no signer in it.
    function attestationDigest(bytes32 commitmentHash) public view returns (bytes32) {
        return keccak256(
            abi.encode(bytes32("VERIFY_PROOF"), uint256(l2ChainId), address(this), commitmentHash, address(0))
        );
    }

    /// @inheritdoc IProofVerifier
    /// @param proof Exactly `threshold` signatures r ‖ s ‖ v (v in {27, 28}, s in the lower half), by ascending signers.
    function verifyProof(uint256, bytes32 commitmentHash, bytes calldata proof) external view {
        require(proof.length == threshold * _SIGNATURE_SIZE, InvalidProofLength());
        bytes32 digest = attestationDigest(commitmentHash);
        address previous;
        for (uint256 i; i < threshold; ++i) {
            address signer =
                ECDSA.recoverCalldata(digest, proof[i * _SIGNATURE_SIZE:(i + 1) * _SIGNATURE_SIZE]);
            // One order for each set of signers, and no signer twice.
            require(signer > previous, SignersNotAscending());
            require(isAttester[signer], NotAttester(signer));
            previous = signer;
        }
    }
}
