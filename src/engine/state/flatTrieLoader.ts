/** Branches and leaves of the tries, from the database. */
import type { StoreTransaction } from '../../store/store.ts'
import { encodeAccount } from './account.ts'
import { ACCOUNTS_ID, FLAT_KEY_BYTES, type FlatKey, fromLatin1, toLatin1 } from './flatKeys.ts'
import { decodeAccountRow, slotLeafValue } from './flatRows.ts'
import type { TrieLeaf } from './pathTrieMemory.ts'
import { keyRange, type TriePosition, toNibbles } from './pathTriePath.ts'
import type { TrieLoader } from './pathTriePrefetch.ts'

/** Both bounds of a range of keys, end to end. */
const RANGE_BYTES = 2 * FLAT_KEY_BYTES

const LEAVES_SQL = `
  SELECT place.key AS place, leaf.k AS k, leaf.v AS v
  FROM json_each(?2) AS place CROSS JOIN state_flat AS leaf
  WHERE leaf.k >= substr(?1, place.value, ${FLAT_KEY_BYTES})
    AND leaf.k <= substr(?1, place.value + ${FLAT_KEY_BYTES}, ${FLAT_KEY_BYTES})`

/** On a store, or inside a transaction to see its own writes. */
export function createTrieLoader(reader: Pick<StoreTransaction, 'readPacked' | 'all'>): TrieLoader {
  return {
    rows: (positions) => reader.readPacked('state_nodes', positions.map(fromLatin1)),
    leaves: async (positions) => {
      const bounds = Buffer.concat(positions.flatMap(keyRange))
      const places = positions.map((_, i) => 1 + i * RANGE_BYTES)
      const leaves = new Map<TriePosition, TrieLeaf>()
      for (const { place, k, v } of await reader.all(LEAVES_SQL, [bounds, JSON.stringify(places)])) {
        const position = positions[place as number] ?? ''
        // With two rows where the trie has one leaf neither can be trusted: the caller finds the leaf missing.
        if (leaves.has(position)) leaves.delete(position)
        else leaves.set(position, toLeaf(toLatin1(k as Uint8Array), v as Uint8Array))
      }
      return leaves
    },
  }
}

function toLeaf(key: FlatKey, row: Uint8Array): TrieLeaf {
  return { key, nibbles: toNibbles(key), value: leafValue(key, row) }
}

/** Leaf value of a flat row. */
export function leafValue(key: FlatKey, row: Uint8Array): Uint8Array {
  return key.startsWith(ACCOUNTS_ID) ? encodeAccount(decodeAccountRow(row).state) : slotLeafValue(row)
}
