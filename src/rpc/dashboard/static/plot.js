/** Draws the table under the picture: what is drawn and what is read are the same figures. */
import uPlot from './uPlot.js'

const HEIGHT = 220

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
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      legend: { show: false },
      cursor: { show: false },
      scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
      axes: [
        { ...axis, grid: { show: false }, space: 90 },
        { ...axis, size: 64, values: (_, ticks) => ticks.map(formatSeconds) },
      ],
      series: [
        {},
        {
          stroke: colour('--accent'),
          width: 1.5,
          fill: colour('--tint'),
          paths: uPlot.paths.stepped({ align: -1 }),
          points: { show: times.length <= width / 12, size: 6, fill: colour('--accent') },
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
  const points = rows.flatMap((row) => {
    const [time, gap] = [row.children[1], row.children[2]].map((cell) => cell?.getAttribute('data-value'))
    return time && gap ? [[Number(time), Number(gap)]] : []
  })
  return [points.map(([time]) => time), points.map(([, gap]) => gap)]
}

function formatSeconds(seconds) {
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.round((seconds / 60) * 10) / 10} min`
  return `${Math.round((seconds / 3600) * 10) / 10} h`
}
