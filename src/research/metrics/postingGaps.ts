/** How long between two proposals on L1, which gaps are anomalous, and how much of the time nothing was posted. */
import { type Anomaly, findAnomalies, type Interval, intervalsOf, WINDOW } from './anomalies.ts'
import { numberOf } from './fields.ts'
import type { Metric, MetricTable } from './metric.ts'
import { quantile } from './quantile.ts'

const DAY = 86_400
const RANGES = [
  { name: '30 days', seconds: 30 * DAY },
  { name: '90 days', seconds: 90 * DAY },
  { name: 'all', seconds: Number.POSITIVE_INFINITY },
]
/** A gap counts as downtime for as much as it exceeds this many median gaps. */
const DOWNTIME_MEDIANS = 3

export const postingGaps: Metric = {
  id: 'posting-gaps',
  title: 'Posting gaps, anomalies and downtime',
  definition:
    'Interval of a proposal: time of the next proposal’s L1 block − its own; proposals of one L1 block are one record. Average (rounded up), minimum and maximum over the ' +
    'intervals whose record is younger than 30 and 90 days, and over all. Anomaly: z = (interval − mean) / population deviation ≥ 15 and interval > mean, both over the intervals whose record ' +
    'lies in the 30 days before the minute of its record, with a virtual record at the end of the range; nothing is said with less than 59 days of records. ' +
    'Downtime = Σ max(0, interval − θ), θ = 3 × median interval, the gap to the end of the range included; uptime = 1 − downtime / time from the first record to the end. ' +
    'By anomalies, θ is the gap from which on it is one (mean + 15 deviations), and the time the last 30 days.',
  source: 'L2BEAT liveness (docs/metrics.md); conventions of outage studies',
  tables: ['proposals'],
  compute({ rows, endsAt }) {
    const records = [...new Set(rows('proposals').map((row) => numberOf(row, 'timestamp')))].sort(
      (a, b) => b - a,
    )
    const [newest] = records
    const oldest = records.at(-1)
    const closed = intervalsOf(records)
    const all = intervalsOf([endsAt, ...records])
    const median = quantile(
      closed.map(({ duration }) => duration),
      0.5,
    )
    const theta = median === null ? null : DOWNTIME_MEDIANS * median
    const downtime =
      theta === null ? null : all.reduce((sum, { duration }) => sum + Math.max(0, duration - theta), 0)
    const span = oldest === undefined ? 0 : endsAt - oldest
    const anomalies = findAnomalies(records, endsAt)
    return {
      values: [
        {
          id: 'unposted-age',
          title: 'Time since the last proposal',
          unit: 'seconds',
          value: newest === undefined ? null : endsAt - newest,
        },
        {
          id: 'downtime-threshold',
          title: 'Gap beyond which time counts as downtime',
          unit: 'seconds',
          value: theta,
        },
        { id: 'downtime', title: 'Downtime of posting', unit: 'seconds', value: downtime },
        {
          id: 'uptime',
          title: 'Uptime of posting',
          unit: 'share',
          value: downtime === null || span === 0 ? null : 1 - downtime / span,
        },
        ...anomalyDowntime(anomalies),
      ],
      tables: [statistics(closed, endsAt), anomalyTable(anomalies), gapTable(all)],
    }
  },
}

function statistics(closed: readonly Interval[], endsAt: number): MetricTable {
  return {
    id: 'posting-gap-statistics',
    title: 'Gaps between proposals',
    columns: [
      { name: 'range', unit: '' },
      { name: 'intervals', unit: 'count' },
      { name: 'average', unit: 'seconds' },
      { name: 'minimum', unit: 'seconds' },
      { name: 'maximum', unit: 'seconds' },
    ],
    rows: RANGES.map(({ name, seconds }) => {
      const durations = closed.flatMap(({ start, duration }) => (start > endsAt - seconds ? [duration] : []))
      const sum = durations.reduce((total, duration) => total + duration, 0)
      const average = durations.length === 0 ? null : Math.ceil(sum / durations.length)
      return [name, durations.length, average, quantile(durations, 0), quantile(durations, 1)]
    }),
  }
}

function anomalyDowntime(anomalies: readonly Anomaly[] | null) {
  const downtime = anomalies?.reduce((sum, { duration, threshold }) => sum + duration - threshold, 0) ?? null
  const note = downtime === null ? { note: 'less than 59 days of records' } : {}
  return [
    {
      id: 'anomaly-downtime',
      title: 'Downtime of posting by anomalies, of the last 30 days',
      ...{ unit: 'seconds', value: downtime, ...note },
    },
    {
      id: 'anomaly-uptime',
      title: 'Uptime of posting by anomalies, of the last 30 days',
      ...{ unit: 'share', value: downtime === null ? null : 1 - downtime / WINDOW, ...note },
    },
  ]
}

function anomalyTable(anomalies: readonly Anomaly[] | null): MetricTable {
  return {
    id: 'posting-anomalies',
    title:
      anomalies === null
        ? 'Anomalies: less than 59 days of records, nothing can be said'
        : 'Anomalies (z ≥ 15)',
    columns: [
      { name: 'after', unit: 'time' },
      { name: 'duration', unit: 'seconds' },
      { name: 'z', unit: 'ratio' },
      { name: 'ongoing', unit: '' },
    ],
    rows: (anomalies ?? []).map(({ start, duration, zScore, isOngoing }) => [
      start,
      duration,
      Number.isFinite(zScore) ? zScore : 'infinite',
      isOngoing,
    ]),
  }
}

/** What the report draws. Oldest first. */
function gapTable(all: readonly Interval[]): MetricTable {
  return {
    id: 'posting-gap-series',
    title: 'Each gap',
    columns: [
      { name: 'after', unit: 'time' },
      { name: 'gap', unit: 'seconds' },
      { name: 'ongoing', unit: '' },
    ],
    rows: all.toReversed().map(({ start, duration, isOngoing }) => [start, duration, isOngoing]),
  }
}
