/** Draws the table under the picture: what is drawn and what is read are the same figures. */
import uPlot from './uPlot.js'

const HEIGHT = 220
const DAY = 86_400
/** Seconds between two ticks, as people count time. */
const STEPS = [
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800],
  ...[3600, 7200, 14_400, 21_600, 43_200],
  ...[1, 2, 5, 10, 20, 50, 100].map((days) => days * DAY),
]

/** @type {{ plot: uPlot, key: string } | undefined} */
let drawn

/** Draws anew where the table, the width or the colours have changed. */
export function drawGaps() {
  const figure = document.getElementById('plot-gaps')
  const table = document.getElementById(figure?.dataset.table ?? '')
  if (!figure || !table) return
  const [times, gaps] = readGaps(table)
  figure.hidden = times.length < 2
  if (figure.hidden) return
  const style = getComputedStyle(document.documentElement)
  const colour = (name) => style.getPropertyValue(name).trim()
  const width = Math.floor(figure.clientWidth)
  const key = JSON.stringify([width, colour('--ink'), times, gaps])
  if (drawn?.key === key) return
  drawn?.plot.destroy()
  const axis = {
    stroke: colour('--soft'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  }
  const plot = new uPlot(
    {
      width,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          space: 90,
          size: 32,
          incrs: STEPS,
          values: (_, ticks, __, ___, step) => ticks.map((tick) => formatTick(tick, step)),
        },
        { ...axis, size: 64, incrs: STEPS, values: (_, ticks) => ticks.map(formatSeconds) },
      ],
      series: [
        {},
        {
          stroke: colour('--accent'),
          width: 1.5,
          fill: colour('--tint'),
          paths: uPlot.paths.stepped({ align: -1 }),
          points: {
            show: times.length <= width / 12,
            size: 6,
            fill: colour('--accent'),
            // The first is where the first gap begins, and has none itself.
            filter: () => [...gaps.keys()].slice(1),
          },
        },
      ],
    },
    [times, gaps],
    figure,
  )
  plot.root.setAttribute('aria-hidden', 'true')
  drawn = { plot, key }
}

/** Oldest first: when a proposal landed, and how long after the one before. @param {Element} table */
function readGaps(table) {
  const rows = [...table.querySelectorAll('tbody tr')].reverse()
  const [times, gaps] = [1, 2].map((column) =>
    rows.map((row) => Number(row.children[column]?.getAttribute('data-value') ?? Number.NaN)),
  )
  // The oldest has no gap of its own: a step to the next one begins there.
  if (Number.isNaN(gaps[0])) gaps[0] = gaps[1]
  return [times, gaps]
}

/** Hours and minutes, the day where steps are as long. All times of the page are UTC. */
function formatTick(seconds, step) {
  const iso = new Date(seconds * 1000).toISOString()
  return step >= DAY ? iso.slice(0, 10) : iso.slice(11, step < 60 ? 19 : 16)
}

function formatSeconds(seconds) {
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${seconds / 60} min`
  if (seconds < DAY) return `${seconds / 3600} h`
  return `${seconds / DAY} d`
}
