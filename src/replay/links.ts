/** Headers that prove each other: each is the parent of the one before. */
import { type BlockHeader, headerHash } from '../primitives/header.ts'
import type { Hash } from '../primitives/hex.ts'
import type { L1BlockRef } from '../protocol/protocol.ts'
import { requireInput } from './input.ts'

/** `headers` in any order. Answers those that hang on `tip` without a gap, by number, and refuses one that does not fit. */
export function linkL1Headers(
  tip: { readonly number: bigint; readonly hash: Hash },
  headers: readonly BlockHeader[],
): ReadonlyMap<bigint, L1BlockRef> {
  const newestFirst = [...headers].sort((a, b) => (a.number < b.number ? 1 : a.number > b.number ? -1 : 0))
  const linked = new Map<bigint, L1BlockRef>()
  let expected = tip
  for (const header of newestFirst) {
    if (linked.has(header.number)) continue
    requireInput(
      header.number === expected.number,
      `the L1 headers have a gap below block ${expected.number}`,
    )
    const hash = headerHash(header)
    requireInput(hash === expected.hash, `L1 header ${header.number} hashes to ${hash}, not ${expected.hash}`)
    const { number, parentHash, timestamp, stateRoot } = header
    linked.set(number, { number, hash, parentHash, timestamp, stateRoot })
    expected = { number: number - 1n, hash: parentHash }
  }
  return linked
}

/** Hashes by number of `parent` and of its ancestors, given newest first. */
export function linkAncestors(
  parent: BlockHeader,
  ancestors: readonly BlockHeader[],
): ReadonlyMap<bigint, Hash> {
  const hashes = new Map([[parent.number, headerHash(parent)]])
  let child = parent
  for (const header of ancestors) {
    const hash = headerHash(header)
    requireInput(
      header.number === child.number - 1n && hash === child.parentHash,
      `L2 header ${header.number} is not the parent of block ${child.number}`,
    )
    hashes.set(header.number, hash)
    child = header
  }
  return hashes
}
