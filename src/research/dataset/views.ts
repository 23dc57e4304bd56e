/** dataset.duckdb: every table as a view of its files, and views for the first questions. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatasetFile } from './chunk.ts'
import type { Format } from './column.ts'
import { openDuckDb, quoted } from './duckdb.ts'
import { relationOf } from './files.ts'
import { TABLES } from './tables.ts'

export const DUCKDB_FILE = 'dataset.duckdb'

export type View = { readonly name: string; readonly definition: string; readonly sql: string }

export const VIEWS: readonly View[] = [
  {
    name: 'posting_gaps',
    definition: 'Seconds between each proposal and the one before it, by L1 time; null for the first.',
    sql: `SELECT l1_block_number, proposal_id, proposer, timestamp,
  CAST(timestamp AS BIGINT) - lag(CAST(timestamp AS BIGINT)) OVER (ORDER BY l1_block_number, l1_log_index) AS gap_seconds
FROM proposals ORDER BY l1_block_number, l1_log_index`,
  },
  {
    name: 'proposer_shares',
    definition:
      'Each proposer’s share of proposals, L2 blocks, transactions, gas and fees, with its operator.',
    sql: `SELECT proposer, label, proposals, proposals / sum(proposals) OVER () AS share_of_proposals,
  blocks / sum(blocks) OVER () AS share_of_blocks, transactions / nullif(sum(transactions) OVER (), 0) AS share_of_transactions,
  gas_used / sum(gas_used) OVER () AS share_of_gas, CAST(fees AS DOUBLE) / nullif(CAST(sum(fees) OVER () AS DOUBLE), 0) AS share_of_fees
FROM proposers ORDER BY proposals DESC, proposer`,
  },
  {
    name: 'batch_costs',
    definition: 'What each proposing transaction cost, and that over the L2 transactions it brought. Wei.',
    sql: `SELECT l1_block_number, l1_transaction_hash, proposer, any_value(l1_execution_fee) AS execution_fee,
  any_value(l1_blob_fee) AS blob_fee, sum(transactions) AS transactions,
  CAST(any_value(l1_execution_fee + l1_blob_fee) AS DOUBLE) / nullif(sum(transactions), 0) AS cost_per_transaction
FROM proposals GROUP BY ALL ORDER BY l1_block_number, l1_transaction_hash`,
  },
  {
    name: 'source_faults',
    definition: 'How often sources were replaced by the default, by fault and rule.',
    sql: `SELECT fork, is_forced_inclusion, fault, fault_rule, count(*) AS sources
FROM sources WHERE fault IS NOT NULL GROUP BY ALL ORDER BY ALL`,
  },
  {
    name: 'drop_reasons',
    definition:
      'Listed transactions that did not execute, by rule, with an example of each and their share of all that were listed.',
    sql: `SELECT drop_rule, min(drop_reason) AS example, count(*) AS transactions,
  count(*) / (SELECT count(*) FROM transactions) AS share_of_listed
FROM transactions WHERE drop_rule IS NOT NULL GROUP BY ALL ORDER BY ALL`,
  },
  {
    name: 'revert_rate',
    definition: 'Executed transactions that failed, by proposer.',
    sql: `SELECT b.proposer, count(*) AS executed, count(*) FILTER (NOT t.success) AS failed,
  count(*) FILTER (NOT t.success) / count(*) AS revert_rate
FROM transactions t JOIN l2_blocks b USING (block_number) WHERE t.success IS NOT NULL GROUP BY ALL ORDER BY ALL`,
  },
  {
    name: 'forced_inclusion_delays',
    definition:
      'Seconds from when a forced inclusion was queued to when a proposal took it, and past its due time.',
    sql: `SELECT blob_hash, saved_at, outcome, proposal_id,
  CAST(included_at AS BIGINT) - CAST(saved_at AS BIGINT) AS delay_seconds,
  CAST(included_at AS BIGINT) - CAST(due_at AS BIGINT) AS late_seconds
FROM forced_inclusions ORDER BY saved_at, blob_hash`,
  },
  {
    name: 'promise_outcomes',
    definition: 'Promises by who made them, their type and what came of them.',
    sql: `SELECT signer, commitment_type, outcome, reason, count(*) AS promises
FROM promises GROUP BY ALL ORDER BY ALL`,
  },
]

/** Made anew. File names in it are relative: whoever opens it does so in its folder. */
export async function writeDuckDb(dir: string, files: readonly DatasetFile[], format: Format): Promise<void> {
  const path = join(dir, DUCKDB_FILE)
  for (const old of [path, `${path}.wal`]) await rm(old, { force: true })
  const { connection, close } = await openDuckDb(path)
  try {
    await connection.run(`SET file_search_path = '${quoted(dir)}'`)
    for (const table of TABLES)
      await connection.run(`CREATE VIEW "${table.name}" AS SELECT * FROM ${relationOf(table, files, format)}`)
    for (const { name, sql } of VIEWS) await connection.run(`CREATE VIEW "${name}" AS ${sql}`)
  } finally {
    close()
  }
}
