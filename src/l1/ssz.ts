/** As much of SSZ as a proof from the consensus layer takes: Merkle trees of 32-byte chunks. consensus-specs, ssz/merkle-proofs.md. */
import { createHash } from 'node:crypto'

export const BYTES_PER_CHUNK = 32
const ZERO_CHUNK = new Uint8Array(BYTES_PER_CHUNK)

/** Root of `chunks` filled up with zero chunks to a power of two. */
export function merkleize(chunks: readonly Uint8Array[]): Uint8Array {
  let layer: readonly Uint8Array[] = chunks.length === 0 ? [ZERO_CHUNK] : chunks
  let zero: Uint8Array = ZERO_CHUNK
  while (layer.length > 1) {
    const above: Uint8Array[] = []
    for (let i = 0; i < layer.length; i += 2) above.push(hashPair(layer[i] ?? zero, layer[i + 1] ?? zero))
    layer = above
    zero = hashPair(zero, zero)
  }
  return layer[0] ?? ZERO_CHUNK
}

/** Root of a fixed-size vector of basic values from its serialization, whose length is a whole number of chunks. */
export function merkleizeBytes(bytes: Uint8Array): Uint8Array {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += BYTES_PER_CHUNK)
    chunks.push(bytes.subarray(at, at + BYTES_PER_CHUNK))
  return merkleize(chunks)
}

/** Root that has `leaf` at generalized index `gindex`, by its sisters from the leaf upwards. */
export function rootFromBranch(leaf: Uint8Array, branch: readonly Uint8Array[], gindex: bigint): Uint8Array {
  let node = leaf
  let at = gindex
  for (const sister of branch) {
    node = at % 2n === 1n ? hashPair(sister, node) : hashPair(node, sister)
    at /= 2n
  }
  return node
}

/** Levels between the root and the node: how long its branch is. */
export function depthOf(gindex: bigint): number {
  return gindex.toString(2).length - 1
}

/** Little-endian, in a chunk of its own. */
export function uint64Chunk(value: bigint): Uint8Array {
  const chunk = new Uint8Array(BYTES_PER_CHUNK)
  new DataView(chunk.buffer).setBigUint64(0, value, true)
  return chunk
}

function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(left).update(right).digest())
}
