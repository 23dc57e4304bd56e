/** The pieces all sections are made of. Everything that is put into `html` is escaped. */
import { html } from 'hono/html'
import { DEFINITIONS, type DefinitionId } from '../definitions.ts'
import type { Table } from '../tables/table.ts'

/** Characters of a cell that stays on one line: a number, a short hash, an outcome. */
const UNBROKEN_MAX = 14

/** Text that is HTML already; a plain string is escaped when it is put in. */
export type Html = ReturnType<typeof html>

export function renderSection(input: {
  readonly id: DefinitionId
  readonly table?: Table
  /** Other tables of the section. */
  readonly moreTables?: readonly Table[]
  readonly body: Html
}): Html {
  const { id, table, moreTables = [], body } = input
  const tables = [...(table === undefined ? [] : [table]), ...moreTables]
  return html`<section id="${id}" aria-labelledby="h-${id}">
<div class="section-head"><h2 id="h-${id}">${DEFINITIONS[id].title}</h2>${renderLinks(id, tables)}</div>
${body}
</section>`
}

/** Each says of what it is: a list of links is read without the page around it. */
function renderLinks(definition: DefinitionId, tables: readonly Table[]): Html {
  return html`<p class="links">${tables.map(
    ({ id, caption }) =>
      html`<a href="dashboard/${id}.csv" download>${id}.csv<span class="hidden">: ${caption}</span></a> `,
  )}<a href="dashboard/definitions#${definition}">Definition<span class="hidden"> of ${DEFINITIONS[definition].title}</span></a></p>`
}

/** On a narrow screen each row becomes a list, whose items are named by `data-title`. */
export function renderTable(table: Table): Html {
  const { id, caption, columns, rows, empty } = table
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`
  return html`<table id="table-${id}"><caption>${caption}</caption>
<thead><tr>${columns.map(
    ({ title, isNumeric }) => html`<th scope="col"${numeric(isNumeric)}>${title}</th>`,
  )}</tr></thead>
<tbody>${rows.map(
    (row) =>
      html`<tr${row.id === undefined ? '' : html` id="${row.id}"`}>${row.cells.map(
        ({ value, text = value ?? '–' }, i) => {
          const { title, isNumeric } = columns[i] ?? { title: '' }
          const whole = typeof value === 'string' && text !== value && value.startsWith('0x')
          const classes = [
            isNumeric ? 'num' : '',
            value === null ? 'none' : '',
            String(text).length <= UNBROKEN_MAX ? 'unbroken' : '',
          ]
            .filter((name) => name !== '')
            .join(' ')
          return html`<td data-title="${title}"${classes === '' ? '' : html` class="${classes}"`}${
            typeof value === 'number' ? html` data-value="${value}"` : ''
          }>${whole ? html`<span title="${value}">${text}</span>` : text}</td>`
        },
      )}</tr>\n`,
  )}</tbody></table>`
}

const numeric = (isNumeric: boolean | undefined): Html | '' => (isNumeric ? html` class="num"` : '')

/** A table that is closed at first, since what stands above it says the main thing. */
export function renderDetails(table: Table, summary = 'Data as a table'): Html {
  if (table.rows.length === 0) return renderTable(table)
  return html`<details id="details-${table.id}"><summary>${summary}<span class="hidden">: ${table.caption}</span></summary>
${renderTable(table)}</details>`
}

export type Tile = { readonly title: string; readonly value: string; readonly note?: string }

/** A few figures side by side. */
export function renderTiles(tiles: readonly Tile[]): Html {
  const isShort = tiles.every(({ note }) => note === undefined)
  return html`<dl class="tiles${isShort ? ' short' : ''}">${tiles.map(
    ({ title, value, note }) =>
      html`<div class="tile"><dt>${title}</dt><dd class="figure">${value}</dd>${
        note === undefined ? '' : html`<dd class="note">${note}</dd>`
      }</div>\n`,
  )}</dl>`
}

/** A sentence with an icon before it; `isGood` decides more than the colour. */
export function renderState(isGood: boolean, sentence: string): Html {
  return html`<p class="state ${isGood ? 'good' : 'bad'}"><span class="icon" aria-hidden="true">${
    isGood ? '✓' : '✕'
  }</span> ${sentence}</p>`
}
