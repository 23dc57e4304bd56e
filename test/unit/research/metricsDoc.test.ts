/** docs/metrics.md is written from the metrics themselves: `UPDATE_DOCS=1 npx vitest run test/unit/research/metricsDoc.test.ts`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { METRICS } from '../../../src/research/metrics/all.ts'
import { inputOf } from '../../support/dataset.ts'

const FILE = join(import.meta.dirname, '../../../docs/metrics.md')

const HEAD = `# Metrics

Each is a pure function of a dataset's tables (docs/datasets.md), in \`src/research/metrics\`, with a worked example in
\`test/unit/research/metrics.test.ts\`. What a dataset does not show is \`null\` with its reason, never 0. Amounts are in wei, times in
seconds, shares from 0 to 1. Percentiles interpolate linearly (R-7), as \`quantile_cont\` in DuckDB and \`percentile_cont\` in PostgreSQL do.

This page is written from the code; a test holds the two together.
`

function render(): string {
  const sections = METRICS.map(({ id, title, definition, source, tables, compute }) => {
    const { values, tables: results } = compute(inputOf({}))
    return [
      `## ${title}`,
      `\`${id}\`, from ${tables.map((table) => `\`${table}\``).join(', ')}. Source: ${source}.`,
      definition,
      ...(values.length > 0
        ? [values.map((value) => `- \`${value.id}\` (${value.unit}): ${value.title}`).join('\n')]
        : []),
      ...results.map(
        (table) =>
          `Table \`${table.id}\`: ${table.columns.map(({ name, unit }) => (unit ? `${name} (${unit})` : name)).join(', ')}.`,
      ),
    ].join('\n\n')
  })
  return `${[HEAD, ...sections].join('\n')}`
    .replace(/\n(## )/g, '\n\n$1')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()
    .concat('\n')
}

test('docs/metrics.md says what the code computes', () => {
  if (process.env.UPDATE_DOCS) writeFileSync(FILE, render())
  expect(readFileSync(FILE, 'utf8')).toBe(render())
})
