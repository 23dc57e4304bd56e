/** What a block will need of the state, read before it is asked for: in a few rounds for all of it rather than in one for each. */
import { hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../primitives/keccak.ts'
import { encodeAccount } from './account.ts'
import { ACCOUNTS_ID, type FlatKey, idToString } from './flatKeys.ts'
import { type HeadRows, headTrieLoader, headTrieView, readAccountRows, readSlotRows } from './flatRead.ts'
import { slotLeafValue } from './flatRows.ts'
import type { HeldAccount, StateHead } from './flatStage.ts'
import type { TouchedKeys } from './flatState.ts'
import { createTrieMemory, type TrieEntry } from './pathTrieMemory.ts'
import { toNibbles } from './pathTriePath.ts'
import { prefetchTries, type TrieJob } from './pathTriePrefetch.ts'

/** Fills the cache. MissingStateError when the head moved meanwhile, or when a row is missing. */
export async function readAhead(rows: HeadRows, head: StateHead, touched: TouchedKeys): Promise<void> {
  const keys = [...touched.keys()].map((address) => ACCOUNTS_ID + rows.hashKey(address))
  const accounts = await readAccountRows(rows, keys)
  const slotKeys: FlatKey[] = []
  for (const [address, slots] of touched) {
    const id = accounts.get(ACCOUNTS_ID + rows.hashKey(address))?.account?.storageId ?? 0
    if (id !== 0) for (const slot of slots) slotKeys.push(idToString(id) + rows.hashKey(slot))
  }
  const slots = await readSlotRows(rows, slotKeys)
  const jobs: TrieJob[] = []
  if (head.stateRoot !== EMPTY_TRIE_ROOT)
    jobs.push({
      id: ACCOUNTS_ID,
      root: hexToBytes(head.stateRoot),
      entries: entriesOf(accounts, ({ account }) => account && encodeAccount(account.state)),
    })
  jobs.push(...storageJobs(accounts, slots))
  await prefetchTries(createTrieMemory(), headTrieView(rows), headTrieLoader(rows), jobs)
}

function storageJobs(
  accounts: ReadonlyMap<FlatKey, HeldAccount>,
  slots: ReadonlyMap<FlatKey, Uint8Array | null>,
): TrieJob[] {
  const byTrie = new Map<string, Map<FlatKey, Uint8Array | null>>()
  for (const [key, row] of slots) {
    const id = key.slice(0, ACCOUNTS_ID.length)
    const own = byTrie.get(id) ?? new Map()
    byTrie.set(id, own.set(key, row))
  }
  const jobs: TrieJob[] = []
  for (const { account } of accounts.values()) {
    const id = idToString(account?.storageId ?? 0)
    const own = byTrie.get(id)
    if (account === null || own === undefined) continue
    const entries = entriesOf(own, (row) => row && slotLeafValue(row))
    jobs.push({ id, root: hexToBytes(account.state.storageRoot), entries })
  }
  return jobs
}

/** As if each were given a value. */
function entriesOf<T>(rows: ReadonlyMap<FlatKey, T>, leafOf: (row: T) => Uint8Array | null): TrieEntry[] {
  return [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, row]) => ({ key, nibbles: toNibbles(key), before: leafOf(row), after: SOME_VALUE }))
}

const SOME_VALUE = new Uint8Array(0)
