/**
 * Applies a sorted batch of changes to a Merkle Patricia trie stored by path, in one pass from the root down and back.
 * Yellow Paper, appendix D. Pure and synchronous: `prefetchTries` has brought every branch and leaf it can meet.
 */
import { assert } from '../../primitives/assert.ts'
import { equalBytes } from '../../primitives/bytes.ts'
import { branchReference, extensionReference, leafReference } from './pathTrieHash.ts'
import {
  missing,
  neededBranch,
  neededLeaf,
  type TrieEntry,
  type TrieLeaf,
  type TrieMemory,
} from './pathTrieMemory.ts'
import { positionBeside, positionOnPath } from './pathTriePath.ts'
import {
  BRANCH,
  branchSlot,
  CHILDREN,
  EMPTY,
  EMPTY_SLOT,
  encodeRow,
  LEAF,
  leafSlot,
  type TrieSlot,
} from './pathTrieRow.ts'

/**
 * The trie's new root slot. `entries` are sorted by key, each key once, and have a leaf before or after.
 * Throws MissingStateError when the trie does not hold what the entries and its own references say it holds.
 */
export function updateTrie(memory: TrieMemory, root: TrieSlot, entries: readonly TrieEntry[]): TrieSlot {
  return updateSlot({ memory, entries }, root, 0, 0, entries.length)
}

type Batch = { readonly memory: TrieMemory; readonly entries: readonly TrieEntry[] }

/** The slot `depth` nibbles down, after the changes [from, to), which all lie below it. */
function updateSlot(batch: Batch, slot: TrieSlot, depth: number, from: number, to: number): TrieSlot {
  if (from === to) return slot
  switch (slot.kind) {
    case EMPTY: {
      for (let i = from; i < to; i++)
        if (entryAt(batch, i).before !== null)
          throw missing('leaf', positionOnPath(entryAt(batch, i).key, depth))
      const leaves = leavesAfter(batch, from, to)
      return buildSlot(batch.memory, leaves, 0, leaves.length, depth)
    }
    case LEAF:
      return updateLeaf(batch, slot, depth, from, to)
    case BRANCH:
      return updateBranch(batch, slot, depth, from, to)
  }
}

function updateLeaf(batch: Batch, slot: TrieSlot, depth: number, from: number, to: number): TrieSlot {
  const position = positionOnPath(entryAt(batch, from).key, depth)
  const leaves = leavesAfter(batch, from, to)
  let isOwn = false
  for (let i = from; i < to; i++) {
    const { before, nibbles } = entryAt(batch, i)
    if (before === null) continue
    // What was read as the old value must be what this trie commits to; anything else is a damaged row.
    if (isOwn || !equalBytes(leafReference(nibbles, depth, before), slot.reference))
      throw missing('leaf', position)
    isOwn = true
  }
  if (!isOwn) {
    const other = neededLeaf(batch.memory, position)
    if (!equalBytes(leafReference(other.nibbles, depth, other.value), slot.reference))
      throw missing('leaf', position)
    const at = leaves.findIndex((leaf) => leaf.key >= other.key)
    if (leaves[at]?.key === other.key) throw missing('leaf', position)
    leaves.splice(at < 0 ? leaves.length : at, 0, other)
  }
  return buildSlot(batch.memory, leaves, 0, leaves.length, depth)
}

function updateBranch(batch: Batch, slot: TrieSlot, depth: number, from: number, to: number): TrieSlot {
  const { memory } = batch
  const first = entryAt(batch, from)
  const shared = sharedWithExtension(batch, slot.extension, depth, from, to)
  const splits = shared < slot.extension.length
  const children = splits
    ? splitExtension(memory, slot, first, depth, shared)
    : neededBranch(memory, positionOnPath(first.key, depth + shared)).slice()
  const fork = depth + shared
  for (let start = from; start < to; ) {
    const nibble = entryAt(batch, start).nibbles[fork] as number
    const end = endOfGroup(batch, fork, start, to)
    children[nibble] = updateSlot(batch, children[nibble] as TrieSlot, fork + 1, start, end)
    start = end
  }
  const survivors = children.reduce((count, child) => count + (child.kind === EMPTY ? 0 : 1), 0)
  if (survivors >= 2) return writeBranch(memory, children, first, depth, fork)
  // A split branch was never stored.
  if (!splits) memory.writtenRows.set(positionOnPath(first.key, fork), null)
  if (survivors === 0) return EMPTY_SLOT
  const nibble = children.findIndex((child) => child.kind !== EMPTY)
  return liftOnlyChild(memory, children[nibble] as TrieSlot, first, { depth, fork, nibble })
}

/** Children of the new branch at which the changes leave the extension: what the extension led to is one of them. */
function splitExtension(
  memory: TrieMemory,
  slot: TrieSlot,
  first: TrieEntry,
  depth: number,
  shared: number,
): TrieSlot[] {
  const branch = ownReference(memory, slot, positionBeside(first.key, depth, slot.extension))
  const children = new Array<TrieSlot>(CHILDREN).fill(EMPTY_SLOT)
  children[slot.extension[shared] as number] = extendBranch(branch, slot.extension.slice(shared + 1))
  return children
}

/** A branch with one child left is no branch: the child takes its place, its path longer by what lay between. */
function liftOnlyChild(
  memory: TrieMemory,
  child: TrieSlot,
  first: TrieEntry,
  at: { readonly depth: number; readonly fork: number; readonly nibble: number },
): TrieSlot {
  const childPath = Uint8Array.of(at.nibble)
  const position = positionBeside(first.key, at.fork, childPath)
  if (child.kind === LEAF) {
    const leaf = neededLeaf(memory, position)
    if (!equalBytes(leafReference(leaf.nibbles, at.fork + 1, leaf.value), child.reference))
      throw missing('leaf', position)
    return placeLeaf(memory, leaf, at.depth)
  }
  const toBranch = Uint8Array.of(at.nibble, ...child.extension)
  const branch = ownReference(memory, child, positionBeside(first.key, at.fork, toBranch))
  return extendBranch(branch, Uint8Array.of(...first.nibbles.subarray(at.depth, at.fork), ...toBranch))
}

/** The reference of a slot's branch itself, without the extension in front of it. */
function ownReference(memory: TrieMemory, slot: TrieSlot, position: string): Uint8Array {
  if (slot.extension.length === 0) return slot.reference
  return slot.branch ?? branchReference(neededBranch(memory, position))
}

function extendBranch(branch: Uint8Array, extension: Uint8Array): TrieSlot {
  if (extension.length === 0) return branchSlot(branch)
  return { ...branchSlot(extensionReference(extension, branch), extension), branch }
}

/** A slot for the leaves [from, to), sorted, that share their path down to `depth`. */
function buildSlot(
  memory: TrieMemory,
  leaves: readonly TrieLeaf[],
  from: number,
  to: number,
  depth: number,
): TrieSlot {
  if (from === to) return EMPTY_SLOT
  const first = leaves[from] as TrieLeaf
  if (to - from === 1) return placeLeaf(memory, first, depth)
  const last = leaves[to - 1] as TrieLeaf
  let fork = depth
  while (first.nibbles[fork] === last.nibbles[fork]) fork++
  const children = new Array<TrieSlot>(CHILDREN).fill(EMPTY_SLOT)
  for (let start = from; start < to; ) {
    const nibble = (leaves[start] as TrieLeaf).nibbles[fork] as number
    let end = start + 1
    while (end < to && (leaves[end] as TrieLeaf).nibbles[fork] === nibble) end++
    children[nibble] = buildSlot(memory, leaves, start, end, fork + 1)
    start = end
  }
  return writeBranch(memory, children, first, depth, fork)
}

function writeBranch(
  memory: TrieMemory,
  children: readonly TrieSlot[],
  onPath: Pick<TrieLeaf, 'key' | 'nibbles'>,
  depth: number,
  fork: number,
): TrieSlot {
  memory.writtenRows.set(positionOnPath(onPath.key, fork), encodeRow(children))
  return extendBranch(branchReference(children), onPath.nibbles.slice(depth, fork))
}

function placeLeaf(memory: TrieMemory, leaf: TrieLeaf, depth: number): TrieSlot {
  memory.writtenLeaves.set(positionOnPath(leaf.key, depth), leaf)
  return leafSlot(leafReference(leaf.nibbles, depth, leaf.value))
}

function leavesAfter(batch: Batch, from: number, to: number): TrieLeaf[] {
  const leaves: TrieLeaf[] = []
  for (let i = from; i < to; i++) {
    const { key, nibbles, after } = entryAt(batch, i)
    if (after !== null) leaves.push({ key, nibbles, value: after })
  }
  return leaves
}

/** How many nibbles of the extension all entries [from, to) follow. The first and the last of a sorted batch decide. */
function sharedWithExtension(
  batch: Batch,
  extension: Uint8Array,
  depth: number,
  from: number,
  to: number,
): number {
  const first = entryAt(batch, from).nibbles
  const last = entryAt(batch, to - 1).nibbles
  let shared = 0
  while (
    shared < extension.length &&
    first[depth + shared] === extension[shared] &&
    last[depth + shared] === extension[shared]
  )
    shared++
  return shared
}

function endOfGroup(batch: Batch, depth: number, start: number, to: number): number {
  const nibble = entryAt(batch, start).nibbles[depth]
  let end = start + 1
  while (end < to && entryAt(batch, end).nibbles[depth] === nibble) end++
  return end
}

function entryAt({ entries }: Batch, index: number): TrieEntry {
  const entry = entries[index]
  assert(entry !== undefined, 'a batch index is out of range')
  return entry
}
