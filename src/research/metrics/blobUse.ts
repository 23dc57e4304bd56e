/** How well blobs are filled, what a transaction costs in them, and what was posted twice. */
import type { Row } from '../dataset/column.ts'
import { bigintOf, groupRows, numberOf, optionalNumber, optionalText, textOf } from './fields.ts'
import type { Metric } from './metric.ts'

/** Bytes of payload one blob holds in the codec of the Taiko stack: (4 · 31 + 3) · 1024 − 4. */
const PAYLOAD_BYTES_PER_BLOB = 130_044
const BYTES_PER_BLOB = 131_072

export const blobUse: Metric = {
  id: 'blob-use',
  title: 'Blob fill, compression and redundancy',
  definition:
    'Fill = decoded payload bytes / (blobs × 130,044) over all sources whose blobs were at hand. Compression ratio = bytes of the listed transactions / (blobs × 131,072). ' +
    'Redundancy of a proposal = listed transactions that an earlier block had executed / listed transactions; a transaction that was dropped and executed only later is not redundant. ' +
    'What other rollups put into the same L1 blocks is not in it.',
  source: 'docs/metrics.md; redundancy as in ethresear.ch 21320',
  tables: ['sources', 'transactions', 'l1_blocks'],
  compute({ rows }) {
    const known = rows('sources').filter((row) => optionalNumber(row, 'payload_bytes') !== null)
    const blobs = sum(known, 'blobs')
    const payload = sum(known, 'payload_bytes')
    const transactions = rows('transactions')
    const listedBytes = sum(transactions, 'payload_length')
    const blobsPerBlock = rows('l1_blocks').map(
      (row) => Number(bigintOf(row, 'blob_gas_used')) / BYTES_PER_BLOB,
    )
    const redundant = findRedundant(transactions)
    return {
      values: [
        {
          id: 'blob-fill',
          title: 'Blob fill',
          unit: 'share',
          value: blobs === 0 ? null : payload / (blobs * PAYLOAD_BYTES_PER_BLOB),
        },
        {
          id: 'compression-ratio',
          title: 'Bytes of transactions per byte posted',
          unit: 'ratio',
          value: blobs === 0 ? null : listedBytes / (blobs * BYTES_PER_BLOB),
        },
        {
          id: 'redundancy',
          title: 'Listed transactions already executed',
          unit: 'share',
          value: transactions.length === 0 ? null : redundant.length / transactions.length,
        },
        {
          id: 'blobs-per-l1-block',
          title: 'Blobs of all users per L1 block, mean',
          unit: 'count',
          value:
            blobsPerBlock.length === 0
              ? null
              : blobsPerBlock.reduce((a, b) => a + b, 0) / blobsPerBlock.length,
        },
      ],
      tables: [
        {
          id: 'redundancy-by-proposal',
          title: 'Proposals with redundant transactions',
          columns: [
            { name: 'proposal', unit: 'count' },
            { name: 'listed', unit: 'count' },
            { name: 'redundant', unit: 'count' },
            { name: 'share', unit: 'share' },
          ],
          rows: [...groupRows(redundant, (row) => textKey(row))].map(([id, of]) => {
            const listed = transactions.filter((row) => textKey(row) === id).length
            return [bigintOf(of[0] as Row, 'proposal_id'), listed, of.length, of.length / listed]
          }),
        },
      ],
    }
  },
}

const textKey = (row: Row): string => String(row.proposal_id)
const sum = (rows: readonly Row[], name: string): number =>
  rows.reduce((total, row) => total + numberOf(row, name), 0)

/** Dropped ones whose hash was executed in the same block or an earlier one. */
function findRedundant(transactions: readonly Row[]): readonly Row[] {
  const executedAt = new Map<string, number>()
  for (const row of transactions)
    if (row.success !== null) executedAt.set(textOf(row, 'transaction_hash'), numberOf(row, 'block_number'))
  return transactions.filter((row) => {
    const hash = optionalText(row, 'transaction_hash')
    if (row.success !== null || hash === null) return false
    const at = executedAt.get(hash)
    return at !== undefined && at <= numberOf(row, 'block_number')
  })
}
