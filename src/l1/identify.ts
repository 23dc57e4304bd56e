/** The versioned hash that each blob truly has. A claimed commitment only makes finding it cheaper, when it is true. */
import type { Hash } from '../primitives/hex.ts'
import { BATCH_MAX, type BatchVerifier } from './batchVerify.ts'
import { BYTES_PER_BLOB, BYTES_PER_COMMITMENT, type Kzg } from './kzg.ts'
import { versionedHashOf } from './versionedHash.ts'

export type ClaimedBlob = {
  readonly blob: Uint8Array
  /** What the source says is its commitment. */
  readonly commitment?: Uint8Array
}

type FullClaim = Required<ClaimedBlob> & { readonly index: number }

/** In the order of the blobs; null for bytes that are no blob: another size, or an element that is not canonical. */
export function identifyBlobs(
  deps: { readonly kzg: Kzg; readonly verifyBatch: BatchVerifier },
  blobs: readonly ClaimedBlob[],
): readonly (Hash | null)[] {
  const hashes: (Hash | null)[] = blobs.map(() => null)
  const claims: FullClaim[] = []
  for (const [index, { blob, commitment }] of blobs.entries()) {
    if (blob.length !== BYTES_PER_BLOB) continue
    if (commitment?.length === BYTES_PER_COMMITMENT) claims.push({ blob, commitment, index })
    else hashes[index] = recompute(deps.kzg, blob)
  }
  const accept = ({ index, commitment }: FullClaim) => {
    hashes[index] = versionedHashOf(commitment)
  }
  const recomputeAll = (all: readonly FullClaim[]) => {
    for (const { index, blob } of all) hashes[index] = recompute(deps.kzg, blob)
  }
  const holds = (all: readonly FullClaim[]) =>
    deps.verifyBatch(
      all.map(({ blob }) => blob),
      all.map(({ commitment }) => commitment),
    )

  /** `all` fails as a whole. With one bad blob halving finds it cheaply; with several, recomputing all is cheaper. */
  const settleFailed = (all: readonly FullClaim[]): void => {
    const middle = all.length >> 1
    const [left, right] = [all.slice(0, middle), all.slice(middle)]
    const leftHolds = all.length > 2 && holds(left)
    const rightHolds = all.length > 2 && holds(right)
    if (leftHolds === rightHolds) {
      recomputeAll(all)
      return
    }
    ;(leftHolds ? left : right).forEach(accept)
    settleFailed(leftHolds ? right : left)
  }

  for (let at = 0; at < claims.length; at += BATCH_MAX) {
    const chunk = claims.slice(at, at + BATCH_MAX)
    // For one blob its commitment is cheaper to recompute than to combine.
    if (chunk.length === 1) recomputeAll(chunk)
    else if (holds(chunk)) chunk.forEach(accept)
    else settleFailed(chunk)
  }
  return hashes
}

function recompute(kzg: Kzg, blob: Uint8Array): Hash | null {
  try {
    return versionedHashOf(kzg.blobToCommitment(blob))
  } catch {
    return null
  }
}
