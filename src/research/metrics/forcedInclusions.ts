/** What came of what L1 users queued past the proposers. */
import type { Row } from '../dataset/column.ts'
import { distributionTable } from './distribution.ts'
import { numberOf, optionalNumber, textOf } from './fields.ts'
import type { Metric } from './metric.ts'

export const forcedInclusions: Metric = {
  id: 'forced-inclusions',
  title: 'Forced inclusions',
  definition:
    'Delay = time of the L1 block of the proposal that took it − time of the L1 block that queued it, in seconds and in L1 blocks. Overdue: taken after its due time (queue time + the inbox’s delay), ' +
    'or not taken while the range ends after it. Voided ones are counted apart: the inbox was told to skip them.',
  source: 'docs/metrics.md; the inbox’s forcedInclusionDelay',
  tables: ['forced_inclusions'],
  compute({ rows, endsAt }) {
    const all = rows('forced_inclusions')
    const of = (outcome: string) => all.filter((row) => textOf(row, 'outcome') === outcome)
    const [included, pending] = [of('included'), of('pending')]
    const isPast = (row: Row, at: number): boolean =>
      at > (optionalNumber(row, 'due_at') ?? Number.POSITIVE_INFINITY)
    const late = included.filter((row) => isPast(row, numberOf(row, 'included_at')))
    const due = pending.filter((row) => isPast(row, endsAt))
    const isDueKnown = all.every((row) => optionalNumber(row, 'due_at') !== null)
    const inBlocks = included.flatMap((row) => {
      const saved = optionalNumber(row, 'saved_in_block')
      return saved === null ? [] : [numberOf(row, 'included_in_block') - saved]
    })
    const counts = [
      ['forced-included', 'Taken', included.length],
      ['forced-pending', 'Still queued', pending.length],
      ['forced-voided', 'Voided by the inbox', of('voided').length],
    ] as const
    const overdue = {
      ...{ id: 'forced-overdue', title: 'Overdue', unit: 'count' },
      ...(isDueKnown
        ? { value: late.length + due.length }
        : { value: null, note: 'not derivable: the inbox’s delay is not known' }),
    }
    return {
      values: [...counts.map(([id, title, value]) => ({ id, title, unit: 'count', value })), overdue],
      tables: [
        distributionTable(
          { id: 'forced-delay', title: 'Delay until taken', unit: 'seconds', of: 'measured' },
          [
            {
              name: 'seconds',
              values: included.map((row) => numberOf(row, 'included_at') - numberOf(row, 'saved_at')),
              censored: pending.length,
            },
          ],
        ),
        distributionTable(
          {
            id: 'forced-delay-blocks',
            title: 'Delay until taken, in L1 blocks',
            unit: 'count',
            of: 'measured',
          },
          [{ name: 'L1 blocks', values: inBlocks, censored: pending.length }],
        ),
      ],
    }
  },
}
