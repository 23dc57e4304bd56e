/** A block's changes beside the rows they replace: what a computation on the tries starts from. */
import { assert } from '../../primitives/assert.ts'
import { type Address, type Hash, type Hex, hexToBytes } from '../../primitives/hex.ts'
import { encodeAccount } from './account.ts'
import { ACCOUNTS_ID, type FlatKey, idToString, toLatin1 } from './flatKeys.ts'
import { type HeadRows, readAccountRows, readSlotRows } from './flatRead.ts'
import { encodeSlotRow, slotLeafValue } from './flatRows.ts'
import { type HeldAccount, NO_ACCOUNT } from './flatStage.ts'
import type { TrieEntry } from './pathTrieMemory.ts'
import { toNibbles } from './pathTriePath.ts'
import type { AccountState, StateChanges } from './source.ts'

/** One changed account on its way. */
export type AccountWork = {
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

export type SlotEntry = TrieEntry & {
  readonly rowBefore: Uint8Array | null
  readonly rowAfter: Uint8Array | null
}

/** The accounts a block touches, in the order of their trie, as they were before it. */
export async function readAccounts(rows: HeadRows, changes: StateChanges): Promise<AccountWork[]> {
  const keys = new Map<FlatKey, Address>()
  for (const address of changes.accounts.keys()) keys.set(ACCOUNTS_ID + rows.hashKey(address), address)
  for (const address of changes.storage.keys()) keys.set(ACCOUNTS_ID + rows.hashKey(address), address)
  const before = await readAccountRows(rows, [...keys.keys()])
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
export async function readSlots(rows: HeadRows, works: readonly AccountWork[]): Promise<void> {
  const keys = works.flatMap(({ baseId, slots }) =>
    baseId === 0 ? [] : slots.map(([hash]) => idToString(baseId) + hash),
  )
  const before = await readSlotRows(rows, keys)
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

/** Code is kept for ever and named by its hash; what is there already is no change. */
export async function newCodes(
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

export function isSameRow(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0
}
