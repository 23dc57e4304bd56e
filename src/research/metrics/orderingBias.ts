/** Whether blocks follow arrival or price: pairs of transactions whose order nothing else fixes. */
import { defined } from '../../primitives/assert.ts'
import type { Row } from '../dataset/column.ts'
import { distributionTable } from './distribution.ts'
import { groupRows, numberOf, optionalNumber, textOf } from './fields.ts'
import type { Metric } from './metric.ts'
import { wilson } from './wilson.ts'

/** What is closer together in time than this says nothing about arrival: the network’s own noise. Milliseconds. */
const NOISE_MS = 50

export const orderingBias: Metric = {
  id: 'ordering-bias',
  title: 'Ordering bias',
  definition:
    'Over all pairs of executed transactions of one block with different senders (nonces fix the order of the others): concordant if the earlier in the block was first seen earlier (pairs seen at least 50 ms apart) or ' +
    'paid the higher priority fee per gas (pairs with different ones). Kendall τ = (concordant − discordant) / (concordant + discordant). Share = concordant / both, with the 95 % Wilson interval; ' +
    'pairs of one block are not independent, so the interval is a lower bound of the uncertainty. 0.5 is no preference. Both waiting: pairs of which both were seen 50 ms or more before the timestamp of their block, so that ' +
    'whoever ordered it could have put either first. By block: τ of each block alone; blocks in which no pair tells count as “not yet”.',
  source: 'docs/metrics.md; mis-ordering as in arXiv 2506.01462',
  tables: ['transactions', 'l2_blocks'],
  compute({ rows }) {
    const l2Blocks = new Map(rows('l2_blocks').map((row) => [numberOf(row, 'block_number'), row]))
    const executed = rows('transactions').filter((row) => row.success !== null)
    const blocks = [...groupRows(executed, (row) => String(row.block_number)).values()].map((block) =>
      [...block].sort((a, b) => numberOf(a, 'transaction_index') - numberOf(b, 'transaction_index')),
    )
    const blockOf = (row: Row) =>
      defined(l2Blocks.get(numberOf(row, 'block_number')), 'the block of a transaction')
    const tipOf = (row: Row) =>
      numberOf(row, 'effective_gas_price') - numberOf(blockOf(row), 'base_fee_per_gas')
    const arrived: Compare = (a, b) => {
      const [seenA, seenB] = [optionalNumber(a, 'first_seen_at'), optionalNumber(b, 'first_seen_at')]
      if (seenA === null || seenB === null || Math.abs(seenA - seenB) < NOISE_MS) return 0
      return Math.sign(seenB - seenA)
    }
    const paid: Compare = (a, b) => Math.sign(tipOf(a) - tipOf(b))
    const waiting = blocks.map((block) =>
      block.filter((row) => {
        const seen = optionalNumber(row, 'first_seen_at')
        return seen !== null && seen <= numberOf(blockOf(row), 'timestamp') * 1000 - NOISE_MS
      }),
    )
    const orderOf = (name: string, compare: Compare) => ({
      ...{ name, compare },
      pairs: blocks.map((block) => count(block, compare)),
    })
    const [arrival, price] = [orderOf('first seen', arrived), orderOf('priority fee', paid)]
    const [byArrival, byTip] = [total(arrival.pairs), total(price.pairs)]
    return {
      values: [
        {
          id: 'kendall-arrival',
          title: 'Kendall τ with first-seen order',
          unit: 'ratio',
          value: tau(byArrival),
          ...noPairs(byArrival),
        },
        {
          id: 'kendall-tip',
          title: 'Kendall τ with priority-fee order',
          unit: 'ratio',
          value: tau(byTip),
          ...noPairs(byTip),
        },
      ],
      tables: [
        {
          id: 'ordering-bias',
          title: 'Pairs that follow each order',
          columns: [
            { name: 'order', unit: '' },
            { name: 'pairs', unit: 'count' },
            { name: 'concordant', unit: 'count' },
            { name: 'share', unit: 'share' },
            { name: 'low', unit: 'share' },
            { name: 'high', unit: 'share' },
          ],
          rows: [arrival, price].flatMap(({ name, pairs, compare }) => [
            [name, ...describe(total(pairs))],
            [`${name}, both waiting`, ...describe(total(waiting.map((block) => count(block, compare))))],
          ]),
        },
        distributionTable(
          { id: 'kendall-by-block', title: 'Kendall τ block by block', unit: 'ratio', of: 'order' },
          [arrival, price].map(({ name, pairs }) => {
            const values = pairs.map(tau).filter((value) => value !== null)
            return { name, values, censored: pairs.length - values.length }
          }),
        ),
      ],
    }
  },
}

type Pairs = { readonly concordant: number; readonly discordant: number }
/** Positive if the first of the pair belongs first, 0 if the pair says nothing. */
type Compare = (first: Row, second: Row) => number

function count(block: readonly Row[], compare: Compare): Pairs {
  const pairs = { concordant: 0, discordant: 0 }
  for (const [index, first] of block.entries()) {
    for (const second of block.slice(index + 1)) {
      if (textOf(first, 'from_address') === textOf(second, 'from_address')) continue
      const sign = compare(first, second)
      if (sign > 0) pairs.concordant++
      if (sign < 0) pairs.discordant++
    }
  }
  return pairs
}

function total(of: readonly Pairs[]): Pairs {
  return of.reduce(
    (sum, each) => ({
      concordant: sum.concordant + each.concordant,
      discordant: sum.discordant + each.discordant,
    }),
    { concordant: 0, discordant: 0 },
  )
}

function tau({ concordant, discordant }: Pairs): number | null {
  const pairs = concordant + discordant
  return pairs === 0 ? null : (concordant - discordant) / pairs
}

function describe({ concordant, discordant }: Pairs) {
  const pairs = concordant + discordant
  const interval = wilson(concordant, pairs)
  return [
    pairs,
    concordant,
    pairs === 0 ? null : concordant / pairs,
    interval?.low ?? null,
    interval?.high ?? null,
  ]
}

const noPairs = (pairs: Pairs) => (tau(pairs) === null ? { note: 'no pair of the range tells' } : {})
