/** What one ordering comes to, in numbers that can stand side by side. */
import type { Address } from '../../primitives/hex.ts'
import type { Row, TableName } from '../dataset/column.ts'
import { entropy, gini, herfindahl, nakamoto, sharesOf } from '../metrics/concentration.ts'
import { orderingBias } from '../metrics/orderingBias.ts'
import { quantile } from '../metrics/quantile.ts'
import { kendallTau } from './kendall.ts'
import type { OrderableTransaction, OrderedSlot, OrderingSlot } from './rule.ts'

export type Measure = { readonly id: string; readonly unit: string; readonly definition: string }

/** Those of ordering alone; execution adds EXECUTION_MEASURES (outcomes.ts). */
export const ORDER_MEASURES = [
  { id: 'slots-missed', unit: 'share', definition: 'Slots that nobody ordered.' },
  { id: 'slots-empty', unit: 'share', definition: 'Slots without a transaction, missed ones too.' },
  { id: 'left-out', unit: 'count', definition: 'Transactions in no slot of the range.' },
  { id: 'sequencers', unit: 'count', definition: 'Addresses that ordered at least one slot.' },
  {
    id: 'nakamoto-half',
    unit: 'count',
    definition: 'Fewest sequencers with more than half of the ordered slots.',
  },
  { id: 'max-share', unit: 'share', definition: 'Ordered slots of the sequencer with most.' },
  { id: 'hhi', unit: '', definition: 'Herfindahl–Hirschman index of ordered slots, 0 to 10,000.' },
  { id: 'gini', unit: '', definition: 'Gini index of ordered slots among those that ordered any.' },
  { id: 'entropy', unit: 'bits', definition: 'Shannon entropy of ordered slots.' },
  {
    id: 'max-share-tips',
    unit: 'share',
    definition: 'Tips (tip × gas) of the sequencer with most. Before execution.',
  },
  {
    id: 'kendall-arrival',
    unit: '',
    definition: 'Kendall τ within blocks with the order of arrival (docs/metrics.md, ordering bias).',
  },
  { id: 'kendall-tip', unit: '', definition: 'The same with the order of tips.' },
  {
    id: 'kendall-canonical',
    unit: '',
    definition: 'Kendall τ over the range with L1’s own order, of transactions that are in.',
  },
  { id: 'moved', unit: 'share', definition: 'Transactions that are in, but in another slot than on L1.' },
  {
    id: 'delay-p50',
    unit: 's',
    definition: 'Delay: from arrival to the end of the slot, of transactions that are in.',
  },
  { id: 'delay-p90', unit: 's', definition: 'As before.' },
  { id: 'delay-p95', unit: 's', definition: 'As before.' },
  { id: 'delay-p99', unit: 's', definition: 'As before.' },
  { id: 'delay-change', unit: 's', definition: 'Mean of the delay less the delay on L1.' },
  { id: 'payments', unit: 'wei', definition: 'Paid in auctions for the right to order, or to be early.' },
] as const satisfies readonly Measure[]

/** By id; null where there is nothing to compute it from. */
export type Measured = Readonly<Record<string, number | null>>

export function measureOrder(
  ordered: readonly OrderedSlot[],
  {
    slots,
    transactions,
  }: { readonly slots: readonly OrderingSlot[]; readonly transactions: readonly OrderableTransaction[] },
): Measured {
  const counted = countTurns(ordered)
  const turns = counted.map(({ slots: count }) => count)
  const shares = sharesOf(turns)
  const placed = ordered.flatMap(({ slot, transactions: inSlot }) =>
    inSlot.map((transaction) => ({ slot, transaction })),
  )
  const endOf = (slot: number) => slots[slot]?.endMs ?? 0
  const delays = placed.map(({ slot, transaction }) => (endOf(slot) - transaction.arrivalMs) / 1_000)
  const changes = placed.map(
    ({ slot, transaction }) => (endOf(slot) - endOf(transaction.canonicalSlot)) / 1_000,
  )
  const bias = orderingBias.compute({
    range: { fromBlock: 0, toBlock: 0 },
    endsAt: 0,
    rows: (table) => rowsOf(table, ordered),
  })
  const biasOf = (id: string) => toNumber(bias.values.find((value) => value.id === id)?.value)
  return {
    'slots-missed': part(ordered.filter(({ sequencer }) => sequencer === undefined).length, ordered.length),
    'slots-empty': part(ordered.filter((slot) => slot.transactions.length === 0).length, ordered.length),
    'left-out': transactions.length - placed.length,
    sequencers: counted.length,
    'nakamoto-half': nakamoto(turns.map(BigInt), { numerator: 1n, denominator: 2n }, true),
    'max-share': shares[0] ?? null,
    hhi: shares.length === 0 ? null : herfindahl(shares),
    gini: gini(turns),
    entropy: shares.length === 0 ? null : entropy(shares),
    'max-share-tips': sharesOf(counted.map(({ tips }) => Number(tips)))[0] ?? null,
    'kendall-arrival': biasOf('kendall-arrival'),
    'kendall-tip': biasOf('kendall-tip'),
    'kendall-canonical': kendallTau(placed.map(({ transaction }) => transaction.canonicalIndex)),
    moved: part(
      placed.filter(({ slot, transaction }) => slot !== transaction.canonicalSlot).length,
      placed.length,
    ),
    'delay-p50': quantile(delays, 0.5),
    'delay-p90': quantile(delays, 0.9),
    'delay-p95': quantile(delays, 0.95),
    'delay-p99': quantile(delays, 0.99),
    'delay-change': part(
      changes.reduce((sum, change) => sum + change, 0),
      changes.length,
    ),
    payments: Number(ordered.reduce((sum, { payment }) => sum + (payment?.wei ?? 0n), 0n)),
  }
}

export type Turns = {
  readonly sequencer: Address
  readonly slots: number
  readonly transactions: number
  readonly gas: bigint
  /** Wei: tip × gas as reckoned before execution. */
  readonly tips: bigint
}

/** Who ordered what; most slots first. */
export function countTurns(ordered: readonly OrderedSlot[]): readonly Turns[] {
  const turns = new Map<Address, Turns>()
  for (const { sequencer, transactions } of ordered) {
    if (sequencer === undefined) continue
    const known = turns.get(sequencer) ?? { sequencer, slots: 0, transactions: 0, gas: 0n, tips: 0n }
    turns.set(sequencer, {
      sequencer,
      slots: known.slots + 1,
      transactions: known.transactions + transactions.length,
      gas: transactions.reduce((sum, { gas }) => sum + gas, known.gas),
      tips: transactions.reduce((sum, { tip, gas }) => sum + tip * gas, known.tips),
    })
  }
  return [...turns.values()].sort((a, b) => b.slots - a.slots || (a.sequencer < b.sequencer ? -1 : 1))
}

/** As the metric reads a dataset. Whether a transaction succeeds is no matter of its order. */
function rowsOf(table: TableName, ordered: readonly OrderedSlot[]): readonly Row[] {
  if (table === 'l2_blocks')
    return ordered.map(({ slot }) => ({ block_number: slot, timestamp: 0, base_fee_per_gas: 0 }))
  return ordered.flatMap(({ slot, transactions }) =>
    transactions.map(({ sender, tip, arrivalMs }, index) => ({
      block_number: slot,
      transaction_index: index,
      from_address: sender,
      effective_gas_price: tip,
      first_seen_at: arrivalMs,
      success: true,
    })),
  )
}

export function part(count: number, of: number): number | null {
  return of === 0 ? null : count / of
}

const toNumber = (value: number | bigint | null | undefined): number | null =>
  value === null || value === undefined ? null : Number(value)
