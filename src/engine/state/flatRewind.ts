/**
 * The way back to the end of an earlier block. Inside the window of kept branches, old branches are put back as they were;
 * further back the tries are computed again from the old flat rows. Both ways the root must come out as recorded.
 */
import { assert } from '../../primitives/assert.ts'
import { bytesToHex, type Hash } from '../../primitives/hex.ts'
import { EMPTY_TRIE_ROOT_BYTES } from '../../primitives/keccak.ts'
import type { StoreTransaction } from '../../store/store.ts'
import { ACCOUNTS_ID, type FlatKey, fromLatin1, idToString, STORAGE_ID_BYTES } from './flatKeys.ts'
import { decodeAccountRow } from './flatRows.ts'
import type { StateHead } from './flatStage.ts'
import { createTrieLoader, leafValue } from './flatTrieLoader.ts'
import { readHead, writeNodes } from './flatWrite.ts'
import { rootHash } from './pathTrieHash.ts'
import { createTrieMemory, type TrieEntry } from './pathTrieMemory.ts'
import { type TriePosition, toNibbles } from './pathTriePath.ts'
import { prefetchTries } from './pathTriePrefetch.ts'
import { loadRoot, rootPosition, rootSlot, storeRoot } from './pathTrieRoot.ts'
import { decodeRow, EMPTY_SLOT } from './pathTrieRow.ts'
import { updateTrie } from './pathTrieUpdate.ts'
import { takeNodeDiffs, takeReverseDiffs } from './reverseDiff.ts'
import { MissingStateError } from './source.ts'

/** Null: no row. */
type FlatRows = ReadonlyMap<FlatKey, Uint8Array | null>

/** Writes the state after `blockNumber` in the caller's transaction and answers it. */
export async function rewindTo(transaction: StoreTransaction, blockNumber: bigint): Promise<StateHead> {
  const target = await readHead(transaction, blockNumber)
  if (target === undefined) throw new MissingStateError({ what: `the state of block ${blockNumber}` })
  const nodes = await takeNodeDiffs(transaction, blockNumber)
  const { flat, codes } = await takeReverseDiffs(transaction, blockNumber)
  await writeNodes(transaction, nodes ?? (await recomputeNodes(transaction, flat)))
  await transaction.writePacked(
    'state_flat',
    [...flat].map(([key, row]) => [fromLatin1(key), row]),
  )
  await transaction.writePacked(
    'state_code',
    codes.map((hash) => [hash, null]),
  )
  const root = (await readRoots(transaction, [ACCOUNTS_ID])).get(ACCOUNTS_ID) ?? EMPTY_TRIE_ROOT_BYTES
  assert(bytesToHex(root) === target.stateRoot, 'a rewind came out with another state root')
  return target
}

/** Branches after the rewind, from the flat rows it brings back, `before`, and those they replace, still in the database. */
async function recomputeNodes(
  transaction: StoreTransaction,
  before: FlatRows,
): Promise<ReadonlyMap<TriePosition, Uint8Array | null>> {
  const tries = groupByTrie(
    before,
    await transaction.readPacked('state_flat', [...before.keys()].map(fromLatin1)),
  )
  const roots = await readRoots(transaction, [...tries.keys()])
  const memory = createTrieMemory()
  const nothingStaged = { row: () => undefined, leaf: () => undefined }
  const jobs = [...tries].flatMap(([id, entries]) => {
    const root = roots.get(id)
    return root === undefined ? [] : [{ id, root, entries }]
  })
  await prefetchTries(memory, nothingStaged, createTrieLoader(transaction), jobs)
  const expected = storageRoots(before)
  for (const [id, entries] of tries) {
    const hash = roots.get(id)
    const root = hash === undefined ? EMPTY_SLOT : loadRoot(memory, id, hash)
    const updated = updateTrie(memory, root, entries)
    storeRoot(memory, id, root, updated)
    const wanted = expected.get(id)
    assert(
      wanted === undefined || wanted === bytesToHex(rootHash(updated)),
      'a rewind came out with another storage root',
    )
  }
  return memory.writtenRows
}

/** The changes that lead back, sorted within each trie. Tries where nothing is left to change are left out. */
function groupByTrie(before: FlatRows, now: ReadonlyMap<FlatKey, Uint8Array>): Map<string, TrieEntry[]> {
  const tries = new Map<string, TrieEntry[]>()
  for (const key of [...before.keys()].sort()) {
    const rowNow = now.get(key)
    const rowBefore = before.get(key)
    if (!rowNow && !rowBefore) continue
    const id = key.slice(0, STORAGE_ID_BYTES)
    const entries = tries.get(id) ?? []
    tries.set(id, entries)
    entries.push({
      key,
      nibbles: toNibbles(key),
      before: rowNow ? leafValue(key, rowNow) : null,
      after: rowBefore ? leafValue(key, rowBefore) : null,
    })
  }
  return tries
}

/** Root hashes of the tries that are not empty, from their root rows. */
async function readRoots(
  transaction: StoreTransaction,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const rows = await transaction.readPacked(
    'state_nodes',
    ids.map((id) => fromLatin1(rootPosition(id))),
  )
  const roots = new Map<string, Uint8Array>()
  for (const [position, row] of rows)
    roots.set(position.slice(0, STORAGE_ID_BYTES), rootHash(rootSlot(decodeRow(row))))
  return roots
}

/** What the accounts brought back say about their storage tries. */
function storageRoots(before: FlatRows): ReadonlyMap<string, Hash> {
  const roots = new Map<string, Hash>()
  for (const [key, row] of before) {
    if (row === null || !key.startsWith(ACCOUNTS_ID)) continue
    const { state, storageId } = decodeAccountRow(row)
    if (storageId !== 0) roots.set(idToString(storageId), state.storageRoot)
  }
  return roots
}
