/** How steadily blocks were promised: the uptime of the preconfirmation clock. */
import { numberOf, optionalNumber } from './fields.ts'
import type { Metric } from './metric.ts'
import { quantile } from './quantile.ts'

/** A gap counts as downtime for as much as it exceeds this many expected block times. */
const DOWNTIME_BLOCKS = 3

export const preconfirmationUptime: Metric = {
  id: 'preconfirmation-uptime',
  title: 'Uptime of the preconfirmation clock',
  definition:
    'Gaps between the moments at which this node first had a block commitment, one block after the other. Expected block time: the median of the differences of the timestamps of neighbouring blocks that were both preconfirmed. ' +
    'Downtime = Σ max(0, gap − θ), θ = 3 × expected block time; uptime = 1 − downtime / time from the first of these moments to the last. What a node that was off did not hear counts as not said.',
  source: 'docs/metrics.md; conventions of outage studies',
  tables: ['l2_blocks'],
  compute({ rows }) {
    const blocks = rows('l2_blocks').flatMap((row) => {
      const at = optionalNumber(row, 'preconfirmed_at')
      return at === null
        ? []
        : [{ number: numberOf(row, 'block_number'), timestamp: numberOf(row, 'timestamp'), at: at / 1000 }]
    })
    const blockTimes = blocks.flatMap(({ number, timestamp }, index) => {
      const before = blocks[index - 1]
      return before?.number === number - 1 ? [timestamp - before.timestamp] : []
    })
    const moments = blocks.map(({ at }) => at).sort((a, b) => a - b)
    const gaps = moments.slice(1).map((at, index) => at - (moments[index] ?? at))
    const expected = quantile(blockTimes, 0.5)
    const theta = expected === null ? null : DOWNTIME_BLOCKS * expected
    const downtime = theta === null ? null : gaps.reduce((sum, gap) => sum + Math.max(0, gap - theta), 0)
    const span = (moments.at(-1) ?? 0) - (moments[0] ?? 0)
    const note =
      expected === null ? { note: 'no two neighbouring blocks of the range were preconfirmed' } : {}
    const inSeconds = { unit: 'seconds', ...note }
    return {
      values: [
        { id: 'expected-block-time', title: 'Expected block time', ...inSeconds, value: expected },
        {
          id: 'longest-preconfirmation-gap',
          title: 'Longest gap between two preconfirmations',
          ...inSeconds,
          value: quantile(gaps, 1),
        },
        {
          id: 'preconfirmation-downtime',
          title: 'Downtime of preconfirmation',
          ...inSeconds,
          value: downtime,
        },
        {
          id: 'preconfirmation-uptime',
          title: 'Uptime of preconfirmation',
          unit: 'share',
          value: downtime === null || span === 0 ? null : 1 - downtime / span,
          ...note,
        },
      ],
      tables: [],
    }
  },
}
