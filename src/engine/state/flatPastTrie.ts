/**
 * Branches and leaves of the tries after a block inside the window of kept branches. Kept branches are ordered by block, so each later
 * block is asked whether it replaced the one wanted: that makes reads of an old block slow (some ten a level for 4,096 blocks) and
 * writing blocks fast.
 */
import { concatBytes } from '../../primitives/bytes.ts'
import type { StoreSnapshot } from '../../store/store.ts'
import { LAST_BLOCK_KEY, readRowAt } from './flatHistory.ts'
import { blockKey, FLAT_KEY_BYTES, fromLatin1, toLatin1 } from './flatKeys.ts'
import { leafValue } from './flatTrieLoader.ts'
import type { TrieLeaf } from './pathTrieMemory.ts'
import { keyRange, type TriePosition, toNibbles } from './pathTriePath.ts'
import type { TrieLoader } from './pathTriePrefetch.ts'
import { readNodeWindow } from './reverseDiff.ts'
import { MissingStateError } from './source.ts'

/** Throws MissingStateError when the window does not reach back to the block. */
export async function assertTrieKept(store: StoreSnapshot, blockNumber: bigint): Promise<void> {
  if (blockNumber >= (await readNodeWindow(store))) return
  throw new MissingStateError({
    what: `the trie of block ${blockNumber}, older than those kept for proofs,`,
  })
}

/** Blocks looked at in one read. */
const PROBE_BLOCKS = 256n

/** Undefined where there was no branch. */
export async function readNodeAt(
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

/** Those that were below a position; one where the trie then had a leaf there. */
export async function readLeavesAt(
  store: StoreSnapshot,
  position: TriePosition,
  blockNumber: bigint,
): Promise<readonly TrieLeaf[]> {
  const [first, last] = keyRange(position)
  const bounds = [first, last, concatBytes(last, LAST_BLOCK_KEY), blockKey(blockNumber)]
  const leaves: TrieLeaf[] = []
  for (const { k } of await store.all(KEYS_BELOW_SQL, bounds)) {
    const key = toLatin1(k as Uint8Array)
    const row = await readRowAt(store, key, blockNumber)
    if (row !== null) leaves.push({ key, nibbles: toNibbles(key), value: leafValue(key, row) })
  }
  return leaves
}

/** Answers what the trie then had; whether it fits together is for who asks to check. */
export function createPastTrieLoader(store: StoreSnapshot, blockNumber: bigint): TrieLoader {
  return {
    rows: async (positions) => {
      const found = new Map<TriePosition, Uint8Array>()
      for (const position of positions) {
        const row = await readNodeAt(store, position, blockNumber)
        if (row !== undefined) found.set(position, row)
      }
      return found
    },
    leaves: async (positions) => {
      const found = new Map<TriePosition, TrieLeaf>()
      for (const position of positions) {
        const [leaf, ...others] = await readLeavesAt(store, position, blockNumber)
        if (leaf !== undefined && others.length === 0) found.set(position, leaf)
      }
      return found
    },
  }
}
