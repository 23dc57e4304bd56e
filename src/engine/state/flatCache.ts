/** Recently used rows of the database, as last committed. Absence is remembered too. */
import { LRUCache } from 'lru-cache'
import type { Hash } from '../../primitives/hex.ts'
import type { UnflushedNodes } from './flatFlush.ts'
import type { FlatKey } from './flatKeys.ts'
import type { HeldAccount, Stage } from './flatStage.ts'
import type { TrieLeaf } from './pathTrieMemory.ts'
import type { TriePosition } from './pathTriePath.ts'

export type FlatCacheSizes = {
  /** Addresses and slots whose keccak-256 is remembered. */
  readonly hashedKeys: number
  /** Rows kept, of each kind. A row with its key takes some 300 to 800 bytes. */
  readonly accounts: number
  readonly slots: number
  readonly nodes: number
  /** Bytes of contract code kept. */
  readonly codeBytes: number
}

export type FlatCache = {
  readonly accounts: LRUCache<FlatKey, HeldAccount>
  /** An absent slot is ZERO_SLOT. */
  readonly slots: LRUCache<FlatKey, Uint8Array>
  /** Where `HeadRows.unflushed` has none. */
  readonly nodes: LRUCache<TriePosition, Uint8Array>
  /** Where they were last seen; whether they still are there is for the reference above them to say. */
  readonly leaves: LRUCache<TriePosition, TrieLeaf>
  readonly codes: LRUCache<Hash, Uint8Array>
  /** Changes with every commit: a read that began before one may not be remembered after it. */
  version: number
}

/** Leaves are asked for only where another is put beside them or a branch collapses. */
const NODES_PER_LEAF = 4

/** In the cache only: no row has no bytes. */
export const ZERO_SLOT = new Uint8Array(0)

export function createFlatCache(sizes: FlatCacheSizes): FlatCache {
  return {
    accounts: new LRUCache({ max: sizes.accounts }),
    slots: new LRUCache({ max: sizes.slots }),
    nodes: new LRUCache({ max: sizes.nodes }),
    leaves: new LRUCache({ max: Math.ceil(sizes.nodes / NODES_PER_LEAF) }),
    codes: new LRUCache({ maxSize: sizes.codeBytes, sizeCalculation: (code) => code.length + 1 }),
    version: 0,
  }
}

/** The staged blocks are in the database now. */
export function cacheStage(cache: FlatCache, stage: Stage): void {
  cache.version++
  for (const [key, account] of stage.accounts) cache.accounts.set(key, account)
  for (const [key, row] of stage.slots) cache.slots.set(key, row ?? ZERO_SLOT)
  for (const [position, leaf] of stage.leaves) cache.leaves.set(position, leaf)
  for (const [hash, code] of stage.codes) cache.codes.set(hash, code)
}

/** These branches are in the database now. */
export function cacheFlushed(cache: FlatCache, nodes: UnflushedNodes): void {
  cache.version++
  for (const [position, row] of nodes) {
    if (row === null) cache.nodes.delete(position)
    else cache.nodes.set(position, row)
  }
}

export function clearCache(cache: FlatCache): void {
  cache.version++
  cache.accounts.clear()
  cache.slots.clear()
  cache.nodes.clear()
  cache.leaves.clear()
  cache.codes.clear()
}
