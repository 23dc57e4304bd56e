/** Rows of promises and preconfirmed blocks, and when the node first heard of what it later derived. From its promise book and journal. */
import type { StoredBlock } from '../../chain/chain.ts'
import { readPromise } from '../../preconf/promises/rows.ts'
import { toSafeNumber } from '../../primitives/bigint.ts'
import type { Hash } from '../../primitives/hex.ts'
import { BLOCK_COMMITMENT_TYPE, decodeBlockCommitment } from '../../promise/blockCommitment.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { StoreReader } from '../../store/store.ts'
import type { Row } from '../dataset/column.ts'

/** Promises of L1 slots after `after` up to `upTo`. */
export async function promiseRows(
  store: StoreReader,
  { l2 }: RollupSpec,
  slots: { readonly after: bigint; readonly upTo: bigint },
): Promise<readonly Row[]> {
  const rows = await store.all('SELECT * FROM promises WHERE slot > ? AND slot <= ? ORDER BY slot, hash', [
    slots.after,
    slots.upTo,
  ])
  return rows.map((row): Row => {
    const { hash, commitment, settlement, ...promise } = readPromise(row)
    const broken = settlement.outcome === 'broken' ? settlement : undefined
    const landing = settlement.outcome === 'kept' || settlement.outcome === 'broken' ? settlement : undefined
    return {
      chain_id: l2.chainId,
      commitment_hash: hash,
      commitment_type: Number(commitment.commitmentType),
      is_ours: promise.isOurs,
      signer: promise.signer,
      slot: promise.slot,
      requested_at: promise.requestedAt,
      answered_at: promise.answeredAt ?? null,
      transaction_hash: promise.transactionHash ?? null,
      block_number: promise.blockNumber ?? null,
      outcome: settlement.outcome,
      reason: broken?.reason ?? null,
      broken_by: broken?.by ?? null,
      landed_block_number: landing?.block?.number ?? null,
      l1_block_number: landing?.l1 === undefined ? null : Number(landing.l1.number),
    }
  })
}

/** Block commitments to numbers `from` to `to`; `derivedHash` is what L1 brought. */
export async function preconfirmedRows(
  store: StoreReader,
  { l2 }: RollupSpec,
  blocks: { readonly from: bigint; readonly to: bigint },
  derivedHash: (number: bigint) => Hash | undefined,
): Promise<readonly Row[]> {
  const rows = await store.all(
    `SELECT p.*, s.block_hash AS journal_hash, s.total_frags AS journal_frags
     FROM promises p LEFT JOIN stream_blocks s ON s.commitment_hash = p.hash
     WHERE p.type = ? AND p.block_number BETWEEN ? AND ? ORDER BY p.block_number, p.hash`,
    [BLOCK_COMMITMENT_TYPE, blocks.from, blocks.to],
  )
  return rows.map((row): Row => {
    const { hash, isOurs, windowEnd, blockNumber = 0n, settlement } = readPromise(row)
    const hasLanded =
      settlement.outcome === 'kept' || (settlement.outcome === 'broken' && settlement.reason === 'late')
    const landed = hasLanded ? settlement.block?.hash : undefined
    return {
      chain_id: l2.chainId,
      block_number: blockNumber,
      block_hash: (row.journal_hash as string | null) ?? landed ?? null,
      commitment_hash: hash,
      is_own: isOurs,
      window_end: Number(windowEnd),
      frags: row.journal_frags as number | null,
      derived_hash: derivedHash(blockNumber) ?? null,
    }
  })
}

/** When a commitment to the block's transactions was first made or heard, in milliseconds; null if none is in the book. */
export async function preconfirmedAt(
  store: StoreReader,
  { header }: Pick<StoredBlock, 'header'>,
): Promise<number | null> {
  const rows = await store.all(
    'SELECT payload, requested_at FROM promises WHERE block_number = ? AND type = ? ORDER BY requested_at',
    [toSafeNumber(header.number), BLOCK_COMMITMENT_TYPE],
  )
  const first = rows.find(({ payload }) => {
    const decoded = decodeBlockCommitment(new Uint8Array(payload as Uint8Array))
    return decoded.type === 'decoded' && decoded.value.transactionsRoot === header.transactionsRoot
  })
  return first ? (first.requested_at as number) : null
}

/** When the finalized head first reached the block while the node looked, in seconds; null where it was there before it looked. */
export async function finalizedAt(store: StoreReader, number: bigint): Promise<number | null> {
  const row = await store.get(
    `SELECT at FROM head_marks WHERE head = 'finalized' AND number >= ?1
     AND ?1 > (SELECT min(number) FROM head_marks WHERE head = 'finalized') ORDER BY number LIMIT 1`,
    [toSafeNumber(number)],
  )
  return row ? Math.floor((row.at as number) / 1000) : null
}

/** When a transaction was first in the pool, or a promise about it first asked for, in milliseconds. */
export async function firstSeen(
  store: StoreReader,
  hashes: readonly Hash[],
): Promise<ReadonlyMap<Hash, number>> {
  if (hashes.length === 0) return new Map()
  const rows = await store.all(
    `SELECT transaction_hash, min(at) AS at FROM (
       SELECT transaction_hash, requested_at AS at FROM promises WHERE transaction_hash IN (SELECT value FROM json_each(?1))
       UNION ALL
       SELECT '0x' || lower(hex(hash)), at FROM first_seen WHERE hash IN (SELECT unhex(substr(value, 3)) FROM json_each(?1))
     ) GROUP BY transaction_hash`,
    [JSON.stringify(hashes)],
  )
  return new Map(rows.map(({ transaction_hash, at }) => [transaction_hash as Hash, at as number]))
}
