/** How long a transaction took, by the way it came in and by the clock that is asked. */
import type { Row } from '../dataset/column.ts'
import { distributionTable, type Series } from './distribution.ts'
import { numberOf, optionalNumber } from './fields.ts'
import type { Metric, MetricInput } from './metric.ts'

export const inclusionDelay: Metric = {
  id: 'inclusion-delay',
  title: 'Inclusion delay by path',
  definition:
    'Own RPC: from when this node’s pool first had the transaction to each clock of the block that executed it: preconfirmed, safe (its proposal’s L1 block), finalized, executable. ' +
    'Preconfirmation: from the request to the signed promise. Forced inclusion: from the L1 block that queued it to the L1 block of the proposal that took it. ' +
    'Transactions that had not reached a clock by the end of the range are counted as “not yet”, not left out. Percentiles interpolate linearly (R-7).',
  source: 'docs/metrics.md; right-censoring as in studies of inclusion delay (ethresear.ch 15115)',
  tables: ['transactions', 'l2_blocks', 'promises', 'forced_inclusions'],
  compute(input) {
    return {
      values: [],
      tables: [
        distributionTable(
          { id: 'inclusion-delay', title: 'Delay by path and clock', unit: 'seconds', of: 'path and clock' },
          [...ownRpc(input), ...preconfirmation(input), ...forced(input)],
        ),
      ],
    }
  },
}

const CLOCKS = [
  { name: 'preconfirmed', column: 'preconfirmed_at', unitMs: 1 },
  { name: 'safe', column: 'safe_at', unitMs: 1000 },
  { name: 'finalized', column: 'finalized_at', unitMs: 1000 },
  { name: 'executable', column: 'executable_at', unitMs: 1000 },
] as const

function ownRpc({ rows }: MetricInput): readonly Series[] {
  const blocks = new Map(rows('l2_blocks').map((row) => [numberOf(row, 'block_number'), row]))
  const seen = rows('transactions').filter(
    (row) => row.success !== null && optionalNumber(row, 'first_seen_at') !== null,
  )
  return CLOCKS.map(({ name, column, unitMs }) => {
    const reached = seen.map((row) => {
      const at = optionalNumber(blocks.get(numberOf(row, 'block_number')) as Row, column)
      return at === null ? null : (at * unitMs - numberOf(row, 'first_seen_at')) / 1000
    })
    return seriesOf(`own RPC to ${name}`, reached)
  })
}

function preconfirmation({ rows }: MetricInput): readonly Series[] {
  const ours = rows('promises').filter((row) => row.is_ours === true && row.transaction_hash !== null)
  const delays = ours.map((row) => {
    const answered = optionalNumber(row, 'answered_at')
    return answered === null ? null : (answered - numberOf(row, 'requested_at')) / 1000
  })
  return [seriesOf('preconfirmation request to promise', delays)]
}

function forced({ rows }: MetricInput): readonly Series[] {
  const queued = rows('forced_inclusions').filter((row) => row.outcome !== 'voided')
  const delays = queued.map((row) => {
    const included = optionalNumber(row, 'included_at')
    return included === null ? null : included - numberOf(row, 'saved_at')
  })
  return [seriesOf('forced inclusion to safe', delays)]
}

function seriesOf(name: string, values: readonly (number | null)[]): Series {
  const reached = values.filter((value) => value !== null)
  return { name, values: reached, censored: values.length - reached.length }
}
