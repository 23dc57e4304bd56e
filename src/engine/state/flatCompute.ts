/**
 * What a block's changes make of the state: new rows, new branches, new root. Reads, computes, and keeps nothing.
 *
 * Storage tries come first, since an account's leaf holds its storage root; branches for all of them are fetched together.
 * An account whose storage was cleared gets a new storage id with its next slot. The rows of the old id stay where they are:
 * reads of earlier blocks and a rewind need them, and destroying a large contract costs no more than a small one.
 */
import { assert } from '../../primitives/assert.ts'
import { bytesToHex, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, EMPTY_TRIE_ROOT_BYTES } from '../../primitives/keccak.ts'
import { encodeAccount } from './account.ts'
import {
  type AccountWork,
  isSameRow,
  newCodes,
  readAccounts,
  readSlots,
  type SlotEntry,
} from './flatChanges.ts'
import { ACCOUNTS_ID, type FlatKey, idToString, STORAGE_ID_MAX } from './flatKeys.ts'
import { type HeadRows, headTrieLoader, headTrieView } from './flatRead.ts'
import { encodeAccountRow } from './flatRows.ts'
import { type BlockDelta, type HeldAccount, NO_ACCOUNT, type StateHead } from './flatStage.ts'
import { rootHash } from './pathTrieHash.ts'
import { createTrieMemory, type TrieEntry, type TrieMemory } from './pathTrieMemory.ts'
import type { TriePosition } from './pathTriePath.ts'
import { prefetchTries, type TrieJob } from './pathTriePrefetch.ts'
import { loadRoot, storeRoot } from './pathTrieRoot.ts'
import { EMPTY_SLOT } from './pathTrieRow.ts'
import { updateTrie } from './pathTrieUpdate.ts'
import type { StateChanges } from './source.ts'

/** `assertCurrent` throws when `head` is no longer the head: while the database is waited for it may have moved on. */
export async function computeDelta(
  rows: HeadRows,
  head: StateHead,
  changes: StateChanges,
  assertCurrent: () => void,
): Promise<BlockDelta> {
  const works = await readAccounts(rows, changes)
  await readSlots(rows, works)
  const memory = createTrieMemory()
  const touched = works.map((work) => accountEntry(work, UNKNOWN)).filter((entry) => entry !== undefined)
  const jobs: TrieJob[] = works.flatMap(({ before, baseId, entries }) =>
    baseId === 0 || entries.length === 0
      ? []
      : [{ id: idToString(baseId), root: storageRootBytes(before), entries }],
  )
  if (touched.length > 0 && head.stateRoot !== EMPTY_TRIE_ROOT)
    jobs.push({ id: ACCOUNTS_ID, root: hexToBytes(head.stateRoot), entries: touched })
  await prefetchTries(memory, headTrieView(rows), headTrieLoader(rows), jobs)
  const codes = await newCodes(rows, changes.code)
  assertCurrent()
  return applyWorks(memory, head, works, codes)
}

/** From here on nothing waits. */
function applyWorks(
  memory: TrieMemory,
  head: StateHead,
  works: readonly AccountWork[],
  codes: ReadonlyMap<Hash, Uint8Array>,
): BlockDelta {
  const accounts = new Map<FlatKey, HeldAccount>()
  const slots = new Map<FlatKey, Uint8Array | null>()
  const previous = new Map<FlatKey, Uint8Array | null>()
  const accountEntries: TrieEntry[] = []
  let { nextStorageId } = head
  for (const work of works) {
    let { baseId } = work
    let storageRoot = baseId === 0 ? EMPTY_TRIE_ROOT_BYTES : storageRootBytes(work.before)
    if (work.entries.length > 0) {
      if (baseId === 0) {
        assert(nextStorageId <= STORAGE_ID_MAX, 'storage ids are used up')
        baseId = nextStorageId++
        work.entries = work.entries.map((entry) => withId(entry, baseId))
      }
      storageRoot = updateRoot(memory, idToString(baseId), storageRoot, work.entries)
      for (const { key, rowBefore, rowAfter } of work.entries) {
        slots.set(key, rowAfter)
        previous.set(key, rowBefore)
      }
    }
    const held = holdAccount(work, bytesToHex(storageRoot), baseId)
    // An account that came out as it was still takes part: its neighbours' branches were fetched counting on it.
    const entry = accountEntry(work, held)
    if (entry !== undefined) accountEntries.push(entry)
    if (isSameRow(work.before.row, held.row)) continue
    accounts.set(work.key, held)
    previous.set(work.key, work.before.row)
  }
  const root =
    accountEntries.length === 0
      ? head.stateRoot
      : bytesToHex(updateRoot(memory, ACCOUNTS_ID, hexToBytes(head.stateRoot), accountEntries))
  return {
    root,
    nextStorageId,
    accounts,
    slots,
    previous,
    ...changedNodes(memory),
    leaves: memory.writtenLeaves,
    codes,
  }
}

function changedNodes(memory: TrieMemory): Pick<BlockDelta, 'nodes' | 'previousNodes'> {
  const nodes = new Map<TriePosition, Uint8Array | null>()
  const previousNodes = new Map<TriePosition, Uint8Array | null>()
  for (const [position, row] of memory.writtenRows) {
    const before = memory.loadedBranches.get(position)?.row ?? null
    if (isSameRow(before, row)) continue
    nodes.set(position, row)
    previousNodes.set(position, before)
  }
  return { nodes, previousNodes }
}

function holdAccount(work: AccountWork, storageRoot: Hash, id: number): HeldAccount {
  if (work.after === null) return NO_ACCOUNT
  const storageId = storageRoot === EMPTY_TRIE_ROOT ? 0 : id
  const account = { address: work.address, state: { ...work.after, storageRoot }, storageId }
  return { row: encodeAccountRow(account), account }
}

/** Undefined when there was no account and is none. */
function accountEntry(work: AccountWork, held: HeldAccount | typeof UNKNOWN): TrieEntry | undefined {
  const { account } = work.before
  if (account === null && work.after === null) return undefined
  return {
    key: work.key,
    nibbles: work.nibbles,
    before: work.leafBefore,
    after: held === UNKNOWN ? work.after && NO_LEAF_YET : held.account && encodeAccount(held.account.state),
  }
}

/** Before its storage is known: enough to fetch what the account's change needs. */
const UNKNOWN = 'unknown'
const NO_LEAF_YET = new Uint8Array(0)

function updateRoot(
  memory: TrieMemory,
  id: string,
  before: Uint8Array,
  entries: readonly TrieEntry[],
): Uint8Array {
  const isNew = Buffer.compare(before, EMPTY_TRIE_ROOT_BYTES) === 0
  const root = isNew ? EMPTY_SLOT : loadRoot(memory, id, before)
  const updated = updateTrie(memory, root, entries)
  storeRoot(memory, id, root, updated)
  return rootHash(updated)
}

function withId(entry: SlotEntry, id: number): SlotEntry {
  return { ...entry, key: idToString(id) + entry.key.slice(idToString(id).length) }
}

function storageRootBytes({ account }: HeldAccount): Uint8Array {
  return hexToBytes(account?.state.storageRoot ?? EMPTY_TRIE_ROOT)
}
