/** Staged blocks into the caller's transaction, and out of the database again. */
import { bytesToHex, hexToBytes } from '../../primitives/hex.ts'
import type { PackedEntry, StoreTransaction } from '../../store/store.ts'
import { fromLatin1 } from './flatKeys.ts'
import type { Stage, StateHead } from './flatStage.ts'
import { writeReverseDiffs } from './reverseDiff.ts'
import { MissingStateError } from './source.ts'

/** All but the branches (flatFlush.ts). Rows that changed in several staged blocks are written once, as the last one left them. */
export async function writeStage(
  transaction: StoreTransaction,
  stage: Stage,
  windowBlocks: number,
): Promise<void> {
  const flat: PackedEntry[] = []
  for (const [key, { row }] of stage.accounts) flat.push([fromLatin1(key), row])
  for (const [key, row] of stage.slots) flat.push([fromLatin1(key), row])
  await transaction.writePacked('state_flat', flat)
  await transaction.writePacked(
    'state_code',
    [...stage.codes].map(([hash, code]) => [hexToBytes(hash), code]),
  )
  await writeReverseDiffs(transaction, stage.blocks, windowBlocks)
}

/** Newest block written, or the one asked for. Undefined before genesis. */
export async function readHead(
  reader: Pick<StoreTransaction, 'get'>,
  blockNumber?: bigint,
): Promise<StateHead | undefined> {
  const row = await reader.get(
    'SELECT number, root, next_storage_id FROM state_blocks WHERE number <= ? ORDER BY number DESC LIMIT 1',
    [blockNumber ?? Number.MAX_SAFE_INTEGER],
  )
  if (row === undefined) return undefined
  const number = BigInt(row.number as number)
  if (blockNumber !== undefined && blockNumber !== number)
    throw new MissingStateError({ what: `the state of block ${blockNumber}` })
  return {
    blockNumber: number,
    stateRoot: bytesToHex(row.root as Uint8Array),
    nextStorageId: row.next_storage_id as number,
  }
}
