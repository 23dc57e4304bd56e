/** The batch check against every attack on it that we know (each would pass a careless version). */
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { describe, expect, test } from 'vitest'
import { createBatchVerifier, drawWeights, matchesWith } from '../../../src/l1/batchVerify.ts'
import { BLS_MODULUS, COMBINE_MAX, combineBlobs } from '../../../src/l1/fieldCombine.ts'
import { identifyBlobs } from '../../../src/l1/identify.ts'
import { BYTES_PER_BLOB, loadNativeKzg } from '../../../src/l1/kzg.ts'
import { combineWithNoble, INFINITY, loadBlstCombine } from '../../../src/l1/pointCombine.ts'
import { versionedHashOf } from '../../../src/l1/versionedHash.ts'
import { bigintToFixedBytes, bytesToBigint, toWord } from '../../../src/primitives/bytes.ts'
import { hexToBytes } from '../../../src/primitives/hex.ts'
import { createRandom } from '../../support/l1/random.ts'

const { Point } = bls12_381.G1
const kzg = loadNativeKzg()!
const withBlst = loadBlstCombine()!
const random = createRandom('batch')

/** Random elements; a few only, so that committing is quick. */
function makeBlob(elements = 40): Uint8Array {
  const blob = new Uint8Array(BYTES_PER_BLOB)
  for (let i = 0; i < elements; i++) {
    const at = 32 * random.below(4096)
    for (let k = 1; k < 32; k++) blob[at + k] = random.below(256)
  }
  return blob
}
function change(blob: Uint8Array, at: number, value: bigint): Uint8Array {
  const out = blob.slice()
  out.set(toWord(value), at)
  return out
}
const elementAt = (blob: Uint8Array, at: number) => bytesToBigint(blob.subarray(at, at + 32))
const swap = <T>(list: readonly T[], a: number, b: number): T[] =>
  list.map((item, i) => (i === a ? list[b]! : i === b ? list[a]! : item))
const replace = <T>(list: readonly T[], at: number, item: T): T[] =>
  list.map((old, i) => (i === at ? item : old))

const blobs = Array.from({ length: 6 }, () => makeBlob())
const commitments = blobs.map((blob) => kzg.blobToCommitment(blob))
const zeroBlob = new Uint8Array(BYTES_PER_BLOB)

for (const [name, combine] of [
  ['blst', withBlst],
  ['noble', combineWithNoble],
] as const) {
  const verify = createBatchVerifier(kzg, combine)

  describe(`the batch check with ${name}`, () => {
    test('accepts true claims, in any number', () => {
      for (const n of [0, 1, 2, 5, 6]) expect(verify(blobs.slice(0, n), commitments.slice(0, n))).toBe(true)
    })
    test('rejects a flipped bit wherever it is', () => {
      for (let i = 0; i < 20; i++) {
        const which = random.below(blobs.length)
        const bad = blobs[which]!.slice()
        const at = 32 * random.below(4096) + 1 + random.below(31)
        bad[at] = bad[at]! ^ (1 << random.below(8))
        expect(verify(replace(blobs, which, bad), commitments)).toBe(false)
      }
    })
    test('rejects swapped blobs and swapped commitments', () => {
      expect(verify(swap(blobs, 0, 3), commitments)).toBe(false)
      expect(verify(blobs, swap(commitments, 1, 2))).toBe(false)
    })
    test('rejects a foreign and a negated commitment', () => {
      const foreign = kzg.blobToCommitment(makeBlob())
      expect(verify(blobs, replace(commitments, 2, foreign))).toBe(false)
      const negated = Point.fromBytes(commitments[2]!).negate().toBytes(true)
      expect(verify(blobs, replace(commitments, 2, negated))).toBe(false)
    })
    test('rejects errors that cancel when all weights are equal', () => {
      const up = change(blobs[0]!, 64, elementAt(blobs[0]!, 64) + 1n)
      const down = change(blobs[1]!, 64, (elementAt(blobs[1]!, 64) + BLS_MODULUS - 1n) % BLS_MODULUS)
      const bad = [up, down, ...blobs.slice(2)]
      // This is what makes random weights necessary: with equal ones the lie passes.
      expect(
        matchesWith(
          kzg,
          combine,
          bad,
          commitments,
          blobs.map(() => 7n),
        ),
      ).toBe(true)
      expect(verify(bad, commitments)).toBe(false)
    })
    test('rejects an element that is not canonical, though it means the same polynomial', () => {
      const value = elementAt(blobs[0]!, 96)
      expect(verify(replace(blobs, 0, change(blobs[0]!, 96, value + BLS_MODULUS)), commitments)).toBe(false)
      const zeroAt = blobs[0]!.findIndex((_, i) => i % 32 === 0 && elementAt(blobs[0]!, i) === 0n)
      expect(verify(replace(blobs, 0, change(blobs[0]!, zeroAt, BLS_MODULUS)), commitments)).toBe(false)
      const largest = change(blobs[0]!, 96, BLS_MODULUS - 1n)
      const right = replace(commitments, 0, kzg.blobToCommitment(largest))
      expect(verify(replace(blobs, 0, largest), right)).toBe(true)
    })
    test('takes infinity for the zero blob and for no other', () => {
      expect(verify([...blobs, zeroBlob], [...commitments, INFINITY])).toBe(true)
      expect(verify([zeroBlob, zeroBlob], [INFINITY, INFINITY])).toBe(true)
      expect(verify(blobs, replace(commitments, 0, INFINITY))).toBe(false)
      expect(verify([zeroBlob, blobs[0]!], commitments.slice(0, 2))).toBe(false)
    })
    test('rejects points off the curve and outside the subgroup', () => {
      const offCurve = commitments[0]!.slice()
      do offCurve[47] = (offCurve[47]! + 1) & 0xff
      while (isOnCurve(offCurve))
      expect(verify(blobs, replace(commitments, 0, offCurve))).toBe(false)
      // (0, 2) is of order 3: with a weight divisible by 3 its part would vanish.
      const smallOrder = Point.fromAffine({ x: 0n, y: 2n })
      const shifted = compress(Point.fromBytes(commitments[0]!).add(smallOrder))
      for (let i = 0; i < 12; i++) expect(verify(blobs, replace(commitments, 0, shifted))).toBe(false)
    })
    test('accepts opposite and repeated commitments, whose sums meet infinity', () => {
      const blob = blobs[0]!
      const opposite = new Uint8Array(BYTES_PER_BLOB)
      for (let at = 0; at < BYTES_PER_BLOB; at += 32)
        opposite.set(toWord((BLS_MODULUS - elementAt(blob, at)) % BLS_MODULUS), at)
      const c = commitments[0]!
      const minus = Point.fromBytes(c).negate().toBytes(true)
      expect(verify([blob, opposite, blob, blob], [c, minus, c, c])).toBe(true)
      expect(matchesWith(kzg, combine, [blob, opposite], [c, minus], [5n, 5n])).toBe(true)
    })
  })
}

/** As the library would, had it not checked the subgroup first. */
function compress(point: InstanceType<typeof Point>): Uint8Array {
  const { x, y } = point.toAffine()
  const bytes = bigintToFixedBytes(x, 48)
  const isLarger = 2n * y > bls12_381.fields.Fp.ORDER
  bytes[0] = bytes[0]! | 0x80 | (isLarger ? 0x20 : 0)
  return bytes
}

function isOnCurve(bytes: Uint8Array): boolean {
  try {
    Point.fromBytes(bytes)
    return true
  } catch {
    return false
  }
}

test('both point combiners agree, for few and many points', () => {
  for (const n of [1, 3, 4, 5, 13]) {
    const points = Array.from({ length: n }, () =>
      Point.BASE.multiply(BigInt(2 + random.below(1e6))).toBytes(true),
    )
    const weights = drawWeights(n)
    expect(withBlst(points, weights)).toEqual(combineWithNoble(points, weights))
  }
})

test('the limbs give what big integers give, at the largest sums', () => {
  const full = new Uint8Array(BYTES_PER_BLOB)
  for (let at = 0; at < BYTES_PER_BLOB; at += 32) full.set(toWord(BLS_MODULUS - 1n - BigInt(at)), at)
  const many = Array.from({ length: COMBINE_MAX }, () => full)
  const weights = many.map(() => 2n ** 128n - 1n)
  const sum = combineBlobs(many, weights)
  const factor = BigInt(COMBINE_MAX) * (2n ** 128n - 1n)
  for (const at of [0, 32, 4096, BYTES_PER_BLOB - 32])
    expect(elementAt(sum, at)).toBe((elementAt(full, at) * factor) % BLS_MODULUS)
  expect(() => combineBlobs([...many, full], [...weights, 1n])).toThrow(RangeError)
  expect(COMBINE_MAX).toBe(85)
})

test('weights are random, never zero, and below 2^128', () => {
  const weights = drawWeights(200)
  expect(new Set(weights).size).toBe(200)
  for (const weight of weights) expect(weight > 0n && weight < 2n ** 128n).toBe(true)
})

describe('identification', () => {
  const hashes = commitments.map(versionedHashOf)
  const claims = blobs.map((blob, i) => ({ blob, commitment: commitments[i]! }))

  test('finds what each blob is, whichever of the claims are false, and recomputes only where it must', () => {
    for (const bad of [[], [0], [5], [1, 4], [0, 1, 2, 3, 4, 5]]) {
      let computed = 0
      const blobToCommitment = (blob: Uint8Array) => {
        computed++
        return kzg.blobToCommitment(blob)
      }
      const counting = { ...kzg, blobToCommitment }
      const deps = { kzg: counting, verifyBatch: createBatchVerifier(kzg) }
      const lying = claims.map((claim, i) => (bad.includes(i) ? { ...claim, commitment: INFINITY } : claim))
      expect(identifyBlobs(deps, lying)).toEqual(hashes)
      expect(computed).toBeLessThanOrEqual(bad.length === 0 ? 0 : bad.length === 1 ? 3 : 6)
    }
  })
  test('needs no claims, and names what is no blob', () => {
    const deps = { kzg, verifyBatch: createBatchVerifier(kzg) }
    const notCanonical = change(blobs[0]!, 0, BLS_MODULUS)
    const mixed = [
      { blob: blobs[1]! },
      { blob: blobs[2]!.slice(0, -1), commitment: commitments[2]! },
      { blob: notCanonical, commitment: commitments[0]! },
      { blob: notCanonical },
      { blob: blobs[3]!, commitment: hexToBytes('0x1234') },
      claims[4]!,
    ]
    expect(identifyBlobs(deps, mixed)).toEqual([hashes[1], null, null, null, hashes[3], hashes[4]])
  })
})
