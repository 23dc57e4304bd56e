/** Which tables are drawn, and how: Vega-Lite, to SVG without a browser. What is drawn is in the table under it too. */
import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import type { Value } from '../dataset/column.ts'
import type { MetricTable } from '../metrics/metric.ts'

const WIDTH = 620
const HEIGHT = 220
const ROW_HEIGHT = 26
/** Okabe and Ito's colours, told apart by all; shapes and labels say the same. */
const BLUE = '#0072B2'
const SKY = '#56B4E9'
const ORANGE = '#E69F00'
const VERMILLION = '#D55E00'
const PURPLE = '#CC79A7'
const LABEL_PIXELS = 280
const DAY_MS = 86_400_000

type Datum = Readonly<Record<string, Value>>
type Draw = (rows: readonly Datum[]) => TopLevelSpec

/** By table id; a table that is not here is shown as a table alone. */
const PLOTS: Readonly<Record<string, Draw>> = {
  'proposer-economics': (rows) => bars(rows, { y: 'proposer', x: 'proposals', title: 'Proposals' }),
  'posting-gap-series': gaps,
  'windows-by-proposer': (rows) =>
    stacked(rows, 'proposer', 'Windows', { proposed: BLUE, empty: ORANGE, missed: VERMILLION }),
  'promises-by-signer': (rows) =>
    stacked(rows, 'signer', 'Promises', {
      kept: BLUE,
      broken: VERMILLION,
      expired: ORANGE,
      pending: PURPLE,
    }),
  'inclusion-delay': (rows) => ranges(rows, 'path and clock'),
  'clock-lags': (rows) => ranges(rows, 'lag'),
  'reverts-by-position': (rows) => ({
    ...base(rows),
    height: HEIGHT,
    mark: { type: 'bar', color: BLUE },
    encoding: {
      x: { field: 'decile', type: 'ordinal', title: 'Tenth of the block', axis: { labelAngle: 0 } },
      y: { field: 'share', type: 'quantitative', title: 'Share that failed' },
    },
  }),
  'ordering-bias': (rows) => ({
    ...base(rows),
    height: { step: 2 * ROW_HEIGHT },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 3, color: BLUE },
        encoding: {
          y: { field: 'order', type: 'nominal', title: null, sort: null },
          x: {
            field: 'low',
            type: 'quantitative',
            title: 'Share of pairs that follow it, with 95 % interval',
            scale: { domain: [0, 1] },
          },
          x2: { field: 'high' },
        },
      },
      {
        mark: { type: 'point', filled: true, size: 90, color: BLUE },
        encoding: {
          y: { field: 'order', type: 'nominal', sort: null },
          x: { field: 'share', type: 'quantitative' },
        },
      },
      { mark: { type: 'rule', strokeDash: [4, 4] }, encoding: { x: { datum: 0.5 } } },
    ],
  }),
}

/** Columns of which one has to be more than nothing for a plot to show something. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  'proposer-economics': ['proposals'],
  'posting-gap-series': ['gap'],
  'windows-by-proposer': ['windows'],
  'promises-by-signer': ['promises'],
  'inclusion-delay': ['p50'],
  'clock-lags': ['p50'],
  'reverts-by-position': ['executed'],
  'ordering-bias': ['pairs'],
}

export type Drawing =
  | { readonly type: 'svg'; readonly svg: string }
  /** A plot belongs here, but no row has what it shows. */
  | { readonly type: 'nothing' }
  | { readonly type: 'tableAlone' }

/** @param labels Names of addresses. */
export async function drawTable(
  table: MetricTable,
  labels: ReadonlyMap<string, string> = new Map(),
): Promise<Drawing> {
  const draw = PLOTS[table.id]
  if (draw === undefined || table.rows.length === 0) return { type: 'tableAlone' }
  const rows = table.rows.map((row) =>
    Object.fromEntries(table.columns.map(({ name }, index) => [name, plain(row[index] ?? null, labels)])),
  )
  if (!rows.some((row) => (SHOWN[table.id] ?? []).some((column) => Number(row[column]) > 0)))
    return { type: 'nothing' }
  const spec = compile({ ...draw(rows), description: table.title } as TopLevelSpec).spec
  const view = new View(parse(spec), { renderer: 'none' })
  try {
    return { type: 'svg', svg: await view.toSVG() }
  } finally {
    view.finalize()
  }
}

/** Addresses by their name and by their two ends, which tell them apart in little room. */
function plain(value: Value, labels: ReadonlyMap<string, string>): Value {
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'string' || !/^0x[0-9a-f]{40}$/.test(value)) return value
  return [labels.get(value), `${value.slice(0, 8)}…${value.slice(-6)}`].filter(Boolean).join(' ')
}

function base(rows: readonly Datum[]) {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: WIDTH,
    background: 'white',
    config: {
      font: 'system-ui, sans-serif',
      axis: { labelFontSize: 12, titleFontSize: 12, labelLimit: LABEL_PIXELS },
      legend: { labelFontSize: 12 },
    },
    data: { values: [...rows] },
  } as const
}

function bars(
  rows: readonly Datum[],
  { y, x, title }: { readonly y: string; readonly x: string; readonly title: string },
): TopLevelSpec {
  return {
    ...base(rows),
    height: { step: ROW_HEIGHT },
    mark: { type: 'bar', color: BLUE },
    encoding: {
      y: { field: y, type: 'nominal', sort: '-x', title: null },
      x: { field: x, type: 'quantitative', title },
    },
  }
}

function gaps(rows: readonly Datum[]): TopLevelSpec {
  const drawn = rows.map(({ after, gap, ongoing }) => ({
    ...{ after: Number(after) * 1000, gap: gap ?? null },
    ended: ongoing === true ? 'not yet' : 'yes',
  }))
  const isLong = Number(drawn.at(-1)?.after) - Number(drawn[0]?.after) > 2 * DAY_MS
  const ended = { field: 'ended', type: 'nominal', title: 'Ended' } as const
  return {
    ...base(drawn),
    height: HEIGHT,
    mark: { type: 'point', filled: true, size: 24 },
    encoding: {
      x: {
        field: 'after',
        type: 'temporal',
        scale: { type: 'utc' },
        title: 'Time of the proposal before the gap (UTC)',
        axis: { format: isLong ? '%Y-%m-%d' : '%H:%M' },
      },
      y: { field: 'gap', type: 'quantitative', title: 'Gap, seconds' },
      color: { ...ended, scale: { domain: ['yes', 'not yet'], range: [BLUE, VERMILLION] } },
      shape: { ...ended, scale: { domain: ['yes', 'not yet'], range: ['circle', 'square'] } },
    },
  }
}

/** @param parts Columns with their colours. */
function stacked(
  rows: readonly Datum[],
  y: string,
  title: string,
  parts: Readonly<Record<string, string>>,
): TopLevelSpec {
  const names = Object.keys(parts)
  return {
    ...base(rows),
    height: { step: ROW_HEIGHT },
    transform: [{ fold: names, as: ['outcome', 'count'] }],
    mark: { type: 'bar' },
    encoding: {
      y: { field: y, type: 'nominal', title: null },
      x: { field: 'count', type: 'quantitative', title },
      color: {
        field: 'outcome',
        type: 'nominal',
        sort: names,
        title: 'Outcome',
        scale: { domain: names, range: Object.values(parts) },
      },
    },
  }
}

/** From the median to the 99th percentile, on a logarithmic axis: delays span milliseconds to hours. */
function ranges(rows: readonly Datum[], y: string): TopLevelSpec {
  const drawn = rows.filter((row) => Number(row.p50) > 0)
  const leftOut = rows.filter((row) => row.p50 !== null && Number(row.p50) <= 0).length
  const title = 'Seconds: median (dot) to 99th percentile'
  const x = { type: 'quantitative', scale: { type: 'log' } } as const
  const name = { field: y, type: 'nominal', sort: null, title: null } as const
  return {
    ...base(drawn),
    height: { step: ROW_HEIGHT },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 4, color: SKY },
        encoding: {
          y: name,
          x: {
            ...{ field: 'p50', ...x },
            title: leftOut === 0 ? title : `${title}; ${leftOut} with a median of 0 or less not drawn`,
          },
          x2: { field: 'p99' },
        },
      },
      {
        mark: { type: 'point', filled: true, size: 90, color: BLUE },
        encoding: { y: name, x: { field: 'p50', ...x } },
      },
    ],
  }
}
