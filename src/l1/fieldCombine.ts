/**
 * Σ rᵢ·blobᵢ modulo the BLS12-381 scalar field, element by element: the field half of the batch check (batchVerify.ts).
 *
 * Numbers are kept as limbs of 22 bits in doubles: 12 limbs of a blob's element times 6 limbs of a 128-bit weight make 17
 * columns. A column sums at most 6 products of 44 bits for each blob, which stays exact up to 2^53, so carries and the one
 * modular reduction wait until the last blob. BigInt arithmetic takes six times as long (bench/blobs.ts).
 */
import { BYTES_PER_BLOB, BYTES_PER_FIELD_ELEMENT } from './kzg.ts'

/** Order of the BLS12-381 scalar field, EIP-4844's BLS_MODULUS. */
export const BLS_MODULUS = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n

const LIMB_BITS = 22
const LIMB_BASE = 2 ** LIMB_BITS
const LIMB_MASK = LIMB_BASE - 1
const WEIGHT_LIMBS = 6
const COLUMNS = 17
/** 6 · n · 2^44 ≤ 2^53. */
export const COMBINE_MAX = Math.floor(2 ** (53 - 2 * LIMB_BITS) / WEIGHT_LIMBS)

/** An element that is not below the modulus: the same polynomial could be written as other bytes. */
export class NonCanonicalBlobError extends Error {
  override readonly name = 'NonCanonicalBlobError'
}

/**
 * The combined blob. Throws NonCanonicalBlobError for any element not below the modulus, and RangeError for more than
 * COMBINE_MAX blobs. Weights are in [0, 2^128).
 */
export function combineBlobs(blobs: readonly Uint8Array[], weights: readonly bigint[]): Uint8Array {
  const count = blobs.length
  if (count > COMBINE_MAX) throw new RangeError(`at most ${COMBINE_MAX} blobs can be combined exactly`)
  const views = blobs.map((blob) => new DataView(blob.buffer, blob.byteOffset, blob.byteLength))
  const limbs = splitWeights(weights)
  const columns = new Float64Array(COLUMNS + 1)
  const out = new Uint8Array(BYTES_PER_BLOB)
  const outView = new DataView(out.buffer)
  for (let at = 0; at < BYTES_PER_BLOB; at += BYTES_PER_FIELD_ELEMENT) {
    sumColumns(views, limbs, at, columns)
    writeElement(outView, at, reduceColumns(columns))
  }
  return out
}

/** Accumulators are locals, so that the compiler keeps them in registers over all blobs. */
function sumColumns(
  views: readonly DataView[],
  limbs: Float64Array,
  at: number,
  columns: Float64Array,
): void {
  let c0 = 0
  let c1 = 0
  let c2 = 0
  let c3 = 0
  let c4 = 0
  let c5 = 0
  let c6 = 0
  let c7 = 0
  let c8 = 0
  let c9 = 0
  let c10 = 0
  let c11 = 0
  let c12 = 0
  let c13 = 0
  let c14 = 0
  let c15 = 0
  let c16 = 0
  for (let i = 0; i < views.length; i++) {
    const view = views[i] as DataView
    // Words of 32 bits, the lowest first.
    const w7 = view.getInt32(at)
    const w6 = view.getInt32(at + 4)
    const w5 = view.getInt32(at + 8)
    const w4 = view.getInt32(at + 12)
    const w3 = view.getInt32(at + 16)
    const w2 = view.getInt32(at + 20)
    const w1 = view.getInt32(at + 24)
    const w0 = view.getInt32(at + 28)
    if (w7 >>> 0 >= 0x73eda753 && !isCanonical(view, at))
      throw new NonCanonicalBlobError(`blob ${i}, byte ${at}`)
    // Limb k begins at bit 22·k.
    const x0 = w0 & LIMB_MASK
    const x1 = ((w0 >>> 22) | (w1 << 10)) & LIMB_MASK
    const x2 = ((w1 >>> 12) | (w2 << 20)) & LIMB_MASK
    const x3 = (w2 >>> 2) & LIMB_MASK
    const x4 = ((w2 >>> 24) | (w3 << 8)) & LIMB_MASK
    const x5 = ((w3 >>> 14) | (w4 << 18)) & LIMB_MASK
    const x6 = (w4 >>> 4) & LIMB_MASK
    const x7 = ((w4 >>> 26) | (w5 << 6)) & LIMB_MASK
    const x8 = ((w5 >>> 16) | (w6 << 16)) & LIMB_MASK
    const x9 = (w6 >>> 6) & LIMB_MASK
    const x10 = ((w6 >>> 28) | (w7 << 4)) & LIMB_MASK
    const x11 = w7 >>> 18
    const of = WEIGHT_LIMBS * i
    const r0 = limbs[of] as number
    const r1 = limbs[of + 1] as number
    const r2 = limbs[of + 2] as number
    const r3 = limbs[of + 3] as number
    const r4 = limbs[of + 4] as number
    const r5 = limbs[of + 5] as number
    c0 += x0 * r0
    c1 += x1 * r0 + x0 * r1
    c2 += x2 * r0 + x1 * r1 + x0 * r2
    c3 += x3 * r0 + x2 * r1 + x1 * r2 + x0 * r3
    c4 += x4 * r0 + x3 * r1 + x2 * r2 + x1 * r3 + x0 * r4
    c5 += x5 * r0 + x4 * r1 + x3 * r2 + x2 * r3 + x1 * r4 + x0 * r5
    c6 += x6 * r0 + x5 * r1 + x4 * r2 + x3 * r3 + x2 * r4 + x1 * r5
    c7 += x7 * r0 + x6 * r1 + x5 * r2 + x4 * r3 + x3 * r4 + x2 * r5
    c8 += x8 * r0 + x7 * r1 + x6 * r2 + x5 * r3 + x4 * r4 + x3 * r5
    c9 += x9 * r0 + x8 * r1 + x7 * r2 + x6 * r3 + x5 * r4 + x4 * r5
    c10 += x10 * r0 + x9 * r1 + x8 * r2 + x7 * r3 + x6 * r4 + x5 * r5
    c11 += x11 * r0 + x10 * r1 + x9 * r2 + x8 * r3 + x7 * r4 + x6 * r5
    c12 += x11 * r1 + x10 * r2 + x9 * r3 + x8 * r4 + x7 * r5
    c13 += x11 * r2 + x10 * r3 + x9 * r4 + x8 * r5
    c14 += x11 * r3 + x10 * r4 + x9 * r5
    c15 += x11 * r4 + x10 * r5
    c16 += x11 * r5
  }
  columns.set([c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, 0])
}

/** Carries to 22 bits a column, then two columns at a time into one integer, reduced once. */
function reduceColumns(columns: Float64Array): bigint {
  let carry = 0
  for (let k = 0; k < COLUMNS; k++) {
    const value = (columns[k] as number) + carry
    carry = Math.floor(value / LIMB_BASE)
    columns[k] = value - carry * LIMB_BASE
  }
  columns[COLUMNS] = carry
  let sum = 0n
  for (let k = COLUMNS - 1; k >= 0; k -= 2) {
    sum = (sum << 44n) | BigInt((columns[k] as number) + (columns[k + 1] as number) * LIMB_BASE)
  }
  return sum % BLS_MODULUS
}

function splitWeights(weights: readonly bigint[]): Float64Array {
  const limbs = new Float64Array(WEIGHT_LIMBS * weights.length)
  for (const [i, weight] of weights.entries()) {
    for (let k = 0; k < WEIGHT_LIMBS; k++) {
      limbs[WEIGHT_LIMBS * i + k] = Number((weight >> BigInt(LIMB_BITS * k)) & BigInt(LIMB_MASK))
    }
  }
  return limbs
}

function isCanonical(view: DataView, at: number): boolean {
  return readElement(view, at) < BLS_MODULUS
}

function readElement(view: DataView, at: number): bigint {
  return (
    (view.getBigUint64(at) << 192n) |
    (view.getBigUint64(at + 8) << 128n) |
    (view.getBigUint64(at + 16) << 64n) |
    view.getBigUint64(at + 24)
  )
}

function writeElement(view: DataView, at: number, value: bigint): void {
  view.setBigUint64(at, value >> 192n)
  view.setBigUint64(at + 8, BigInt.asUintN(64, value >> 128n))
  view.setBigUint64(at + 16, BigInt.asUintN(64, value >> 64n))
  view.setBigUint64(at + 24, BigInt.asUintN(64, value))
}
