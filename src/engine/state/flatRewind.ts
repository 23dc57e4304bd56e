/**
 * The way back to the end of an earlier block. Inside the window of kept branches, old branches are put back as they were;
 * further back the tries are computed again from the old flat rows. Both ways the root must come out as recorded.
 */
import { assert } from '../../primitives/assert.ts'
import { bytesToHex } from '../../primitives/hex.ts'
import { EMPTY_TRIE_ROOT_BYTES } from '../../primitives/keccak.ts'
import type { StoreTransaction } from '../../store/store.ts'
import { flushNodes, overlayNodes, type UnflushedNodes } from './flatFlush.ts'
import { ACCOUNTS_ID, fromLatin1 } from './flatKeys.ts'
import { type FlatRows, retraceNodes } from './flatRetrace.ts'
import type { StateHead } from './flatStage.ts'
import { createTrieLoader } from './flatTrieLoader.ts'
import { readHead } from './flatWrite.ts'
import { rootHash } from './pathTrieHash.ts'
import { rootPosition, rootSlot } from './pathTrieRoot.ts'
import { decodeRow } from './pathTrieRow.ts'
import { takeNodeDiffs, takeReverseDiffs } from './reverseDiff.ts'
import { MissingStateError } from './source.ts'

/** Writes the state after `blockNumber` in the caller's transaction, all its branches with it, and answers it. */
export async function rewindTo(
  transaction: StoreTransaction,
  blockNumber: bigint,
  unflushed: UnflushedNodes,
): Promise<StateHead> {
  const target = await readHead(transaction, blockNumber)
  if (target === undefined) throw new MissingStateError({ what: `the state of block ${blockNumber}` })
  const kept = await takeNodeDiffs(transaction, blockNumber)
  const { flat, codes } = await takeReverseDiffs(transaction, blockNumber)
  const nodes = kept ?? (await computeAgain(overlayNodes(transaction, unflushed), flat, target))
  await flushNodes(transaction, new Map([...unflushed, ...nodes]))
  await transaction.writePacked(
    'state_flat',
    [...flat].map(([key, row]) => [fromLatin1(key), row]),
  )
  await transaction.writePacked(
    'state_code',
    codes.map((hash) => [hash, null]),
  )
  assert(
    bytesToHex(await readRoot(transaction)) === target.stateRoot,
    'a rewind came out with another state root',
  )
  return target
}

/** Branches after the rewind, from the flat rows it brings back and those they replace, still in the database. */
async function computeAgain(
  reader: Pick<StoreTransaction, 'readPacked' | 'all'>,
  before: FlatRows,
  { stateRoot }: StateHead,
) {
  const found = await reader.readPacked('state_flat', [...before.keys()].map(fromLatin1))
  const now = new Map([...before.keys()].map((key) => [key, found.get(key) ?? null]))
  return retraceNodes(createTrieLoader(reader), now, before, stateRoot)
}

async function readRoot(transaction: StoreTransaction): Promise<Uint8Array> {
  const position = rootPosition(ACCOUNTS_ID)
  const row = (await transaction.readPacked('state_nodes', [fromLatin1(position)])).get(position)
  return row === undefined ? EMPTY_TRIE_ROOT_BYTES : rootHash(rootSlot(decodeRow(row)))
}
