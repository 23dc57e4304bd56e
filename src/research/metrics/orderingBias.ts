/** Whether blocks follow arrival or price: pairs of transactions whose order nothing else fixes. */
import type { Row } from '../dataset/column.ts'
import { groupRows, numberOf, optionalNumber, textOf } from './fields.ts'
import type { Metric } from './metric.ts'
import { wilson } from './wilson.ts'

/** Pairs first seen closer together than this say nothing about arrival: the network’s own noise. Milliseconds. */
const SEEN_APART_MS = 50

export const orderingBias: Metric = {
  id: 'ordering-bias',
  title: 'Ordering bias',
  definition:
    'Over all pairs of executed transactions of one block with different senders (nonces fix the order of the others): concordant if the earlier in the block was first seen earlier (pairs seen at least 50 ms apart) or ' +
    'paid the higher priority fee per gas (pairs with different ones). Kendall τ = (concordant − discordant) / (concordant + discordant). Share = concordant / both, with the 95 % Wilson interval; ' +
    'pairs of one block are not independent, so the interval is a lower bound of the uncertainty. 0.5 is no preference.',
  source: 'docs/metrics.md; mis-ordering as in arXiv 2506.01462',
  tables: ['transactions', 'l2_blocks'],
  compute({ rows }) {
    const baseFees = new Map(
      rows('l2_blocks').map((row) => [numberOf(row, 'block_number'), numberOf(row, 'base_fee_per_gas')]),
    )
    const executed = rows('transactions').filter((row) => row.success !== null)
    const blocks = [...groupRows(executed, (row) => String(row.block_number)).values()].map((block) =>
      [...block].sort((a, b) => numberOf(a, 'transaction_index') - numberOf(b, 'transaction_index')),
    )
    const tipOf = (row: Row) =>
      numberOf(row, 'effective_gas_price') - (baseFees.get(numberOf(row, 'block_number')) ?? 0)
    const byArrival = count(blocks, (a, b) => {
      const [seenA, seenB] = [optionalNumber(a, 'first_seen_at'), optionalNumber(b, 'first_seen_at')]
      if (seenA === null || seenB === null || Math.abs(seenA - seenB) < SEEN_APART_MS) return 0
      return Math.sign(seenB - seenA)
    })
    const byTip = count(blocks, (a, b) => Math.sign(tipOf(a) - tipOf(b)))
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
          rows: [
            ['first seen', ...describe(byArrival)],
            ['priority fee', ...describe(byTip)],
          ],
        },
      ],
    }
  },
}

type Pairs = { concordant: number; discordant: number }

/** `compare` is positive if the first of the pair belongs first, 0 if the pair says nothing. */
function count(blocks: readonly (readonly Row[])[], compare: (first: Row, second: Row) => number): Pairs {
  const pairs = { concordant: 0, discordant: 0 }
  for (const block of blocks) {
    for (const [index, first] of block.entries()) {
      for (const second of block.slice(index + 1)) {
        if (textOf(first, 'from_address') === textOf(second, 'from_address')) continue
        const sign = compare(first, second)
        if (sign > 0) pairs.concordant++
        if (sign < 0) pairs.discordant++
      }
    }
  }
  return pairs
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
