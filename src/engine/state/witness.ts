/**
 * State served from a witness: the parts of the tries that a block touches, proven by the parent's state root.
 * Everything supplied is hashed before it is believed, and what was not supplied is missing, never zero.
 */
import { CriticalError } from '../../primitives/errors.ts'
import { type Address, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256, keccak256Hex } from '../../primitives/keccak.ts'
import { encodeRlp } from '../../primitives/rlp.ts'
import { decodeAccount, EMPTY_ACCOUNT, encodeAccount } from './account.ts'
import { deleteValue, readValue, rootHash, type Trie, toNibbles, writeValue } from './partialTrie.ts'
import { type AccountState, MissingStateError, type StateChanges, type StateSource } from './source.ts'
import { decodeStorageValue } from './storageValue.ts'
import { assertShape, WitnessError } from './witnessShape.ts'

/** Neutral form: what every witness file is parsed into. Nothing in it is trusted yet but `stateRoot`. */
export type Witness = {
  /** The parent block's. */
  readonly stateRoot: Hash
  readonly stateTrie: Trie
  /** Tries known to belong to an account. */
  readonly storageTries: ReadonlyMap<Address, Trie>
  /** Tries known by their root only. */
  readonly storageTriesByRoot?: ReadonlyMap<Hash, Trie>
  readonly codes: Iterable<Uint8Array>
}

export type WitnessState = StateSource & {
  /** The state after `changes`, as a source of its own; this one stays as it is. */
  after(changes: StateChanges): WitnessState
}

const EMPTY_WITNESS: Witness = {
  stateRoot: EMPTY_TRIE_ROOT,
  stateTrie: null,
  storageTries: new Map(),
  codes: [],
}

/** The state without any account, complete. */
export function createEmptyState(): WitnessState {
  return createWitnessState(EMPTY_WITNESS)
}

/** Throws a WitnessError when a supplied piece contradicts the state root or an account's storage root. */
export function createWitnessState(witness: Witness): WitnessState {
  assertShape(witness.stateTrie, 'state trie')
  const root = rootHash(witness.stateTrie)
  if (root !== witness.stateRoot)
    throw new WitnessError(
      `the state trie's root is ${root}, but the parent's state root is ${witness.stateRoot}`,
    )
  const pieces = {
    storage: new Map<string, Trie>(),
    storageByRoot: verifiedByRoot(witness.storageTriesByRoot ?? new Map()),
    codes: new Map<Hash, Uint8Array>([[EMPTY_CODE_HASH, new Uint8Array(0)]]),
  }
  for (const code of witness.codes) pieces.codes.set(keccak256Hex(code), code)
  for (const [address, trie] of witness.storageTries) {
    const storageRoot = verifyStorageTrie(witness.stateTrie, address, trie)
    if (storageRoot !== undefined) pieces.storage.set(`${address}/${storageRoot}`, trie)
  }
  return stateOf(witness.stateTrie, pieces)
}

/** Everything is found by content (an account's trie by address and root), so versions of the state share it. */
type Pieces = {
  readonly storage: Map<string, Trie>
  readonly storageByRoot: ReadonlyMap<Hash, Trie>
  readonly codes: Map<Hash, Uint8Array>
}

function stateOf(stateTrie: Trie, pieces: Pieces): WitnessState {
  const state: WitnessState = {
    stateRoot: rootHash(stateTrie),
    account: (address) => readAccount(stateTrie, address),
    storage(address, slot) {
      const account = readAccount(stateTrie, address)
      if (account === null) return new Uint8Array(0)
      const trie = storageTrie(pieces, address, account.storageRoot)
      const leaf = readValue(trie, hashedKey(slot), `storage trie of ${address}`)
      return leaf === null ? new Uint8Array(0) : decodeStorageValue(leaf)
    },
    code(codeHash) {
      const code = pieces.codes.get(codeHash)
      if (code === undefined) throw new MissingStateError({ what: `code ${codeHash}` })
      return code
    },
    rootAfter: async (changes) => state.after(changes).stateRoot,
    after: (changes) => stateOf(applyChanges(stateTrie, pieces, changes), pieces),
  }
  return state
}

function applyChanges(stateTrie: Trie, pieces: Pieces, changes: StateChanges): Trie {
  for (const [hash, code] of changes.code) pieces.codes.set(hash, code)
  let trie = stateTrie
  const deleted: Address[] = []
  const touched = new Set([...changes.accounts.keys(), ...changes.storage.keys()])
  for (const address of touched) {
    const before = readAccount(stateTrie, address)
    const after = changes.accounts.has(address) ? (changes.accounts.get(address) ?? null) : before
    if (after === null) {
      deleted.push(address)
      continue
    }
    const storageRoot = applyStorage(pieces, address, before, changes)
    trie = writeValue(trie, hashedKey(address), encodeAccount({ ...after, storageRoot }), 'state trie')
  }
  // Deletions last: a branch that an insertion keeps open need not collapse into a child the witness lacks.
  for (const address of deleted) trie = deleteValue(trie, hashedKey(address), 'state trie')
  return trie
}

/** Root of the account's storage after the changes; the new trie is remembered. */
function applyStorage(
  pieces: Pieces,
  address: Address,
  before: AccountState | null,
  changes: StateChanges,
): Hash {
  const rootBefore = (before ?? EMPTY_ACCOUNT).storageRoot
  const change = changes.storage.get(address)
  if (change === undefined || (!change.cleared && change.slots.size === 0)) return rootBefore
  const label = `storage trie of ${address}`
  let trie = change.cleared ? null : storageTrie(pieces, address, rootBefore)
  for (const [slot, value] of change.slots) {
    if (value.length > 0) trie = writeValue(trie, hashedKey(slot), encodeRlp(value), label)
  }
  for (const [slot, value] of change.slots) {
    if (value.length === 0) trie = deleteValue(trie, hashedKey(slot), label)
  }
  const root = rootHash(trie)
  pieces.storage.set(`${address}/${root}`, trie)
  return root
}

function readAccount(stateTrie: Trie, address: Address): AccountState | null {
  const leaf = readValue(stateTrie, hashedKey(address), `state trie, on the way to ${address}`)
  if (leaf === null) return null
  const account = decodeAccount(leaf)
  // The leaf is proven by the state root, so this is not the witness's fault.
  if (account === null) throw new CriticalError(`the state leaf of ${address} is not an account`)
  return account
}

function storageTrie(pieces: Pieces, address: Address, root: Hash): Trie {
  if (root === EMPTY_TRIE_ROOT) return null
  return (
    pieces.storage.get(`${address}/${root}`) ??
    pieces.storageByRoot.get(root) ?? { type: 'hash', hash: hexToBytes(root) }
  )
}

/** The verified root, or undefined when the state trie does not reach the account: then nothing can be read of it either. */
function verifyStorageTrie(stateTrie: Trie, address: Address, trie: Trie): Hash | undefined {
  assertShape(trie, `storage trie of ${address}`)
  let account: AccountState | null
  try {
    account = readAccount(stateTrie, address)
  } catch (error) {
    if (error instanceof MissingStateError) return undefined
    throw error
  }
  const expected = (account ?? EMPTY_ACCOUNT).storageRoot
  const root = rootHash(trie)
  if (root !== expected)
    throw new WitnessError(
      `the storage trie of ${address} has root ${root}, but its account says ${expected}`,
    )
  return root
}

function verifiedByRoot(tries: ReadonlyMap<Hash, Trie>): ReadonlyMap<Hash, Trie> {
  for (const [root, trie] of tries) {
    assertShape(trie, `storage trie ${root}`)
    if (rootHash(trie) !== root)
      throw new WitnessError(`the storage trie given as ${root} has root ${rootHash(trie)}`)
  }
  return tries
}

function hashedKey(hex: Address | Hash): Uint8Array {
  return toNibbles(keccak256(hexToBytes(hex)))
}
