/** A dataset of a simulated L1, held against what the simulator knows. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseTransaction } from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { minBigint } from '../../../src/primitives/bigint.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { PROVED_TOPIC } from '../../../src/protocol/shasta/inboxEvents.ts'
import { type Dataset, readDataset } from '../../../src/research/dataset/readDataset.ts'
import { TABLES } from '../../../src/research/dataset/tables.ts'
import { VIEWS } from '../../../src/research/dataset/views.ts'
import type { SimulatedL1 } from '../../support/l1/simulatedL1.ts'
import {
  ALICE,
  archiveOf,
  BOB,
  buildHistory,
  deriveArchive,
  type ExportOptions,
  exportArchive,
} from '../../support/recordedL1.ts'

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 120_000

const base = mkdtempSync(join(tmpdir(), 'plumbline-dataset-'))
const place = { archive: join(base, 'archive'), dataDir: join(base, 'data') }
let sim: SimulatedL1
let dataset: Dataset
let last: number

const exportTo = (name: string, options?: ExportOptions) =>
  exportArchive(sim, { ...place, dir: join(base, name) }, options)
/** Of every file but the DuckDB container. */
const filesOf = (name: string) =>
  readdirSync(join(base, name))
    .filter((file) => !file.startsWith('dataset.duckdb'))
    .sort()
    .map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(join(base, name, file)))
        .digest('hex'),
    ])

beforeAll(async () => {
  sim = await buildHistory()
  last = Number(sim.head().header.number)
  await archiveOf(sim, place.archive)
  await deriveArchive(sim, place.archive, place.dataDir)
  await exportTo('whole', { labels: [{ address: BOB, label: 'Bob & sons', source: 'a test' }] })
  dataset = await readDataset(join(base, 'whole'))
}, TIMEOUT_MS)
afterAll(() => rmSync(base, { recursive: true }))

test('has every L1 block as it was mined, and the slots that stayed empty', () => {
  const rows = dataset.rows('l1_blocks')
  const blocks = Array.from({ length: last }, (_, i) => sim.blockAt(i + 1))
  expect(rows.map((row) => [row.block_number, row.block_hash, row.timestamp, row.slot])).toEqual(
    blocks.map(({ header, hash, beacon }) => [
      Number(header.number),
      hash,
      Number(header.timestamp),
      BigInt(beacon.slot),
    ]),
  )
  expect(rows.map((row) => row.base_fee_per_gas)).toEqual(blocks.map(({ header }) => header.baseFeePerGas))
  expect(rows.reduce((sum, row) => sum + Number(row.missed_slots), 0)).toBe(3)
  expect(rows.reduce((sum, row) => sum + Number(row.proposals), 0)).toBe(6)
  expect(rows.reduce((sum, row) => sum + Number(row.forced_inclusions), 0)).toBe(2)
})

test('has every proposal with what its transaction cost, as its receipt says', async () => {
  const rows = dataset.rows('proposals')
  const truth = sim.proposals()
  expect(rows.map((row) => [row.proposal_id, row.proposer])).toEqual(
    truth.map(({ id, proposer }) => [id, proposer]),
  )
  expect(rows.map((row) => row.proposer)).toEqual([ALICE, BOB, ALICE, BOB, ALICE, ALICE])
  expect(rows.map((row) => row.transactions)).toEqual([2, 1, 0, 1, 0, 0])
  // The forced inclusion makes a block of its own.
  expect(rows.map((row) => [row.first_block, row.last_block])).toEqual([
    [1n, 2n],
    [3n, 3n],
    [4n, 4n],
    [5n, 8n],
    [9n, 9n],
    [10n, 10n],
  ])
  for (const row of rows) {
    const receipt = (await sim.request('eth_getTransactionReceipt', [row.l1_transaction_hash])) as Record<
      string,
      string
    >
    const told = ['gasUsed', 'effectiveGasPrice', 'blobGasUsed', 'blobGasPrice'] as const
    expect([row.l1_gas_used, row.l1_gas_price, row.l1_blob_gas_used, row.l1_blob_gas_price]).toEqual(
      told.map((field) => BigInt(receipt[field]!)),
    )
    expect(row.l1_execution_fee).toBe(BigInt(row.l1_gas_used!) * BigInt(row.l1_gas_price!))
    expect(row.l1_blob_fee).toBe(BigInt(row.l1_blob_gas_used!) * BigInt(row.l1_blob_gas_price!))
  }
})

test('says when proposals were proven, and their blocks executable with them', () => {
  const [proof] = dataset
    .rows('proposals')
    .map((row) => row.proven_in_block)
    .filter((number) => number !== null)
  const at = Number(sim.blockAt(Number(proof)).header.timestamp)
  expect(dataset.rows('proposals').map((row) => row.proven_at)).toEqual([at, at, at, at, null, null])
  expect(dataset.rows('l2_blocks').map((row) => row.executable_at)).toEqual([
    ...Array.from({ length: 8 }, () => at),
    null,
    null,
  ])
})

test('shares the fee of a proof among the proposals that it proved', () => {
  const rows = dataset.rows('proposals')
  const { receipts, transactions, header } = sim.blockAt(Number(rows[0]!.proven_in_block))
  const at = receipts.findIndex(({ logs }) => logs.some(({ topics }) => topics[0] === PROVED_TOPIC))
  const gas = receipts[at]!.cumulativeGasUsed - (receipts[at - 1]?.cumulativeGasUsed ?? 0n)
  const { maxFeePerGas, maxPriorityFeePerGas } = parseTransaction(bytesToHex(transactions[at]!.raw))
  const price = header.baseFeePerGas! + maxPriorityFeePerGas!
  const fee = gas * minBigint(price, maxFeePerGas!)
  expect(rows.map((row) => row.proof_fee)).toEqual([...Array(4).fill(fee / 4n), null, null])
})

test('says of every source what its bytes were found to be', () => {
  const rows = dataset.rows('sources')
  expect(rows.map((row) => [row.proposal_id, row.source_index, row.is_forced_inclusion, row.fault])).toEqual([
    [1n, 0, false, null],
    [2n, 0, false, null],
    [3n, 0, false, 'headerTooShort'],
    [4n, 0, true, null],
    [4n, 1, false, null],
    [5n, 0, false, null],
    [6n, 0, false, null],
  ])
  expect(rows.map((row) => row.listed_transactions)).toEqual([2, 2, 0, 1, 0, 0, 0])
  expect(rows[2]!.payload_bytes).toBe(3n)
  expect(rows[2]!.inflated_bytes).toBeNull()
  for (const row of rows.filter(({ fault }) => fault === null)) expect(row.inflated_bytes).toBeGreaterThan(0n)
})

test('has executed and dropped transactions, each with where it came from', () => {
  const rows = dataset.rows('transactions')
  expect(rows.map((row) => [row.block_number, row.nonce, row.success, row.drop_rule])).toEqual([
    [1n, 0n, true, null],
    [1n, 1n, true, null],
    [3n, 2n, true, null],
    [3n, 1n, null, 'D-82'],
    [5n, 3n, true, null],
  ])
  // The same bytes twice: one hash, one sender.
  expect(rows[3]!.transaction_hash).toBe(rows[1]!.transaction_hash)
  expect(rows[3]!.from_address).toBe(rows[1]!.from_address)
  expect(rows.map((row) => row.is_forced_inclusion)).toEqual([false, false, false, false, true])
  expect(rows.map((row) => row.value)).toEqual([1n, 1n, 1n, 1n, 1n])
  expect(rows.map((row) => row.gas_used)).toEqual([21_000n, 21_000n, 21_000n, null, 21_000n])
})

test('splits what users paid between coinbase and treasury', () => {
  const blocks = dataset.rows('l2_blocks')
  const transactions = dataset.rows('transactions')
  for (const block of blocks) {
    const paid = transactions
      .filter((row) => row.block_number === block.block_number && row.gas_used !== null)
      .reduce((sum, row) => sum + BigInt(row.gas_used!) * BigInt(row.effective_gas_price!), 0n)
    const shared = BigInt(block.shared_base_fee!)
    expect(BigInt(block.tips!) + shared + BigInt(block.treasury_base_fee!)).toBe(paid)
  }
  const [first] = blocks
  const baseFee = BigInt(first!.base_fee_per_gas!)
  expect(first!.tips).toBe(2n * 21_000n)
  expect(first!.shared_base_fee).toBe(2n * ((21_000n * baseFee * 75n) / 100n))
})

test('follows forced inclusions to their block, or to the end of the range', () => {
  const [taken, waiting] = dataset.rows('forced_inclusions')
  const included = dataset.rows('proposals')[3]!
  expect(taken).toMatchObject({
    ...{ outcome: 'included', proposal_id: 4n, l2_block_number: 5n },
    included_at: included.timestamp,
    included_in_block: included.l1_block_number,
    due_at: taken!.saved_at,
  })
  expect(taken!.fee).toBe(sim.config.forcedInclusionFeeGwei * 10n ** 9n)
  expect(waiting).toMatchObject({ outcome: 'pending', proposal_id: null, l2_block_number: null })
})

test('sums the range up by proposer, with labels', () => {
  const sum = (proposer: string, table: 'proposals' | 'l2_blocks', field: string) =>
    dataset
      .rows(table)
      .filter((row) => row.proposer === proposer)
      .reduce((total, row) => total + BigInt(row[field] as bigint), 0n)
  for (const row of dataset.rows('proposers')) {
    const proposer = String(row.proposer)
    expect(row).toMatchObject({
      label: proposer === BOB ? 'Bob & sons' : null,
      proposals: proposer === BOB ? 2 : 4,
      blocks: proposer === BOB ? 5 : 5,
      gas_used: sum(proposer, 'l2_blocks', 'gas_used'),
      fees: sum(proposer, 'l2_blocks', 'tips') + sum(proposer, 'l2_blocks', 'shared_base_fee'),
      cost: sum(proposer, 'proposals', 'l1_execution_fee') + sum(proposer, 'proposals', 'l1_blob_fee'),
      stake: null,
    })
  }
  expect(dataset.rows('proposers')).toHaveLength(2)
})

test('says what it lacks', () => {
  expect(dataset.manifest.notes.join('\n')).toMatch(/promises.*absent[\s\S]*windows: empty.*\n.*stake/)
})

test(
  'is the same bytes after one run, two, and one that was stopped and gone on with',
  async () => {
    const formats = ['csv', 'ndjson', 'parquet'] as const
    expect(await exportTo('once', { formats })).toMatchObject({ chunksKept: 0 })
    await exportTo('twice', { formats })
    expect(filesOf('twice')).toEqual(filesOf('once'))
    await expect(exportTo('stopped', { formats, stopAfter: 12 })).rejects.toThrow('stopped')
    await expect(readDataset(join(base, 'stopped'))).rejects.toThrow('is not complete')
    expect(await exportTo('stopped', { formats })).toMatchObject({ chunksKept: 2 })
    expect(filesOf('stopped')).toEqual(filesOf('once'))
    const { rows } = await readDataset(join(base, 'once'))
    expect(rows('transactions')).toEqual(dataset.rows('transactions'))
  },
  TIMEOUT_MS,
)

test(
  'says the same in CSV and NDJSON',
  async () => {
    for (const format of ['csv', 'ndjson'] as const) {
      await exportTo(format, { formats: [format], labels: dataset.manifest.labels })
      const read = await readDataset(join(base, format))
      for (const table of ['l1_blocks', 'proposals', 'sources', 'transactions', 'proposers'] as const)
        expect(read.rows(table), `${table} as ${format}`).toEqual(dataset.rows(table))
    }
  },
  TIMEOUT_MS,
)

test(
  'refuses a folder of another dataset, and a file that was changed',
  async () => {
    await exportTo('changed')
    await expect(exportTo('changed', { chunkSize: 7 })).rejects.toThrow('holds a dataset of another range')
    const file = readdirSync(join(base, 'changed')).find((name) => name.includes('__proposals__'))!
    writeFileSync(join(base, 'changed', file), 'x')
    await expect(readDataset(join(base, 'changed'))).rejects.toThrow(`${file} is not the file`)
    // What is not what dataset.json names is written anew.
    await exportTo('changed')
    await expect(readDataset(join(base, 'changed'))).resolves.toBeDefined()
  },
  TIMEOUT_MS,
)

test('answers SQL in its own folder: every table, and the ready views', async () => {
  const answers = await inFolder(join(base, 'whole'), [
    ...TABLES.map(({ name }) => `SELECT count(*) AS n FROM "${name}"`),
    ...VIEWS.map(({ name }) => `SELECT count(*) AS n FROM "${name}"`),
    'SELECT gap_seconds FROM posting_gaps WHERE gap_seconds IS NOT NULL ORDER BY l1_block_number',
    'SELECT drop_rule, transactions, share_of_listed FROM drop_reasons',
  ])
  const counts = answers.slice(0, TABLES.length).map(([row]) => Number(row!.n))
  expect(counts).toEqual(TABLES.map(({ name }) => dataset.rows(name).length))
  const times = dataset.rows('proposals').map((row) => Number(row.timestamp))
  expect(answers.at(-2)).toEqual(times.slice(1).map((time, i) => ({ gap_seconds: String(time - times[i]!) })))
  expect(answers.at(-1)).toEqual([{ drop_rule: 'D-82', transactions: '1', share_of_listed: 0.2 }])
})

test(
  'tells what a node has kept where the blobs are gone',
  async () => {
    const archive = join(base, 'holed')
    cpSync(place.archive, archive, { recursive: true })
    const [hash] = sim.proposals()[1]!.sources[0]!.blobSlice.blobHashes
    const file = readdirSync(join(archive, 'blobs'), { recursive: true }).find((name) =>
      String(name).endsWith(`${hash}.gz`),
    )
    rmSync(join(archive, 'blobs', String(file)))
    await exportArchive(sim, { ...place, archive, dir: join(base, 'of-holed') })
    const { rows, manifest } = await readDataset(join(base, 'of-holed'))
    expect(rows('l2_blocks')).toEqual(dataset.rows('l2_blocks'))
    expect(rows('sources')[1]).toMatchObject({
      payload_bytes: null,
      inflated_bytes: null,
      listed_transactions: 2,
    })
    const [, , ran, dropped] = rows('transactions')
    expect(ran).toEqual(dataset.rows('transactions')[2])
    expect(dropped).toMatchObject({ transaction_hash: null, nonce: null, drop_rule: 'D-82' })
    expect(manifest.notes).toContain('sources: of 1 the bytes were not at hand; their lengths are null')
  },
  TIMEOUT_MS,
)

/** DuckDB finds the files of its views by the folder it is started in: a process of its own. */
async function inFolder(
  cwd: string,
  queries: readonly string[],
): Promise<readonly Record<string, unknown>[][]> {
  const script = `
    import { DuckDBInstance } from '@duckdb/node-api'
    process.chdir(${JSON.stringify(cwd)})
    const connection = await (await DuckDBInstance.create('dataset.duckdb', { access_mode: 'READ_ONLY' })).connect()
    const answers = []
    for (const sql of ${JSON.stringify(queries)}) answers.push((await connection.runAndReadAll(sql)).getRowObjectsJson())
    console.log(JSON.stringify(answers))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: join(import.meta.dirname, '../../..'),
  })
  return JSON.parse(stdout)
}
