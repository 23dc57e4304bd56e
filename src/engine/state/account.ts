/** An account as a leaf of the state trie: RLP of nonce, balance, storage root and code hash. Yellow Paper §4.1. */
import { bigintToBytes, bytesToBigint } from '../../primitives/bytes.ts'
import { bytesToHex, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT } from '../../primitives/keccak.ts'
import { decodeRlp, encodeRlp } from '../../primitives/rlp.ts'
import type { AccountState } from './source.ts'

/** Zero everywhere, no code, no storage: what absent accounts count as, and what EIP-161 removes. */
export const EMPTY_ACCOUNT: AccountState = {
  nonce: 0n,
  balance: 0n,
  storageRoot: EMPTY_TRIE_ROOT,
  codeHash: EMPTY_CODE_HASH,
}

export function encodeAccount(account: AccountState): Uint8Array {
  return encodeRlp([
    bigintToBytes(account.nonce),
    bigintToBytes(account.balance),
    hexToBytes(account.storageRoot),
    hexToBytes(account.codeHash),
  ])
}

/** Null for bytes that are no account. */
export function decodeAccount(leaf: Uint8Array): AccountState | null {
  const fields = decodeRlp(leaf, 1)
  if (fields instanceof Uint8Array || fields.length !== 4) return null
  const [nonce, balance, storageRoot, codeHash] = fields
  if (!(nonce instanceof Uint8Array && balance instanceof Uint8Array)) return null
  if (!(storageRoot instanceof Uint8Array && codeHash instanceof Uint8Array)) return null
  if (storageRoot.length !== 32 || codeHash.length !== 32) return null
  return {
    nonce: bytesToBigint(nonce),
    balance: bytesToBigint(balance),
    storageRoot: bytesToHex(storageRoot),
    codeHash: bytesToHex(codeHash),
  }
}
