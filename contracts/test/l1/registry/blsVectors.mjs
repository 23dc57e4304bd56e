// Writes BlsVectors.sol: keys and signatures by blst, hashes to the curve and points outside the subgroups by noble.
//   node contracts/test/l1/registry/blsVectors.mjs
// Three keys and the messages are those of the sign cases of https://github.com/ethereum/bls12-381-tests.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SecretKey } from '@chainsafe/blst'
import { bls12_381 } from '@noble/curves/bls12-381.js'

const KEYS = [
  '263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3',
  '47b8192d77bf871b62e87859d653922725724a5c031afeabc60bcef5ff665138',
  '328388aff0d4a5b7dc9205abd374e7e98f3cd9f3418edb4eafda5fb16473d216',
  // Not of those; its public key has the smaller y.
  '0000000000000000000000000000000000000000000000000000000000000001',
]
const MESSAGES = ['00', '56', 'ab'].map((byte) => byte.repeat(32))
const DST = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'

const fromHex = (hex) => Uint8Array.from(Buffer.from(hex, 'hex'))
const toHex = (bytes) => Buffer.from(bytes).toString('hex')
/** A coordinate of 48 bytes, in 64. */
const pad = (bytes) => '0'.repeat(32) + toHex(bytes)
const padNumber = (value) => value.toString(16).padStart(128, '0')

/** x ‖ y, as EIP-2537 has it. */
const encodeG1 = (bytes) => [0, 48].map((at) => pad(bytes.slice(at, at + 48))).join('')
/** Serialized with c1 before c0; the precompiles have c0 first. */
const encodeG2 = (bytes) => [48, 0, 144, 96].map((at) => pad(bytes.slice(at, at + 48))).join('')
const encodeNobleG1 = ({ x, y }) => [x, y].map(padNumber).join('')
const encodeNobleG2 = ({ x, y }) => [x.c0, x.c1, y.c0, y.c1].map(padNumber).join('')

/** First point on the curve by x that is not in the subgroup. */
function findOutside(Point, createX, b) {
  const { Fp } = Point
  for (let i = 1n; ; i++) {
    const x = createX(i)
    const square = Fp.add(Fp.mul(Fp.sqr(x), x), b)
    try {
      const point = Point.fromAffine({ x, y: Fp.sqrt(square) })
      if (!point.isTorsionFree()) return point.toAffine()
    } catch {
      // Not a square: no point has this x.
    }
  }
}

const keys = KEYS.map((hex) => SecretKey.fromBytes(fromHex(hex)))
const { G1, G2 } = bls12_381

/** A function that gives the i-th of values. */
function table(name, comment, values) {
  const branches = values.map((value, i) => `        if (i == ${i}) return hex"${value}";\n`)
  return `    /// @dev ${comment}
    function ${name}(uint256 i) internal pure returns (bytes memory) {
${branches.join('')}        revert("no such vector");
    }
`
}

const functions = [
  table('secretKey', 'Of key i, big-endian.', KEYS),
  table('message', 'Message i.', MESSAGES),
  table('pubkey', 'Of key i.', keys.map((key) => encodeG1(key.toPublicKey().toBytes(false)))),
  table('compressedPubkey', 'Of key i.', keys.map((key) => toHex(key.toPublicKey().toBytes(true)))),
  table(
    'signature',
    'Of key i / 3 over message i % 3.',
    keys.flatMap((key) => MESSAGES.map((hex) => encodeG2(key.sign(fromHex(hex)).toBytes(false)))),
  ),
  table(
    'hashToG2',
    'Of message i.',
    MESSAGES.map((hex) => encodeNobleG2(G2.hashToCurve(fromHex(hex), { DST }).toAffine())),
  ),
  table('outsideG1', 'On the curve, outside the subgroup.', [
    encodeNobleG1(findOutside(G1.Point, (i) => i, 4n)),
  ]),
  table('outsideG2', 'On the curve, outside the subgroup.', [
    encodeNobleG2(findOutside(G2.Point, (i) => ({ c0: i, c1: 0n }), { c0: 4n, c1: 4n })),
  ]),
]

writeFileSync(
  join(import.meta.dirname, 'BlsVectors.sol'),
  `// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Written by blsVectors.mjs, with blst and noble. Points are encoded as EIP-2537 has them.
library BlsVectors {
    uint256 internal constant KEYS = ${KEYS.length};
    uint256 internal constant MESSAGES = ${MESSAGES.length};

${functions.join('\n')}}
`,
)
