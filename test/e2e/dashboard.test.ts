/** The dashboard in Chromium, on a started node: what is seen, read and heard, with and without scripts. */
import { mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { DashboardData } from '../../src/rpc/dashboard/data.ts'
import { TABLE_IDS, type TableId } from '../../src/rpc/dashboard/tables/table.ts'
import { createTable } from '../../src/rpc/dashboard/tables/tables.ts'
import type { RpcServer } from '../../src/rpc/server.ts'
import { findChromium, findViolations, NARROW, WIDE } from '../support/browser.ts'
import { createDashboardWorld, type DashboardWorld, HEAD_SLOT } from '../support/dashboard.ts'
import { eventually, rpc, startTestRpc } from '../support/rpcServer.ts'

const executablePath = findChromium()

describe.skipIf(executablePath === undefined)(
  'the dashboard in Chromium (needs `chromium` on the path)',
  () => {
    let world: DashboardWorld
    let server: RpcServer
    let browser: Browser
    let isServing = true
    const scratch = mkdtempSync(join(tmpdir(), 'plumbline-dashboard-'))

    beforeAll(async () => {
      // Near the clock of this machine, as it is for an operator.
      const genesisTime = BigInt(Math.floor(Date.now() / 1000) - (HEAD_SLOT * 12 + 5))
      world = await createDashboardWorld('dashboard', genesisTime)
      server = await startTestRpc({ ...world.rpc, preconf: world.preconfRpc }, {}, { l1: world.l1 })
      browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] })
    })
    afterEach(async () => {
      for (const context of browser.contexts()) await context.close()
    })
    afterAll(async () => {
      await browser?.close()
      if (isServing) await server?.close()
      await world?.close()
    })

    /** Every complaint of the page is kept: a refused script is one. */
    async function open(path = '/dashboard', options: BrowserContextOptions = {}) {
      const context = await browser.newContext({ viewport: WIDE, ...options })
      const page = await context.newPage()
      const complaints: string[] = []
      const requests: string[] = []
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('request', (request) => requests.push(request.url()))
      await page.goto(`${server.url}${path}`)
      return { page, complaints, requests }
    }
    const dataOf = async () =>
      (await (await fetch(`${server.url}/dashboard/data.json`)).json()) as DashboardData
    const ask = async <T>(method: string, ...params: unknown[]): Promise<T> =>
      (await rpc(server.url, method, params)).result as T

    for (const [name, viewport] of Object.entries({ narrow: NARROW, wide: WIDE }))
      for (const colorScheme of ['light', 'dark'] as const)
        test(`axe finds nothing, and nothing is cut off: ${name}, ${colorScheme}`, async () => {
          const { page, complaints, requests } = await open('/dashboard', { viewport, colorScheme })
          await page.waitForSelector('#plot-gaps canvas')
          const path = join(scratch, `${name}-${colorScheme}.png`)
          await page.screenshot({ path, fullPage: true })
          expect(statSync(path).size).toBeGreaterThan(10_000)
          for (const summary of await page.$$('summary')) await summary.click()
          await page.screenshot({ path: join(scratch, `${name}-${colorScheme}-open.png`), fullPage: true })
          expect(await findViolations(page)).toEqual([])
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(viewport.width)
          expect(complaints).toEqual([])
          expect(requests.filter((url) => !url.startsWith(`${server.url}/`))).toEqual([])
        })

    test('axe finds nothing in the definitions', async () => {
      const { page } = await open('/dashboard/definitions', { viewport: NARROW })
      expect(await findViolations(page)).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(NARROW.width)
    })

    test('letters twice as large cut nothing off', async () => {
      const { page } = await open('/dashboard', { viewport: { width: 640, height: 900 } })
      await page.evaluate('document.documentElement.style.fontSize = "200%"')
      await page.screenshot({ path: join(scratch, 'large.png'), fullPage: true })
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(640)
      expect(await findViolations(page)).toEqual([])
    })

    test('without scripts the page has every number of data.json', async () => {
      const { page } = await open('/dashboard', { javaScriptEnabled: false })
      const data = await dataOf()
      let cells = 0
      for (const id of TABLE_IDS) {
        const expected = createTable(id, data).rows.map((row) =>
          row.cells.map(({ value, text }) => text ?? value ?? '–'),
        )
        const shown = await readTable(page, id)
        expect(shown).toHaveLength(expected.length)
        for (const [i, row] of expected.entries())
          for (const [j, text] of row.entries()) {
            // An age has gone on meanwhile; the time beside it has not.
            const [time] = String(text).split(' · ')
            expect(shown[i]![j]!.split(' · ')[0]).toBe(time)
            cells++
          }
      }
      expect(cells).toBeGreaterThan(700)
      await expect(page.locator('noscript').textContent()).resolves.toContain('reload')
    })

    test('the numbers on the page are those that the RPC answers', async () => {
      const { page } = await open()
      const status = await ask<Record<string, { number: number } | null>>('based_syncStatus')
      const figures = await page.locator('#clocks .figure').allTextContents()
      const heads = ['unsafe_l2', 'safe_l2', 'finalized_l2', 'l1_executable_l2', 'head_l1', 'current_l1']
      expect(figures).toEqual(heads.map((head) => String(status[head]!.number)))

      const slots = await readTable(page, 'slots')
      const current = await ask<{ slot: string; sequencers: string[] }>('based_sequencerForSlot')
      const next = slots.find(([, , , , , , outcome]) => outcome === '▸ next')!
      expect(Number(next[0])).toBe(Number(current.slot))
      const who = (await readTable(page, 'sequencers')).find(([label]) => label === next[3])![1]!
      for (const account of current.sequencers) expect(who).toContain(account.slice(-4))

      for (const [id, , after, , l1Block, , first, last] of await readTable(page, 'gaps')) {
        const found = await ask<{ firstBlock: string; lastBlock: string; l1: { blockNumber: string } }>(
          'based_getProposal',
          Number(id),
        )
        expect([first, last, l1Block].map(Number)).toEqual(
          [found.firstBlock, found.lastBlock, found.l1.blockNumber].map(Number),
        )
        expect(after).toMatch(id === '1' ? /^–$/ : /^\d/)
      }
      const queue = await ask<{ inclusions: { index: string; dueSlot: string }[] }>('based_forcedInclusions')
      expect(
        (await readTable(page, 'forced-inclusions')).map((row) => [Number(row[0]), Number(row[3])]),
      ).toEqual(queue.inclusions.map(({ index, dueSlot }) => [Number(index), Number(dueSlot)]))
      const scores =
        await ask<{ signer: string; counts: Record<string, Record<string, number>> }[]>(
          'based_preconfScorecard',
        )
      const sum = (outcome: string) =>
        scores.flatMap(({ counts }) => Object.values(counts)).reduce((all, each) => all + each[outcome]!, 0)
      expect(await page.locator('#promises .figure').allTextContents()).toEqual([
        expect.stringMatching(/^\d+\.?\d* %$/),
        ...['kept', 'pending', 'broken', 'expired'].map((outcome) => String(sum(outcome))),
      ])
    })

    test('the plot is drawn, in the colours of the page', async () => {
      for (const colorScheme of ['light', 'dark'] as const) {
        const { page } = await open('/dashboard', { colorScheme })
        await page.waitForSelector('#plot-gaps canvas')
        const colours = await page.evaluate<string[]>(SOLID_COLOURS)
        expect(colours).toContain(colorScheme === 'light' ? '15,118,110' : '95,201,189')
      }
    })

    test('slots are walked with arrow keys, and lead to their row', async () => {
      const { page } = await open()
      await page.waitForSelector('#plot-gaps canvas')
      await page.keyboard.press('Tab')
      expect(await focused(page)).toContain('Skip to the numbers')
      await page.keyboard.press('Enter')
      expect(await page.evaluate('document.activeElement.id')).toBe('main')
      await page.focus('.timeline a[tabindex="0"]')
      expect(await focused(page)).toContain(`Slot ${HEAD_SLOT + 1}`)
      await page.keyboard.press('ArrowLeft')
      expect(await focused(page)).toContain(`Slot ${HEAD_SLOT}`)
      await page.keyboard.press('Home')
      expect(await focused(page)).toContain('Slot 64')
      await page.keyboard.press('End')
      expect(await focused(page)).toContain('Slot 95')
      await page.keyboard.press('Home')
      await page.keyboard.press('Enter')
      expect(await page.locator('#slot-64').isVisible()).toBe(true)
      expect(new URL(page.url()).hash).toBe('#slot-64')
      // One stop for the Tab key in each epoch.
      expect(await page.locator('.timeline a[tabindex="0"]').count()).toBe(2)
    })

    test('no outcome is told by colour alone', async () => {
      const { page } = await open()
      const slots = await page.locator('a.slot').allTextContents()
      expect(slots).toHaveLength(64)
      for (const slot of slots)
        expect(slot).toMatch(
          /^Slot \d+, sequencer [A-Z]+[✓↩–✕▸·?], (landed|empty|missed|next|upcoming|not known)/,
        )
    })

    test('nothing moves for those who ask for it', async () => {
      const scrolls = async (reducedMotion: 'reduce' | 'no-preference') => {
        const { page } = await open('/dashboard', { reducedMotion })
        return page.evaluate('getComputedStyle(document.documentElement).scrollBehavior')
      }
      expect(await scrolls('reduce')).toBe('auto')
      expect(await scrolls('no-preference')).toBe('smooth')
    })

    test('the page follows the node, and keeps what is open and where the focus is', async () => {
      const { page, complaints } = await open()
      await page.waitForSelector('#plot-gaps canvas')
      await page.click('#details-gaps summary')
      await page.focus('#details-slots summary')
      const before = world.node.chain.heads().safe.number
      const rows = (await readTable(page, 'gaps')).length
      await world.proposeNext()
      expect(world.node.chain.heads().safe.number).toBeGreaterThan(before)
      await eventually(async () =>
        expect(await page.locator('#clocks .figure').nth(1).textContent()).toBe(
          String(world.node.chain.heads().safe.number),
        ),
      )
      expect((await readTable(page, 'gaps')).length).toBe(rows + 1)
      expect(await page.locator('#details-gaps').getAttribute('open')).not.toBeNull()
      expect(await page.evaluate('document.activeElement.parentElement.id')).toBe('details-slots')
      expect(await page.locator('#plot-gaps canvas').count()).toBe(1)
      expect(complaints).toEqual([])
    })

    test('a node that has gone is said to have gone', async () => {
      const { page } = await open()
      isServing = false
      await server.close()
      await eventually(async () =>
        expect(await page.locator('#freshness').textContent()).toContain('does not answer'),
      )
    })
  },
)

/** Run in the page: red, green and blue of the plot's pixels that nothing shines through. */
const SOLID_COLOURS = `
  const canvas = document.querySelector('#plot-gaps canvas')
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  const seen = new Set()
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3] === 255) seen.add([data[i], data[i + 1], data[i + 2]].join())
  ;[...seen]`

async function readTable(page: Page, id: TableId): Promise<readonly string[][]> {
  const rows = await page.locator(`#table-${id} tbody tr`).all()
  return Promise.all(rows.map((row) => row.locator('td').allTextContents()))
}

function focused(page: Page): Promise<string> {
  return page.evaluate<string>('document.activeElement.textContent')
}
