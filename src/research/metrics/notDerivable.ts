/** What readers ask for and no chain shows. It is listed, so that its absence is not taken for a zero. */
import type { Row } from '../dataset/column.ts'
import { groupRows, numberOf, optionalText } from './fields.ts'
import type { Metric } from './metric.ts'

const PLACES = [
  { kind: 'country', id: 'geography', title: 'Countries of proposers' },
  { kind: 'host', id: 'hosting', title: 'Hosts of proposers' },
] as const

export const notDerivable: Metric = {
  id: 'not-derivable',
  title: 'What L1 does not show',
  definition:
    'Place and host of proposers are on no chain; they come from a labels file or from nowhere. Counted are the different ones that it names, with their proposals over all proposals; what it does not name counts as not known. ' +
    'The share of proposals whose proposer has a label says how much the operator view rests on.',
  source: 'docs/metrics.md',
  tables: ['proposers'],
  compute({ rows }) {
    const proposers = rows('proposers')
    const all = proposalsOf(proposers)
    const shareOf = (of: readonly Row[]) => (all === 0 ? null : proposalsOf(of) / all)
    const placed = PLACES.map((place) => {
      const known = proposers.filter((row) => optionalText(row, place.kind) !== null)
      return { ...place, groups: groupRows(known, (row) => String(row[place.kind])) }
    })
    const labelled = proposers.filter((row) => optionalText(row, 'label') !== null)
    return {
      values: [
        ...placed.map(({ id, title, groups }) => ({
          ...{ id, title, unit: 'count' },
          ...(groups.size === 0
            ? {
                value: null,
                note: 'not derivable from L1; it needs a crawl of the network, or a labels file',
              }
            : { value: groups.size }),
        })),
        {
          id: 'labelled-share',
          title: 'Proposals by labelled proposers',
          unit: 'share',
          value: shareOf(labelled),
        },
      ],
      tables: [
        {
          id: 'places',
          title: 'Countries and hosts by the labels file',
          columns: [
            { name: 'kind', unit: '' },
            { name: 'name', unit: '' },
            { name: 'proposers', unit: 'count' },
            { name: 'proposals', unit: 'count' },
            { name: 'share of proposals', unit: 'share' },
          ],
          rows: placed.flatMap(({ kind, groups }) =>
            [...groups]
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([name, of]) => [kind, name, of.length, proposalsOf(of), shareOf(of)]),
          ),
        },
      ],
    }
  },
}

const proposalsOf = (rows: readonly Row[]): number =>
  rows.reduce((sum, row) => sum + numberOf(row, 'proposals'), 0)
