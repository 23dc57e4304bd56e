/**
 * What a block has changed so far, over the state before it: EthereumJS's state manager with an undo log.
 *
 * A failing source must never look like a failing transaction. Whatever EthereumJS does with an error it meets during
 * execution, the first one is kept, and `assertComplete` throws it.
 */
import type { AccountFields, StateManagerInterface } from '@ethereumjs/common'
import { Account, type Address as EvmAddress } from '@ethereumjs/util'
import { EMPTY_BYTES, trimLeadingZeros } from '../../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../../primitives/hex.ts'
import {
  EMPTY_CODE_HASH,
  EMPTY_CODE_HASH_BYTES,
  EMPTY_TRIE_ROOT,
  EMPTY_TRIE_ROOT_BYTES,
  keccak256Hex,
} from '../../primitives/keccak.ts'
import type { AccountState, MaybePromise, StateChanges, StateSource, StorageChanges } from './source.ts'

/** Plain fields in the types EthereumJS uses; it never gets them itself, since it changes what it gets. */
export type ReadAccount = {
  readonly nonce: bigint
  readonly balance: bigint
  readonly storageRoot: Uint8Array
  readonly codeHash: Uint8Array
}

/** Written slots of one account. `cleared`: nothing below shines through. */
type WrittenStorage = { readonly cleared: boolean; readonly slots: Map<Hex, Uint8Array> }

export class OverlayState implements StateManagerInterface {
  readonly #source: StateSource
  readonly #accountsBefore = new Map<Address, ReadAccount | null>()
  readonly #storageBefore = new Map<Address, Map<Hex, Uint8Array>>()
  readonly #codes = new Map<Hash, Uint8Array>()
  /** By the very bytes of its hash, which an account keeps whatever else of it changes. */
  readonly #codeByHash = new WeakMap<Uint8Array, Uint8Array>()
  readonly #newCodes = new Map<Hash, Uint8Array>()
  readonly #accounts = new Map<Address, ReadAccount | null>()
  readonly #storage = new Map<Address, WrittenStorage>()
  /** Map, key and earlier value, by turns. */
  readonly #undo: unknown[] = []
  readonly #checkpoints: number[] = []
  /** Values at the start of the transaction, of slots it asked for. EIP-2200. */
  readonly #original = new Map<Address, Map<Hex, Uint8Array>>()
  #failure: unknown

  constructor(source: StateSource) {
    this.#source = source
  }

  readonly originalStorageCache = {
    // SSTORE asks before it writes, so the first answer is the value before the transaction.
    get: async (address: EvmAddress, key: Uint8Array): Promise<Uint8Array> => {
      const value = await this.getStorage(address, key)
      return this.originalSlot(bytesToHex(address.bytes), bytesToHex(key), value)
    },
    clear: (): void => this.#original.clear(),
  }

  /** Throws the first error the source gave, if any: the block cannot be executed. */
  assertComplete(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  async getAccount(address: EvmAddress): Promise<Account | undefined> {
    const cached = this.#account(bytesToHex(address.bytes))
    const account = cached instanceof Promise ? await cached : cached
    if (account === null) return undefined
    return new Account(account.nonce, account.balance, account.storageRoot, account.codeHash)
  }

  // The same at once where the answer is in memory, with hex keys as the interpreter loop has them.

  readAccount(address: Address): MaybePromise<ReadAccount | null> {
    return this.#account(address)
  }

  readSlot(address: Address, slot: Hex): MaybePromise<Uint8Array> {
    return this.#slot(address, slot)
  }

  /** Before the transaction; `current` is the slot's value now. To be asked before each write. */
  originalSlot(address: Address, slot: Hex, current: Uint8Array): Uint8Array {
    let slots = this.#original.get(address)
    if (slots === undefined) {
      slots = new Map()
      this.#original.set(address, slots)
    }
    const known = slots.get(slot)
    if (known !== undefined) return known
    slots.set(slot, current)
    return current
  }

  /** `value` has no leading zeros. */
  writeSlot(address: Address, slot: Hex, value: Uint8Array): void {
    let written = this.#storage.get(address)
    if (written === undefined) {
      written = { cleared: false, slots: new Map() }
      this.#set(this.#storage, address, written)
    }
    this.#set(written.slots, slot, value)
  }

  writeAccount(address: Address, account: ReadAccount): void {
    this.#set(this.#accounts, address, account)
  }

  clearSlots(address: Address): void {
    this.#set(this.#storage, address, { cleared: true, slots: new Map() })
  }

  /** Answers what names it. */
  keepCode(code: Uint8Array): Uint8Array {
    const hash = keccak256Hex(code)
    this.#newCodes.set(hash, code)
    return hexToBytes(hash)
  }

  readCode(address: Address): MaybePromise<Uint8Array> {
    const account = this.#account(address)
    return account instanceof Promise ? account.then((found) => this.#code(found)) : this.#code(account)
  }

  /** Those of `addresses` that are empty go. EIP-161. */
  async deleteEmpty(addresses: Iterable<string>): Promise<void> {
    for (const address of addresses) {
      const found = this.#account(address as Address)
      const account = found instanceof Promise ? await found : found
      if (account === null || !isEmptyAccount(account)) continue
      this.#set(this.#accounts, address as Address, null)
      this.clearSlots(address as Address)
    }
  }

  async putAccount(address: EvmAddress, account?: Account): Promise<void> {
    const { nonce, balance, storageRoot, codeHash } = account ?? {}
    const value =
      nonce === undefined || balance === undefined || storageRoot === undefined || codeHash === undefined
        ? null
        : { nonce, balance, storageRoot, codeHash }
    this.#set(this.#accounts, bytesToHex(address.bytes), value)
  }

  /** EIP-161 clean-up deletes accounts that never were, such as called precompiles: then nothing changes. */
  async deleteAccount(address: EvmAddress): Promise<void> {
    const key = bytesToHex(address.bytes)
    const cached = this.#account(key)
    if ((cached instanceof Promise ? await cached : cached) === null) return
    this.#set(this.#accounts, key, null)
    await this.clearStorage(address)
  }

  async modifyAccountFields(address: EvmAddress, fields: AccountFields): Promise<void> {
    const account = (await this.getAccount(address)) ?? new Account()
    if (fields.nonce !== undefined) account.nonce = fields.nonce
    if (fields.balance !== undefined) account.balance = fields.balance
    if (fields.storageRoot !== undefined) account.storageRoot = fields.storageRoot
    if (fields.codeHash !== undefined) account.codeHash = fields.codeHash
    await this.putAccount(address, account)
  }

  async putCode(address: EvmAddress, code: Uint8Array): Promise<void> {
    await this.modifyAccountFields(address, { codeHash: this.keepCode(code) })
  }

  async getCode(address: EvmAddress): Promise<Uint8Array> {
    return this.readCode(bytesToHex(address.bytes))
  }

  async getCodeSize(address: EvmAddress): Promise<number> {
    return (await this.getCode(address)).length
  }

  async getStorage(address: EvmAddress, key: Uint8Array): Promise<Uint8Array> {
    const value = this.#slot(bytesToHex(address.bytes), bytesToHex(key))
    return value instanceof Promise ? await value : value
  }

  async putStorage(address: EvmAddress, key: Uint8Array, value: Uint8Array): Promise<void> {
    this.writeSlot(bytesToHex(address.bytes), bytesToHex(key), trimLeadingZeros(value))
  }

  async clearStorage(address: EvmAddress): Promise<void> {
    this.clearSlots(bytesToHex(address.bytes))
  }

  openCheckpoint(): void {
    this.#checkpoints.push(this.#undo.length)
  }

  closeCheckpoint(): void {
    this.#checkpoints.pop()
    // With no checkpoint open nothing can be asked back.
    if (this.#checkpoints.length === 0) this.#undo.length = 0
  }

  undoCheckpoint(): void {
    const undo = this.#undo
    const start = this.#checkpoints.pop() ?? 0
    for (let at = undo.length - 3; at >= start; at -= 3) {
      const map = undo[at] as Map<unknown, unknown>
      const previous = undo[at + 2]
      if (previous === undefined) map.delete(undo[at + 1])
      else map.set(undo[at + 1], previous)
    }
    undo.length = start
  }

  async checkpoint(): Promise<void> {
    this.openCheckpoint()
  }

  async commit(): Promise<void> {
    this.closeCheckpoint()
  }

  async revert(): Promise<void> {
    this.undoCheckpoint()
  }

  /** Back to before the outermost checkpoint, however many are open. */
  async revertAll(): Promise<void> {
    while (this.#checkpoints.length > 0) await this.revert()
  }

  /** Differences from the source; what ended as it began is left out. No checkpoint may be open. */
  takeChanges(): StateChanges {
    const accounts = new Map<Address, AccountState | null>()
    const storage = new Map<Address, StorageChanges>()
    const code = new Map<Hash, Uint8Array>()
    for (const [address, written] of this.#storage) {
      const changes = this.#storageChanges(address, written)
      if (changes !== undefined) storage.set(address, changes)
    }
    for (const address of new Set([...this.#accounts.keys(), ...storage.keys()])) {
      const before = this.#accountsBefore.get(address)
      const after = this.#accounts.has(address) ? this.#accounts.get(address) : before
      if (after === null || after === undefined) {
        storage.delete(address)
        if (before !== null) accounts.set(address, null)
        continue
      }
      if (!storage.has(address) && before !== undefined && sameAccount(before, after)) continue
      const isEmptyCode = after.codeHash === EMPTY_CODE_HASH_BYTES
      const codeHash = isEmptyCode ? EMPTY_CODE_HASH : bytesToHex(after.codeHash)
      accounts.set(address, {
        nonce: after.nonce,
        balance: after.balance,
        storageRoot: before ? bytesToHex(before.storageRoot) : EMPTY_TRIE_ROOT,
        codeHash,
      })
      const newCode = this.#newCodes.get(codeHash)
      if (newCode !== undefined) code.set(codeHash, newCode)
    }
    return { accounts, storage, code }
  }

  #storageChanges(address: Address, written: WrittenStorage): StorageChanges | undefined {
    const before = this.#accountsBefore.get(address)
    const hadStorage = before !== null && (before === undefined || !isEmptyRoot(before.storageRoot))
    const cleared = written.cleared && hadStorage
    const known = written.cleared ? undefined : this.#storageBefore.get(address)
    const slots = new Map<Hex, Uint8Array>()
    for (const [slot, value] of written.slots) {
      const old = written.cleared ? EMPTY_BYTES : known?.get(slot)
      if (old === undefined || Buffer.compare(old, value) !== 0) slots.set(slot, value)
    }
    return cleared || slots.size > 0 ? { cleared, slots } : undefined
  }

  #code(account: ReadAccount | null): MaybePromise<Uint8Array> {
    if (account === null || account.codeHash === EMPTY_CODE_HASH_BYTES) return EMPTY_BYTES
    const { codeHash } = account
    const seen = this.#codeByHash.get(codeHash)
    if (seen !== undefined) return seen
    const hash = bytesToHex(codeHash)
    if (hash === EMPTY_CODE_HASH) return EMPTY_BYTES
    const keep = (code: Uint8Array) => {
      this.#codes.set(hash, code)
      this.#codeByHash.set(codeHash, code)
      return code
    }
    const known = this.#newCodes.get(hash) ?? this.#codes.get(hash)
    if (known !== undefined) return keep(known)
    const found = this.#ask(() => this.#source.code(hash))
    return found instanceof Promise ? found.then(keep) : keep(found)
  }

  #account(address: Address): MaybePromise<ReadAccount | null> {
    const written = this.#accounts.get(address)
    if (written !== undefined) return written
    const known = this.#accountsBefore.get(address)
    if (known !== undefined) return known
    const found = this.#ask(() => this.#source.account(address))
    const keep = (account: AccountState | null) => {
      const cached = account === null ? null : toCached(account)
      this.#accountsBefore.set(address, cached)
      return cached
    }
    return found instanceof Promise ? found.then(keep) : keep(found)
  }

  #slot(address: Address, slot: Hex): MaybePromise<Uint8Array> {
    const written = this.#storage.get(address)
    const value = written?.slots.get(slot)
    if (value !== undefined) return value
    if (written?.cleared) return EMPTY_BYTES
    const known = this.#storageBefore.get(address)?.get(slot)
    if (known !== undefined) return known
    const found = this.#ask(() => this.#source.storage(address, slot))
    const keep = (value: Uint8Array) => {
      let slots = this.#storageBefore.get(address)
      if (slots === undefined) {
        slots = new Map()
        this.#storageBefore.set(address, slots)
      }
      slots.set(slot, value)
      return value
    }
    return found instanceof Promise ? found.then(keep) : keep(found)
  }

  /** Runs a read of the source and keeps its first error. */
  #ask<T>(read: () => MaybePromise<T>): MaybePromise<T> {
    try {
      const found = read()
      return found instanceof Promise ? found.catch((error) => this.fail(error)) : found
    } catch (error) {
      return this.fail(error)
    }
  }

  /** Records that the state (or an ancestor's hash, evm.ts) could not be had, and throws. */
  fail(error: unknown): never {
    this.#failure ??= error
    throw error
  }

  #set<K, V>(map: Map<K, V>, key: K, value: V): void {
    if (this.#checkpoints.length > 0) this.#undo.push(map, key, map.get(key))
    map.set(key, value)
  }

  // The rest of the interface is never called during execution: roots are computed once a block, by the source.

  async getStateRoot(): Promise<Uint8Array> {
    throw new Error('the overlay has no root of its own')
  }

  async setStateRoot(): Promise<void> {
    throw new Error('the overlay has no root of its own')
  }

  async hasStateRoot(): Promise<boolean> {
    throw new Error('the overlay has no root of its own')
  }

  clearCaches(): void {}

  shallowCopy(): StateManagerInterface {
    throw new Error('an overlay belongs to one run')
  }
}

function toCached(account: AccountState): ReadAccount {
  return {
    nonce: account.nonce,
    balance: account.balance,
    storageRoot:
      account.storageRoot === EMPTY_TRIE_ROOT ? EMPTY_TRIE_ROOT_BYTES : hexToBytes(account.storageRoot),
    codeHash: account.codeHash === EMPTY_CODE_HASH ? EMPTY_CODE_HASH_BYTES : hexToBytes(account.codeHash),
  }
}

function sameAccount(a: ReadAccount | null, b: ReadAccount): boolean {
  return (
    a !== null &&
    a.nonce === b.nonce &&
    a.balance === b.balance &&
    Buffer.compare(a.codeHash, b.codeHash) === 0
  )
}

function isEmptyAccount({ nonce, balance, codeHash }: ReadAccount): boolean {
  return nonce === 0n && balance === 0n && Buffer.compare(codeHash, EMPTY_CODE_HASH_BYTES) === 0
}

function isEmptyRoot(root: Uint8Array): boolean {
  return Buffer.compare(root, EMPTY_TRIE_ROOT_BYTES) === 0
}
