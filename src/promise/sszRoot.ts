/**
 * As much of SSZ's hash_tree_root as stream messages take: containers of basic values, byte lists, a list of them, and a union.
 * consensus-specs, ssz/simple-serialize.md, "Merkleization". Lists are virtually as long as their limit: absent leaves are zeros.
 */
import { createHash } from 'node:crypto'
import { type Address, type Hash, hexToBytes } from '../primitives/hex.ts'

const CHUNK_SIZE = 32
/** Deepest list below: 2^30 bytes are 2^25 chunks. */
const DEPTH_MAX = 25

/** Roots of trees of zero chunks, by depth. */
const ZERO_ROOTS: readonly Uint8Array[] = zeroRoots()

/** A chunk of its own, little-endian. RangeError when the value does not fit `bits` bits. */
export function uintRoot(value: bigint, bits: 64 | 256): Uint8Array {
  const hex = value.toString(16)
  if (value < 0n || hex.length > bits / 4) throw new RangeError(`${value} does not fit ${bits} bits`)
  return new Uint8Array(Buffer.from(hex.padStart(2 * CHUNK_SIZE, '0'), 'hex').reverse())
}

export function booleanRoot(value: boolean): Uint8Array {
  return uintRoot(value ? 1n : 0n, 64)
}

/** Up to 32 bytes, padded on the right. */
export function bytesRoot(hex: Hash | Address): Uint8Array {
  const chunk = new Uint8Array(CHUNK_SIZE)
  chunk.set(hexToBytes(hex))
  return chunk
}

/** @param depth log2 of the chunks that the list's limit takes. */
export function byteListRoot(bytes: Uint8Array, depth: number): Uint8Array {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += CHUNK_SIZE) {
    const chunk = new Uint8Array(CHUNK_SIZE)
    chunk.set(bytes.subarray(at, at + CHUNK_SIZE))
    chunks.push(chunk)
  }
  return mixInLength(merkleize(chunks, depth), bytes.length)
}

/** @param depth log2 of the list's limit. */
export function listRoot(roots: readonly Uint8Array[], depth: number): Uint8Array {
  return mixInLength(merkleize(roots, depth), roots.length)
}

export function containerRoot(fields: readonly Uint8Array[]): Uint8Array {
  return merkleize(fields, Math.ceil(Math.log2(fields.length)))
}

export function unionRoot(root: Uint8Array, selector: number): Uint8Array {
  return hashPair(root, uintRoot(BigInt(selector), 64))
}

function mixInLength(root: Uint8Array, length: number): Uint8Array {
  return hashPair(root, uintRoot(BigInt(length), 64))
}

/** RangeError for more than 2^depth chunks. */
function merkleize(chunks: readonly Uint8Array[], depth: number): Uint8Array {
  if (chunks.length > 2 ** depth) throw new RangeError(`more than 2^${depth} chunks`)
  let layer = chunks
  for (let level = 0; level < depth; level++) {
    const above: Uint8Array[] = []
    for (let i = 0; i < layer.length; i += 2) above.push(hashPair(layer[i], layer[i + 1] ?? zeroRoot(level)))
    layer = above
  }
  return layer[0] ?? zeroRoot(depth)
}

function zeroRoot(depth: number): Uint8Array {
  const root = ZERO_ROOTS[depth]
  if (root === undefined) throw new RangeError(`a tree deeper than ${DEPTH_MAX}`)
  return root
}

function zeroRoots(): readonly Uint8Array[] {
  const roots = [new Uint8Array(CHUNK_SIZE)]
  for (let depth = 1; depth <= DEPTH_MAX; depth++) {
    const below = roots[depth - 1] ?? new Uint8Array(CHUNK_SIZE)
    roots.push(hashPair(below, below))
  }
  return roots
}

function hashPair(left: Uint8Array | undefined, right: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    createHash('sha256')
      .update(left ?? new Uint8Array(CHUNK_SIZE))
      .update(right)
      .digest(),
  )
}
