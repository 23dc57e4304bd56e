/**
 * Reverse diffs: for every block, the flat rows it replaced, kept for ever under flat key ‖ block number, and the branches it
 * replaced, kept for a window of recent blocks under block number ‖ position. An absent row is remembered as no bytes.
 *
 * Ordered by key, the first row past block N holds the value at N: one look-up, whatever the age. Branches are ordered by
 * block instead: appending and forgetting them is then free of random writes, and only proofs search them.
 */
import { concatBytes, EMPTY_BYTES } from '../../primitives/bytes.ts'
import { hexToBytes } from '../../primitives/hex.ts'
import type {
  PackedEntry,
  SqlValue,
  StoreReader,
  StoreSnapshot,
  StoreTransaction,
} from '../../store/store.ts'
import { blockKey, FLAT_KEY_BYTES, type FlatKey, fromLatin1, toLatin1 } from './flatKeys.ts'
import type { StagedBlock } from './flatStage.ts'
import { MissingStateError } from './source.ts'

export const BLOCK_KEY_BYTES = 8
const HASH_BYTES = 32

export async function writeReverseDiffs(
  transaction: StoreTransaction,
  blocks: readonly StagedBlock[],
  windowBlocks: number,
): Promise<void> {
  const head = blocks.at(-1)?.blockNumber
  if (head === undefined) return
  const windowStart = head - BigInt(windowBlocks)
  const flat: PackedEntry[] = []
  const nodes: PackedEntry[] = []
  await transaction.insertRows('state_blocks', BLOCK_COLUMNS, blocks.map(blockRow))
  for (const { blockNumber, delta } of blocks) {
    // Before the first block there is nothing to go back to.
    if (blockNumber === 0n) continue
    const block = toLatin1(blockKey(blockNumber))
    for (const [key, row] of delta.previous) flat.push([fromLatin1(key + block), row ?? EMPTY_BYTES])
    if (blockNumber <= windowStart) continue
    for (const [position, row] of delta.previousNodes)
      nodes.push([fromLatin1(block + position), row ?? EMPTY_BYTES])
  }
  await transaction.writePacked('state_history', flat)
  await transaction.writePacked('state_node_history', nodes)
  if (windowStart > 0n)
    await transaction.run('UPDATE state_node_window SET number = max(number, ?)', [windowStart])
}

/** Forgets the branches of blocks that have left the window. */
export async function pruneNodeDiffs(transaction: StoreTransaction): Promise<void> {
  const first = blockKey((await readNodeWindow(transaction)) + 1n)
  await transaction.run('DELETE FROM state_node_history WHERE k < ?', [first])
}

const BLOCK_COLUMNS = ['number', 'root', 'next_storage_id', 'keys', 'codes']

function blockRow({ blockNumber, delta }: StagedBlock): readonly SqlValue[] {
  const { root, nextStorageId, previous, codes } = delta
  const keys = blockNumber === 0n ? EMPTY_BYTES : fromLatin1([...previous.keys()].join(''))
  return [
    blockNumber,
    hexToBytes(root),
    nextStorageId,
    keys,
    concatBytes(...[...codes.keys()].map(hexToBytes)),
  ]
}

/** Of the blocks above one; null: no row. */
export type ReverseDiffs = {
  /** As it was before them all. */
  readonly flat: ReadonlyMap<FlatKey, Uint8Array | null>
  /** Hashes of the code they brought. */
  readonly codes: readonly Uint8Array[]
  /** Keys of `state_history` that these are. */
  readonly places: readonly Uint8Array[]
}

export async function readReverseDiffs(
  reader: Pick<StoreSnapshot, 'all' | 'readPacked'>,
  blockNumber: bigint,
): Promise<ReverseDiffs> {
  const flat = new Map<FlatKey, Uint8Array | null>()
  const codes: Uint8Array[] = []
  const all: Uint8Array[] = []
  const blocks = await reader.all(
    'SELECT number, keys, codes FROM state_blocks WHERE number > ? ORDER BY number',
    [blockNumber],
  )
  for (const { number, keys, codes: hashes } of blocks) {
    const suffix = toLatin1(blockKey(BigInt(number as number)))
    const changed = splitEvery(keys as Uint8Array, FLAT_KEY_BYTES).map(toLatin1)
    const places = changed.map((key) => fromLatin1(key + suffix))
    const rows = await reader.readPacked('state_history', places)
    for (const key of changed) {
      const row = rows.get(key + suffix)
      if (row === undefined) throw new MissingStateError({ what: `the reverse diff of block ${number}` })
      // The oldest of these blocks that changed the key knows its value before them all.
      if (!flat.has(key)) flat.set(key, row.length === 0 ? null : row)
    }
    for (const place of places) all.push(place)
    codes.push(...splitEvery(hashes as Uint8Array, HASH_BYTES))
  }
  return { flat, codes, places: all }
}

/** Deletes the diffs of blocks above `blockNumber` and answers what undoes them. */
export async function takeReverseDiffs(
  transaction: StoreTransaction,
  blockNumber: bigint,
): Promise<ReverseDiffs> {
  const diffs = await readReverseDiffs(transaction, blockNumber)
  await transaction.writePacked(
    'state_history',
    diffs.places.map((place) => [place, null]),
  )
  await transaction.run('DELETE FROM state_blocks WHERE number > ?', [blockNumber])
  return diffs
}

/** Branches as they were after `blockNumber`, by position; undefined when the window does not reach back that far. */
export async function takeNodeDiffs(
  transaction: StoreTransaction,
  blockNumber: bigint,
): Promise<Map<string, Uint8Array | null> | undefined> {
  const isInWindow = blockNumber >= (await readNodeWindow(transaction))
  const first = blockKey(blockNumber + 1n)
  const nodes = new Map<string, Uint8Array | null>()
  if (isInWindow) {
    const rows = await transaction.all('SELECT k, v FROM state_node_history WHERE k >= ? ORDER BY k', [first])
    for (const { k, v } of rows) {
      const position = toLatin1((k as Uint8Array).subarray(BLOCK_KEY_BYTES))
      const row = v as Uint8Array
      if (!nodes.has(position)) nodes.set(position, row.length === 0 ? null : row)
    }
  } else await transaction.run('UPDATE state_node_window SET number = ?', [blockNumber])
  await transaction.run('DELETE FROM state_node_history WHERE k >= ?', [first])
  return isInWindow ? nodes : undefined
}

/** Branches before each block above this number are kept. */
export async function readNodeWindow(reader: StoreReader): Promise<bigint> {
  const row = await reader.get('SELECT number FROM state_node_window')
  return BigInt((row?.number as number | undefined) ?? 0)
}

function splitEvery(bytes: Uint8Array, size: number): Uint8Array[] {
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size))
  return parts
}
