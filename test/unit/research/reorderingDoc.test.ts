/** The table of rules in docs/reordering.md is written from the rules: `UPDATE_DOCS=1 npx vitest run test/unit/research/reorderingDoc.test.ts`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ARRIVAL_MODELS } from '../../../src/research/ordering/arrival.ts'
import { chooseRule, RULES } from '../../../src/research/ordering/rules/index.ts'

const FILE = join(import.meta.dirname, '../../../docs/reordering.md')
const START = '| rule | definition | parameters | source |'

function render(): string {
  const overlay = chooseRule('inclusion-list+total-anarchy').rule
  const laidOver = {
    ...overlay,
    id: 'inclusion-list+RULE',
    definition: overlay.definition.replace('total-anarchy', 'RULE'),
  }
  const lines = [...RULES, laidOver].map(({ id, definition, parameters, source }) => {
    const given = parameters.map((each) => `\`${each.name}\` (${each.default}): ${each.definition}`)
    return `| \`${id}\` | ${definition} | ${given.join('<br>') || '–'} | ${source} |`
  })
  return `${[START, '|---|---|---|---|', ...lines].join('\n')}\n`
}

test('docs/reordering.md has every rule as it is, and every model of arrival', () => {
  const page = readFileSync(FILE, 'utf8')
  const [before = ''] = page.split(START)
  const wanted = before + render()
  if (process.env.UPDATE_DOCS === '1') writeFileSync(FILE, wanted)
  else expect(page).toBe(wanted)
  for (const model of ARRIVAL_MODELS) expect(page).toContain(`| \`${model}\` |`)
})
