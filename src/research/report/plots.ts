/** Which tables are drawn, and how: Vega-Lite, to SVG without a browser. What is drawn is in the table under it too. */
import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import type { Value } from '../dataset/column.ts'
import type { MetricTable } from '../metrics/metric.ts'

const WIDTH = 620
const HEIGHT = 220
const ROW_HEIGHT = 26
/** Okabe and Ito's colours, told apart by all; shapes and labels say the same. */
const COLORS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9']

type Datum = Readonly<Record<string, Value>>
type Draw = (rows: readonly Datum[]) => TopLevelSpec

/** By table id; a table that is not here is shown as a table alone. */
const PLOTS: Readonly<Record<string, Draw>> = {
  'proposer-economics': (rows) => bars(rows, { y: 'proposer', x: 'proposals', title: 'Proposals' }),
  'posting-gap-series': (rows) => ({
    ...base(rows.map((row) => ({ ...row, after: Number(row.after) * 1000 }))),
    height: HEIGHT,
    mark: { type: 'point', filled: true, size: 24 },
    encoding: {
      x: {
        field: 'after',
        type: 'temporal',
        scale: { type: 'utc' },
        title: 'Time of the proposal before the gap (UTC)',
      },
      y: { field: 'gap', type: 'quantitative', title: 'Gap, seconds' },
      color: { field: 'ongoing', type: 'nominal', title: 'Not ended', scale: { range: COLORS } },
      shape: { field: 'ongoing', type: 'nominal', title: 'Not ended' },
    },
  }),
  'windows-by-proposer': (rows) => stacked(rows, 'proposer', ['proposed', 'empty', 'missed'], 'Windows'),
  'promises-by-signer': (rows) =>
    stacked(rows, 'signer', ['kept', 'broken', 'expired', 'pending'], 'Promises'),
  'inclusion-delay': (rows) => ranges(rows, 'path and clock'),
  'clock-lags': (rows) => ranges(rows, 'lag'),
  'reverts-by-position': (rows) => ({
    ...base(rows),
    height: HEIGHT,
    mark: { type: 'bar', color: COLORS[0] as string },
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
        mark: { type: 'rule', strokeWidth: 3, color: COLORS[0] as string },
        encoding: {
          y: { field: 'order', type: 'nominal', title: null, axis: { labelLimit: 240 } },
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
        mark: { type: 'point', filled: true, size: 90, color: COLORS[0] as string },
        encoding: {
          y: { field: 'order', type: 'nominal' },
          x: { field: 'share', type: 'quantitative' },
        },
      },
      { mark: { type: 'rule', strokeDash: [4, 4] }, encoding: { x: { datum: 0.5 } } },
    ],
  }),
}

/** Null for a table that is not drawn, or has nothing to draw. */
export async function drawTable(table: MetricTable): Promise<string | null> {
  const draw = PLOTS[table.id]
  if (draw === undefined || table.rows.length === 0) return null
  const rows = table.rows.map((row) =>
    Object.fromEntries(table.columns.map(({ name }, index) => [name, plain(row[index] ?? null)])),
  )
  const spec = compile({ ...draw(rows), description: table.title } as TopLevelSpec).spec
  const view = new View(parse(spec), { renderer: 'none' })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}

/** Addresses by their two ends, which tell them apart in little room. */
function plain(value: Value): Value {
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'string' && /^0x[0-9a-f]{40}$/.test(value)
    ? `${value.slice(0, 8)}…${value.slice(-6)}`
    : value
}

function base(rows: readonly Datum[]) {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: WIDTH,
    background: 'white',
    config: {
      font: 'system-ui, sans-serif',
      axis: { labelFontSize: 12, titleFontSize: 12 },
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
    mark: { type: 'bar', color: COLORS[0] as string },
    encoding: {
      y: { field: y, type: 'nominal', sort: '-x', title: null, axis: { labelLimit: 240 } },
      x: { field: x, type: 'quantitative', title },
    },
  }
}

function stacked(rows: readonly Datum[], y: string, parts: readonly string[], title: string): TopLevelSpec {
  return {
    ...base(rows),
    height: { step: ROW_HEIGHT },
    transform: [{ fold: [...parts], as: ['outcome', 'count'] }],
    mark: { type: 'bar' },
    encoding: {
      y: { field: y, type: 'nominal', title: null, axis: { labelLimit: 240 } },
      x: { field: 'count', type: 'quantitative', title },
      color: {
        field: 'outcome',
        type: 'nominal',
        sort: [...parts],
        title: 'Outcome',
        scale: { domain: [...parts], range: COLORS },
      },
    },
  }
}

/** From the median to the 99th percentile, on a logarithmic axis: delays span milliseconds to hours. */
function ranges(rows: readonly Datum[], y: string): TopLevelSpec {
  const drawn = rows.filter((row) => Number(row.p50) > 0)
  const x = { type: 'quantitative', scale: { type: 'log' } } as const
  return {
    ...base(drawn),
    height: { step: ROW_HEIGHT },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 4, color: COLORS[5] as string },
        encoding: {
          y: { field: y, type: 'nominal', title: null, axis: { labelLimit: 260 } },
          x: { field: 'p50', title: 'Seconds: median (dot) to 99th percentile', ...x },
          x2: { field: 'p99' },
        },
      },
      {
        mark: { type: 'point', filled: true, size: 90, color: COLORS[0] as string },
        encoding: { y: { field: y, type: 'nominal' }, x: { field: 'p50', ...x } },
      },
    ],
  }
}
