/** The dashboard's numbers are those of the RPC, over the same node: a derived chain, a lookahead, a book of promises, lists. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type DashboardData,
  type ForcedInclusionsData,
  isUnavailable,
  type SlotsData,
} from '../../../src/rpc/dashboard/data.ts'
import { TABLE_IDS } from '../../../src/rpc/dashboard/tables/table.ts'
import { createTable } from '../../../src/rpc/dashboard/tables/tables.ts'
import type { RpcServer } from '../../../src/rpc/server.ts'
import { createDashboardWorld, type DashboardWorld, HEAD_SLOT } from '../../support/dashboard.ts'
import { post, rpc, startTestRpc } from '../../support/rpcServer.ts'

let world: DashboardWorld
let server: RpcServer
let data: DashboardData
let page: string

beforeAll(async () => {
  world = await createDashboardWorld('dashboard')
  server = await startTestRpc({ ...world.rpc, preconf: world.preconfRpc }, {}, { l1: world.l1 })
  data = (await (await get('/dashboard/data.json')).json()) as DashboardData
  page = await (await get('/dashboard')).text()
})
afterAll(async () => {
  await server.close()
  await world.close()
})

const get = (path: string, init: RequestInit = {}) => fetch(`${server.url}${path}`, init)
const ask = async <T>(method: string, ...params: unknown[]): Promise<T> => {
  const answer = await rpc(server.url, method, params)
  expect(answer.error).toBeUndefined()
  return answer.result as T
}
const known = <T extends object>(part: T): Exclude<T, { unavailable: string }> => {
  expect(isUnavailable(part)).toBe(false)
  return part as never
}

type RpcBlock = { number: number; hash: string; timestamp?: number } | null
type RpcWindow = {
  sequencers: string[] | null
  right: string
  owner: { validatorIndex: string } | null
  window: { firstSlot: string; lastSlot: string }
}

test('the clocks are those of based_syncStatus', async () => {
  const status = await ask<Record<string, RpcBlock>>('based_syncStatus')
  const clocks = Object.fromEntries(data.clocks.map((clock) => [clock.name, clock]))
  const pairs = {
    latest: 'unsafe_l2',
    safe: 'safe_l2',
    finalized: 'finalized_l2',
    executable: 'l1_executable_l2',
  }
  for (const [name, key] of Object.entries(pairs)) {
    const { number, hash, timestamp } = status[key]!
    expect(clocks[name]).toMatchObject({ layer: 'L2', number, hash, timestamp })
  }
  expect(clocks.l1Head).toMatchObject({ layer: 'L1', ...status.head_l1! })
  expect(clocks.l1Derived).toMatchObject({ layer: 'L1', ...status.current_l1!, behind: 0 })
  expect(status.preconfirmed_l2).not.toBeNull()
  expect(clocks.safe!.behind).toBe(status.unsafe_l2!.number - status.safe_l2!.number)
  // Four clocks that differ, so that none can be taken for another.
  expect(new Set(data.clocks.slice(0, 3).map(({ number }) => number)).size).toBe(3)
  expect(clocks.l1Head!.timestamp).toBe(Number(world.world.timestampOf(HEAD_SLOT)))
})

test('who sequences each slot is what based_lookahead says of both epochs', async () => {
  const slots = known(data.slots) as SlotsData
  expect(slots.epochs.map(({ epoch }) => epoch)).toEqual([2, 3])
  expect(slots.currentSlot).toBe(Number((await ask<{ slot: string }>('based_sequencerForSlot')).slot))
  for (const epoch of slots.epochs) {
    const { windows } = await ask<{ windows: RpcWindow[] }>('based_lookahead', epoch.epoch)
    expect(epoch.slots.map(({ slot }) => slot)).toEqual(
      Array.from({ length: 32 }, (_, i) => epoch.epoch * 32 + i),
    )
    for (const slot of epoch.slots) {
      const window = windows.find(
        ({ window: { firstSlot, lastSlot } }) =>
          Number(firstSlot) <= slot.slot && slot.slot <= Number(lastSlot),
      )!
      const turn = slots.sequencers.find(({ label }) => label === slot.sequencer)!
      expect(turn.accounts).toEqual(window.sequencers ?? [])
      expect(turn.isFallback).toBe(window.right === 'fallback')
      expect(slot.validatorIndex).toBe(window.owner && String(BigInt(window.owner.validatorIndex)))
      expect([slot.windowFirstSlot, slot.windowLastSlot]).toEqual([
        Number(window.window.firstSlot),
        Number(window.window.lastSlot),
      ])
    }
  }
})

test('what came of each slot is what L1 holds', () => {
  const slots = known(data.slots) as SlotsData
  const blocks = new Map<number, { readonly proposals: number[] }>()
  for (let at = world.sim.head(); at.beacon.slot >= 64; at = world.sim.tree.block(at.header.parentHash)!) {
    const number = Number(at.header.number)
    const proposals = data.gaps.proposals.filter(({ l1Block }) => l1Block === number).map(({ id }) => id)
    blocks.set(at.beacon.slot, { proposals })
  }
  const outcomes = slots.epochs.flatMap((epoch) => epoch.slots)
  for (const { slot, outcome, proposals } of outcomes) {
    const block = blocks.get(slot)
    expect(proposals).toEqual(block?.proposals ?? [])
    if (slot > HEAD_SLOT) expect(outcome).toBe(slot === HEAD_SLOT + 1 ? 'next' : 'upcoming')
    else if (block === undefined) expect(outcome).toBe('missed')
    else expect(outcome).toBe(block.proposals.length === 0 ? 'empty' : 'landed')
  }
  expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(
    new Set(['landed', 'empty', 'missed', 'next', 'upcoming']),
  )
})

test('the gaps are between the times of based_getProposal', async () => {
  const { proposals, medianSeconds, longestSeconds, lastLandedAt } = data.gaps
  expect(proposals.map(({ id }) => id)).toEqual(world.sim.proposals().map(({ id }) => Number(id)))
  let before: number | undefined
  for (const proposal of proposals) {
    const found = await ask<Record<string, string>>('based_getProposal', proposal.id)
    const timestamp = Number(found.timestamp)
    expect(proposal).toMatchObject({
      timestamp,
      proposer: found.proposer,
      firstBlock: Number(found.firstBlock),
      lastBlock: Number(found.lastBlock),
      gapSeconds: before === undefined ? null : timestamp - before,
    })
    before = timestamp
  }
  const gaps = proposals.slice(1).map(({ gapSeconds }) => gapSeconds!)
  expect(longestSeconds).toBe(Math.max(...gaps))
  expect(gaps.filter((gap) => gap <= medianSeconds!).length).toBeGreaterThanOrEqual(gaps.length / 2)
  expect(lastLandedAt).toBe(before)
})

test('the queue is that of based_forcedInclusions', async () => {
  const queue = known(data.forcedInclusions) as ForcedInclusionsData
  const found = await ask<{
    pending: string
    l1Block: { number: string }
    inclusions: (Record<string, string> & { isOverdue: boolean; mustInclude: RpcWindow | null })[]
  }>('based_forcedInclusions')
  expect(queue).toMatchObject({ pending: Number(found.pending), l1Block: Number(found.l1Block.number) })
  expect(queue.inclusions).toEqual(
    found.inclusions.map(
      ({ index, blob, feeGwei, savedAt, dueAt, dueSlot, overdueAfter, isOverdue, mustInclude }) => ({
        index: Number(index),
        blob,
        feeGwei: String(BigInt(feeGwei!)),
        savedAt: Number(savedAt),
        dueAt: Number(dueAt),
        dueSlot: Number(dueSlot),
        overdueAfter: Number(overdueAfter),
        isDue: Number(dueSlot) <= HEAD_SLOT + 1,
        isOverdue,
        takenBy: expect.objectContaining({ accounts: mustInclude!.sequencers }),
      }),
    ),
  )
  expect(queue.inclusions.map(({ isOverdue }) => isOverdue)).toEqual([true, false, false])
})

test('promises are counted as based_preconfScorecard counts them', async () => {
  const promises = known(data.preconf!.promises!)
  const scores =
    await ask<{ signer: string; isOurs: boolean; counts: Record<string, Record<string, number>> }[]>(
      'based_preconfScorecard',
    )
  const names: Record<number, string> = { 4: 'inclusion', 5: 'execution' }
  if (!('scores' in promises)) throw new Error('no scores')
  for (const { signer, commitmentType, isOurs, kept, pending, broken, expired } of promises.scores) {
    const score = scores.find((each) => each.signer === signer)!
    expect(isOurs).toBe(score.isOurs)
    expect(score.counts[names[commitmentType]!]).toMatchObject({ kept, pending, broken, expired })
  }
  expect(promises.totals).toEqual({ kept: 7, pending: 2, broken: 2, expired: 1 })
  expect(promises.recent.map(({ outcome, reason }) => reason ?? outcome)).toEqual([
    ...['pending', 'pending', 'expired', 'late', 'missedSlot'],
    ...Array.from({ length: 7 }, () => 'kept'),
  ])
})

test('lists have the verdicts of based_getInclusionList, the stream the heads of based_preconfStatus', async () => {
  const lists = known(data.preconf!.lists!)
  if (!('records' in lists)) throw new Error('no lists')
  expect(lists.records).toHaveLength(2)
  for (const { lastSlot, verdict, committer } of lists.records)
    expect(await ask('based_getInclusionList', lastSlot)).toMatchObject({ verdict, committer })
  const status = await ask<Record<string, { number: string }>>('based_preconfStatus')
  expect(data.preconf!.follower).toMatchObject({
    received: Number(status.received!.number),
    executed: Number(status.executed!.number),
    derived: Number(status.derived!.number),
  })
})

test('health is that of /readyz', async () => {
  const { ready, reasons } = (await (await get('/readyz')).json()) as { ready: boolean; reasons: string[] }
  expect(data.health).toMatchObject({ ready, reasons, warnings: world.schedule.problems() })
  expect(page).toContain('Ready: answers are about the present.')
})

test('the page has every cell of every table without a script', async () => {
  const now = JSON.parse(JSON.stringify(data)) as DashboardData
  // Ages are of the moment of reading; everything else is in the page word for word.
  for (const id of TABLE_IDS)
    for (const { cells } of createTable(id, now).rows)
      for (const { value, text } of cells) {
        const shown = text ?? value
        if (shown !== null && !String(shown).includes('·')) expect(page).toContain(escapeHtml(String(shown)))
      }
  for (const { number } of data.clocks) expect(page).toContain(`<dd class="figure">${number}</dd>`)
})

test('a CSV file has the whole values of its table', async () => {
  for (const id of TABLE_IDS) {
    const response = await get(`/dashboard/${id}.csv`)
    expect(response.headers.get('content-type')).toContain('text/csv')
    expect(response.headers.get('content-disposition')).toContain(`${id}.csv`)
    const lines = (await response.text()).trimEnd().split('\r\n')
    const { columns, rows } = createTable(id, data)
    expect(lines[0]).toBe(columns.map(({ key }) => key).join(','))
    expect(lines).toHaveLength(rows.length + 1)
  }
  expect(await (await get('/dashboard/clocks.csv')).text()).toContain(data.clocks[1]!.hash)
})

test('nothing but this origin is allowed, and nothing inline', async () => {
  for (const path of [
    '/dashboard',
    '/dashboard/data.json',
    '/dashboard/definitions',
    '/dashboard/dashboard.js',
  ]) {
    const { headers } = await get(path)
    const policy = headers.get('content-security-policy')!.split('; ')
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "connect-src 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "form-action 'none'",
    ])
      expect(policy).toContain(rule)
    expect(headers.get('content-security-policy')).not.toContain('unsafe')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  }
  for (const html of [page, await (await get('/dashboard/definitions')).text()]) {
    expect(html).not.toMatch(/<script(?![^>]* src=)/)
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:/)
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//)
  }
})

test('each link of the page leads somewhere', async () => {
  const definitions = await (await get('/dashboard/definitions')).text()
  const targets = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, target]) => target!)
  expect(targets.length).toBeGreaterThan(80)
  for (const target of new Set(targets)) {
    const [path, anchor] = target.split('#')
    if (path === '') expect(page).toContain(`id="${anchor}"`)
    else expect((await get(`/${path}`)).status).toBe(200)
    if (path === 'dashboard/definitions' && anchor) expect(definitions).toContain(`id="${anchor}"`)
  }
})

test('static files are known to the browser by their tags, and nothing else is served', async () => {
  const first = await get('/dashboard/uPlot.js')
  const etag = first.headers.get('etag')!
  expect((await get('/dashboard/uPlot.js', { headers: { 'if-none-match': etag } })).status).toBe(304)
  for (const path of [
    '/dashboard/..%2fdeps.ts',
    '/dashboard/vendor/uPlot.js',
    '/dashboard/deps.ts',
    '/dashboard/x.csv',
  ])
    expect((await get(path)).status).toBe(404)
})

test('the vendored uPlot is the package’s', () => {
  const packaged = dirname(createRequire(import.meta.url).resolve('uplot'))
  const vendored = join(import.meta.dirname, '../../../src/rpc/dashboard/static/vendor')
  const read = (path: string) => readFileSync(path, 'utf8')
  expect(read(join(vendored, 'uPlot.js'))).toBe(read(join(packaged, 'uPlot.esm.js')))
  expect(read(join(vendored, 'uPlot.css'))).toBe(read(join(packaged, 'uPlot.min.css')))
  expect(read(join(vendored, 'uPlot.LICENSE.txt'))).toBe(read(join(packaged, '../LICENSE')))
})

test('GET of the root leads to the page; a POST is JSON-RPC as ever', async () => {
  const response = await get('/', { redirect: 'manual' })
  expect([response.status, response.headers.get('location')]).toEqual([302, 'dashboard'])
  expect((await get('/dashboard/')).url).toBe(`${server.url}/dashboard`)
  expect(
    (await post(server.url, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId' }))).status,
  ).toBe(200)
})

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
