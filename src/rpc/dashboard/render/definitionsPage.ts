/** What every figure means, on a page of its own. */
import { html } from 'hono/html'
import { DEFINITIONS } from '../definitions.ts'
import { renderDocument } from './page.ts'
import type { Html } from './parts.ts'

export function renderDefinitions(): Html {
  return renderDocument({
    title: 'Definitions · Plumbline',
    base: '',
    body: html`<header><h1>Definitions</h1>
<p class="as-of"><a href="../dashboard">Back to the numbers</a></p></header>
<main id="main">${Object.entries(DEFINITIONS).map(
      ([id, { title, text, terms, methods }]) => html`<section id="${id}" aria-labelledby="h-${id}">
<h2 id="h-${id}">${title}</h2>
${text.map((paragraph) => html`<p>${paragraph}</p>`)}
<dl class="terms">${terms.map(([term, meaning]) => html`<div><dt>${term}</dt><dd>${meaning}</dd></div>`)}</dl>
<p class="soft">Over JSON-RPC: ${methods.map((method, i) => html`${i === 0 ? '' : ', '}<code>${method}</code>`)}</p>
</section>`,
    )}</main>`,
  })
}
