/** One page that needs nothing else: no script, no font, no server. What is drawn stands as a table under it, each with its CSV. */
import { html, raw } from 'hono/html'
import type { Value } from '../dataset/column.ts'
import type { MetricTable, MetricValue } from '../metrics/metric.ts'
import { tableCsv } from './csv.ts'
import { type Drawing, drawTable } from './plots.ts'
import type { Report, Section } from './reportData.ts'
import type { StageCard } from './stage.ts'
import { STYLE } from './style.ts'
import { formatValue } from './words.ts'

type Html = ReturnType<typeof html>
/** Names of addresses. */
type Labels = ReadonlyMap<string, string>

/** Rows shown of a long table; the CSV has all of them. */
const ROWS_SHOWN = 200

export async function renderReport(report: Report): Promise<string> {
  const { dataset, sections, stage } = report
  const labels = new Map(dataset.labels.map(({ address, label }) => [address, label]))
  const drawings = new Map<string, Drawing>()
  for (const table of sections.flatMap(({ tables }) => tables))
    drawings.set(table.id, await drawTable(table, labels))
  const title = `${dataset.network}, L1 blocks ${dataset.range.from} to ${dataset.range.to}`
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${title}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">To the figures</a>
<header>
<h1>${title}</h1>
${renderDataset(dataset)}
<nav aria-label="Sections"><ul>
${sections.map(({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li>\n`)}
${stage ? html`<li><a href="#stage">Stage and risks</a></li>` : ''}
</ul></nav>
</header>
<main id="main" tabindex="-1">
${sections.map((section) => renderSection(section, drawings, labels))}
${stage ? renderStage(stage) : ''}
</main>
</body>
</html>
`
  return `${await page}`
}

function renderDataset(dataset: Report['dataset']): Html {
  const facts: readonly (readonly [string, string])[] = [
    ['Network', `${dataset.network}: L2 chain ${dataset.l2ChainId} on L1 chain ${dataset.l1ChainId}`],
    ['Time (UTC)', `${formatValue(dataset.beginsAt, 'time')} to ${formatValue(dataset.endsAt, 'time')}`],
    ['Last L1 block', dataset.range.toHash],
    ['Made by', `Plumbline ${dataset.code.version}, commit ${dataset.code.commit}`],
    ['Rows', dataset.rows.map(({ table, rows }) => `${table} ${rows.toLocaleString('en-US')}`).join(', ')],
  ]
  return html`<dl class="facts">${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>
${dataset.notes.length === 0 ? '' : html`<h2>What is not in this dataset</h2><ul>${dataset.notes.map((note) => html`<li>${note}</li>`)}</ul>`}`
}

function renderSection(
  { id, title, definition, source, values, tables }: Section,
  drawings: ReadonlyMap<string, Drawing>,
  labels: Labels,
): Html {
  return html`<section id="${id}" aria-labelledby="h-${id}">
<h2 id="h-${id}">${title}</h2>
${values.length === 0 ? '' : html`<dl class="values">${values.map(renderValue)}</dl>`}
${tables.map((table) => renderTable(table, drawings.get(table.id), labels))}
<details><summary>Definition<span class="hidden"> of ${title}</span></summary><p>${definition}</p><p>Source: ${source}.</p></details>
</section>`
}

function renderValue({ id, title, unit, value, note }: MetricValue): Html {
  return html`<div id="value-${id}"><dt>${title}</dt><dd><data value="${exact(value)}">${formatValue(value, unit)}</data>${
    note === undefined ? '' : html`<span class="note">${note}</span>`
  }</dd></div>\n`
}

function renderTable(table: MetricTable, drawing: Drawing | undefined, labels: Labels): Html {
  const { id, title, columns, rows } = table
  const shown = rows.slice(0, ROWS_SHOWN)
  // A table that has them in a column of its own needs them nowhere else.
  const names: Labels = columns.some(({ name }) => name === 'label') ? new Map() : labels
  const csv = `data:text/csv;charset=utf-8,${encodeURIComponent(tableCsv(table))}`
  return html`<figure id="table-${id}">
<figcaption>${title}</figcaption>
${renderDrawing(drawing, title)}
${
  rows.length === 0
    ? html`<p class="note">Nothing to show.</p>`
    : html`<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table>
<thead><tr>${columns.map(({ name, unit }) => html`<th scope="col"${isNumeric(unit) ? html` class="num"` : ''}>${name}</th>`)}</tr></thead>
<tbody>${shown.map((row) => html`<tr>${row.map((value, index) => renderCell(value, columns[index]?.unit ?? '', names))}</tr>\n`)}</tbody>
</table></div>`
}
<p class="links">${rows.length > shown.length ? html`${shown.length} of ${rows.length} rows. ` : ''}<a download="${id}.csv" href="${csv}">${id}.csv<span class="hidden">: ${title}</span></a></p>
</figure>`
}

function renderDrawing(drawing: Drawing | undefined, title: string): Html | '' {
  switch (drawing?.type) {
    case 'svg':
      return html`<div class="scroll" tabindex="0" role="region" aria-label="Plot: ${title}"><img alt="Plot of the table below: ${title}" src="data:image/svg+xml;base64,${Buffer.from(drawing.svg).toString('base64')}"></div>`
    case 'nothing':
      return html`<p class="note">No plot: there is nothing in it to draw.</p>`
    default:
      return ''
  }
}

function renderCell(value: Value, unit: string, labels: Labels): Html {
  const label = unit === 'address' ? labels.get(String(value)) : undefined
  return html`<td${classOf(unit)}><data value="${exact(value)}">${formatValue(value, unit)}</data>${
    label === undefined ? '' : html`<span class="note">${label}</span>`
  }</td>`
}

function renderStage({ stage, warnings, missing, items, risks }: StageCard): Html {
  return html`<section id="stage" aria-labelledby="h-stage">
<h2 id="h-stage">Stage and risks</h2>
<dl class="values"><div><dt>Stage, in L2BEAT’s terms</dt><dd>${stage}</dd></div></dl>
${listOf('The next stage lacks', missing)}
${listOf('Unmet requirements of stage 0', warnings)}
<figure><figcaption>Risks</figcaption><div class="scroll" tabindex="0" role="region" aria-label="Risks"><table>
<thead><tr><th scope="col">risk</th><th scope="col">answer</th><th scope="col">sentiment</th><th scope="col">source</th></tr></thead>
<tbody>${risks.map(({ risk, answer, sentiment, source }) => html`<tr><td>${risk}</td><td>${answer}</td><td>${sentiment}</td><td>${source}</td></tr>\n`)}</tbody>
</table></div></figure>
<figure><figcaption>Requirements</figcaption><div class="scroll" tabindex="0" role="region" aria-label="Requirements"><table>
<thead><tr><th scope="col" class="num">stage</th><th scope="col">question</th><th scope="col">answer</th><th scope="col">source</th></tr></thead>
<tbody>${items.map(
    (item) =>
      html`<tr><td class="num">${item.stage}</td><td>${item.question}</td><td>${item.answer === null ? 'does not apply' : item.answer ? 'yes' : 'no'}</td><td>${item.source}</td></tr>\n`,
  )}</tbody>
</table></div></figure>
</section>`
}

function listOf(title: string, items: readonly string[]): Html | '' {
  return items.length === 0
    ? ''
    : html`<h3>${title}</h3><ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`
}

const exact = (value: Value): string => (value === null ? '' : String(value))
const classOf = (unit: string): Html | '' =>
  isNumeric(unit) ? html` class="num"` : unit === 'time' ? html` class="time"` : ''
const isNumeric = (unit: string): boolean => unit !== '' && unit !== 'address' && unit !== 'time'
