/** Rows about all of the range, from the tables that are written by chunks: so that a resumed export has them of every chunk. */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { DatasetFile } from './chunk.ts'
import type { Format, Row, Table, TableName } from './column.ts'
import { readRows, relationOf } from './files.ts'
import type { Label } from './labels.ts'
import { tableOf } from './tables.ts'

export type WholeRangeInput = {
  readonly connection: DuckDBConnection
  readonly files: readonly DatasetFile[]
  readonly format: Format
  /** Before each file's name. */
  readonly prefix: string
  readonly labels: readonly Label[]
}

/** A whole table, of all chunks. */
export function chunkedRows(input: WholeRangeInput, name: TableName): Promise<readonly Row[]> {
  return readRows(input.connection, tableOf(name), relation(input, name))
}

/** What proposals say of the windows that they were made in. */
export function windowRows(input: WholeRangeInput): Promise<readonly Row[]> {
  const sql = `(
    SELECT min(chain_id) AS chain_id, CAST(NULL AS UINTEGER) AS window_start, window_end,
      CAST(NULL AS UINTEGER) AS slots, CAST(NULL AS UINTEGER) AS missed_slots, proposer,
      CASE WHEN sum(transactions) > 0 THEN 'proposed' ELSE 'empty' END AS outcome,
      CAST(count(*) AS UINTEGER) AS proposals, CAST(sum(last_block - first_block + 1) AS UINTEGER) AS blocks
    FROM ${relation(input, 'proposals')} WHERE window_end IS NOT NULL GROUP BY window_end, proposer)`
  return readRows(input.connection, tableOf('windows'), sql)
}

/** A transaction that made several proposals is paid for once. `stakes`: wei, where a registry was asked. */
export async function proposerRows(
  input: WholeRangeInput,
  stakes?: ReadonlyMap<string, bigint>,
): Promise<readonly Row[]> {
  const sql = `(
    WITH proposals AS (SELECT * FROM ${relation(input, 'proposals')}),
    of_blocks AS (
      SELECT proposer, sum(gas_used) AS gas_used, sum(tips + shared_base_fee) AS fees
      FROM ${relation(input, 'l2_blocks')} GROUP BY proposer),
    paid AS (
      SELECT DISTINCT proposer, l1_transaction_hash, l1_execution_fee + l1_blob_fee AS cost FROM proposals),
    of_costs AS (
      SELECT proposer, CASE WHEN count(cost) = count(*) THEN sum(cost) END AS cost FROM paid GROUP BY proposer),
    of_proposals AS (
      SELECT min(chain_id) AS chain_id, proposer, count(*) AS proposals,
        sum(last_block - first_block + 1) AS blocks, sum(transactions) AS transactions
      FROM proposals GROUP BY proposer)
    SELECT chain_id, proposer, CAST(NULL AS VARCHAR) AS label, CAST(NULL AS VARCHAR) AS country,
      CAST(NULL AS VARCHAR) AS host, CAST(proposals AS UINTEGER) AS proposals,
      CAST(blocks AS UINTEGER) AS blocks, CAST(transactions AS UINTEGER) AS transactions,
      CAST(gas_used AS UBIGINT) AS gas_used, CAST(fees AS DECIMAL(38, 0)) AS fees,
      CAST(cost AS DECIMAL(38, 0)) AS cost, CAST(NULL AS DECIMAL(38, 0)) AS stake
    FROM of_proposals JOIN of_blocks USING (proposer) JOIN of_costs USING (proposer))`
  const labels = new Map(input.labels.map((label) => [label.address, label]))
  const rows = await readRows(input.connection, tableOf('proposers'), sql)
  return rows.map((row) => {
    const { label = null, country = null, host = null } = labels.get(String(row.proposer)) ?? {}
    return { ...row, label, country, host, stake: stakes?.get(String(row.proposer)) ?? null }
  })
}

function relation({ files, format, prefix }: WholeRangeInput, name: TableName): string {
  const table: Table = tableOf(name)
  return relationOf(table, files, format, prefix)
}
