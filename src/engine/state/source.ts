/**
 * State as the engine reads it, wherever it lives: flat tables, a witness, or a block of the past.
 *
 * Absence is a value (null, no bytes); a piece that should be there and is not throws MissingStateError, never reads as zero.
 * Reads answer at once when the value is in memory and with a promise when it is not, so that execution only waits on a miss.
 */
import { CriticalError } from '../../primitives/errors.ts'
import type { Address, Hash, Hex } from '../../primitives/hex.ts'

export type MaybePromise<T> = T | Promise<T>

export type AccountState = {
  readonly nonce: bigint
  /** Wei. */
  readonly balance: bigint
  readonly storageRoot: Hash
  readonly codeHash: Hash
}

/** What a block (or any run of transactions) leaves changed, against the source it ran on. */
export type StateChanges = {
  /** Null: the account no longer exists. `storageRoot` of these is the one before the block; the source computes the new one. */
  readonly accounts: ReadonlyMap<Address, AccountState | null>
  readonly storage: ReadonlyMap<Address, StorageChanges>
  readonly code: ReadonlyMap<Hash, Uint8Array>
}

export type StorageChanges = {
  /** All earlier slots of the account are gone (it was destroyed, perhaps created anew in the same block). */
  readonly cleared: boolean
  /** Key: 32-byte slot in hex. Value: bytes without leading zeros; no bytes means the slot is zero. */
  readonly slots: ReadonlyMap<Hex, Uint8Array>
}

export type StateSource = {
  readonly stateRoot: Hash
  /** Null when the account does not exist. */
  account(address: Address): MaybePromise<AccountState | null>
  /** `slot` is 32 bytes in hex; the value has no leading zeros. */
  storage(address: Address, slot: Hex): MaybePromise<Uint8Array>
  code(codeHash: Hash): MaybePromise<Uint8Array>
  /** State root after `changes`. Computes only; nothing is kept. */
  rootAfter(changes: StateChanges): Promise<Hash>
}

/** A trie node, row or code that must exist was not found: the witness is incomplete or the database is damaged. */
export class MissingStateError extends CriticalError {
  override readonly name = 'MissingStateError'
  readonly what: string

  constructor(data: { what: string }) {
    super(`state is incomplete: ${data.what} is missing`)
    this.what = data.what
  }
}
