/** The state after a block of the past: of each key, the row the first later block replaced, else the row of now. */
import { concatBytes, EMPTY_BYTES } from '../../primitives/bytes.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import type { StoreReader } from '../../store/store.ts'
import { ACCOUNTS_ID, blockKey, type FlatKey, fromLatin1, idToString, type KeyHasher } from './flatKeys.ts'
import { type AccountRow, decodeAccountRow, slotRowValue } from './flatRows.ts'
import { BLOCK_KEY_BYTES } from './reverseDiff.ts'
import type { AccountState, StateSource } from './source.ts'

/** One statement, so both halves are of one snapshot. No bytes in `past`: there was no row. */
const ROW_AT_SQL = `
  SELECT (SELECT v FROM state_history WHERE k >= ?1 AND k <= ?2 ORDER BY k LIMIT 1) AS past,
         (SELECT v FROM state_flat WHERE k = ?3) AS now`

/** Sorts behind the number of every block. */
export const LAST_BLOCK_KEY = new Uint8Array(BLOCK_KEY_BYTES).fill(0xff)

/** Null: no row after that block. */
export async function readRowAt(
  reader: StoreReader,
  key: FlatKey,
  blockNumber: bigint,
): Promise<Uint8Array | null> {
  const keyBytes = fromLatin1(key)
  const found = await reader.get(ROW_AT_SQL, [
    concatBytes(keyBytes, blockKey(blockNumber + 1n)),
    concatBytes(keyBytes, LAST_BLOCK_KEY),
    keyBytes,
  ])
  const row = (found?.past ?? found?.now ?? EMPTY_BYTES) as Uint8Array
  return row.length === 0 ? null : row
}

export type PastDeps = {
  readonly reader: StoreReader
  readonly hashKey: KeyHasher
  readonly readCode: StateSource['code']
  readonly rootAfter: StateSource['rootAfter']
  /** Throws once the block is no longer part of the chain. */
  readonly assertCurrent: () => void
}

export function createPastSource(
  { reader, hashKey, readCode, rootAfter, assertCurrent }: PastDeps,
  blockNumber: bigint,
  stateRoot: Hash,
): StateSource {
  // What is read once is read again: execution asks for an account at every call of it.
  const accounts = new Map<Address, AccountRow | null>()

  async function readAccount(address: Address): Promise<AccountRow | null> {
    const known = accounts.get(address)
    if (known !== undefined) return known
    const row = await readRowAt(reader, ACCOUNTS_ID + hashKey(address), blockNumber)
    assertCurrent()
    const account = row && decodeAccountRow(row)
    accounts.set(address, account)
    return account
  }

  return {
    stateRoot,
    account: async (address): Promise<AccountState | null> => (await readAccount(address))?.state ?? null,
    storage: async (address, slot) => {
      const account = await readAccount(address)
      if (account === null || account.storageId === 0) return EMPTY_BYTES
      const row = await readRowAt(reader, idToString(account.storageId) + hashKey(slot), blockNumber)
      assertCurrent()
      return row === null ? EMPTY_BYTES : slotRowValue(row)
    },
    code: readCode,
    rootAfter,
  }
}
