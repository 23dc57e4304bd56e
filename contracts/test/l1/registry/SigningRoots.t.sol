// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { BlsPoints } from "../../../src/l1/registry/BlsPoints.sol";
import { IProposerRegistry } from "../../../src/l1/registry/IProposerRegistry.sol";
import { SigningRoots } from "../../../src/l1/registry/SigningRoots.sol";
import { Test } from "../../support/Test.sol";

/// @notice Vectors of Fabric (message roots, constraints included) and Commit-Boost (signing roots), and one from end to end.
contract SigningRootsTest is Test {
    struct InclusionPayload {
        uint64 slot;
        bytes signedTx;
    }

    struct Constraint {
        uint64 constraintType;
        bytes payload;
    }

    struct Constraints {
        BlsPoints.G1Point proposer;
        BlsPoints.G1Point delegate;
        uint64 slot;
        Constraint[] constraints;
        BlsPoints.G1Point[] receivers;
    }

    bytes32 private constant HOODI = 0x6d6d6f43719103511efa4f1362ff2a50996cccf329cc84cb410c5e5c7d351d03;
    uint256 private constant HOODI_CHAIN_ID = 560_048;
    bytes32 private constant HOLESKY = 0x6d6d6f435b83a23759c560b2d0c64576e1dcfc34ea94c4988f3e0d9f77f05387;
    address private constant ONES = 0x1111111111111111111111111111111111111111;

    /// @dev 0xaf6e96c0eccd8d4ae868be9299af737855a1b08d57bccb565ea7e69311a30baeebe08d493c3fea97077e8337e95ac5a6
    BlsPoints.G1Point private proposer = BlsPoints.G1Point({
        x_a: 0x000000000000000000000000000000000f6e96c0eccd8d4ae868be9299af7378,
        x_b: 0x55a1b08d57bccb565ea7e69311a30baeebe08d493c3fea97077e8337e95ac5a6,
        y_a: 0x000000000000000000000000000000000e21c80760555417dd770cf56f944847,
        y_b: 0x0af55667add842842265d2aad3cdd755ac31debf193aed84e0f366074dd64f83
    });

    /// @dev 0xaf53b192a82ec1229e8fce4f99cb60287ce33896192b6063ac332b36fbe87ba1b2936bbc849ec68a0132362ab11a7754
    BlsPoints.G1Point private delegate = BlsPoints.G1Point({
        x_a: 0x000000000000000000000000000000000f53b192a82ec1229e8fce4f99cb6028,
        x_b: 0x7ce33896192b6063ac332b36fbe87ba1b2936bbc849ec68a0132362ab11a7754,
        y_a: 0x000000000000000000000000000000001576582fca53671043a1e811362278c3,
        y_b: 0xc7b4049f36206929c1757606bc711918b324e4643f3982f444266dd93fcd43cc
    });

    function test_requestHash_equalsFabrics() external pure {
        SigningRoots.CommitmentRequest memory request = SigningRoots.CommitmentRequest(1, "", address(0));
        assertEq(
            SigningRoots.requestHash(request),
            0xf61a6130b6ebfffcb3738e03fe820e4b883b623ec3ab7657ffbf385b2e94edba
        );
    }

    function test_commitmentRoot_equalsFabrics() external pure {
        IProposerRegistry.Commitment memory commitment =
            IProposerRegistry.Commitment(1, "", bytes32(0), address(0));
        assertEq(
            keccak256(abi.encode(commitment)),
            0x53c39bc1f3870634c4f9a8b63b2e4e3a914acc9da71f4d0093df91eabd9247a9
        );
        assertEq(
            SigningRoots.commitmentRoot(commitment),
            0x9770f15c80e37efd7af931b39a8b67e01003b923ee5d808b5a87619ebdf30da1
        );
    }

    function test_inclusionPayload_equalsFabrics() external pure {
        assertEq(
            keccak256(abi.encode(InclusionPayload(12_345, ""))),
            0x0ccee42883ae08bce4f8725891b2e9cc65a260876b55b23d4b7d94d60fad8211
        );
    }

    function test_delegationRoot_equalsFabrics() external view {
        IProposerRegistry.Delegation memory delegation =
            IProposerRegistry.Delegation(proposer, delegate, ONES, 5, "some-metadata-here");
        assertEq(
            SigningRoots.delegationRoot(delegation),
            0xcd9aca062121f6f50df1bfd7e74e2b023a5a0d9e1387447568a2119db5022e1b
        );
    }

    /// @dev The registry takes no constraints; that their root comes out right shows the shape of all of them.
    function test_constraintsRoot_equalsFabrics() external view {
        Constraints memory message;
        (message.proposer, message.delegate, message.slot) = (proposer, delegate, 67_890);
        message.constraints = new Constraint[](2);
        message.constraints[0] = Constraint(1, hex"0102");
        message.constraints[1] = Constraint(2, hex"0304");
        message.receivers = new BlsPoints.G1Point[](1);
        message.receivers[0] = proposer;
        assertEq(
            keccak256(abi.encode(uint256(4), message)),
            0xb27bb26406c8fe6cf9e5bb1723d7dd2b06e4d32efc0cb0419dc57cc6c4b0ca87
        );
    }

    function test_registrationRoot_isOfTypeAndOwner() external pure {
        assertEq(
            SigningRoots.registrationRoot(ONES),
            0xe0c7a9983a810c24cb2fe92669f4f7e99cdccb534b2d47678b3ca9b9c903bb11
        );
    }

    function test_signingRoot_equalsCommitBoosts() external pure {
        assertEq(
            SigningRoots.signingRoot(
                bytes32(uint256(type(uint256).max) / 255),
                42,
                bytes32(uint256(type(uint256).max) / 255 * 2),
                SigningRoots.littleEndian(HOODI_CHAIN_ID),
                HOODI
            ),
            0x0b95fcdb3f003fc6f0fd3238d906f359809e97fe7ec71f56771cb05bee4150bd
        );
    }

    function test_signingRoot_withoutRequestInfoEqualsCommitBoosts() external pure {
        assertEq(
            SigningRoots.signingRoot(bytes32(uint256(type(uint256).max) / 255), HOLESKY),
            0x219ca7a673b2cbbf67bec6c9f60f78bd051336d57b68d1540190f30667e86725
        );
    }

    /// @dev From a request to the signer of its commitment, on Hoodi.
    function test_signingRoot_leadsFromARequestToTheSignerOfItsCommitment() external pure {
        address slasher = 0x1234567890123456789012345678901234567890;
        bytes memory payload = abi.encode(InclusionPayload(12_345, hex"02f8"));
        bytes32 request = SigningRoots.requestHash(SigningRoots.CommitmentRequest(1, payload, slasher));
        assertEq(request, 0x0eeea77fcc6045cb9cf74956be1f894e8c880d166ef4b77ac98f8fc32f994f41);

        bytes32 root = SigningRoots.commitmentRoot(IProposerRegistry.Commitment(1, payload, request, slasher));
        assertEq(root, 0x2dccf4f24a9b4c2bbbc3e23acfd293e315e7488c85e4fdbdba6aca0afc18a1fd);

        bytes32 signed = SigningRoots.signingRoot(
            root,
            0,
            0x6a33a23ef26a4836979edff86c493a69b26ccf0b4a16491a815a13787657431b,
            SigningRoots.littleEndian(HOODI_CHAIN_ID),
            HOODI
        );
        assertEq(signed, 0xc497f12abc8a05582760bcc94b8673ad481842eaf04733c1fbb09cb2939d0fc5);

        bytes memory signature =
            hex"688963a00133fc7550dc205cbd7a9448406265096ebf10c17294f15e9f2655292d5f13d581c22fd9f03060f21c9c3c3bba28bb3dda55a0c3a7f53fdc90fa3fc21c";
        assertEq(ECDSA.recover(signed, signature), 0x4ce9D14ddCB555B0A4EDf89c87E63eC52fdfADD9);
    }

    function test_littleEndian_isSszs() external pure {
        assertEq(SigningRoots.littleEndian(1), bytes32(bytes1(0x01)));
        assertEq(SigningRoots.littleEndian(HOODI_CHAIN_ID), bytes32(bytes3(0xb08b08)));
    }

    function test_signingIdOf_tellsChainsAndRegistriesApart() external pure {
        bytes32 id = SigningRoots.signingIdOf(1, ONES);
        assertEq(id, keccak256(abi.encode("Plumbline ProposerRegistry", uint256(1), ONES)));
        assertTrue(id != SigningRoots.signingIdOf(2, ONES), "chain is bound");
        assertTrue(id != SigningRoots.signingIdOf(1, address(0)), "registry is bound");
    }
}
