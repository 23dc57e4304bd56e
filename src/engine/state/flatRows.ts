/**
 * What a flat row holds, and the trie leaf it stands for. A row carries its own preimage (address or slot), so that dumps can
 * name what they list and no second table has to follow every insert, delete and rewind.
 *
 * Account: address (20) ‖ RLP [nonce, balance, storage root, code hash, storage id], where an empty root or code hash is the
 * empty string and the id is there only with a root ("slim": 14 bytes instead of 78 for a plain account).
 * Slot: length of the value (1) ‖ value ‖ slot without leading zeros. A zero slot has no row.
 */
import { RLP } from '@ethereumjs/rlp'
import { assert } from '../../primitives/assert.ts'
import { bigintToBytes, bytesToBigint, concatBytes, trimLeadingZeros } from '../../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT } from '../../primitives/keccak.ts'
import type { AccountState } from './source.ts'

export type AccountRow = {
  readonly address: Address
  readonly state: AccountState
  /** Storage trie of the account; 0 exactly when its storage is empty. */
  readonly storageId: number
}

const ADDRESS_BYTES = 20
const NONE = new Uint8Array(0)

export function encodeAccountRow({ address, state, storageId }: AccountRow): Uint8Array {
  const fields = [
    bigintToBytes(state.nonce),
    bigintToBytes(state.balance),
    state.storageRoot === EMPTY_TRIE_ROOT ? NONE : hexToBytes(state.storageRoot),
    state.codeHash === EMPTY_CODE_HASH ? NONE : hexToBytes(state.codeHash),
  ]
  if (storageId !== 0) fields.push(bigintToBytes(BigInt(storageId)))
  return concatBytes(hexToBytes(address), RLP.encode(fields))
}

export function decodeAccountRow(row: Uint8Array): AccountRow {
  const [nonce = NONE, balance = NONE, root = NONE, code = NONE, id = NONE] = RLP.decode(
    row.subarray(ADDRESS_BYTES),
  ) as Uint8Array[]
  return {
    address: bytesToHex(row.subarray(0, ADDRESS_BYTES)),
    state: {
      nonce: bytesToBigint(nonce),
      balance: bytesToBigint(balance),
      storageRoot: hashOr(root, EMPTY_TRIE_ROOT),
      codeHash: hashOr(code, EMPTY_CODE_HASH),
    },
    storageId: Number(bytesToBigint(id)),
  }
}

function hashOr(bytes: Uint8Array, empty: Hash): Hash {
  return bytes.length === 0 ? empty : bytesToHex(bytes)
}

/** `value` has no leading zeros and is not empty. */
export function encodeSlotRow(slot: Hex, value: Uint8Array): Uint8Array {
  assert(value[0] !== 0 && value.length <= 32, 'a storage value has leading zeros or more than 32 bytes')
  const preimage = trimLeadingZeros(hexToBytes(slot))
  const row = new Uint8Array(1 + value.length + preimage.length)
  row[0] = value.length
  row.set(value, 1)
  row.set(preimage, 1 + value.length)
  return row
}

/** A copy: what leaves the state must not alias its cache. */
export function slotRowValue(row: Uint8Array): Uint8Array {
  return row.slice(1, 1 + (row[0] ?? 0))
}

export function slotRowSlot(row: Uint8Array): Hex {
  const preimage = row.subarray(1 + (row[0] ?? 0))
  return bytesToHex(concatBytes(new Uint8Array(32 - preimage.length), preimage))
}

/** RLP of the value, as the storage trie holds it. */
export function slotLeafValue(row: Uint8Array): Uint8Array {
  const length = row[0] ?? 0
  if (length === 1 && (row[1] ?? 0) < 0x80) return row.subarray(1, 2)
  const leaf = new Uint8Array(1 + length)
  leaf[0] = 0x80 + length
  leaf.set(row.subarray(1, 1 + length), 1)
  return leaf
}
