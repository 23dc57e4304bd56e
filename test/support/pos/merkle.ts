/** SSZ's hash tree, written again: what the consensus client proves is checked by other code than its own. */
import { createHash } from 'node:crypto'
import { bytesToHex, type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import type { StateProof } from './startPosL1.ts'

const ZERO = new Uint8Array(32)

export function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(left).update(right).digest())
}

/** The root that the leaf and its branch make, by the bits of the generalized index. */
export function foldProof({ leaf, branch, gindex }: Pick<StateProof, 'leaf' | 'branch' | 'gindex'>): Hash {
  let node = hexToBytes(leaf)
  let index = gindex
  for (const sibling of branch.map((hash) => hexToBytes(hash))) {
    node = index & 1n ? hashPair(sibling, node) : hashPair(node, sibling)
    index >>= 1n
  }
  if (index !== 1n) throw new Error(`the branch of ${gindex} has ${branch.length} nodes`)
  return bytesToHex(node)
}

/** Root of the chunks, filled up with zeros to a power of two. */
export function merkleRoot(chunks: readonly Uint8Array[]): Uint8Array {
  let level = [...chunks]
  while (level.length & (level.length - 1)) level.push(ZERO)
  while (level.length > 1)
    level = Array.from({ length: level.length / 2 }, (_, i) =>
      hashPair(level[2 * i] as Uint8Array, level[2 * i + 1] as Uint8Array),
    )
  return level[0] as Uint8Array
}

/** uint64s as SSZ packs them: four to a chunk, little-endian. */
export function packUint64s(values: readonly number[]): readonly Uint8Array[] {
  const bytes = new Uint8Array(Math.ceil(values.length / 4) * 32)
  const view = new DataView(bytes.buffer)
  for (const [i, value] of values.entries()) view.setBigUint64(i * 8, BigInt(value), true)
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(i * 32, i * 32 + 32))
}

/** Of a node in a tree that hangs where `outer` is in another one. */
export function joinGindices(outer: bigint, inner: bigint): bigint {
  const depth = BigInt(inner.toString(2).length - 1)
  return (outer << depth) | (inner ^ (1n << depth))
}
