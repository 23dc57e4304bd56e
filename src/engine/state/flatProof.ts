/**
 * Proofs at a block inside the window of kept branches: the branch at a position after block N is the one that the first later
 * block replaced, else the one of now. Whatever else happens to the database meanwhile shows in the references, which are all checked.
 */
import { EMPTY_BYTES, equalBytes } from '../../primitives/bytes.ts'
import { type Address, type Hash, type Hex, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../primitives/keccak.ts'
import type { StoreSnapshot } from '../../store/store.ts'
import { readRowAt } from './flatHistory.ts'
import { ACCOUNTS_ID, type FlatKey, idToString, type KeyHasher, toLatin1 } from './flatKeys.ts'
import { assertTrieKept, readLeavesAt, readNodeAt } from './flatPastTrie.ts'
import { decodeAccountRow, slotRowValue } from './flatRows.ts'
import type { StateHead } from './flatStage.ts'
import type { AccountProof } from './flatState.ts'
import { leafReference } from './pathTrieHash.ts'
import { missing, type TrieLeaf } from './pathTrieMemory.ts'
import { type TriePosition, toNibbles } from './pathTriePath.ts'
import { type ProofReader, proveKey } from './pathTrieProof.ts'
import { checkedRoot, rootPosition } from './pathTrieRoot.ts'
import { decodeRow } from './pathTrieRow.ts'

type ProofDeps = { readonly store: StoreSnapshot; readonly hashKey: KeyHasher }

/** Throws MissingStateError when the window does not reach back to the block. */
export async function proveAt(
  { store, hashKey }: ProofDeps,
  { blockNumber, stateRoot }: StateHead,
  address: Address,
  slots: readonly Hex[],
): Promise<AccountProof> {
  await assertTrieKept(store, blockNumber)
  const key = ACCOUNTS_ID + hashKey(address)
  const row = await readRowAt(store, key, blockNumber)
  const account = row && decodeAccountRow(row)
  const accountProof = await prove(store, blockNumber, key, stateRoot)
  const storageProofs: AccountProof['storageProofs'][number][] = []
  for (const slot of slots) {
    const slotKey = idToString(account?.storageId ?? 0) + hashKey(slot)
    const hasStorage = account !== null && account.storageId !== 0
    const slotRow = hasStorage ? await readRowAt(store, slotKey, blockNumber) : null
    storageProofs.push({
      slot,
      value: slotRow === null ? EMPTY_BYTES : slotRowValue(slotRow),
      proof: hasStorage ? await prove(store, blockNumber, slotKey, account.state.storageRoot) : [],
    })
  }
  return { account: account?.state ?? null, accountProof, storageProofs }
}

/**
 * The nodes on the way to a key of which only the hash is known, and which need not be anybody's: of the accounts or, with `owner`, of
 * that account's storage. Throws MissingStateError when the window does not reach back to the block.
 */
export async function proveHashAt(
  { store, hashKey }: ProofDeps,
  { blockNumber, stateRoot }: StateHead,
  owner: Address | null,
  hash: Hash,
): Promise<readonly Uint8Array[]> {
  await assertTrieKept(store, blockNumber)
  const hashed = toLatin1(hexToBytes(hash))
  if (owner === null) return prove(store, blockNumber, ACCOUNTS_ID + hashed, stateRoot)
  const row = await readRowAt(store, ACCOUNTS_ID + hashKey(owner), blockNumber)
  const account = row && decodeAccountRow(row)
  if (account === null || account.storageId === 0) return []
  return prove(store, blockNumber, idToString(account.storageId) + hashed, account.state.storageRoot)
}

async function prove(
  store: StoreSnapshot,
  blockNumber: bigint,
  key: FlatKey,
  root: Hash,
): Promise<readonly Uint8Array[]> {
  if (root === EMPTY_TRIE_ROOT) return []
  const reader = createProofReader(store, blockNumber)
  const position = rootPosition(key.slice(0, idToString(0).length))
  const slot = checkedRoot(decodeRow(await reader.row(position)), hexToBytes(root), position)
  return proveKey(reader, slot, { key, nibbles: toNibbles(key) })
}

function createProofReader(store: StoreSnapshot, blockNumber: bigint): ProofReader {
  return {
    row: async (position) => {
      const row = await readNodeAt(store, position, blockNumber)
      if (row === undefined) throw missing('branch', position)
      return row
    },
    leaf: (position, depth, slot) => readLeafAt(store, position, blockNumber, depth, slot.reference),
  }
}

async function readLeafAt(
  store: StoreSnapshot,
  position: TriePosition,
  blockNumber: bigint,
  depth: number,
  reference: Uint8Array,
): Promise<TrieLeaf> {
  for (const leaf of await readLeavesAt(store, position, blockNumber))
    if (equalBytes(leafReference(leaf.nibbles, depth, leaf.value), reference)) return leaf
  throw missing('leaf', position)
}
