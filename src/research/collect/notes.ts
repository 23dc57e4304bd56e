/** What a dataset does not have, and why: sentences for dataset.json. They follow from its rows, so that a resumed export says the same. */
import { sep } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { DatasetFile } from '../dataset/chunk.ts'
import type { TableName } from '../dataset/column.ts'
import { bestFormat, relationOf } from '../dataset/files.ts'
import { tableOf } from '../dataset/tables.ts'
import type { ExportDeps, ExportInput } from './exportDataset.ts'

export async function notesOf(
  { node }: Pick<ExportDeps, 'node'>,
  { dir, formats, forcedInclusionDelay, labels }: ExportInput,
  connection: DuckDBConnection,
  files: readonly DatasetFile[],
): Promise<readonly string[]> {
  const count = async (table: TableName, where: string): Promise<number> => {
    const relation = relationOf(tableOf(table), files, bestFormat(formats), `${dir}${sep}`)
    const result = await connection.runAndReadAll(`SELECT count(*) FROM ${relation} WHERE ${where}`)
    return Number(result.getRows()[0]?.[0] ?? 0)
  }
  // A source that names no blobs, or whose blobs are none of the encoding, has no bytes to be had.
  const unread = await count(
    'sources',
    "payload_bytes IS NULL AND coalesce(fault, '') NOT LIKE 'blob%' AND fault IS DISTINCT FROM 'noBlobs'",
  )
  const unpriced = await count('proposals', 'l1_gas_used IS NULL')
  const blobPrices = await count('proposals', 'l1_gas_used IS NOT NULL AND l1_blob_fee IS NULL')
  const proposals = await count('proposals', 'TRUE')
  const windows = await count('windows', 'TRUE')
  const staked = await count('proposers', 'stake IS NOT NULL')
  const elected = await count('windows', 'window_start IS NOT NULL')
  return [
    ...(node.hasPromises
      ? []
      : [
          'promises, preconfirmed_blocks, preconfirmed_at, finalized_at, first_seen_at: absent, since no node that takes part in promises was read (--datadir)',
        ]),
    ...(unread > 0 ? [`sources: of ${unread} the bytes were not at hand; their lengths are null`] : []),
    ...(unpriced > 0
      ? [`proposals: of ${unpriced} the L1 receipt was not at hand; their costs are null`]
      : []),
    ...(blobPrices > 0
      ? [`proposals: of ${blobPrices} the blob fee is null, since the blob schedule of this L1 is not known`]
      : []),
    ...(forcedInclusionDelay === null
      ? [
          'forced_inclusions.due_at: null, since the inbox was not asked for its delay (--export.forced-inclusion-delay)',
        ]
      : []),
    ...(elected > 0
      ? []
      : [
          windows > 0
            ? 'windows: only those in which somebody proposed; their beginnings, and windows that were missed, are not derivable from L1 events'
            : proposals > 0
              ? 'windows: empty, since no proposal names a window, and no schedule that elects anybody was asked (--l1.rpc)'
              : 'windows: empty, since there are no proposals',
        ]),
    ...(staked > 0 || proposals === 0
      ? []
      : [
          'proposers.stake: null, since no schedule that asks a registry for collateral was asked (--l1.rpc)',
        ]),
    ...(labels.length === 0 ? ['proposers.label: null, since no labels file was given'] : []),
  ]
}
