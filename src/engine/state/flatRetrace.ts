/**
 * The branches of one moment from those of another, computed in one pass from the flat rows that differ between the two: the way back
 * past the window of kept branches, and the way on to the head for branches that were never flushed.
 */
import { assert } from '../../primitives/assert.ts'
import { bytesToHex, type Hash } from '../../primitives/hex.ts'
import { EMPTY_TRIE_ROOT_BYTES } from '../../primitives/keccak.ts'
import { ACCOUNTS_ID, type FlatKey, idToString, STORAGE_ID_BYTES } from './flatKeys.ts'
import { decodeAccountRow } from './flatRows.ts'
import { leafValue } from './flatTrieLoader.ts'
import { rootHash } from './pathTrieHash.ts'
import { createTrieMemory, type TrieEntry } from './pathTrieMemory.ts'
import { type TriePosition, toNibbles } from './pathTriePath.ts'
import { prefetchTries, type TrieLoader } from './pathTriePrefetch.ts'
import { loadRoot, rootPosition, rootSlot, storeRoot } from './pathTrieRoot.ts'
import { decodeRow, EMPTY_SLOT } from './pathTrieRow.ts'
import { updateTrie } from './pathTrieUpdate.ts'

/** By key; null where there is no row. */
export type FlatRows = ReadonlyMap<FlatKey, Uint8Array | null>

/**
 * Branches where `to` is the state, of those that differ: null where there is none. `from` and `to` have the same keys; `loader` reads the
 * tries of `from`. Every storage root must be the one in its account's row, and the root of all `expected`.
 */
export async function retraceNodes(
  loader: TrieLoader,
  from: FlatRows,
  to: FlatRows,
  expected: Hash,
): Promise<ReadonlyMap<TriePosition, Uint8Array | null>> {
  const tries = groupByTrie(from, to)
  const roots = await readRoots(loader, [...new Set([...tries.keys(), ACCOUNTS_ID])])
  const memory = createTrieMemory()
  const nothingKnown = { row: () => undefined, leaf: () => undefined }
  const jobs = [...tries].flatMap(([id, entries]) => {
    const root = roots.get(id)
    return root === undefined ? [] : [{ id, root, entries }]
  })
  await prefetchTries(memory, nothingKnown, loader, jobs)
  const storage = storageRoots(to)
  let stateRoot = bytesToHex(roots.get(ACCOUNTS_ID) ?? EMPTY_TRIE_ROOT_BYTES)
  for (const [id, entries] of tries) {
    const hash = roots.get(id)
    const root = hash === undefined ? EMPTY_SLOT : loadRoot(memory, id, hash)
    const updated = updateTrie(memory, root, entries)
    storeRoot(memory, id, root, updated)
    const computed = bytesToHex(rootHash(updated))
    if (id === ACCOUNTS_ID) stateRoot = computed
    const wanted = storage.get(id)
    assert(
      wanted === undefined || wanted === computed,
      'tries computed from flat rows have another storage root',
    )
  }
  assert(stateRoot === expected, 'tries computed from flat rows have another state root')
  return memory.writtenRows
}

/** The changes, sorted within each trie. Keys where there is no leaf before and after are left out. */
function groupByTrie(from: FlatRows, to: FlatRows): Map<string, TrieEntry[]> {
  const tries = new Map<string, TrieEntry[]>()
  for (const key of [...from.keys()].sort()) {
    const rowFrom = from.get(key)
    const rowTo = to.get(key)
    if (!rowFrom && !rowTo) continue
    const id = key.slice(0, STORAGE_ID_BYTES)
    const entries = tries.get(id) ?? []
    tries.set(id, entries)
    entries.push({
      key,
      nibbles: toNibbles(key),
      before: rowFrom ? leafValue(key, rowFrom) : null,
      after: rowTo ? leafValue(key, rowTo) : null,
    })
  }
  return tries
}

/** Root hashes of the tries that are not empty, from their root rows. */
async function readRoots(
  loader: TrieLoader,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const roots = new Map<string, Uint8Array>()
  for (const [position, row] of await loader.rows(ids.map(rootPosition)))
    roots.set(position.slice(0, STORAGE_ID_BYTES), rootHash(rootSlot(decodeRow(row))))
  return roots
}

/** What accounts say about their storage tries. */
function storageRoots(rows: FlatRows): ReadonlyMap<string, Hash> {
  const roots = new Map<string, Hash>()
  for (const [key, row] of rows) {
    if (row === null || !key.startsWith(ACCOUNTS_ID)) continue
    const { state, storageId } = decodeAccountRow(row)
    if (storageId !== 0) roots.set(idToString(storageId), state.storageRoot)
  }
  return roots
}
