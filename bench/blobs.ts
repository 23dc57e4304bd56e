/** Verification of blobs: the batch check in sets, beside recomputing each commitment, on the same blobs in the same run. */
import { createBatchVerifier, drawWeights } from '../src/l1/batchVerify.ts'
import { BLS_MODULUS, combineBlobs } from '../src/l1/fieldCombine.ts'
import { identifyBlobs } from '../src/l1/identify.ts'
import { BYTES_PER_BLOB, loadKzg } from '../src/l1/kzg.ts'
import { combinePoints, combineWithNoble } from '../src/l1/pointCombine.ts'
import { versionedHashOf } from '../src/l1/versionedHash.ts'
import { bytesToBigint, toWord } from '../src/primitives/bytes.ts'
import { keccak256 } from '../src/primitives/keccak.ts'
import type { BenchRow } from './row.ts'

const SET_SIZES = [1, 6, 16, 64] as const
/** Every element full: an almost empty blob commits in a few milliseconds and would flatter everything. */
const BLOBS = Array.from({ length: 64 }, (_, i) => fullBlob(i))

export async function run(): Promise<BenchRow[]> {
  const kzg = await loadKzg()
  const commitments = BLOBS.map((blob) => kzg.blobToCommitment(blob))
  const rows: BenchRow[] = []
  const single = msPer(8, () =>
    BLOBS.slice(0, 8).every((blob, i) => same(kzg.blobToCommitment(blob), commitments[i])),
  )
  rows.push({ name: `blobs: recompute the commitment (${kzg.name})`, value: single, unit: 'ms/blob' })

  const verifyBatch = createBatchVerifier(kzg)
  for (const size of SET_SIZES) {
    const blobs = BLOBS.slice(0, size)
    const claimed = commitments.slice(0, size)
    const claims = blobs.map((blob, i) => ({ blob, commitment: claimed[i] as Uint8Array }))
    const value = msPer(size, () =>
      identifyBlobs({ kzg, verifyBatch }, claims).every((hash) => hash !== null),
    )
    const note = `${(single / value).toFixed(1)} times as fast as recomputing`
    rows.push({ name: `blobs: verify in sets of ${size}`, value, unit: 'ms/blob', note })
  }

  const weights = drawWeights(64)
  rows.push(
    {
      name: 'blobs: combine 64 with limbs',
      value: msPer(64, () => combineBlobs(BLOBS, weights).length > 0),
      unit: 'ms/blob',
    },
    {
      name: 'blobs: combine 64 with BigInt',
      value: msPer(64, () => combineWithBigint(BLOBS, weights).length > 0),
      unit: 'ms/blob',
    },
    {
      name: 'blobs: combine 64 points',
      value: msPer(64, () => combinePoints(commitments, weights).length > 0),
      unit: 'ms/blob',
    },
    {
      name: 'blobs: combine 64 points, @noble/curves',
      value: msPer(64, () => combineWithNoble(commitments, weights).length > 0),
      unit: 'ms/blob',
    },
  )
  return rows

  function same(a: Uint8Array, b: Uint8Array | undefined): boolean {
    return b !== undefined && versionedHashOf(a) === versionedHashOf(b)
  }
}

/** CPU time, which a busy machine does not change; median of five, after one to warm up. */
function msPer(count: number, work: () => boolean): number {
  const times: number[] = []
  for (let i = 0; i < 6; i++) {
    const start = process.cpuUsage()
    if (!work()) throw new Error('a true claim was rejected')
    const { user, system } = process.cpuUsage(start)
    if (i > 0) times.push((user + system) / 1000 / count)
  }
  return times.sort((a, b) => a - b)[2] as number
}

function fullBlob(seed: number): Uint8Array {
  const blob = new Uint8Array(BYTES_PER_BLOB)
  let word: Uint8Array = toWord(BigInt(seed))
  for (let at = 0; at < BYTES_PER_BLOB; at += 32) {
    word = keccak256(word)
    blob.set(word.subarray(1), at + 1)
  }
  return blob
}

/** The plain way, for comparison. */
function combineWithBigint(blobs: readonly Uint8Array[], weights: readonly bigint[]): Uint8Array {
  const out = new Uint8Array(BYTES_PER_BLOB)
  for (let at = 0; at < BYTES_PER_BLOB; at += 32) {
    let sum = 0n
    for (let i = 0; i < blobs.length; i++)
      sum += bytesToBigint((blobs[i] as Uint8Array).subarray(at, at + 32)) * (weights[i] as bigint)
    out.set(toWord(sum % BLS_MODULUS), at)
  }
  return out
}
