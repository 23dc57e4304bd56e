/** A report over a dataset of some thousand made-up rows: every number again by SQL, and the page as a reader without JavaScript has it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Report } from '../../../src/research/report/reportData.ts'
import { parseStageFacts, walkStages } from '../../../src/research/report/stage.ts'
import { writeReport } from '../../../src/research/report/writeReport.ts'
import { writeMadeUpDataset } from '../../support/madeUpDataset.ts'
import { expectSameBySql } from '../../support/reportSql.ts'

const FACTS = {
  stages: {
    0: [{ question: 'Are state roots on L1?', answer: true, source: 'the inbox' }],
    1: [{ question: 'Can users exit without operators?', answer: false, source: 'docs/stage.md' }],
    2: [{ question: 'Are fraud proofs open to all?', answer: null, source: 'there are none' }],
  },
  risks: [
    'State validation',
    'Data availability',
    'Exit window',
    'Sequencer failure',
    'Proposer failure',
  ].map((risk) => ({
    ...{ risk, answer: 'as <stated>', sentiment: 'warning', source: 'docs/stage.md' },
  })),
}

describe('report', () => {
  let dir: string
  let report: Report
  let page: string

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'plumbline-report-'))
    await writeMadeUpDataset(dir)
    const target = { dataset: dir, stage: parseStageFacts(FACTS, 'facts.json') }
    await writeReport({ ...target, html: join(dir, 'report.html'), json: join(dir, 'report.json') })
    await writeReport({ ...target, html: join(dir, 'again.html'), json: join(dir, 'again.json') })
    report = JSON.parse(readFileSync(join(dir, 'report.json'), 'utf8'))
    page = readFileSync(join(dir, 'report.html'), 'utf8')
  }, 120_000)
  afterAll(() => rmSync(dir, { recursive: true }))

  test('every number is what plain SQL over the files says', async () => {
    const compared = await expectSameBySql(report, join(dir, '*.parquet'))
    // Made so that nothing is trivially absent.
    expect(compared.filter(({ value }) => value === null || value === 0).map(({ id }) => id)).toEqual([])
    const empty = report.sections.flatMap(({ tables }) => tables).filter(({ rows }) => rows.length === 0)
    expect(empty.map(({ id }) => id)).toEqual([])
  })

  test('is the same bytes twice', () => {
    expect(readFileSync(join(dir, 'again.html'), 'utf8')).toBe(page)
    expect(readFileSync(join(dir, 'again.json'), 'utf8')).toBe(readFileSync(join(dir, 'report.json'), 'utf8'))
  })

  test('asks for nothing from anywhere', () => {
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`)
    expect(page).not.toMatch(/<script|<link|https?:\/\/(?!www\.w3\.org)[^<]*["']\s*>/)
  })

  test('every plot has its table under it, every table its CSV, every metric its definition', () => {
    const count = (pattern: RegExp) => [...page.matchAll(pattern)].length
    const tables = report.sections.flatMap((section) => section.tables)
    expect(count(/<img alt="Plot of the table below/g)).toBe(8)
    expect(count(/<a download="[a-z-]+\.csv" href="data:text\/csv/g)).toBe(tables.length)
    expect(count(/<summary>Definition/g)).toBe(report.sections.length)
    for (const { id } of report.sections.flatMap((section) => section.values))
      expect(page).toContain(`<div id="value-${id}">`)
    expect(page).toContain('first-seen times are made up &lt;&amp;&gt;')
    expect(page).toContain('as &lt;stated&gt;')
  })

  test('the stage stops at the first unmet requirement', () => {
    expect(report.stage).toMatchObject({
      stage: 0,
      missing: ['Can users exit without operators?'],
      warnings: [],
    })
    const facts = parseStageFacts(FACTS, 'facts.json')
    const met = {
      ...facts,
      stages: {
        ...facts.stages,
        0: [{ ...facts.stages[0][0]!, answer: false }],
        1: [{ ...facts.stages[1][0]!, answer: null }],
      },
    }
    expect(walkStages(met)).toMatchObject({ stage: 2, warnings: ['Are state roots on L1?'], missing: [] })
    expect(() => parseStageFacts({ ...FACTS, risks: FACTS.risks.slice(1) }, 'facts.json')).toThrow(
      'facts.json: risks must name each of',
    )
  })

  test('a file that was changed is refused by name', async () => {
    const manifest = JSON.parse(readFileSync(join(dir, 'dataset.json'), 'utf8'))
    const { file } = manifest.files[0]
    const bytes = readFileSync(join(dir, file))
    writeFileSync(join(dir, file), Buffer.concat([bytes, Buffer.from([0])]))
    await expect(writeReport({ dataset: dir, json: join(dir, 'x.json') })).rejects.toThrow(
      `${file} is not the file that dataset.json names`,
    )
    writeFileSync(join(dir, file), bytes)
  })
})
