/**
 * Whether many blobs have the commitments claimed for them, without proofs, for little more than the price of one:
 * Σ rᵢ·Cᵢ = commit(Σ rᵢ·blobᵢ) with random 128-bit weights. Committing is linear, so true claims always pass; a false one
 * passes with probability 2^-128, provided that
 *  - the weights are drawn after blobs and commitments are fixed, and independently for each;
 *  - every commitment is in the prime-order subgroup, or its small part could cancel;
 *  - every field element is canonical, or other bytes could stand for the same polynomial.
 */
import { randomBytes } from 'node:crypto'
import { bytesToBigint, equalBytes } from '../primitives/bytes.ts'
import { COMBINE_MAX, combineBlobs } from './fieldCombine.ts'
import type { Kzg } from './kzg.ts'
import { type CombinePoints, combinePoints } from './pointCombine.ts'

export const BATCH_MAX = COMBINE_MAX

const WEIGHT_BYTES = 16

export type BatchVerifier = (blobs: readonly Uint8Array[], commitments: readonly Uint8Array[]) => boolean

/** At most BATCH_MAX blobs, each of BYTES_PER_BLOB bytes. */
export function createBatchVerifier(kzg: Kzg, combine: CombinePoints = combinePoints): BatchVerifier {
  return (blobs, commitments) => {
    if (blobs.length !== commitments.length) throw new RangeError('one commitment for each blob is needed')
    if (blobs.length === 0) return true
    return matchesWith(kzg, combine, blobs, commitments, drawWeights(blobs.length))
  }
}

/** The check for given weights; only `createBatchVerifier` chooses them well. */
export function matchesWith(
  kzg: Kzg,
  combine: CombinePoints,
  blobs: readonly Uint8Array[],
  commitments: readonly Uint8Array[],
  weights: readonly bigint[],
): boolean {
  try {
    const combined = kzg.blobToCommitment(combineBlobs(blobs, weights))
    return equalBytes(combined, combine(commitments, weights))
  } catch {
    // A point off the curve or outside the subgroup, an element that is not canonical: some claim is false.
    return false
  }
}

/** In [1, 2^128): a zero weight would leave its blob unchecked. */
export function drawWeights(count: number): readonly bigint[] {
  return Array.from({ length: count }, () => {
    for (;;) {
      const weight = bytesToBigint(randomBytes(WEIGHT_BYTES))
      if (weight !== 0n) return weight
    }
  })
}
