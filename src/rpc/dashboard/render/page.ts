/** The page itself. Without scripts it has every number; with them it refreshes itself and draws. */
import { html } from 'hono/html'
import type { DashboardData } from '../data.ts'
import { DEFINITIONS, type DefinitionId } from '../definitions.ts'
import { formatTime } from '../words.ts'
import type { Html } from './parts.ts'
import { renderLists, renderPromises } from './preconf.ts'
import {
  renderClocks,
  renderForcedInclusions,
  renderGaps,
  renderHealth,
  renderReadiness,
  renderSequencers,
  renderSlots,
} from './sections.ts'

const SECTIONS: readonly DefinitionId[] = [
  'clocks',
  'slots',
  'sequencers',
  'gaps',
  'promises',
  'lists',
  'forced-inclusions',
  'health',
]

export function renderPage(data: DashboardData): Html {
  const { node, readAtMs } = data
  const now = readAtMs / 1000
  return renderDocument({
    title: `${node.network} · Plumbline`,
    base: 'dashboard/',
    body: html`<a class="skip" href="#main">Skip to the numbers</a>
<header>
<h1><img src="dashboard/icon.svg" alt="" width="28" height="28"> Plumbline <span class="network">${node.network}</span></h1>
<p class="identity">L2 chain ${node.l2ChainId} on L1 chain ${node.l1ChainId} · ${node.version}</p>
<div class="summary" data-summary>${renderReadiness(data)}</div>
<p class="as-of">As of <time datetime="${new Date(readAtMs).toISOString()}">${formatTime(now, now)}</time> UTC<span id="freshness"></span><noscript>; reload the page for newer numbers</noscript></p>
<p id="announcer" class="hidden" role="status"></p>
<nav aria-label="Sections"><ul>${SECTIONS.map(
      (id) => html`<li><a href="#${id}">${DEFINITIONS[id].title}</a></li>`,
    )}</ul></nav>
</header>
<main id="main" tabindex="-1">
${renderClocks(data)}
${renderSlots(data)}
${renderSequencers(data)}
${renderGaps(data)}
${renderPromises(data)}
${renderLists(data)}
${renderForcedInclusions(data)}
${renderHealth(data)}
</main>
<footer><p><a href="dashboard/data.json">The same numbers as JSON</a> <a href="dashboard/definitions">Definitions</a></p></footer>
<script type="module" src="dashboard/dashboard.js"></script>`,
  })
}

/** Addresses are relative, so that the page also works below a path of another server. */
export function renderDocument(input: {
  readonly title: string
  readonly base: string
  readonly body: Html
}): Html {
  const { title, base, body } = input
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="${base}icon.svg">
<link rel="stylesheet" href="${base}uPlot.css">
<link rel="stylesheet" href="${base}dashboard.css">
</head>
<body>
${body}
</body>
</html>
`
}
