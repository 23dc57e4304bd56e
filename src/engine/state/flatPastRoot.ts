/** The root that changes make of a state of the past: computed as the head's, from the rows and branches of then. */
import type { Hash } from '../../primitives/hex.ts'
import type { StoreSnapshot } from '../../store/store.ts'
import { createFlatCache } from './flatCache.ts'
import { computeDelta } from './flatCompute.ts'
import { readRowAt } from './flatHistory.ts'
import type { FlatKey, KeyHasher } from './flatKeys.ts'
import { assertTrieKept, createPastTrieLoader } from './flatPastTrie.ts'
import { createStage, type StateHead } from './flatStage.ts'
import type { StateChanges } from './source.ts'

/** Rows of that block alone, for one computation. */
const CACHE = { hashedKeys: 1, accounts: 1_000, slots: 1_000, nodes: 1_000, codeBytes: 1 }

/** Throws MissingStateError when the window of kept branches does not reach back to the block. */
export async function pastRootAfter(
  { store, hashKey }: { readonly store: StoreSnapshot; readonly hashKey: KeyHasher },
  past: StateHead,
  changes: StateChanges,
  assertCurrent: () => void,
): Promise<Hash> {
  const { blockNumber } = past
  await assertTrieKept(store, blockNumber)
  const rows = {
    ...{ store, hashKey, stage: createStage(), unflushed: new Map(), cache: createFlatCache(CACHE) },
    readFlat: async (keys: readonly FlatKey[]) => {
      const found = new Map<FlatKey, Uint8Array>()
      for (const key of keys) {
        const row = await readRowAt(store, key, blockNumber)
        if (row !== null) found.set(key, row)
      }
      return found
    },
    trieLoader: createPastTrieLoader(store, blockNumber),
  }
  return (await computeDelta(rows, past, changes, assertCurrent)).root
}
