/** How well blobs are filled, what a transaction costs in them, and what was posted twice. */
import type { Row } from '../dataset/column.ts'
import { distributionTable } from './distribution.ts'
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
    'Redundancy of a proposal = listed transactions that an earlier proposal had executed / listed transactions; a transaction that was dropped and executed only later is not redundant. ' +
    'Blobs of L1 blocks are those of all users: over the target and over the maximum of the blocks whose schedule is known, as sums and block by block.',
  source: 'docs/metrics.md; redundancy as in ethresear.ch 21320',
  tables: ['sources', 'transactions', 'l1_blocks'],
  compute({ rows }) {
    const known = rows('sources').filter((row) => optionalNumber(row, 'payload_bytes') !== null)
    const blobs = sum(known, 'blobs')
    const payload = sum(known, 'payload_bytes')
    const transactions = rows('transactions')
    const listedBytes = sum(transactions, 'payload_length')
    const blobsPerBlock = rows('l1_blocks').map(blobsOf)
    const redundant = findRedundant(transactions)
    const blocks = rows('l1_blocks').filter((row) => optionalNumber(row, 'blob_max') !== null)
    const used = blocks.reduce((total, row) => total + blobsOf(row), 0)
    const over = (limit: string) => ({
      unit: 'share',
      ...(blocks.length === 0
        ? { value: null, note: 'not derivable: the blob schedule of this L1 is not known' }
        : { value: used / sum(blocks, limit) }),
    })
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
        { id: 'blobs-over-target', title: 'Blobs of L1 blocks over their target', ...over('blob_target') },
        { id: 'blobs-over-maximum', title: 'Blobs of L1 blocks over their maximum', ...over('blob_max') },
      ],
      tables: [
        distributionTable(
          { id: 'blobs-of-blocks', title: 'Blobs of an L1 block', unit: 'share', of: 'blobs over' },
          (['blob_target', 'blob_max'] as const).map((limit) => ({
            name: limit === 'blob_max' ? 'maximum' : 'target',
            values: blocks.map((row) => blobsOf(row) / numberOf(row, limit)),
          })),
        ),
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

/** Blob gas is a unit a byte of a blob. EIP-4844 */
const blobsOf = (row: Row): number => Number(bigintOf(row, 'blob_gas_used')) / BYTES_PER_BLOB

/** Dropped ones whose hash was executed in an earlier proposal. */
function findRedundant(transactions: readonly Row[]): readonly Row[] {
  const executed = new Map<string, Row>()
  for (const row of transactions) if (row.success !== null) executed.set(textOf(row, 'transaction_hash'), row)
  return transactions.filter((row) => {
    const hash = optionalText(row, 'transaction_hash')
    const first = row.success !== null || hash === null ? undefined : executed.get(hash)
    return (
      first !== undefined &&
      textKey(first) !== textKey(row) &&
      numberOf(first, 'block_number') < numberOf(row, 'block_number')
    )
  })
}
