/**
 * The root of a trie, at the position of depth 0. Where the root is a branch that is its row; otherwise (a lone leaf, or an
 * extension before the first branch) the row has a single child, in place 0, that stands for the root. No branch has just one.
 */
import { equalBytes } from '../../primitives/bytes.ts'
import { branchReference, rootHash } from './pathTrieHash.ts'
import { missing, neededBranch, type TrieMemory } from './pathTrieMemory.ts'
import type { TriePosition } from './pathTriePath.ts'
import { branchSlot, EMPTY, EMPTY_SLOT, encodeRow, LEAF, type TrieSlot } from './pathTrieRow.ts'

/** Position of the root of a trie; `id` as in flat keys. */
export function rootPosition(id: string): TriePosition {
  return `${id}\0`
}

/** Root slot of what was loaded from depth 0. */
export function rootSlot(slots: readonly TrieSlot[]): TrieSlot {
  const children = slots.filter((slot) => slot.kind !== EMPTY)
  return children.length === 1 ? (children[0] ?? EMPTY_SLOT) : branchSlot(branchReference(slots))
}

/** As `rootSlot`. Throws MissingStateError unless its hash is `expected`. */
export function checkedRoot(
  slots: readonly TrieSlot[],
  expected: Uint8Array,
  position: TriePosition,
): TrieSlot {
  const root = rootSlot(slots)
  if (!equalBytes(rootHash(root), expected)) throw missing('branch', position)
  return root
}

export function loadRoot(memory: TrieMemory, id: string, expected: Uint8Array): TrieSlot {
  const position = rootPosition(id)
  return checkedRoot(neededBranch(memory, position), expected, position)
}

/** `before` is the root that `loadRoot` gave, or an empty slot for a new trie. */
export function storeRoot(memory: TrieMemory, id: string, before: TrieSlot, root: TrieSlot): void {
  const position = rootPosition(id)
  const isPointer = root.kind === LEAF || root.extension.length > 0
  if (isPointer) memory.writtenRows.set(position, encodeRow([root]))
  else if (root.kind === EMPTY && before.kind !== EMPTY) memory.writtenRows.set(position, null)
}
