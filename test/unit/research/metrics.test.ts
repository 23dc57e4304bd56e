/** Each metric on a case small enough to work by hand; the numbers in the comments are worked, not copied from a run. */
import { describe, expect, test } from 'vitest'
import type { Value } from '../../../src/research/dataset/column.ts'
import { METRICS } from '../../../src/research/metrics/all.ts'
import {
  collisionEntropy,
  entropy,
  gini,
  herfindahl,
  minEntropy,
  nakamoto,
  sharesOf,
  theil,
} from '../../../src/research/metrics/concentration.ts'
import type { MetricInput } from '../../../src/research/metrics/metric.ts'
import { quantile } from '../../../src/research/metrics/quantile.ts'
import { readSwap } from '../../../src/research/metrics/swaps.ts'
import { wilson } from '../../../src/research/metrics/wilson.ts'
import { inputOf, rowOf } from '../../support/dataset.ts'

const compute = (id: string, input: MetricInput) => METRICS.find((metric) => metric.id === id)!.compute(input)
const resultOf = (id: string, value: string, input: MetricInput) =>
  compute(id, input).values.find((each) => each.id === value)!.value
const tableOf = (id: string, table: string, input: MetricInput) =>
  compute(id, input).tables.find((each) => each.id === table)!.rows
const cell = (id: string, table: string, input: MetricInput, row: string, column: string): Value => {
  const { columns, rows } = compute(id, input).tables.find((each) => each.id === table)!
  return rows.find(([name]) => name === row)![columns.findIndex(({ name }) => name === column)]!
}

test('every metric of an empty dataset says nothing, and says it', () => {
  for (const { compute: run, title } of METRICS) {
    for (const { value, id } of run(inputOf({})).values)
      expect([0, 0n, null], `${title}: ${id}`).toContain(value)
  }
})

test('ids are unique, and every metric has its definition and source', () => {
  const ids = METRICS.flatMap((metric) => {
    const { values, tables } = metric.compute(inputOf({}))
    return [
      ...values.map(({ id }) => `value ${id}`),
      ...tables.map(({ id }) => `table ${id}`),
      `metric ${metric.id}`,
    ]
  })
  expect(new Set(ids).size).toBe(ids.length)
  for (const { definition, source } of METRICS)
    expect(Math.min(definition.length, source.length)).toBeGreaterThan(10)
})

describe('concentration', () => {
  const half = { numerator: 1n, denominator: 2n }
  test('of 40, 30, 20, 10', () => {
    const amounts = [10, 40, 20, 30]
    const shares = sharesOf(amounts)
    expect(shares).toEqual([0.4, 0.3, 0.2, 0.1])
    // 1600 + 900 + 400 + 100
    expect(herfindahl(shares)).toBeCloseTo(3000, 9)
    // (−3·10 − 1·20 + 1·30 + 3·40) / (4 · 100)
    expect(gini(amounts)).toBeCloseTo(0.25, 12)
    // 0.4·1.32193 + 0.3·1.73697 + 0.2·2.32193 + 0.1·3.32193
    expect(entropy(shares)).toBeCloseTo(1.84644, 5)
    // −log2(0.16 + 0.09 + 0.04 + 0.01), −log2 0.4
    expect(collisionEntropy(shares)).toBeCloseTo(1.73697, 5)
    expect(minEntropy(shares)).toBeCloseTo(1.32193, 5)
    // (0.4 ln 0.4 + 0.8 ln 0.8 + 1.2 ln 1.2 + 1.6 ln 1.6) / 4
    expect(theil(amounts)).toBeCloseTo(0.10644, 5)
    const big = amounts.map(BigInt)
    expect(nakamoto(big, { numerator: 1n, denominator: 3n }, true)).toBe(1)
    expect(nakamoto(big, half, true)).toBe(2)
    expect(nakamoto(big, { numerator: 2n, denominator: 3n }, true)).toBe(2)
  })

  test('two halves: one reaches a half, two exceed it', () => {
    expect(nakamoto([50n, 50n], half, false)).toBe(1)
    expect(nakamoto([50n, 50n], half, true)).toBe(2)
    expect(nakamoto([], half, true)).toBeNull()
    // A third of three equal ones is a third exactly, in whatever floating point.
    expect(nakamoto([1n, 1n, 1n], { numerator: 1n, denominator: 3n }, false)).toBe(1)
    expect(nakamoto([1n, 1n, 1n], { numerator: 1n, denominator: 3n }, true)).toBe(2)
  })

  test('by operator, addresses with one label count as one', () => {
    const input = inputOf({
      proposers: [
        { proposer: '0xaa', label: 'one', proposals: 30 },
        { proposer: '0xbb', label: 'one', proposals: 30 },
        { proposer: '0xcc', proposals: 40 },
      ],
    })
    expect(resultOf('proposer-concentration', 'proposers', input)).toBe(3)
    expect(resultOf('proposer-concentration', 'max-share', input)).toBe(0.4)
    const rows = tableOf('proposer-concentration', 'concentration', input)
    const proposals = rows.filter(([counted]) => counted === 'proposals')
    expect(proposals.map(([, by, entities, max]) => [by, entities, max])).toEqual([
      ['address', 3, 0.4],
      ['operator', 2, 0.6],
    ])
    // No registry holds stake: not derivable, not zero.
    expect(rows.find(([counted]) => counted === 'stake')!.slice(2)).toEqual(Array(15).fill(null))
  })
})

describe('the bootstrap of the Nakamoto coefficient', () => {
  const of = (proposals: readonly string[]) => {
    const input = inputOf({ proposals: proposals.map((proposer) => ({ proposer })) })
    return tableOf('proposer-concentration', 'nakamoto-bootstrap', input).slice(0, 3)
  }
  test('one proposer is one in every sample', () => {
    expect(of(['0xa', '0xa', '0xa']).map((row) => row.slice(2))).toEqual(Array(3).fill([1, 1, 1]))
  })

  test('of two, half of the samples have one alone', () => {
    expect(of(['0xa', '0xb'])[1]).toEqual(['address', '1/2', 2, 1, 2])
  })

  test('of ten, six and four, as Python draws them', () => {
    const proposals = [...Array(10).fill('0xa'), ...Array(6).fill('0xb'), ...Array(4).fill('0xc')]
    expect(of(proposals)).toEqual([
      ['address', '1/3', 1, 1, 1],
      ['address', '1/2', 2, 1, 2],
      ['address', '2/3', 2, 1, 2],
    ])
  })

  test('operators are drawn as one; a range of less than a week is said to be short', () => {
    const input = inputOf(
      {
        proposals: ['0xa', '0xb'].map((proposer) => ({ proposer })),
        proposers: ['0xa', '0xb'].map((proposer) => ({ proposer, label: 'both' })),
        l1_blocks: [{ timestamp: 1000 }],
      },
      1000 + 7 * 86_400 - 1,
    )
    const rows = tableOf('proposer-concentration', 'nakamoto-bootstrap', input)
    expect(rows.slice(3).map((row) => row.slice(2))).toEqual(Array(3).fill([1, 1, 1]))
    const length = compute('proposer-concentration', input).values.find(({ id }) => id === 'range-length')
    expect(length).toMatchObject({ value: 604_799, note: expect.stringContaining('less than 7 days') })
  })
})

test('percentiles interpolate', () => {
  // Position 0.9 · 3 = 2.7: 30 + 0.7 · 10
  expect(quantile([40, 10, 30, 20], 0.9)).toBeCloseTo(37, 12)
  expect(quantile([40, 10, 30, 20], 0.5)).toBe(25)
  expect(quantile([7], 0.99)).toBe(7)
  expect(quantile([], 0.5)).toBeNull()
})

test('Wilson’s interval of 8 in 10', () => {
  // Agresti and Coull 1998 give 0.49 to 0.94.
  const { low, high } = wilson(8, 10)!
  expect(low).toBeCloseTo(0.4902, 4)
  expect(high).toBeCloseTo(0.9433, 4)
})

describe('posting gaps', () => {
  const at = (timestamp: number, l1_block_number = 0) => ({ timestamp, l1_block_number })
  test('of 0, 100, 200, 300 and 900, at 1000', () => {
    const input = inputOf({ proposals: [at(0), at(100), at(200), at(200), at(300), at(900)] }, 1000)
    expect(tableOf('posting-gaps', 'posting-gap-statistics', input).at(-1)).toEqual(['all', 4, 225, 100, 600])
    // θ = 3 · median 100; the gap of 600 exceeds it by 300, the open one of 100 does not.
    expect(resultOf('posting-gaps', 'downtime', input)).toBe(300)
    expect(resultOf('posting-gaps', 'uptime', input)).toBe(0.7)
    expect(resultOf('posting-gaps', 'unposted-age', input)).toBe(100)
    expect(compute('posting-gaps', input).tables[1]!.title).toMatch('less than 59 days')
  })
})

test('downtime by anomalies: what a gap has beyond the one from which on it is one', () => {
  // Every hour for 60 days, but once two and a half: the deviation before it is 0, so 5,400 s are too much.
  const times = Array.from({ length: 1440 }, (_, index) => 3600 * index + (index > 1000 ? 5400 : 0))
  const input = inputOf({ proposals: times.map((timestamp) => ({ timestamp })) }, times.at(-1)! + 3600)
  expect(resultOf('posting-gaps', 'anomaly-downtime', input)).toBe(5400)
  expect(resultOf('posting-gaps', 'anomaly-uptime', input)).toBeCloseTo(1 - 5400 / 2_592_000, 12)
  expect(resultOf('posting-gaps', 'anomaly-uptime', inputOf({ proposals: [{ timestamp: 1 }] }, 9))).toBeNull()
})

test('the preconfirmation clock: expected block time, gaps and uptime', () => {
  const block = (number: number, timestamp: number, preconfirmed_at: number | null) => ({
    ...{ block_number: BigInt(number), timestamp, preconfirmed_at },
  })
  const input = inputOf({
    l2_blocks: [
      block(1, 100, 101_000),
      block(2, 102, 103_000),
      block(3, 104, 105_000),
      block(4, 106, null),
      block(5, 126, 125_000),
      block(6, 128, 129_000),
    ],
  })
  const value = (id: string) => resultOf('preconfirmation-uptime', id, input)
  // Neighbours 1-2, 2-3, 5-6 are two seconds apart; θ = 6 s, and of the gaps 2, 2, 20 and 4 one exceeds it by 14.
  expect(value('expected-block-time')).toBe(2)
  expect(value('longest-preconfirmation-gap')).toBe(20)
  expect(value('preconfirmation-downtime')).toBe(14)
  expect(value('preconfirmation-uptime')).toBe(0.5)
  expect(resultOf('preconfirmation-uptime', 'preconfirmation-uptime', inputOf({}))).toBeNull()
})

test('batches: what a transaction cost with its share of the proof, and what was left', () => {
  const proposal = (id: bigint, hash: string, values: Readonly<Record<string, Value>>) => ({
    ...{ proposal_id: id, l1_block_number: 1, l1_transaction_hash: hash, ...values },
  })
  const block = (id: bigint, tips: bigint, shared_base_fee: bigint) => ({
    ...{ l1_block_number: 1, proposal_id: id, tips, shared_base_fee },
  })
  const paid = { l1_execution_fee: 100n, l1_blob_fee: 20n }
  const input = inputOf({
    proposals: [
      // One L1 transaction, two proposals: paid for once.
      proposal(1n, '0xa', { ...paid, transactions: 3, proof_fee: 30n }),
      proposal(2n, '0xa', { ...paid, transactions: 1, proof_fee: 30n }),
      proposal(3n, '0xb', { ...paid, transactions: 4, proof_fee: null }),
      proposal(4n, '0xc', { ...paid, transactions: 0, proof_fee: 10n }),
      proposal(5n, '0xd', { l1_execution_fee: null, l1_blob_fee: null, transactions: 9, proof_fee: 1n }),
    ],
    l2_blocks: [block(1n, 200n, 50n), block(2n, 0n, 10n), block(3n, 1n, 0n), block(4n, 0n, 0n)],
  })
  // (120 + 60 + 120 + 10) / 4
  expect(resultOf('proposer-economics', 'cost-per-transaction-proven', input)).toBe(77n)
  const row = (name: string) =>
    tableOf('proposer-economics', 'batch-economics', input).find(([measured]) => measured === name)!
  // 120 / 4 and 120 / 4.
  expect(row('cost per transaction').slice(1, 5)).toEqual([2, 0, 30, 30])
  // (120 + 60) / 4, and the second is not proven.
  expect(row('cost per transaction with proving').slice(1, 5)).toEqual([1, 1, 45, 45])
  // 260 − 180, and 0 − 130.
  expect(row('profit').slice(1, 5)).toEqual([2, 1, -130, -25])
})

test('economics: what is left, and what a transaction costs', () => {
  const input = inputOf({
    proposers: [
      { proposer: '0xaa', transactions: 4, fees: 1000n, cost: 903n },
      { proposer: '0xbb', transactions: 0, fees: 0n, cost: 100n },
    ],
  })
  expect(resultOf('proposer-economics', 'cost-per-transaction', input)).toBe(250n)
  expect(tableOf('proposer-economics', 'proposer-economics', input).map((row) => row.slice(5))).toEqual([
    [1000n, 903n, 97n, 225n],
    [0n, 100n, -100n, null],
  ])
})

test('windows: missed, empty, proposed', () => {
  const window = (window_end: number, outcome: string) => ({
    proposer: '0xaa',
    window_start: window_end - 12,
    slots: 1,
    window_end,
    outcome,
  })
  const input = inputOf(
    {
      windows: [
        window(12, 'proposed'),
        window(24, 'missed'),
        window(36, 'empty'),
        window(48, 'missed'),
        window(99, 'missed'),
      ],
      l2_blocks: [{ transactions: 0 }, { transactions: 3 }],
      l1_blocks: [{ missed_slots: 0 }, { missed_slots: 1 }, { missed_slots: 0 }],
    },
    60,
  )
  expect(resultOf('window-outcomes', 'missed-window-rate', input)).toBe(0.5)
  expect(resultOf('window-outcomes', 'empty-window-rate', input)).toBe(0.25)
  expect(resultOf('window-outcomes', 'empty-block-rate', input)).toBe(0.5)
  expect(resultOf('window-outcomes', 'l1-missed-slot-rate', input)).toBe(0.25)
  expect(tableOf('window-outcomes', 'windows-by-proposer', input)).toEqual([['0xaa', 4, 1, 1, 2, 0.5]])
})

test('windows known by their proposals alone say nothing of missed ones', () => {
  const input = inputOf({ windows: [{ proposer: '0xaa', window_end: 12, outcome: 'proposed' }] }, 60)
  expect(resultOf('window-outcomes', 'missed-window-rate', input)).toBeNull()
  expect(tableOf('window-outcomes', 'windows-by-proposer', input)).toEqual([['0xaa', 1, 1, 0, null, null]])
})

test('inclusion: what has not happened is counted, not dropped', () => {
  const input = inputOf({
    l2_blocks: [
      { block_number: 1n, safe_at: 112, preconfirmed_at: 101_000 },
      { block_number: 2n, safe_at: 124, finalized_at: 900 },
    ],
    transactions: [
      { block_number: 1n, success: true, first_seen_at: 100_500 },
      { block_number: 2n, success: false, first_seen_at: 114_000 },
      { block_number: 2n, success: null, first_seen_at: 1 },
    ],
    promises: [
      { is_ours: true, transaction_hash: '0x1', requested_at: 1000, answered_at: 1004 },
      { is_ours: true, transaction_hash: '0x2', requested_at: 1000 },
    ],
    forced_inclusions: [
      { outcome: 'included', saved_at: 50, included_at: 112 },
      { outcome: 'pending', saved_at: 60 },
      { outcome: 'voided', saved_at: 60 },
    ],
  })
  const row = (name: string) =>
    tableOf('inclusion-delay', 'inclusion-delay', input)
      .find(([of]) => of === name)!
      .slice(1, 5)
  expect(row('own RPC to preconfirmed')).toEqual([1, 1, 0.5, 0.5])
  expect(row('own RPC to safe')).toEqual([2, 0, 10, 10.75])
  expect(row('own RPC to executable')).toEqual([0, 2, null, null])
  expect(row('preconfirmation request to promise')).toEqual([1, 1, 0.004, 0.004])
  expect(row('forced inclusion to safe')).toEqual([1, 1, 62, 62])
})

test('forced inclusions: overdue are those taken late and those still owed', () => {
  const forced = (outcome: string, due_at: number, included_at: number | null) => ({
    ...{ outcome, saved_at: due_at - 100, due_at, saved_in_block: 5 },
    ...(included_at === null ? {} : { included_at, included_in_block: 9 }),
  })
  const input = inputOf(
    {
      forced_inclusions: [
        forced('included', 200, 150),
        forced('included', 200, 260),
        forced('pending', 300, null),
        forced('pending', 900, null),
        forced('voided', 200, null),
      ],
    },
    500,
  )
  const { values } = compute('forced-inclusions', input)
  expect(values.map(({ value }) => value)).toEqual([2, 2, 1, 2])
  expect(tableOf('forced-inclusions', 'forced-delay-blocks', input)[0]!.slice(0, 4)).toEqual([
    'L1 blocks',
    2,
    2,
    4,
  ])
})

test('promises: kept, broken, undone, contradicted, handed over', () => {
  const promised = (block_number: bigint, block_hash: string, derived_hash: string | null) => ({
    block_number,
    block_hash,
    derived_hash,
    window_end: 100,
  })
  const input = inputOf({
    promises: ['kept', 'kept', 'kept', 'broken', 'expired', 'pending'].map((outcome) => ({
      signer: '0xaa',
      outcome,
    })),
    preconfirmed_blocks: [
      promised(1n, '0x1', '0x1'),
      promised(2n, '0x2', '0xf2'),
      promised(3n, '0x3', '0xf3'),
      promised(3n, '0x3b', '0xf3'),
      promised(4n, '0x4', '0x4'),
      promised(5n, '0x5', null),
    ],
    l2_blocks: [
      { proposer: '0xaa', timestamp: 10 },
      { proposer: '0xaa', timestamp: 12 },
      { proposer: '0xbb', timestamp: 19 },
    ],
  })
  const value = (id: string) => resultOf('promise-outcomes', id, input)
  expect(value('kept-rate')).toBe(0.75)
  expect(value('equivocations')).toBe(1)
  // Blocks 2 and 3 of the four that L1 has answered.
  expect(value('preconfirmed-reorg-rate')).toBe(5000)
  expect(value('preconfirmed-reorg-depth')).toBe(2)
  expect(value('handover-gap')).toBe(7)
})

test('clocks: each lag, and the time to withdraw', () => {
  const input = inputOf({
    l2_blocks: [
      { timestamp: 100, preconfirmed_at: 101_500, safe_at: 160, finalized_at: 900, executable_at: 4000 },
      { timestamp: 102, safe_at: 160 },
    ],
  })
  const row = (name: string, column: string) => cell('clock-lags', 'clock-lags', input, name, column)
  expect(row('timestamp to preconfirmed', 'p50')).toBe(1.5)
  expect(row('timestamp to safe', 'p50')).toBe(59)
  expect(row('withdrawal time', 'max')).toBe(3900)
  expect(row('withdrawal time', 'not yet')).toBe(1)
})

test('blobs: fill, compression, and what was posted twice', () => {
  const listed = (
    block_number: bigint,
    proposal_id: bigint,
    transaction_hash: string,
    success: boolean | null,
  ) => ({
    ...{ block_number, proposal_id, transaction_hash, success, payload_length: 32_768n },
  })
  const input = inputOf({
    sources: [
      { blobs: 2, payload_bytes: 130_044n },
      { blobs: 5, payload_bytes: null },
    ],
    transactions: [
      listed(1n, 1n, '0xa', true),
      listed(2n, 2n, '0xa', null),
      listed(2n, 2n, '0xb', null),
      // Twice in one proposal.
      listed(4n, 4n, '0xc', true),
      listed(5n, 4n, '0xc', null),
      listed(3n, 3n, '0xb', true),
    ],
    l1_blocks: [
      { blob_gas_used: 393_216n, blob_target: 6, blob_max: 9 },
      { blob_gas_used: 786_432n, blob_target: 6, blob_max: 9 },
      // A chain's first blocks may be before Cancun.
      { blob_gas_used: 0n },
    ],
  })
  expect(resultOf('blob-use', 'blob-fill', input)).toBe(0.5)
  // 6 · 32,768 bytes of transactions in 2 · 131,072 bytes posted.
  expect(resultOf('blob-use', 'compression-ratio', input)).toBe(0.75)
  // 0xa was executed before; 0xb only after it was dropped, and 0xc in the same proposal.
  expect(resultOf('blob-use', 'redundancy', input)).toBeCloseTo(1 / 6, 12)
  expect(tableOf('blob-use', 'redundancy-by-proposal', input)).toEqual([[2n, 2, 1, 0.5]])
  // 3 and 6 blobs.
  expect(resultOf('blob-use', 'blobs-per-l1-block', input)).toBe(3)
  expect(resultOf('blob-use', 'blobs-over-target', input)).toBe(0.75)
  expect(resultOf('blob-use', 'blobs-over-maximum', input)).toBe(0.5)
  const blocks = tableOf('blob-use', 'blobs-of-blocks', input)
  expect(blocks.map((row) => [row[0], row[1], row[3], row[8]])).toEqual([
    ['target', 2, 0.5, 1],
    ['maximum', 2, 1 / 3, 2 / 3],
  ])
  expect(resultOf('blob-use', 'blobs-over-target', inputOf({ l1_blocks: [{}] }))).toBeNull()
})

test('reverts: by count, gas and position', () => {
  const executed = (transaction_index: number, success: boolean, gas_used: bigint) => ({
    block_number: 1n,
    transaction_index,
    success,
    gas_used,
  })
  const input = inputOf({
    transactions: [executed(2, false, 30n), executed(1, true, 60n), { block_number: 1n, success: null }],
  })
  expect(resultOf('revert-rate', 'revert-rate', input)).toBe(0.5)
  expect(resultOf('revert-rate', 'revert-gas-rate', input)).toBeCloseTo(1 / 3, 12)
  // Places 0 and 1 of 2: deciles 1 and 6.
  const deciles = tableOf('revert-rate', 'reverts-by-position', input)
  expect(deciles[0]).toEqual([1, 1, 0, 0])
  expect(deciles[5]).toEqual([6, 1, 1, 1])
})

test('ordering bias: pairs of different senders, by arrival and by tip', () => {
  const executed = (transaction_index: number, from_address: string, seen: number, price: bigint) => ({
    ...{ block_number: 1n, transaction_index, from_address, success: true },
    ...{ first_seen_at: seen, effective_gas_price: price },
  })
  const input = inputOf({
    l2_blocks: [
      { block_number: 1n, timestamp: 5, base_fee_per_gas: 10n },
      { block_number: 2n, timestamp: 9, base_fee_per_gas: 10n },
    ],
    transactions: [
      { ...executed(1, '0xd', 8000, 40n), block_number: 2n },
      executed(1, '0xa', 3000, 40n),
      executed(2, '0xb', 1000, 30n),
      executed(3, '0xa', 5000, 20n),
      executed(4, '0xc', 5020, 35n),
    ],
  })
  // Arrival, pairs with other senders: (1,2) −, (1,4) +, (2,3) +, (2,4) +, (3,4) too close.
  expect(resultOf('ordering-bias', 'kendall-arrival', input)).toBe(0.5)
  // Tips 30, 20, 10, 25: (1,2) +, (1,4) +, (2,3) +, (2,4) −, (3,4) −.
  expect(resultOf('ordering-bias', 'kendall-tip', input)).toBeCloseTo(0.2, 12)
  // Only the first two waited when their block began, at 5,000.
  const shares = tableOf('ordering-bias', 'ordering-bias', input).map((row) => row.slice(0, 4))
  expect(shares).toEqual([
    ['first seen', 4, 3, 0.75],
    ['first seen, both waiting', 1, 0, 0],
    ['priority fee', 5, 3, 0.6],
    ['priority fee, both waiting', 1, 1, 1],
  ])
  // A block of one transaction has no order.
  expect(tableOf('ordering-bias', 'kendall-by-block', input).map((row) => row.slice(0, 4))).toEqual([
    ['first seen', 1, 1, 0.5],
    ['priority fee', 1, 1, expect.closeTo(0.2, 12)],
  ])
})

describe('sandwiches', () => {
  const word = (value: bigint) => BigInt.asUintN(256, value).toString(16).padStart(64, '0')
  const V2 = '0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822'
  const V3 = '0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67'
  const v2 = (...amounts: bigint[]) => `0x${amounts.map(word).join('')}`
  const swap = (index: number, data: string, topic0 = V2) => ({
    ...{ block_number: 7n, transaction_index: index, log_index: index, transaction_hash: `0x${index}` },
    ...{ address: '0xf001', topic0, data },
  })
  const by = (index: number, from_address: string, to_address: string) => ({
    success: true,
    transaction_hash: `0x${index}`,
    from_address,
    to_address,
  })

  test('swaps of both kinds are read', () => {
    expect(readSwap(rowOf('logs', swap(1, v2(5n, 0n, 0n, 9n))))).toMatchObject({
      isZeroForOne: true,
      amountIn: 5n,
      amountOut: 9n,
    })
    expect(readSwap(rowOf('logs', swap(1, v2(-9n, 5n, 1n, 1n, 0n), V3)))).toMatchObject({
      isZeroForOne: false,
      amountIn: 5n,
      amountOut: 9n,
    })
    expect(readSwap(rowOf('logs', swap(1, v2(5n, 5n, 0n, 9n))))).toBeNull()
    expect(readSwap(rowOf('logs', swap(1, '0x')))).toBeNull()
  })

  const logs = [
    swap(1, v2(100n, 0n, 0n, 1000n)),
    swap(2, v2(50n, 0n, 0n, 400n)),
    swap(3, v2(0n, 1000n, 110n, 0n)),
  ]
  test.each([
    [
      'one address around a victim is a strict candidate',
      [by(1, '0xbad', '0xc1'), by(2, '0x900d', '0xc2'), by(3, '0xbad', '0xc1')],
      [1, 1, 1],
    ],
    [
      'a router everyone uses explains it',
      [by(1, '0x1', '0xc1'), by(2, '0x2', '0xc1'), by(3, '0x3', '0xc1')],
      [1, 0, 0],
    ],
    [
      'three strangers are none',
      [by(1, '0x1', '0xc1'), by(2, '0x2', '0xc2'), by(3, '0x3', '0xc3')],
      [0, 0, 0],
    ],
    [
      'nobody is his own victim',
      [by(1, '0x1', '0xc1'), by(2, '0x1', '0xc1'), by(3, '0x1', '0xc1')],
      [0, 0, 0],
    ],
  ])('%s', (_what, transactions, expected) => {
    expect(compute('sandwiches', inputOf({ logs, transactions })).values.map(({ value }) => value)).toEqual(
      expected,
    )
  })

  test('who gets back less than it put in gained nothing', () => {
    const lossy = [logs[0]!, logs[1]!, swap(3, v2(0n, 1000n, 90n, 0n))]
    const transactions = [by(1, '0xbad', '0xc1'), by(2, '0x900d', '0xc2'), by(3, '0xbad', '0xc1')]
    const { values, tables } = compute('sandwiches', inputOf({ logs: lossy, transactions }))
    expect(values.map(({ value }) => value)).toEqual([1, 0, 0])
    expect(tables[0]!.rows[0]!.at(-1)).toBe('gets back less than it put in')
  })
})

test('what no chain shows is null with its reason, never zero', () => {
  const { values } = compute(
    'not-derivable',
    inputOf({ proposers: [{ proposals: 3, label: 'one' }, { proposals: 1 }] }),
  )
  expect(values.map(({ value }) => value)).toEqual([null, null, 0.75])
  expect(values[0]!.note).toMatch('not derivable')
})

test('places: as the labels file has them, or not derivable', () => {
  const of = (proposer: string, proposals: number, country: string | null, host: string | null) => ({
    ...{ proposer, proposals, country, host, label: country },
  })
  const input = inputOf({
    proposers: [of('0xa', 5, 'CH', 'one'), of('0xb', 3, 'CH', null), of('0xc', 2, null, null)],
  })
  expect(resultOf('not-derivable', 'geography', input)).toBe(1)
  expect(resultOf('not-derivable', 'hosting', input)).toBe(1)
  expect(resultOf('not-derivable', 'labelled-share', input)).toBe(0.8)
  expect(tableOf('not-derivable', 'places', input)).toEqual([
    ['country', 'CH', 2, 8, 0.8],
    ['host', 'one', 1, 5, 0.5],
  ])
  const [geography] = compute('not-derivable', inputOf({ proposers: [of('0xc', 2, null, null)] })).values
  expect(geography).toMatchObject({ value: null, note: expect.stringContaining('not derivable from L1') })
})
