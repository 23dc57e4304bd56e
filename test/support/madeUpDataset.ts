/** A dataset of some thousand made-up rows, with something in every table, and gaps long enough for L2BEAT's rule. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeChunk } from '../../src/research/dataset/chunk.ts'
import type { Row, TableName, Value } from '../../src/research/dataset/column.ts'
import { openDuckDb } from '../../src/research/dataset/duckdb.ts'
import { createManifest } from '../../src/research/dataset/manifest.ts'
import { TABLES } from '../../src/research/dataset/tables.ts'
import { createDraw } from '../../src/research/ordering/draw.ts'
import { rowOf } from './dataset.ts'

const DAY = 86_400
const RANGE = { from: 1000, to: 1999 }

/** 62 days with a proposal about every hour, so that L2BEAT's rule has enough to judge. */
function makeRows(): ReadonlyMap<TableName, readonly Row[]> {
  const next = createDraw(11)('report')
  const below = (limit: number) => Math.floor(next() * limit)
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!
  const hash = (at: number, kind: string) => `0x${kind}${String(at).padStart(62, '0')}`
  const address = (at: number) => `0x${String(at).padStart(40, '0')}`
  const rows = new Map<TableName, Row[]>(TABLES.map(({ name }) => [name, []]))
  const add = (table: TableName, values: Record<string, Value>) => rows.get(table)!.push(rowOf(table, values))
  let time = 1_780_000_000
  for (let n = RANGE.from; n <= RANGE.to; n++) {
    const missed_slots = below(20) === 0 ? 1 : 0
    time += Math.floor((62 * DAY) / 1000)
    add('l1_blocks', {
      block_number: n,
      timestamp: time,
      missed_slots,
      blob_gas_used: BigInt(131_072 * below(10)),
      ...(n > RANGE.from + 99 && { blob_target: 6, blob_max: 9 }),
    })
  }
  const start = 1_780_000_000
  /** Every ninth L1 transaction proposed twice; of some the receipt is not at hand. */
  const paidBy = (id: number) => {
    const payer = id % 9 === 0 ? id - 1 : id
    const l1_transaction_hash = hash(payer, '70')
    if (payer % 50 === 7) return { l1_transaction_hash }
    return { l1_transaction_hash, l1_execution_fee: 10n ** 15n + BigInt(payer), l1_blob_fee: BigInt(payer) }
  }
  const totals = new Map<number, { proposals: number; transactions: number }>()
  let block = 0
  for (let id = 1; id <= 1480; id++) {
    const timestamp = start + id * 3600 + below(40) + (id > 1200 ? 30_000 : 0)
    if (timestamp >= time) break
    const proposer = pick([1, 1, 1, 2, 2, 3])
    const of = totals.get(proposer) ?? { proposals: 0, transactions: 0 }
    totals.set(proposer, of)
    of.proposals++
    add('proposals', {
      proposal_id: BigInt(id),
      l1_block_number: RANGE.from + (id % 1000),
      l1_log_index: id,
      timestamp,
      proposer: address(proposer),
      ...paidBy(id),
      transactions: id % 5,
      proof_fee: id % 4 === 0 ? null : 10n ** 14n + BigInt(id),
    })
    add('sources', {
      proposal_id: BigInt(id),
      l1_block_number: RANGE.from + (id % 1000),
      blobs: 1 + below(2),
      payload_bytes: below(9) === 0 ? null : BigInt(below(130_000)),
    })
    if (id % 12 !== 0) continue
    const count = below(9)
    const safe_at = timestamp
    const reached = below(3)
    add('l2_blocks', {
      ...{
        block_number: BigInt(++block),
        timestamp: timestamp - below(90),
        proposer: address(proposer),
        transactions: count,
        safe_at,
        base_fee_per_gas: 100n,
        l1_block_number: RANGE.from + (id % 1000),
        proposal_id: BigInt(id),
        tips: BigInt(id) * 10n ** 13n,
        shared_base_fee: 7n,
      },
      preconfirmed_at: below(4) === 0 ? null : timestamp * 1000 - below(80_000),
      finalized_at: reached > 0 ? safe_at + 700 + below(400) : null,
      executable_at: reached > 1 ? safe_at + 4000 + below(9000) : null,
    })
    add('preconfirmed_blocks', {
      block_number: BigInt(block),
      block_hash: hash(block, 'b0'),
      commitment_hash: hash(block, 'c0'),
      window_end: timestamp,
      derived_hash: below(6) === 0 ? hash(block, 'b1') : below(9) === 0 ? null : hash(block, 'b0'),
    })
    if (below(40) === 0)
      add('preconfirmed_blocks', {
        block_number: BigInt(block),
        block_hash: hash(block, 'b2'),
        commitment_hash: hash(block, 'c1'),
        window_end: timestamp,
        derived_hash: hash(block, 'b0'),
      })
    for (let index = 0; index < count + 2; index++) {
      const executed = index < count
      const key = block * 100 + (executed ? index : below(100))
      const transaction_hash = hash(executed ? key : pick([key, (1 + below(block)) * 100 + below(4)]), 'a0')
      const from = 10 + below(5)
      add('transactions', {
        ...{
          block_number: BigInt(block),
          listed_index: index,
          proposal_id: BigInt(id),
          transaction_hash,
          payload_length: BigInt(100 + below(900)),
        },
        ...(executed && {
          transaction_index: index + 1,
          from_address: address(from),
          to_address: address(50 + below(2)),
          success: below(7) > 0,
          gas_used: BigInt(21_000 + below(90_000)),
          effective_gas_price: BigInt(100 + below(50)),
        }),
        first_seen_at: below(5) === 0 ? null : timestamp * 1000 - below(90_000),
      })
      if (executed) {
        of.transactions++
        const word = (value: number) => value.toString(16).padStart(64, '0')
        const forward = below(2) === 0
        const [paid, got] = [990 + below(30), 990 + below(30)]
        const data = `0x${[forward ? paid : 0, forward ? 0 : paid, forward ? 0 : got, forward ? got : 0].map(word).join('')}`
        add('logs', {
          block_number: BigInt(block),
          transaction_index: index + 1,
          log_index: index,
          transaction_hash,
          address: address(90 + below(2)),
          topic0:
            below(5) === 0
              ? hash(1, 'e0')
              : '0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822',
          data,
        })
      }
    }
  }
  for (let n = 0; n < 90; n++) {
    const window_end = start + n * 60_000
    add('windows', {
      window_start: window_end - 384,
      window_end,
      slots: 32,
      proposer: address(1 + (n % 3)),
      outcome: pick(['proposed', 'proposed', 'empty', 'missed']),
    })
    const saved_at = start + n * 50_000
    const outcome = pick(['included', 'included', 'pending', 'voided'])
    const included_at = saved_at + below(2000)
    add('forced_inclusions', {
      blob_hash: hash(n, 'f0'),
      saved_at,
      due_at: saved_at + 576,
      saved_in_block: below(9) === 0 ? null : 100 + n,
      outcome,
      ...(outcome === 'included' && { included_at, included_in_block: 101 + n + below(30) }),
    })
    add('promises', {
      slot: BigInt(n),
      commitment_hash: hash(n, 'd0'),
      signer: address(1 + below(2)),
      is_ours: below(3) > 0,
      transaction_hash: below(5) === 0 ? null : hash(n, 'a0'),
      requested_at: start * 1000,
      answered_at: below(8) === 0 ? null : start * 1000 + below(90),
      outcome: pick(['kept', 'kept', 'kept', 'broken', 'expired', 'pending']),
    })
  }
  for (const [proposer, { proposals, transactions }] of totals)
    add('proposers', {
      proposer: address(proposer),
      label: proposer === 3 ? null : 'both',
      country: proposer === 3 ? null : ['CH', 'DE'][proposer % 2]!,
      host: proposer === 3 ? null : 'one',
      proposals,
      transactions,
      blocks: proposals,
      gas_used: BigInt(below(1e9)),
      fees: 10n ** 20n + BigInt(below(1e9)),
      cost: 10n ** 19n + BigInt(below(1e9)),
      stake: proposer === 2 ? null : 32n * 10n ** 18n,
    })
  return rows
}

export async function writeMadeUpDataset(dir: string): Promise<void> {
  const rows = makeRows()
  const { connection, close } = await openDuckDb()
  const files = await writeChunk(
    connection,
    { dir, network: 'made-up', formats: ['parquet'] },
    RANGE,
    TABLES,
    (name) => rows.get(name)!,
  )
  close()
  const identity = {
    ...{
      network: 'made-up',
      l1ChainId: '1',
      l2ChainId: '2',
      inbox: '0x',
      range: { ...RANGE, toHash: '0xabc' },
      chunkSize: 1000,
    },
    ...{
      formats: ['parquet' as const],
      code: { version: '0', commit: 'none' },
      forcedInclusionDelay: 576,
      labels: [],
    },
  }
  const manifest = {
    ...createManifest(identity),
    isComplete: true,
    files: [...files],
    notes: ['first-seen times are made up <&>'],
  }
  writeFileSync(join(dir, 'dataset.json'), JSON.stringify(manifest))
}
