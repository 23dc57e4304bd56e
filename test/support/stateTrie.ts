/** A trie by path over plain maps: the update and its prefetch alone, with any keys of 32 bytes and any values. */
import { ACCOUNTS_ID, fromLatin1 } from '../../src/engine/state/flatKeys.ts'
import { rootHash } from '../../src/engine/state/pathTrieHash.ts'
import { createTrieMemory, type TrieLeaf } from '../../src/engine/state/pathTrieMemory.ts'
import { keyRange, toNibbles } from '../../src/engine/state/pathTriePath.ts'
import { prefetchTries } from '../../src/engine/state/pathTriePrefetch.ts'
import { loadRoot, storeRoot } from '../../src/engine/state/pathTrieRoot.ts'
import { EMPTY_SLOT } from '../../src/engine/state/pathTrieRow.ts'
import { updateTrie } from '../../src/engine/state/pathTrieUpdate.ts'
import { bytesToHex, type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../src/primitives/keccak.ts'

export type TestTrie = {
  readonly rows: Map<string, Uint8Array>
  /** By key of 32 bytes in latin1. */
  readonly leaves: Map<string, Uint8Array>
  readonly root: Hash
  /** Null deletes. Keys as in `leaves`. */
  update(changes: ReadonlyMap<string, Uint8Array | null>): Promise<Hash>
}

export function createTestTrie(): TestTrie {
  const rows = new Map<string, Uint8Array>()
  const leaves = new Map<string, Uint8Array>()
  let root: Hash = EMPTY_TRIE_ROOT
  const loader = {
    rows: async (positions: readonly string[]) =>
      new Map(
        positions.flatMap((position) => {
          const row = rows.get(position)
          return row ? [[position, row] as const] : []
        }),
      ),
    leaves: async (positions: readonly string[]) =>
      new Map(
        positions.flatMap((position) => {
          const [first, last] = keyRange(position)
          const below = [...leaves.keys()].filter((key) => {
            const bytes = fromLatin1(ACCOUNTS_ID + key)
            return Buffer.compare(bytes, first) >= 0 && Buffer.compare(bytes, last) <= 0
          })
          return below.length === 1 ? [[position, leafOf(below[0]!, leaves.get(below[0]!)!)] as const] : []
        }),
      ),
  }
  return {
    rows,
    leaves,
    get root() {
      return root
    },
    update: async (changes) => {
      const entries = [...changes.keys()].sort().flatMap((key) => {
        const before = leaves.get(key) ?? null
        const after = changes.get(key) ?? null
        if (before === null && after === null) return []
        return [{ key: ACCOUNTS_ID + key, nibbles: toNibbles(ACCOUNTS_ID + key), before, after }]
      })
      if (entries.length === 0) return root
      const memory = createTrieMemory()
      const isEmpty = root === EMPTY_TRIE_ROOT
      const nothing = { row: () => undefined, leaf: () => undefined }
      const jobs = isEmpty ? [] : [{ id: ACCOUNTS_ID, root: hexToBytes(root), entries }]
      await prefetchTries(memory, nothing, loader, jobs)
      const slot = isEmpty ? EMPTY_SLOT : loadRoot(memory, ACCOUNTS_ID, hexToBytes(root))
      const updated = updateTrie(memory, slot, entries)
      storeRoot(memory, ACCOUNTS_ID, slot, updated)
      for (const [position, row] of memory.writtenRows) {
        if (row === null) rows.delete(position)
        else rows.set(position, row)
      }
      for (const [key, value] of changes) {
        if (value === null) leaves.delete(key)
        else leaves.set(key, value)
      }
      root = bytesToHex(rootHash(updated))
      return root
    },
  }
}

function leafOf(key: string, value: Uint8Array): TrieLeaf {
  return { key: ACCOUNTS_ID + key, nibbles: toNibbles(ACCOUNTS_ID + key), value }
}
