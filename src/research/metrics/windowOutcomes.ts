/** What elected proposers made of their windows, and how many blocks hold nothing. */
import type { Row, Value } from '../dataset/column.ts'
import { groupRows, numberOf, optionalNumber, textOf } from './fields.ts'
import type { Metric } from './metric.ts'

export const windowOutcomes: Metric = {
  id: 'window-outcomes',
  title: 'Missed and empty windows, empty blocks',
  definition:
    'Window: the slots in which one proposer is elected. Missed: no proposal landed in it. Empty: proposals landed, but none of their blocks executed a transaction. ' +
    'Rates are over all windows that ended in the range. Empty block rate = L2 blocks without an executed transaction (the anchor transaction excepted) / L2 blocks. ' +
    'Missed slot rate = L1 slots without a block / L1 slots of the range.',
  source: 'docs/metrics.md',
  tables: ['windows', 'l2_blocks', 'l1_blocks'],
  compute({ rows, endsAt }) {
    const ended = rows('windows').filter((row) => numberOf(row, 'window_end') <= endsAt)
    const blocks = rows('l2_blocks')
    const l1 = rows('l1_blocks')
    const missedSlots = l1.reduce((sum, row) => sum + numberOf(row, 'missed_slots'), 0)
    const none = ended.length === 0 ? { note: 'nobody is elected: anyone may propose at any time' } : {}
    // What proposals alone tell of is only windows that were used.
    const areAllKnown = ended.every((row) => optionalNumber(row, 'window_start') !== null)
    const used = areAllKnown ? none : { note: 'not derivable: only windows with a proposal are known' }
    return {
      values: [
        {
          id: 'missed-window-rate',
          title: 'Windows without a proposal',
          unit: 'share',
          value: areAllKnown ? rate(ended, isMissed) : null,
          ...used,
        },
        {
          id: 'empty-window-rate',
          title: 'Windows with empty proposals only',
          unit: 'share',
          value: rate(ended, isEmpty),
          ...none,
        },
        {
          id: 'empty-block-rate',
          title: 'L2 blocks without a transaction',
          unit: 'share',
          value: rate(blocks, hasNothing),
        },
        {
          id: 'l1-missed-slot-rate',
          title: 'L1 slots without a block',
          unit: 'share',
          value: l1.length === 0 ? null : missedSlots / (l1.length + missedSlots),
        },
      ],
      tables: [
        {
          id: 'windows-by-proposer',
          title: 'Windows by proposer',
          columns: [
            { name: 'proposer', unit: 'address' },
            { name: 'windows', unit: 'count' },
            { name: 'proposed', unit: 'count' },
            { name: 'empty', unit: 'count' },
            { name: 'missed', unit: 'count' },
            { name: 'missed rate', unit: 'share' },
          ],
          rows: [...groupRows(ended, (row) => textOf(row, 'proposer'))].map(
            ([proposer, of]): readonly Value[] => [
              proposer,
              of.length,
              of.length - of.filter(isMissed).length - of.filter(isEmpty).length,
              of.filter(isEmpty).length,
              areAllKnown ? of.filter(isMissed).length : null,
              areAllKnown ? rate(of, isMissed) : null,
            ],
          ),
        },
      ],
    }
  },
}

const isMissed = (row: Row): boolean => row.outcome === 'missed'
const isEmpty = (row: Row): boolean => row.outcome === 'empty'
const hasNothing = (row: Row): boolean => numberOf(row, 'transactions') === 0

function rate(rows: readonly Row[], holds: (row: Row) => boolean): number | null {
  return rows.length === 0 ? null : rows.filter(holds).length / rows.length
}
