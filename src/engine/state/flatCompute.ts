/**
 * What a block's changes make of the state: new rows, new branches, new root. Reads, computes, and keeps nothing.
 *
 * Storage tries come first, since an account's leaf holds its storage root; branches for all of them are fetched together.
 * An account whose storage was cleared gets a new storage id with its next slot. The rows of the old id stay where they are:
 * reads of earlier blocks and a rewind need them, and destroying a large contract costs no more than a small one.
 */
import { assert } from '../../primitives/assert.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, EMPTY_TRIE_ROOT_BYTES } from '../../primitives/keccak.ts'
import { encodeAccount } from './account.ts'
import { ACCOUNTS_ID, type FlatKey, idToString, STORAGE_ID_MAX, toLatin1 } from './flatKeys.ts'
import {
  type HeadRows,
  headTrieLoader,
  headTrieView,
  knownAccount,
  knownSlot,
  loadAccounts,
  loadSlots,
} from './flatRead.ts'
import { encodeAccountRow, encodeSlotRow, slotLeafValue } from './flatRows.ts'
import { type BlockDelta, type HeldAccount, NO_ACCOUNT, type StateHead } from './flatStage.ts'
import { rootHash } from './pathTrieHash.ts'
import { createTrieMemory, type TrieEntry, type TrieMemory } from './pathTrieMemory.ts'
import { type TriePosition, toNibbles } from './pathTriePath.ts'
import { prefetchTries, type TrieJob } from './pathTriePrefetch.ts'
import { loadRoot, storeRoot } from './pathTrieRoot.ts'
import { EMPTY_SLOT } from './pathTrieRow.ts'
import { updateTrie } from './pathTrieUpdate.ts'
import type { AccountState, StateChanges } from './source.ts'

/** One changed account on its way. */
type AccountWork = {
  readonly address: Address
  readonly key: FlatKey
  readonly nibbles: Uint8Array
  readonly before: HeldAccount
  readonly leafBefore: Uint8Array | null
  /** Without its new storage root. */
  readonly after: AccountState | null
  /** Storage trie to change; 0: it starts empty. */
  readonly baseId: number
  readonly slots: readonly (readonly [hash: string, slot: Hex, value: Uint8Array])[]
  entries: SlotEntry[]
}

type SlotEntry = TrieEntry & { readonly rowBefore: Uint8Array | null; readonly rowAfter: Uint8Array | null }

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

async function readAccounts(rows: HeadRows, changes: StateChanges): Promise<AccountWork[]> {
  const keys = new Map<FlatKey, Address>()
  for (const address of changes.accounts.keys()) keys.set(ACCOUNTS_ID + rows.hashKey(address), address)
  for (const address of changes.storage.keys()) keys.set(ACCOUNTS_ID + rows.hashKey(address), address)
  const before = await collect(
    [...keys.keys()],
    (key) => knownAccount(rows, key),
    (missing) => loadAccounts(rows, missing),
  )
  const works: AccountWork[] = []
  for (const [key, address] of keys) {
    const held = before.get(key) ?? NO_ACCOUNT
    const given = changes.accounts.get(address)
    const after = given === undefined ? (held.account?.state ?? null) : given
    const storage = changes.storage.get(address)
    const keepsStorage = after !== null && storage?.cleared !== true
    const slots = [...(storage?.slots ?? [])].map(
      ([slot, value]) => [rows.hashKey(slot), slot, value] as const,
    )
    assert(
      after !== null || slots.every(([, , value]) => value.length === 0),
      `storage is written to ${address}, which does not exist`,
    )
    const baseId = keepsStorage ? (held.account?.storageId ?? 0) : 0
    works.push({
      address,
      key,
      nibbles: toNibbles(key),
      before: held,
      leafBefore: held.account && encodeAccount(held.account.state),
      after,
      baseId,
      slots: after === null ? [] : slots,
      entries: [],
    })
  }
  // In the order of the trie; storage ids are given in it too, so they follow from the changes alone.
  return works.sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** Fills each work's entries with the slots that really change, in the order of their trie. */
async function readSlots(rows: HeadRows, works: readonly AccountWork[]): Promise<void> {
  const keys = works.flatMap(({ baseId, slots }) =>
    baseId === 0 ? [] : slots.map(([hash]) => idToString(baseId) + hash),
  )
  const before = await collect(
    keys,
    (key) => knownSlot(rows, key),
    (missing) => loadSlots(rows, missing),
  )
  for (const work of works) {
    const id = idToString(work.baseId)
    for (const [hash, slot, value] of work.slots) {
      const key = id + hash
      const rowBefore = (work.baseId === 0 ? null : before.get(key)) ?? null
      const rowAfter = value.length === 0 ? null : encodeSlotRow(slot, value)
      if (isSameRow(rowBefore, rowAfter)) continue
      work.entries.push({
        key,
        nibbles: toNibbles(key),
        rowBefore,
        rowAfter,
        before: rowBefore && slotLeafValue(rowBefore),
        after: rowAfter && slotLeafValue(rowAfter),
      })
    }
    work.entries.sort((a, b) => (a.key < b.key ? -1 : 1))
  }
}

/** What is in memory, and one batch for the rest. */
async function collect<T>(
  keys: readonly FlatKey[],
  known: (key: FlatKey) => T | undefined,
  load: (keys: readonly FlatKey[]) => Promise<Map<FlatKey, T>>,
): Promise<Map<FlatKey, T>> {
  const found = new Map<FlatKey, T>()
  const missing: FlatKey[] = []
  for (const key of keys) {
    const value = known(key)
    if (value === undefined) missing.push(key)
    else found.set(key, value)
  }
  if (missing.length > 0) for (const [key, value] of await load(missing)) found.set(key, value)
  return found
}

/** Code is kept for ever and named by its hash; what is there already is no change. */
async function newCodes(
  { store, stage, cache }: HeadRows,
  codes: ReadonlyMap<Hash, Uint8Array>,
): Promise<ReadonlyMap<Hash, Uint8Array>> {
  const candidates = [...codes].filter(
    ([hash, code]) => code.length > 0 && !stage.codes.has(hash) && !cache.codes.has(hash),
  )
  if (candidates.length === 0) return new Map()
  const stored = await store.readPacked(
    'state_code',
    candidates.map(([hash]) => hexToBytes(hash)),
  )
  return new Map(candidates.filter(([hash]) => !stored.has(toLatin1(hexToBytes(hash)))))
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

function isSameRow(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0
}
