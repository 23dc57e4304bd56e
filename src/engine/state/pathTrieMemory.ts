/**
 * What one computation on tries knows and has changed, all in memory: `prefetchTries` loads into it, `updateTrie` works on it.
 * A piece that was not loaded is missing: an error, never an empty place.
 */
import type { FlatKey } from './flatKeys.ts'
import type { TriePosition } from './pathTriePath.ts'
import { decodeRow, type TrieSlot } from './pathTrieRow.ts'
import { MissingStateError } from './source.ts'

export type TrieLeaf = {
  readonly key: FlatKey
  readonly nibbles: Uint8Array
  /** As the trie holds it. */
  readonly value: Uint8Array
}

/** A change of one key. */
export type TrieEntry = {
  readonly key: FlatKey
  readonly nibbles: Uint8Array
  /** Leaf values; null where there is no leaf. */
  readonly before: Uint8Array | null
  readonly after: Uint8Array | null
}

/** Branches and leaves by position, before the computation. */
export type TrieView = {
  row(position: TriePosition): Uint8Array | null | undefined
  /** One that was there once will do: it is checked against the branch above it. */
  leaf(position: TriePosition): TrieLeaf | undefined
}

/** A row, and what it says: decoding is a good part of an update, so it is done once. */
type LoadedBranch = { readonly row: Uint8Array; readonly children: readonly TrieSlot[] }

export type TrieMemory = {
  /** What this computation wrote; a null row was deleted. */
  readonly writtenRows: Map<TriePosition, Uint8Array | null>
  readonly writtenLeaves: Map<TriePosition, TrieLeaf>
  /** Branches as they were before, of the positions looked at. */
  readonly loadedBranches: Map<TriePosition, LoadedBranch>
  readonly loadedLeaves: Map<TriePosition, TrieLeaf>
}

export function createTrieMemory(): TrieMemory {
  return {
    writtenRows: new Map(),
    writtenLeaves: new Map(),
    loadedBranches: new Map(),
    loadedLeaves: new Map(),
  }
}

/** The children of a branch that must be there. */
export function neededBranch(memory: TrieMemory, position: TriePosition): readonly TrieSlot[] {
  const written = memory.writtenRows.get(position)
  if (written) return decodeRow(written)
  const loaded = memory.loadedBranches.get(position)
  if (written === null || loaded === undefined) throw missing('branch', position)
  return loaded.children
}

export function neededLeaf(memory: TrieMemory, position: TriePosition): TrieLeaf {
  const leaf = memory.writtenLeaves.get(position) ?? memory.loadedLeaves.get(position)
  if (leaf === undefined) throw missing('leaf', position)
  return leaf
}

export function missing(what: 'branch' | 'leaf', position: TriePosition): MissingStateError {
  return new MissingStateError({
    what: `the trie ${what} at ${Buffer.from(position, 'latin1').toString('hex')}`,
  })
}
