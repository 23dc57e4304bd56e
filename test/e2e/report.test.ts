/** The report's page in Chromium, from a file, without JavaScript and without a network. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Report } from '../../src/research/report/reportData.ts'
import { writeReport } from '../../src/research/report/writeReport.ts'
import { findChromium, findViolations, NARROW, WIDE } from '../support/browser.ts'
import { writeMadeUpDataset } from '../support/madeUpDataset.ts'

const executablePath = findChromium()

describe.skipIf(executablePath === undefined)('the report in Chromium (needs `chromium` on the path)', () => {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-report-page-'))
  let browser: Browser
  let report: Report

  beforeAll(async () => {
    await writeMadeUpDataset(dir)
    await writeReport({ dataset: dir, html: join(dir, 'report.html'), json: join(dir, 'report.json') })
    report = JSON.parse(readFileSync(join(dir, 'report.json'), 'utf8'))
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] })
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    rmSync(dir, { recursive: true, force: true })
  })

  const open = async (viewport: typeof WIDE, javaScriptEnabled: boolean) => {
    const context = await browser.newContext({ viewport, javaScriptEnabled, offline: true })
    const page = await context.newPage()
    const complaints: string[] = []
    const requests: string[] = []
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('request', (request) => requests.push(request.url()))
    await page.goto(pathToFileURL(join(dir, 'report.html')).href)
    return { page, complaints, requests, close: () => context.close() }
  }

  for (const [name, viewport] of Object.entries({ narrow: NARROW, wide: WIDE }))
    test(`axe finds nothing, nothing is cut off, nothing is loaded: ${name}`, async () => {
      const { page, complaints, requests, close } = await open(viewport, true)
      const path = join(dir, `${name}.png`)
      await page.screenshot({ path, fullPage: true })
      expect(statSync(path).size).toBeGreaterThan(50_000)
      expect(await findViolations(page)).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(viewport.width)
      expect(complaints).toEqual([])
      expect(requests.filter((url) => !/^(file|data):/.test(url))).toEqual([])
      await close()
    }, 60_000)

  test('without JavaScript every number of the JSON stands on the page', async () => {
    const { page, close } = await open(NARROW, false)
    for (const { id, value } of report.sections.flatMap(({ values }) => values)) {
      const shown = await page.locator(`#value-${id} data`).getAttribute('value')
      expect(shown, id).toBe(value === null ? '' : String(value))
    }
    const drawn = await page.locator('figure img').count()
    expect(drawn).toBe(8)
    for (const img of await page.locator('figure img').all())
      expect(await img.getAttribute('alt')).toMatch(/^Plot of the table below: ./)
    await close()
  }, 60_000)
})
