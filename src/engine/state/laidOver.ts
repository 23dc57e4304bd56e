/**
 * The state after blocks that exist only in a builder's mind: a source with the changes of those blocks laid over it.
 * The driver's staging area is no place for them, since nothing of a batch is true before L1 says so.
 */
import { EMPTY_BYTES } from '../../primitives/bytes.ts'
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../primitives/keccak.ts'
import { StaleStateError } from './flatState.ts'
import type { AccountState, MaybePromise, StateChanges, StateSource, StorageChanges } from './source.ts'

/** Stands for "not empty" where nobody has computed a root: an overlay's roots are known for whole states alone. */
const SOME_STORAGE_ROOT: Hash = `0x${'ff'.repeat(32)}`

/** `stateRoot` is the root after `changes`, which the header of the last block they come from says. */
export function overlayState(
  base: StateSource,
  changes: StateChanges,
  stateRoot: Hash,
  rootAfter = (later: StateChanges): Promise<Hash> => base.rootAfter(mergeChanges(changes, later)),
): StateSource {
  return {
    stateRoot,
    account(address: Address): MaybePromise<AccountState | null> {
      const changed = changes.accounts.get(address)
      if (changed === undefined) return base.account(address)
      return changed && withCurrentStorage(changed, changes.storage.get(address))
    },
    storage(address: Address, slot: Hex): MaybePromise<Uint8Array> {
      const changed = changes.storage.get(address)
      const value = changed?.slots.get(slot)
      if (value !== undefined) return value
      if (changed?.cleared || changes.accounts.get(address) === null) return EMPTY_BYTES
      return base.storage(address, slot)
    },
    code: (codeHash: Hash) => changes.code.get(codeHash) ?? base.code(codeHash),
    rootAfter,
  }
}

/**
 * A state from before a block is committed until after: read where it is laid over, and from the moment that is stale where `settled`
 * has it. StaleStateError where neither does: another block came first.
 */
export function overlayUntilSettled(
  laidOver: StateSource,
  settled: () => StateSource | undefined,
): StateSource {
  let current = laidOver

  function move(error: unknown, from: StateSource): StateSource {
    if (!(error instanceof StaleStateError)) throw error
    if (current === from) {
      const next = settled()
      if (next === undefined) throw error
      current = next
    }
    return current
  }

  function read<T>(ask: (source: StateSource) => MaybePromise<T>): MaybePromise<T> {
    const from = current
    try {
      const found = ask(from)
      return found instanceof Promise ? found.catch((error: unknown) => ask(move(error, from))) : found
    } catch (error) {
      return ask(move(error, from))
    }
  }

  return {
    stateRoot: laidOver.stateRoot,
    account: (address) => read((source) => source.account(address)),
    storage: (address, slot) => read((source) => source.storage(address, slot)),
    code: (codeHash) => read((source) => source.code(codeHash)),
    rootAfter: async (changes) => read((source) => source.rootAfter(changes)),
  }
}

/** Whether an account has storage decides if a later block can clear it, so the root before the changes will not do. */
function withCurrentStorage(account: AccountState, storage: StorageChanges | undefined): AccountState {
  if (storage === undefined) return account
  const hasWritten = [...storage.slots.values()].some((value) => value.length > 0)
  if (hasWritten) return { ...account, storageRoot: SOME_STORAGE_ROOT }
  return storage.cleared ? { ...account, storageRoot: EMPTY_TRIE_ROOT } : account
}

/** Both changes as one, against the source the earlier one ran on. */
export function mergeChanges(earlier: StateChanges, later: StateChanges): StateChanges {
  const accounts = new Map(earlier.accounts)
  const storage = new Map(earlier.storage)
  for (const [address, account] of later.accounts) {
    const before = earlier.accounts.get(address)
    if (account === null) {
      accounts.set(address, null)
      storage.delete(address)
    } else {
      // What the later block saw as the root is the overlay's; the one of the first change is the source's own.
      accounts.set(address, before ? { ...account, storageRoot: before.storageRoot } : account)
      // Created anew after an earlier block destroyed it: none of its old slots may shine through.
      if (before === null) storage.set(address, { cleared: true, slots: new Map() })
    }
  }
  for (const [address, changes] of later.storage) {
    storage.set(address, mergeStorage(storage.get(address), changes))
  }
  return { accounts, storage, code: new Map([...earlier.code, ...later.code]) }
}

function mergeStorage(earlier: StorageChanges | undefined, later: StorageChanges): StorageChanges {
  if (earlier === undefined || later.cleared) return later
  return { cleared: earlier.cleared, slots: new Map([...earlier.slots, ...later.slots]) }
}
