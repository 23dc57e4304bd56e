/** What readers ask for and no chain shows. It is listed, so that its absence is not taken for a zero. */
import { optionalText } from './fields.ts'
import type { Metric } from './metric.ts'

export const notDerivable: Metric = {
  id: 'not-derivable',
  title: 'What L1 does not show',
  definition:
    'Place and host of proposers are on no chain; they come from a labels file or from nowhere. The share of proposals whose proposer has a label says how much the operator view rests on.',
  source: 'docs/metrics.md',
  tables: ['proposers'],
  compute({ rows }) {
    const proposers = rows('proposers')
    const labelled = proposers.filter((row) => optionalText(row, 'label') !== null)
    const proposals = (of: typeof proposers) => of.reduce((sum, row) => sum + Number(row.proposals), 0)
    const note = 'not derivable from L1; it needs a crawl of the network, or a labels file'
    return {
      values: [
        { id: 'geography', title: 'Countries of proposers', unit: 'count', value: null, note },
        { id: 'hosting', title: 'Hosting of proposers', unit: 'count', value: null, note },
        {
          id: 'labelled-share',
          title: 'Proposals by labelled proposers',
          unit: 'share',
          value: proposals(proposers) === 0 ? null : proposals(labelled) / proposals(proposers),
        },
      ],
      tables: [],
    }
  },
}
