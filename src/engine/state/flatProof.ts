/**
 * Proofs at a block inside the window of kept branches: the branch at a position after block N is the one that the first later
 * block replaced, else the one of now. Whatever else happens to the database meanwhile shows in the references, which are all checked.
 */
import { concatBytes, EMPTY_BYTES, equalBytes } from '../../primitives/bytes.ts'
import { type Address, type Hash, type Hex, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../primitives/keccak.ts'
import type { StoreSnapshot } from '../../store/store.ts'
import { LAST_BLOCK_KEY, readRowAt } from './flatHistory.ts'
import {
  ACCOUNTS_ID,
  blockKey,
  FLAT_KEY_BYTES,
  type FlatKey,
  fromLatin1,
  idToString,
  type KeyHasher,
  toLatin1,
} from './flatKeys.ts'
import { decodeAccountRow, slotRowValue } from './flatRows.ts'
import type { StateHead } from './flatStage.ts'
import type { AccountProof } from './flatState.ts'
import { leafValue } from './flatTrieLoader.ts'
import { leafReference } from './pathTrieHash.ts'
import { missing, type TrieLeaf } from './pathTrieMemory.ts'
import { keyRange, type TriePosition, toNibbles } from './pathTriePath.ts'
import { type ProofReader, proveKey } from './pathTrieProof.ts'
import { checkedRoot, rootPosition } from './pathTrieRoot.ts'
import { decodeRow } from './pathTrieRow.ts'
import { readNodeWindow } from './reverseDiff.ts'
import { MissingStateError } from './source.ts'

type ProofDeps = { readonly store: StoreSnapshot; readonly hashKey: KeyHasher }

/** Throws MissingStateError when the window does not reach back to the block. */
export async function proveAt(
  { store, hashKey }: ProofDeps,
  { blockNumber, stateRoot }: StateHead,
  address: Address,
  slots: readonly Hex[],
): Promise<AccountProof> {
  if (blockNumber < (await readNodeWindow(store)))
    throw new MissingStateError({
      what: `the trie of block ${blockNumber}, older than those kept for proofs,`,
    })
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

/** Blocks looked at in one read. */
const PROBE_BLOCKS = 256n

/**
 * A branch after a block. Kept branches are ordered by block, so each later block is asked whether it replaced this one:
 * that makes a proof of an old block slow (some ten reads a level for 4,096 blocks) and writing blocks fast.
 */
async function readNodeAt(
  store: StoreSnapshot,
  position: TriePosition,
  blockNumber: bigint,
): Promise<Uint8Array | undefined> {
  // Read first: a commit in between only adds blocks above, whose diffs then hold what was current here.
  const now = (await store.readPacked('state_nodes', [fromLatin1(position)])).get(position)
  const newest = await store.get('SELECT max(number) AS number FROM state_blocks')
  const head = BigInt((newest?.number as number | null) ?? 0)
  for (let first = blockNumber + 1n; first <= head; first += PROBE_BLOCKS) {
    const keys: string[] = []
    for (let block = first; block < first + PROBE_BLOCKS && block <= head; block++)
      keys.push(toLatin1(blockKey(block)) + position)
    const found = await store.readPacked('state_node_history', keys.map(fromLatin1))
    for (const key of keys) {
      const row = found.get(key)
      if (row !== undefined) return row.length === 0 ? undefined : row
    }
  }
  return now
}

/** Leaves below a position now, and those that blocks after the one asked for have removed or changed. */
const KEYS_BELOW_SQL = `
  SELECT k FROM state_flat WHERE k >= ?1 AND k <= ?2
  UNION
  SELECT substr(k, 1, ${FLAT_KEY_BYTES}) FROM state_history
  WHERE k >= ?1 AND k <= ?3 AND substr(k, ${FLAT_KEY_BYTES + 1}) > ?4`

async function readLeafAt(
  store: StoreSnapshot,
  position: TriePosition,
  blockNumber: bigint,
  depth: number,
  reference: Uint8Array,
): Promise<TrieLeaf> {
  const [first, last] = keyRange(position)
  const bounds = [first, last, concatBytes(last, LAST_BLOCK_KEY), blockKey(blockNumber)]
  for (const { k } of await store.all(KEYS_BELOW_SQL, bounds)) {
    const key = toLatin1(k as Uint8Array)
    const row = await readRowAt(store, key, blockNumber)
    if (row === null) continue
    const leaf = { key, nibbles: toNibbles(key), value: leafValue(key, row) }
    if (equalBytes(leafReference(leaf.nibbles, depth, leaf.value), reference)) return leaf
  }
  throw missing('leaf', position)
}
