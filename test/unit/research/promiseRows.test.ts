/** What a promise book, a stream journal and head marks become in a dataset. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StoredBlock } from '../../../src/chain/chain.ts'
import { createPromiseBook, PROMISES_SCHEMA } from '../../../src/preconf/promises/book.ts'
import { SETTLE_PROMISE, settlementValues } from '../../../src/preconf/promises/rows.ts'
import { STREAM_SCHEMA } from '../../../src/preconf/stream/journal.ts'
import { type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import type { BlockCommitment } from '../../../src/promise/blockCommitment.ts'
import {
  finalizedAt,
  firstSeen,
  preconfirmedAt,
  preconfirmedRows,
  promiseRows,
} from '../../../src/research/collect/promiseRows.ts'
import { TABLES } from '../../../src/research/dataset/tables.ts'
import type { RollupSpec } from '../../../src/spec/rollupSpec.ts'
import { openStore } from '../../../src/store/openStore.ts'
import type { Store } from '../../../src/store/store.ts'

const hash = (byte: string): Hash => `0x${byte.repeat(32)}`
const SIGNER = `0x${'aa'.repeat(20)}` as const
const l1 = { genesisTime: 1000n, secondsPerSlot: 12n }
const spec = { l1, l2: { chainId: 167n } } as RollupSpec
const SLOT = 50n
const deadline = l1.genesisTime + SLOT * l1.secondsPerSlot

const commitmentTo = (blockNumber: bigint, transactionsRoot: Hash): BlockCommitment => ({
  l2ChainId: 167n,
  blockNumber,
  parentCommitmentHash: hash('00'),
  parentBlockHash: hash('01'),
  transactionsRoot,
  anchorBlockNumber: 5n,
  windowEnd: deadline,
  isEndOfWindow: false,
})
const blockOf = (number: bigint, transactionsRoot: Hash) =>
  ({ header: { number, transactionsRoot } }) as unknown as StoredBlock

let store: Store
beforeEach(async () => {
  store = await openStore({
    path: ':memory:',
    schemas: { stream: STREAM_SCHEMA, promises: PROMISES_SCHEMA },
  })
  const book = createPromiseBook({ store, spec, domain: { slasher: `0x${'51'.repeat(20)}` } })
  const promise = (byte: string, transaction: string, requestedAt: number) =>
    book.keep({
      hash: hash(byte),
      commitment: {
        commitmentType: 1n,
        payload: '0x',
        requestHash: hash(byte),
        slasher: `0x${'51'.repeat(20)}`,
      },
      ...{ signer: SIGNER, isOurs: true, requestedAt, slot: SLOT, deadline, windowEnd: deadline },
      transactionHash: hash(transaction),
    })
  await promise('b1', 'c1', 9_000)
  await promise('b2', 'c1', 8_000)
  await promise('b3', 'c2', 7_000)
  const note = (commitmentHash: Hash, commitment: BlockCommitment, heardAt: number) =>
    book.noteBlock({ commitment, commitmentHash, signer: SIGNER, signature: '0x', isOurs: false, heardAt })
  await note(hash('d1'), commitmentTo(7n, hash('e1')), 6_500)
  await note(hash('d2'), commitmentTo(7n, hash('e2')), 6_000)
  await note(hash('d3'), commitmentTo(8n, hash('e3')), 6_700)
  await book.close()
  const settle = (settlement: Parameters<typeof settlementValues>[0], of: Hash) =>
    store.transaction((transaction) => transaction.run(SETTLE_PROMISE, settlementValues(settlement, of)))
  const landing = { block: { number: 7n, hash: hash('f1') }, l1: { number: 70n, hash: hash('a1') } }
  await settle({ outcome: 'kept', isFinal: false, ...landing }, hash('b1'))
  await settle({ outcome: 'broken', isFinal: false, reason: 'otherBlock', by: SIGNER }, hash('b3'))
  await settle({ outcome: 'kept', isFinal: false, ...landing }, hash('d1'))
  await settle({ outcome: 'broken', isFinal: false, reason: 'otherBlock', ...landing }, hash('d2'))
  await store.transaction(async (transaction) => {
    for (const [number, at] of [
      [3, 1_500],
      [9, 2_700],
      [12, 4_900],
    ] as const)
      await transaction.run("INSERT INTO head_marks VALUES ('finalized', ?, ?)", [number, at])
  })
})
afterEach(() => store.close())

test('has promises of the slots asked for, with what came of them', async () => {
  const rows = await promiseRows(store, spec, { after: SLOT - 1n, upTo: SLOT })
  expect(rows.map((row) => [row.commitment_hash, row.outcome, row.reason, row.landed_block_number])).toEqual([
    [hash('b1'), 'kept', null, 7n],
    [hash('b2'), 'pending', null, null],
    [hash('b3'), 'broken', 'otherBlock', null],
    [hash('d1'), 'kept', null, 7n],
    [hash('d2'), 'broken', 'otherBlock', 7n],
    [hash('d3'), 'pending', null, null],
  ])
  expect(rows[0]).toMatchObject({
    ...{ chain_id: 167n, commitment_type: 1, is_ours: true, signer: SIGNER, slot: SLOT },
    ...{ requested_at: 9_000, answered_at: null, transaction_hash: hash('c1'), l1_block_number: 70 },
  })
  const { columns } = TABLES.find(({ name }) => name === 'promises')!
  expect(Object.keys(rows[0]!)).toEqual(columns.map(({ name }) => name))
  expect(await promiseRows(store, spec, { after: SLOT, upTo: SLOT + 5n })).toEqual([])
})

test('names the block of a commitment as far as the journal, or its landing, tells', async () => {
  const rows = await preconfirmedRows(store, spec, { from: 7n, to: 8n }, (number) =>
    number === 7n ? hash('f1') : undefined,
  )
  expect(
    rows.map((row) => [row.commitment_hash, row.block_number, row.block_hash, row.derived_hash]),
  ).toEqual([
    [hash('d1'), 7n, hash('f1'), hash('f1')],
    // Its landing is the block that came instead.
    [hash('d2'), 7n, null, hash('f1')],
    [hash('d3'), 8n, null, null],
  ])
  expect(rows[0]).toMatchObject({ is_own: false, window_end: Number(deadline), frags: null })
})

test('says when a block was first promised, by its transactions', async () => {
  expect(await preconfirmedAt(store, blockOf(7n, hash('e1')))).toBe(6_500)
  expect(await preconfirmedAt(store, blockOf(7n, hash('e9')))).toBeNull()
})

test('says when finality came, but not of what was final before the node looked', async () => {
  expect(await finalizedAt(store, 3n)).toBeNull()
  expect(await finalizedAt(store, 4n)).toBe(2)
  expect(await finalizedAt(store, 10n)).toBe(4)
  expect(await finalizedAt(store, 13n)).toBeNull()
})

test('says when a transaction was first pooled or asked about', async () => {
  await store.transaction(async (transaction) => {
    for (const [of, at] of [
      [hash('c2'), 7_500],
      [hash('c1'), 7_900],
      [hash('c4'), 5_000],
    ] as const)
      await transaction.run('INSERT INTO first_seen (hash, at) VALUES (?, ?)', [hexToBytes(of), at])
  })
  expect(await firstSeen(store, [hash('c1'), hash('c2'), hash('c3'), hash('c4')])).toEqual(
    new Map([
      [hash('c1'), 7_900],
      [hash('c2'), 7_000],
      [hash('c4'), 5_000],
    ]),
  )
})
