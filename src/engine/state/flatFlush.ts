/**
 * Branches reach the database later than the leaves below them: a few dozen blocks change the upper ones again and again, and each is
 * written once, when they are flushed. Until then they are in memory. After a crash, the keys in the reverse diffs since the last flush are
 * exactly those to hash again; another process, which sees the database alone, does the same.
 */
import type { Hash } from '../../primitives/hex.ts'
import type { StoreReader, StoreSnapshot, StoreTransaction } from '../../store/store.ts'
import { fromLatin1, toLatin1 } from './flatKeys.ts'
import { createPastTrieLoader } from './flatPastTrie.ts'
import { retraceNodes } from './flatRetrace.ts'
import { createTrieLoader } from './flatTrieLoader.ts'
import type { TriePosition } from './pathTriePath.ts'
import { readReverseDiffs } from './reverseDiff.ts'

/** Branches as they are and `state_nodes` does not say yet; null where there is none any more. */
export type UnflushedNodes = ReadonlyMap<TriePosition, Uint8Array | null>

/** The database as if they were flushed. */
export function overlayNodes<R extends Pick<StoreSnapshot, 'readPacked'>>(
  reader: R,
  nodes: UnflushedNodes,
): R {
  return {
    ...reader,
    async readPacked(table, keys) {
      if (table !== 'state_nodes' || nodes.size === 0) return reader.readPacked(table, keys)
      const found = new Map<TriePosition, Uint8Array>()
      const others: Uint8Array[] = []
      for (const key of keys) {
        const position = toLatin1(key)
        const row = nodes.get(position)
        if (row === undefined) others.push(key)
        else if (row !== null) found.set(position, row)
      }
      if (others.length > 0)
        for (const [position, row] of await reader.readPacked(table, others)) found.set(position, row)
      return found
    },
  }
}

/** All of them, and that there are none left. */
export async function flushNodes(transaction: StoreTransaction, nodes: UnflushedNodes): Promise<void> {
  await transaction.writePacked(
    'state_nodes',
    [...nodes].map(([position, row]) => [fromLatin1(position), row]),
  )
  await transaction.run('DELETE FROM state_unflushed')
}

/** Before the first block whose branches are not flushed: `state_nodes` stays that of `blockNumber`. */
export async function markUnflushed(transaction: StoreTransaction, blockNumber: bigint): Promise<void> {
  await transaction.run('INSERT INTO state_unflushed (number) VALUES (?)', [blockNumber])
}

/** The block that `state_nodes` is of; undefined when that is the newest. */
export async function readUnflushed(reader: StoreReader): Promise<bigint | undefined> {
  const row = await reader.get('SELECT number FROM state_unflushed')
  return row && BigInt(row.number as number)
}

/** What whoever wrote the blocks up to `stateRoot` had in memory. */
export async function recoverNodes(
  store: StoreSnapshot,
  flushed: bigint,
  stateRoot: Hash,
): Promise<UnflushedNodes> {
  const { flat: before } = await readReverseDiffs(store, flushed)
  const found = await store.readPacked('state_flat', [...before.keys()].map(fromLatin1))
  const now = new Map([...before.keys()].map((key) => [key, found.get(key) ?? null]))
  // Branches in the database are those of that block, and flat rows of now: leaves are looked for as they were.
  const loader = { ...createTrieLoader(store), leaves: createPastTrieLoader(store, flushed).leaves }
  return retraceNodes(loader, before, now, stateRoot)
}
