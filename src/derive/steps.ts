/** Committed L1 steps: the cursor, the known ancestors a reorg may fall back to, and the L2 heads at each. */
import type { BlockRef } from '../chain/chain.ts'
import { defined } from '../primitives/assert.ts'
import { toSafeNumber } from '../primitives/bigint.ts'
import { bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import type { Row, StoreReader, StoreTransaction } from '../store/store.ts'

export type L1Step = {
  readonly number: bigint
  readonly hash: Hash
  /** Last L2 block derived when this L1 block was done. */
  readonly safe: BlockRef
  /** Last L2 block proven on L1 by then. */
  readonly executable: BlockRef
}

const COLUMNS = 'number, hash, safe_number, safe_hash, executable_number, executable_hash'

/** The cursor: the newest committed step. Genesis writes the first one. */
export async function readCursor(reader: StoreReader): Promise<L1Step> {
  const row = await reader.get(`SELECT ${COLUMNS} FROM l1_steps ORDER BY number DESC LIMIT 1`)
  return decodeStep(defined(row, 'the L1 cursor'))
}

/** Newest first, down to the newest step that is final: a reorg cannot reach past it. */
export async function readSteps(reader: StoreReader): Promise<readonly L1Step[]> {
  const rows = await reader.all(`SELECT ${COLUMNS} FROM l1_steps ORDER BY number DESC`)
  return rows.map(decodeStep)
}

/** The newest step at or before an L1 block; undefined when that block is older than all we keep. */
export async function readStepAt(reader: StoreReader, number: bigint): Promise<L1Step | undefined> {
  const row = await reader.get(
    `SELECT ${COLUMNS} FROM l1_steps WHERE number <= ? ORDER BY number DESC LIMIT 1`,
    [toSafeNumber(number)],
  )
  return row && decodeStep(row)
}

export async function writeStep(transaction: StoreTransaction, step: L1Step): Promise<void> {
  await transaction.run(`INSERT INTO l1_steps (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`, [
    toSafeNumber(step.number),
    hexToBytes(step.hash),
    toSafeNumber(step.safe.number),
    hexToBytes(step.safe.hash),
    toSafeNumber(step.executable.number),
    hexToBytes(step.executable.hash),
  ])
}

export async function deleteStepsAbove(transaction: StoreTransaction, number: bigint): Promise<void> {
  await transaction.run('DELETE FROM l1_steps WHERE number > ?', [toSafeNumber(number)])
}

/** Forgets the steps before the newest one at or below `finalized`: they can never be asked for again. */
export async function pruneSteps(transaction: StoreTransaction, finalized: bigint): Promise<void> {
  await transaction.run(
    'DELETE FROM l1_steps WHERE number < (SELECT MAX(number) FROM l1_steps WHERE number <= ?)',
    [toSafeNumber(finalized)],
  )
}

function decodeStep(row: Row): L1Step {
  const ref = (number: unknown, hash: unknown): BlockRef => ({
    number: BigInt(number as number),
    hash: bytesToHex(hash as Uint8Array),
  })
  return {
    ...ref(row.number, row.hash),
    safe: ref(row.safe_number, row.safe_hash),
    executable: ref(row.executable_number, row.executable_hash),
  }
}
