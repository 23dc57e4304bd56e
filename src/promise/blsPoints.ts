/**
 * Points of BLS12-381 as contracts take them: affine coordinates, each field element of 48 bytes padded to 64 on the left and split
 * into two words (EIP-2537; contracts/src/l1/registry/BlsPoints.sol). Keys and signatures travel compressed elsewhere.
 */
import { bls12_381 } from '@noble/curves/bls12-381.js'
import type { Hash, Hex } from '../primitives/hex.ts'

export type G1Point = {
  readonly x_a: Hash
  readonly x_b: Hash
  readonly y_a: Hash
  readonly y_b: Hash
}

export type G2Point = {
  readonly x_c0_a: Hash
  readonly x_c0_b: Hash
  readonly x_c1_a: Hash
  readonly x_c1_b: Hash
  readonly y_c0_a: Hash
  readonly y_c0_b: Hash
  readonly y_c1_a: Hash
  readonly y_c1_b: Hash
}

/** Of a compressed public key, 48 bytes. RangeError for bytes that are no point of the group, or its zero. */
export function decodePublicKey(compressed: Hex): G1Point {
  const { x, y } = decode('public key', compressed, () => bls12_381.G1.Point.fromHex(compressed.slice(2)))
  const [x_a, x_b] = toWords(x)
  const [y_a, y_b] = toWords(y)
  return { x_a, x_b, y_a, y_b }
}

/** Of a compressed signature, 96 bytes. RangeError for bytes that are no point of the group, or its zero. */
export function decodeSignature(compressed: Hex): G2Point {
  const { x, y } = decode('signature', compressed, () => bls12_381.G2.Point.fromHex(compressed.slice(2)))
  const [x_c0_a, x_c0_b] = toWords(x.c0)
  const [x_c1_a, x_c1_b] = toWords(x.c1)
  const [y_c0_a, y_c0_b] = toWords(y.c0)
  const [y_c1_a, y_c1_b] = toWords(y.c1)
  return { x_c0_a, x_c0_b, x_c1_a, x_c1_b, y_c0_a, y_c0_b, y_c1_a, y_c1_b }
}

function decode<T>(
  what: string,
  text: Hex,
  read: () => { assertValidity(): void; is0(): boolean; toAffine(): { x: T; y: T } },
): { x: T; y: T } {
  const message = `${text.slice(0, 20)}… is no BLS ${what}`
  try {
    const point = read()
    // On the curve and in the subgroup; zero is both, and is everybody's.
    point.assertValidity()
    if (point.is0()) throw new RangeError(message)
    return point.toAffine()
  } catch (cause) {
    throw new RangeError(message, { cause })
  }
}

function toWords(element: bigint): [Hash, Hash] {
  const hex = element.toString(16).padStart(128, '0')
  return [`0x${hex.slice(0, 64)}`, `0x${hex.slice(64)}`]
}
