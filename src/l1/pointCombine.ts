/**
 * Σ rᵢ·Cᵢ over BLS12-381 G1: the point half of the batch check (batchVerify.ts).
 *
 * blst exposes no scalar multiplication, but it adds lists of points natively. So all scalars are worked off together, one
 * bit a step: double the sum, then add, for each group of four points, the precomputed sum of those whose scalar has the bit.
 * @noble/curves does the same in JavaScript, fifteen times slower, where blst cannot load.
 */
import { createRequire } from 'node:module'
import { pippenger } from '@noble/curves/abstract/curve.js'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { BYTES_PER_COMMITMENT } from './kzg.ts'

/** The compressed point at infinity: the commitment of the zero blob. */
export const INFINITY: Uint8Array = Uint8Array.from({ length: BYTES_PER_COMMITMENT }, (_, i) =>
  i === 0 ? 0xc0 : 0,
)

/**
 * The compressed sum. Each point is checked to be on the curve and in the subgroup of prime order: a component of small order
 * would vanish for a weight that is a multiple of it. Throws for a point that is not. Weights are in [1, 2^128).
 */
export type CombinePoints = (points: readonly Uint8Array[], weights: readonly bigint[]) => Uint8Array

const WEIGHT_BITS = 128
const GROUP_SIZE = 4

type Blst = typeof import('@chainsafe/blst')
type BlstPoint = InstanceType<Blst['PublicKey']>

/** Undefined where the native library is not built for this machine. */
export function loadBlstCombine(): CombinePoints | undefined {
  try {
    const blst: Blst = createRequire(import.meta.url)('@chainsafe/blst')
    return (points, weights) => combineWithBlst(blst, points, weights)
  } catch {
    return undefined
  }
}

function combineWithBlst(blst: Blst, points: readonly Uint8Array[], weights: readonly bigint[]): Uint8Array {
  // blst takes these points for public keys, of which infinity is none; it adds nothing to the sum anyway.
  const terms = points.flatMap((point, i) =>
    isInfinity(point) ? [] : [{ point: blst.PublicKey.fromBytes(point, true), weight: weights[i] as bigint }],
  )
  const groups: { readonly sums: readonly (BlstPoint | null)[]; readonly weights: readonly bigint[] }[] = []
  for (let at = 0; at < terms.length; at += GROUP_SIZE) {
    const group = terms.slice(at, at + GROUP_SIZE)
    groups.push({
      sums: subsetSums(
        blst,
        group.map(({ point }) => point),
      ),
      weights: group.map(({ weight }) => weight),
    })
  }
  let sum: BlstPoint | undefined
  for (let bit = BigInt(WEIGHT_BITS - 1); bit >= 0n; bit--) {
    const addends = sum === undefined ? [] : [sum, sum]
    for (const group of groups) {
      const addend = group.sums[bitMask(group.weights, bit)]
      if (addend) addends.push(addend)
    }
    if (addends.length > 1) sum = blst.aggregatePublicKeys(addends, false)
    else if (addends.length === 1) sum = addends[0]
  }
  return sum === undefined ? INFINITY : sum.toBytes(true)
}

/** Entry m is the sum of the points whose bit is set in m; none for 0. */
function subsetSums(blst: Blst, points: readonly BlstPoint[]): readonly (BlstPoint | null)[] {
  const sums: (BlstPoint | null)[] = [null]
  for (const point of points) {
    for (const sum of [...sums]) {
      sums.push(sum === null ? point : blst.aggregatePublicKeys([sum, point], false))
    }
  }
  return sums
}

function bitMask(weights: readonly bigint[], bit: bigint): number {
  let mask = 0
  for (let k = 0; k < weights.length; k++) mask |= Number(((weights[k] as bigint) >> bit) & 1n) << k
  return mask
}

export const combineWithNoble: CombinePoints = (points, weights) => {
  const { Point } = bls12_381.G1
  const terms = points.flatMap((bytes, i) => {
    if (isInfinity(bytes)) return []
    const point = Point.fromBytes(bytes)
    point.assertValidity()
    return [{ point, weight: weights[i] as bigint }]
  })
  if (terms.length === 0) return INFINITY
  const sum = pippenger(
    Point,
    terms.map(({ point }) => point),
    terms.map(({ weight }) => weight),
  )
  return sum.is0() ? INFINITY : sum.toBytes(true)
}

export const combinePoints: CombinePoints = loadBlstCombine() ?? combineWithNoble

function isInfinity(point: Uint8Array): boolean {
  return Buffer.compare(point, INFINITY) === 0
}
