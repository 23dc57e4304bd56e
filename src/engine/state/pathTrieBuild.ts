/**
 * Builds a Merkle Patricia trie from its leaves in order, holding one path at a time: the branches that can get no more children are
 * given away as the rows the database keeps. Yellow Paper, appendix D.
 */
import { assert } from '../../primitives/assert.ts'
import { EMPTY_TRIE_ROOT_BYTES } from '../../primitives/keccak.ts'
import { ACCOUNTS_ID, type FlatKey, fromLatin1, toLatin1 } from './flatKeys.ts'
import { branchReference, extensionReference, leafReference, rootHash } from './pathTrieHash.ts'
import { positionOnPath, type TriePosition, toNibbles } from './pathTriePath.ts'
import { rootPosition } from './pathTrieRoot.ts'
import {
  branchSlot,
  CHILDREN,
  decodeRow,
  EMPTY_SLOT,
  encodeRow,
  LEAF,
  leafSlot,
  type TrieSlot,
} from './pathTrieRow.ts'

export type TrieBuilder = {
  /** Keys of one trie, ascending; `value` as the trie holds it. */
  add(key: FlatKey, value: Uint8Array): void
  /** Root hash. Nothing can be added any more. */
  finish(): Uint8Array
  /** All that a new builder needs to go on. */
  save(): SavedTrieBuilder
}

/** Survives JSON. Bytes in base64. */
export type SavedTrieBuilder = {
  readonly last?: { readonly key: string; readonly value: string }
  readonly open: readonly { readonly depth: number; readonly row: string }[]
}

type OpenBranch = { readonly depth: number; readonly children: TrieSlot[] }
type Leaf = { readonly key: FlatKey; readonly nibbles: Uint8Array; readonly value: Uint8Array }

const NOTHING: SavedTrieBuilder = { open: [] }

/** `emit` gets every row of the trie once, each after those below it. */
export function createTrieBuilder(
  emit: (position: TriePosition, row: Uint8Array) => void,
  saved: SavedTrieBuilder = NOTHING,
): TrieBuilder {
  /** Branches on the path of `last` that may get more children, from the root down. */
  const open: OpenBranch[] = saved.open.map(({ depth, row }) => ({
    depth,
    children: decodeRow(fromBase64(row)),
  }))
  /** Where it hangs depends on the leaf after it. */
  let last: Leaf | undefined =
    saved.last && toLeaf(toLatin1(fromBase64(saved.last.key)), fromBase64(saved.last.value))

  /** Hangs `leaf` in its branch and closes every branch deeper than `shared`; -1 closes all. Answers what hangs below `shared`. */
  const close = (leaf: Leaf, shared: number): TrieSlot => {
    const parentDepth = () => Math.max(shared, open.at(-1)?.depth ?? -1)
    let slot = leafSlot(leafReference(leaf.nibbles, parentDepth() + 1, leaf.value))
    for (let top = open.at(-1); top !== undefined && top.depth > shared; top = open.at(-1)) {
      top.children[leaf.nibbles[top.depth] as number] = slot
      emit(positionOnPath(leaf.key, top.depth), encodeRow(top.children))
      open.pop()
      const branch = branchReference(top.children)
      const extension = leaf.nibbles.slice(parentDepth() + 1, top.depth)
      slot =
        extension.length === 0
          ? branchSlot(branch)
          : branchSlot(extensionReference(extension, branch), extension)
    }
    return slot
  }

  return {
    add(key, value) {
      const leaf = toLeaf(key, value)
      if (last !== undefined) {
        assert(last.key < key, 'leaves of a trie are out of order')
        const shared = sharedNibbles(last.nibbles, leaf.nibbles)
        const slot = close(last, shared)
        if (open.at(-1)?.depth !== shared)
          open.push({ depth: shared, children: new Array<TrieSlot>(CHILDREN).fill(EMPTY_SLOT) })
        const children = open.at(-1)?.children
        assert(children !== undefined, 'a branch was just opened')
        children[last.nibbles[shared] as number] = slot
      }
      last = leaf
    },
    finish() {
      if (last === undefined) return EMPTY_TRIE_ROOT_BYTES
      const root = close(last, -1)
      // A root that is no branch has a row of its own (pathTrieRoot.ts).
      if (root.kind === LEAF || root.extension.length > 0)
        emit(rootPosition(last.key.slice(0, ACCOUNTS_ID.length)), encodeRow([root]))
      return rootHash(root)
    },
    save: () => ({
      ...(last && { last: { key: toBase64(fromLatin1(last.key)), value: toBase64(last.value) } }),
      open: open.map(({ depth, children }) => ({ depth, row: toBase64(encodeRow(children)) })),
    }),
  }
}

function toLeaf(key: FlatKey, value: Uint8Array): Leaf {
  return { key, nibbles: toNibbles(key), value }
}

function sharedNibbles(a: Uint8Array, b: Uint8Array): number {
  let shared = 0
  while (a[shared] === b[shared]) shared++
  return shared
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}
