/**
 * Rows of the head: from the staged blocks, else from the cache, else from the database.
 * The `known…` functions answer at once or not at all; the `load…` ones fill the cache from the database in batches.
 */
import { EMPTY_BYTES } from '../../primitives/bytes.ts'
import { type Hash, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_CODE_HASH } from '../../primitives/keccak.ts'
import type { StoreSnapshot } from '../../store/store.ts'
import { type FlatCache, ZERO_SLOT } from './flatCache.ts'
import type { UnflushedNodes } from './flatFlush.ts'
import { type FlatKey, fromLatin1, type KeyHasher, toLatin1 } from './flatKeys.ts'
import { decodeAccountRow } from './flatRows.ts'
import { type HeldAccount, NO_ACCOUNT, type Stage } from './flatStage.ts'
import { createTrieLoader } from './flatTrieLoader.ts'
import type { TrieView } from './pathTrieMemory.ts'
import type { TrieLoader } from './pathTriePrefetch.ts'
import { type MaybePromise, MissingStateError } from './source.ts'

export type HeadRows = {
  readonly store: StoreSnapshot
  readonly readFlat: FlatReader
  readonly stage: Stage
  /** Branches of committed blocks that the database does not have yet. */
  readonly unflushed: UnflushedNodes
  readonly cache: FlatCache
  readonly hashKey: KeyHasher
  /** Default: the database's of now. */
  readonly trieLoader?: TrieLoader
}

/** Rows of the flat table; absent ones are left out. */
export type FlatReader = (keys: readonly FlatKey[]) => Promise<ReadonlyMap<FlatKey, Uint8Array>>

/** What is asked for in one go, without waiting in between, is read in one go. */
export function createFlatReader(store: StoreSnapshot): FlatReader {
  let open:
    | { readonly keys: FlatKey[]; readonly found: Promise<ReadonlyMap<FlatKey, Uint8Array>> }
    | undefined
  return (keys) => {
    if (open === undefined) {
      const batch: FlatKey[] = []
      const found = Promise.resolve().then(() => {
        open = undefined
        return store.readPacked('state_flat', batch.map(fromLatin1))
      })
      open = { keys: batch, found }
    }
    for (const key of keys) open.keys.push(key)
    return open.found
  }
}

export function knownAccount({ stage, cache }: HeadRows, key: FlatKey): HeldAccount | undefined {
  return stage.accounts.get(key) ?? cache.accounts.get(key)
}

/** Null: the slot is zero. Undefined: not in memory. */
export function knownSlot({ stage, cache }: HeadRows, key: FlatKey): Uint8Array | null | undefined {
  const staged = stage.slots.get(key)
  if (staged !== undefined) return staged
  const cached = cache.slots.get(key)
  return cached === ZERO_SLOT ? null : cached
}

export async function loadAccounts(
  rows: HeadRows,
  keys: readonly FlatKey[],
): Promise<Map<FlatKey, HeldAccount>> {
  const { cache } = rows
  const { version } = cache
  const found = await rows.readFlat(keys)
  const accounts = new Map<FlatKey, HeldAccount>()
  for (const key of keys) {
    const row = found.get(key)
    const held = row === undefined ? NO_ACCOUNT : { row, account: decodeAccountRow(row) }
    accounts.set(key, held)
    if (version === cache.version) cache.accounts.set(key, held)
  }
  return accounts
}

export async function loadSlots(
  rows: HeadRows,
  keys: readonly FlatKey[],
): Promise<Map<FlatKey, Uint8Array | null>> {
  const { cache } = rows
  const { version } = cache
  const found = await rows.readFlat(keys)
  const slots = new Map<FlatKey, Uint8Array | null>()
  for (const key of keys) {
    const row = found.get(key) ?? null
    slots.set(key, row)
    if (version === cache.version) cache.slots.set(key, row ?? ZERO_SLOT)
  }
  return slots
}

/** Those in memory, and one batch for the rest. */
export function readAccountRows(
  rows: HeadRows,
  keys: readonly FlatKey[],
): Promise<Map<FlatKey, HeldAccount>> {
  return collect(
    keys,
    (key) => knownAccount(rows, key),
    (missing) => loadAccounts(rows, missing),
  )
}

export function readSlotRows(
  rows: HeadRows,
  keys: readonly FlatKey[],
): Promise<Map<FlatKey, Uint8Array | null>> {
  return collect(
    keys,
    (key) => knownSlot(rows, key),
    (missing) => loadSlots(rows, missing),
  )
}

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

export function readCode(rows: HeadRows, hash: Hash): MaybePromise<Uint8Array> {
  if (hash === EMPTY_CODE_HASH) return EMPTY_BYTES
  return rows.stage.codes.get(hash) ?? rows.cache.codes.get(hash) ?? loadCode(rows, hash)
}

async function loadCode({ store, cache }: HeadRows, hash: Hash): Promise<Uint8Array> {
  const key = hexToBytes(hash)
  const code = (await store.readPacked('state_code', [key])).get(toLatin1(key))
  if (code === undefined) throw new MissingStateError({ what: `the code with hash ${hash}` })
  // Code is named by its hash: it cannot become another one.
  cache.codes.set(hash, code)
  return code
}

export function headTrieView({ stage, unflushed, cache }: HeadRows): TrieView {
  return {
    row: (position) => {
      const staged = stage.nodes.get(position)
      const changed = staged === undefined ? unflushed.get(position) : staged
      return changed === undefined ? cache.nodes.get(position) : changed
    },
    leaf: (position) => stage.leaves.get(position) ?? cache.leaves.get(position),
  }
}

export function headTrieLoader({ store, cache, trieLoader }: HeadRows): TrieLoader {
  const loader = trieLoader ?? createTrieLoader(store)
  return {
    ...loader,
    rows: async (positions) => {
      const { version } = cache
      const found = await loader.rows(positions)
      if (version === cache.version) for (const [position, row] of found) cache.nodes.set(position, row)
      return found
    },
    leaves: async (positions) => {
      const found = await loader.leaves(positions)
      for (const [position, leaf] of found) cache.leaves.set(position, leaf)
      return found
    },
  }
}
