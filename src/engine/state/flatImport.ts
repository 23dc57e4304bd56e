/**
 * A whole state from elsewhere: rows are taken for what they are only in the one form this program writes, and what they amount to is
 * for the roots to say.
 */
import { concatBytes, equalBytes } from '../../primitives/bytes.ts'
import { type Hash, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256 } from '../../primitives/keccak.ts'
import type { PackedEntry, StoreTransaction } from '../../store/store.ts'
import { encodeAccount } from './account.ts'
import { ACCOUNTS_ID, type FlatKey, idToString, toLatin1 } from './flatKeys.ts'
import { decodeAccountRow, encodeAccountRow, slotLeafValue } from './flatRows.ts'

export type ImportedLeaf = {
  readonly key: FlatKey
  /** As the trie holds it. */
  readonly value: Uint8Array
}

export type ImportedAccount = ImportedLeaf & {
  /** 0 without storage. */
  readonly storageId: number
  readonly storageRoot: Hash
  /** Undefined without code. */
  readonly codeHash?: Hash
}

const ADDRESS_BYTES = 20
const NONCE_MAX = 2n ** 64n - 1n
const BALANCE_MAX = 2n ** 256n - 1n
/** `0x` and 32 bytes. */
const HASH_CHARACTERS = 66

/** Undefined for bytes that are no account row in its one form. */
export function readAccountRow(row: Uint8Array): ImportedAccount | undefined {
  if (row.length <= ADDRESS_BYTES) return undefined
  try {
    const account = decodeAccountRow(row)
    const { nonce, balance, storageRoot, codeHash } = account.state
    if (nonce > NONCE_MAX || balance > BALANCE_MAX) return undefined
    if (storageRoot.length !== HASH_CHARACTERS || codeHash.length !== HASH_CHARACTERS) return undefined
    if ((account.storageId !== 0) !== (storageRoot !== EMPTY_TRIE_ROOT)) return undefined
    // Leading zeros, an empty root spelt out, a field too many: none of these is written again like that.
    if (!equalBytes(encodeAccountRow(account), row)) return undefined
    return {
      key: ACCOUNTS_ID + toLatin1(keccak256(row.subarray(0, ADDRESS_BYTES))),
      value: encodeAccount(account.state),
      storageId: account.storageId,
      storageRoot,
      ...(codeHash !== EMPTY_CODE_HASH && { codeHash }),
    }
  } catch {
    return undefined
  }
}

/** Undefined for bytes that are no slot row in its one form. */
export function readSlotRow(storageId: number, row: Uint8Array): ImportedLeaf | undefined {
  const length = row[0] ?? 0
  const slot = row.subarray(1 + length)
  if (length === 0 || length > 32 || row.length < 1 + length || row[1] === 0) return undefined
  if (slot.length > 32 || slot[0] === 0) return undefined
  const preimage = concatBytes(new Uint8Array(32 - slot.length), slot)
  return { key: idToString(storageId) + toLatin1(keccak256(preimage)), value: slotLeafValue(row) }
}

/** Rows of a state that is being loaded. */
export type ImportedRows = {
  readonly flat: readonly PackedEntry[]
  readonly nodes: readonly PackedEntry[]
  readonly codes: readonly PackedEntry[]
}

export async function writeImported(transaction: StoreTransaction, rows: ImportedRows): Promise<void> {
  await transaction.writePacked('state_flat', rows.flat)
  await transaction.writePacked('state_nodes', rows.nodes)
  await transaction.writePacked('state_code', rows.codes)
}

/** The rows written so far are the state after this block, and nothing before it is known. */
export async function finishImport(
  transaction: StoreTransaction,
  head: { readonly blockNumber: bigint; readonly stateRoot: Hash; readonly nextStorageId: number },
): Promise<void> {
  await transaction.run(
    `INSERT INTO state_blocks (number, root, next_storage_id, keys, codes) VALUES (?, ?, ?, x'', x'')`,
    [head.blockNumber, hexToBytes(head.stateRoot), head.nextStorageId],
  )
  await transaction.run('INSERT INTO state_node_window (number) VALUES (?)', [head.blockNumber])
}

/** Forgets a state that was not loaded to its end. */
export async function clearImported(transaction: StoreTransaction): Promise<void> {
  for (const table of ['state_flat', 'state_nodes', 'state_code'])
    await transaction.run(`DELETE FROM ${table}`)
}
