/** How far the clocks are apart: promised, derived, final, executable. */
import type { Row } from '../dataset/column.ts'
import { distributionTable } from './distribution.ts'
import { numberOf, optionalNumber } from './fields.ts'
import type { Metric } from './metric.ts'

export const clockLags: Metric = {
  id: 'clock-lags',
  title: 'Lags of the clocks, and withdrawal time',
  definition:
    'Of each L2 block: preconfirmed − timestamp; safe (L1 block of its proposal) − timestamp; finalized − safe; executable (L1 block of the proof) − safe; and withdrawal time = executable − timestamp. ' +
    'Blocks that had not reached a clock by the end of the range are counted as “not yet”.',
  source: 'docs/metrics.md',
  tables: ['l2_blocks'],
  compute({ rows }) {
    const blocks = rows('l2_blocks')
    const lag = (name: string, from: (row: Row) => number | null, to: (row: Row) => number | null) => {
      const lags = blocks.map((row) => {
        const [start, end] = [from(row), to(row)]
        return start === null || end === null ? null : end - start
      })
      const reached = lags.filter((value) => value !== null)
      return { name, values: reached, censored: lags.length - reached.length }
    }
    const timestamp = (row: Row) => numberOf(row, 'timestamp')
    const safe = (row: Row) => numberOf(row, 'safe_at')
    const preconfirmed = (row: Row) => {
      const at = optionalNumber(row, 'preconfirmed_at')
      return at === null ? null : at / 1000
    }
    const finalized = (row: Row) => optionalNumber(row, 'finalized_at')
    const executable = (row: Row) => optionalNumber(row, 'executable_at')
    return {
      values: [],
      tables: [
        distributionTable({ id: 'clock-lags', title: 'Lags', unit: 'seconds', of: 'lag' }, [
          lag('timestamp to preconfirmed', timestamp, preconfirmed),
          lag('timestamp to safe', timestamp, safe),
          lag('safe to finalized', safe, finalized),
          lag('safe to executable', safe, executable),
          lag('withdrawal time', timestamp, executable),
        ]),
      ],
    }
  },
}
