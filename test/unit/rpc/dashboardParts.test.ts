/** What the dashboard does with hostile words, missing parts, slow L1s and many viewers. */
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { StoredProposal } from '../../../src/chain/chain.ts'
import type { L1 } from '../../../src/l1/l1.ts'
import { TemporaryError } from '../../../src/primitives/errors.ts'
import { ZERO_HASH } from '../../../src/primitives/hex.ts'
import { toCsv } from '../../../src/rpc/dashboard/csv.ts'
import type { DashboardData, SlotsData } from '../../../src/rpc/dashboard/data.ts'
import type { DashboardDeps } from '../../../src/rpc/dashboard/deps.ts'
import { oncePer } from '../../../src/rpc/dashboard/once.ts'
import { createL1Blocks } from '../../../src/rpc/dashboard/read/l1Blocks.ts'
import { attempt } from '../../../src/rpc/dashboard/read/part.ts'
import { readSlots } from '../../../src/rpc/dashboard/read/slots.ts'
import { addDashboardRoutes } from '../../../src/rpc/dashboard/routes.ts'
import {
  formatAge,
  formatDuration,
  formatNumber,
  formatTime,
  shortHex,
} from '../../../src/rpc/dashboard/words.ts'
import type { SyncStatus } from '../../../src/rpc/deps.ts'
import type { Schedule, Turn, Window } from '../../../src/schedule/schedule.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
import { emptyBlock } from '../../support/rpcFakes.ts'
import { createTestChain, SYNCED, type TestChain, testSpec } from '../../support/rpcServer.ts'

let chain: TestChain
beforeAll(async () => {
  chain = await createTestChain(emptyBlock(0n))
})
afterAll(() => chain.close())

const HOSTILE = `"><script>alert('x')</script><img src=x onerror=alert(1)>&amp;`

function createApp(
  rpc: Partial<DashboardDeps['rpc']> = {},
  deps: Partial<Omit<DashboardDeps, 'rpc'>> = {},
): Hono {
  const app = new Hono()
  addDashboardRoutes(app, {
    rpc: {
      spec: testSpec(7n),
      chain: chain.chain,
      sync: () => SYNCED,
      clientVersion: 'plumbline/test',
      ...rpc,
    },
    lagMax: 10n,
    logger: silentLogger,
    ...deps,
  })
  return app
}

const pageOf = async (app: Hono) => (await app.request('/dashboard')).text()
const dataOf = async (app: Hono) =>
  (await (await app.request('/dashboard/data.json')).json()) as DashboardData
const plain = (html: string) =>
  html
    .replace(/<[^>]+>/g, ' ')
    .replace(/\u00a0/g, ' ')
    .replace(/\s+/g, ' ')

/** A schedule of one turn, whose slots are those of the test spec: twelve seconds from time zero. */
function scheduleOf(turn: Turn, currentSlot = 40n, more: Partial<Schedule> = {}): Schedule {
  const epoch = (number: bigint) => {
    const [firstSlot, lastSlot] = [number * 32n, number * 32n + 31n]
    const window: Window = { firstSlot, lastSlot, turn, isFallback: false }
    const l1 = { number: 100n, hash: ZERO_HASH }
    return {
      epoch: number,
      kind: 'open',
      firstSlot,
      lastSlot,
      windows: [window],
      trust: 'contract',
      l1,
    } as const
  }
  return {
    kind: async () => 'open',
    currentSlot: async () => currentSlot,
    currentEpoch: async () => currentSlot / 32n,
    epoch: async (number: bigint) => epoch(number),
    at: async () => undefined,
    forcedInclusions: async () => ({ l1: { number: 100n, hash: ZERO_HASH }, pending: 0, inclusions: [] }),
    problems: () => [],
    ...more,
  } as unknown as Schedule
}

test('words of servers and peers are text on the page, never markup', async () => {
  const app = createApp(
    {
      spec: { ...testSpec(7n), name: HOSTILE },
      clientVersion: HOSTILE,
      schedule: scheduleOf({ type: 'unknown', reason: HOSTILE }),
      sync: () => ({
        ...SYNCED,
        l1: {
          ...SYNCED.l1,
          trust: HOSTILE as never,
          providers: [{ name: HOSTILE, demotions: 1, lastError: `=cmd|${HOSTILE}` }],
        },
        problems: [HOSTILE],
        warnings: [HOSTILE],
      }),
    },
    {
      preconf: {
        sequencer: () => ({
          ...{ type: 'idle', detail: HOSTILE, posting: HOSTILE, canShutdown: true },
          unlanded: { blocks: 0, batches: 0 },
        }),
        follower: () => ({
          ...{ isAtTip: false, detail: HOSTILE, canShutdown: true },
          derived: chain.chain.heads().safe,
          executed: chain.chain.heads().latest,
          sources: [{ name: HOSTILE, state: 'waiting', detail: HOSTILE, received: 0, invalid: 0 }],
        }),
      },
    },
  )
  const page = await pageOf(app)
  expect(page.match(/&lt;script&gt;/g)!.length).toBeGreaterThan(10)
  expect(page.match(/<script/g)).toHaveLength(1)
  expect(page).not.toMatch(/<img(?! src="dashboard\/icon.svg")/)
  // What was escaped once already is not unescaped by being put in.
  expect(page).toContain('&amp;amp;')
  const csv = await (await app.request('/dashboard/l1-servers.csv')).text()
  expect(csv).toContain(`"'=cmd|""><script>`)
})

test('a field of a CSV file is quoted where it must be, and runs in no spreadsheet', () => {
  const cells = ['a,b', 'say "x"', '=1+1', '+1', '-1', '@x', 'two\nlines', 'plain', null, -3].map(
    (value) => ({ value }),
  )
  const columns = cells.map((_, i) => ({ key: `k${i}`, title: '' }))
  expect(toCsv({ id: 'gaps', caption: '', empty: '', columns, rows: [{ cells }] })).toBe(
    `k0,k1,k2,k3,k4,k5,k6,k7,k8,k9\r\n"a,b","say ""x""",'=1+1,'+1,'-1,'@x,"two\nlines",plain,,-3\r\n`,
  )
})

test('a node without an L1, a pool or promises says so in words', async () => {
  const words = plain(await pageOf(createApp()))
  expect(words).toContain('This node has no L1 to ask.')
  expect(words).toContain('This node takes no part in preconfirmations.')
  expect(words).toContain('none: this node takes no transactions')
  expect(words).toContain('No proposal has landed yet.')
  expect(words).toContain('Genesis. Derived from L1; nothing is preconfirmed past it.')
})

test('a node that is behind says what keeps it from being ready', async () => {
  const behind: SyncStatus = {
    ...SYNCED,
    cursor: { number: 60n, hash: ZERO_HASH },
    isSynced: false,
    problems: ['derivation is paused: no blob'],
  }
  const words = plain(await pageOf(createApp({ sync: () => behind })))
  expect(words).toContain('Not ready: derivation is paused: no blob')
  expect(words).toContain('Not ready: derivation is 40 L1 blocks behind the L1 head')
  expect(words).toContain('Everything up to here is derived, 40 blocks behind the head.')
  expect(words).not.toContain('Ready: answers')
})

test('a part that L1 does not give is a sentence, and the others are there', async () => {
  const failing = scheduleOf({ type: 'anyone' }, 40n, {
    epoch: () => Promise.reject(new TemporaryError('http://user:secret@l1.test is down')),
    forcedInclusions: () => Promise.reject(new Error('a bug')),
  })
  const error = vi.fn()
  const app = createApp({ schedule: failing }, { logger: { ...silentLogger, error } })
  const page = await pageOf(app)
  expect(plain(page)).toContain('L1 does not give the schedule now; the warnings under Health say why.')
  expect(plain(page)).toContain('An internal error keeps the forced inclusions away; the node has logged it.')
  expect(page).not.toContain('secret')
  expect(page).not.toContain('a bug')
  expect(error).toHaveBeenCalledOnce()
  expect((await dataOf(app)).clocks).toHaveLength(6)
})

test('a part that is slow does not hold up the page', async () => {
  const never = new Promise<never>(() => {})
  expect(await attempt(silentLogger, 'the schedule', () => never, 1)).toEqual({
    unavailable: 'L1 is slow: the schedule will be here when it answers.',
  })
})

test('what is not derived yet, or without the times of L1, is not called empty or missed', async () => {
  const outcomes = async (app: Hono) => {
    const { epochs } = (await dataOf(app)).slots as SlotsData
    return new Set(epochs[0]!.slots.filter(({ slot }) => slot < 40).map(({ outcome }) => outcome))
  }
  const schedule = scheduleOf({ type: 'anyone' })
  expect(await outcomes(createApp({ schedule }))).toEqual(new Set(['unknown']))

  // L1 blocks in every second slot, up to slot 38; derived up to slot 34.
  const l1: Pick<L1, 'ancestor'> = {
    ancestor: async (_, number) =>
      ({ number, hash: hashOf(number), parentHash: hashOf(number - 1n), timestamp: number * 24n }) as never,
  }
  const sync = (): SyncStatus => ({
    ...SYNCED,
    cursor: { number: 17n, hash: hashOf(17n) },
    l1: { ...SYNCED.l1, head: { number: 19n, hash: hashOf(19n) } },
  })
  const { epochs } = (await dataOf(createApp({ schedule, sync }, { l1 }))).slots as SlotsData
  expect(epochs[0]!.slots.slice(0, 10).map(({ outcome }) => outcome)).toEqual([
    ...['empty', 'missed', 'empty', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
    ...['next', 'upcoming'],
  ])
})

test('a proposal in a slot of nobody who opted in landed by the fallback', async () => {
  const proposal = { id: 5n, timestamp: 35n * 12n, firstBlock: 8n, lastBlock: 9n } as StoredProposal
  const fallback = scheduleOf({ type: 'anyone' }, 40n, {
    epoch: async (number) =>
      ({
        ...{ epoch: number, kind: 'lookahead', trust: 'proven', firstSlot: 32n, lastSlot: 63n },
        windows: [{ firstSlot: 32n, lastSlot: 63n, turn: { type: 'anyone' }, isFallback: true }],
      }) as never,
  })
  const { epochs, sequencers } = await readSlots({
    ...{ rpc: { spec: testSpec(7n) }, schedule: fallback, sync: SYNCED },
    proposals: [proposal, { ...proposal, id: 6n, firstBlock: 10n, lastBlock: 12n }],
  })
  expect(epochs[0]!.slots[3]).toMatchObject({
    ...{ slot: 35, outcome: 'fallback', proposals: [5, 6], firstBlock: 8, lastBlock: 12 },
  })
  expect(sequencers[0]).toMatchObject({ type: 'anyone', isFallback: true, landed: 4 })
})

test('L1 blocks are read once each, and at most sixty-four back', async () => {
  const asked: bigint[] = []
  const blocks = createL1Blocks({
    ancestor: async (_, number) => {
      asked.push(number)
      return {
        number,
        hash: hashOf(number),
        parentHash: hashOf(number - 1n),
        timestamp: number * 12n,
      } as never
    },
  })
  const head = { number: 1000n, hash: hashOf(1000n) }
  expect(await blocks.since(head, 0n)).toHaveLength(64)
  const before = asked.length
  expect((await blocks.since({ number: 1001n, hash: hashOf(1001n) }, 900n * 12n))!.at(-1)!.number).toBe(938n)
  expect(asked.slice(before)).toEqual([1001n])
  const down = createL1Blocks({ ancestor: () => Promise.reject(new TemporaryError('down')) })
  expect(await down.since(head, 0n)).toBeUndefined()
  expect(await down.at(head)).toBeUndefined()
})

test('many viewers cost one reading', async () => {
  const sync = vi.fn(() => SYNCED)
  const app = createApp({ sync })
  await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      app.request(['/dashboard', '/dashboard/data.json', '/dashboard/gaps.csv'][i % 3]!),
    ),
  )
  expect(sync).toHaveBeenCalledOnce()
})

test('a reading serves its time, and a failure nobody but those who waited for it', async () => {
  let now = 0
  let fails = false
  const read = vi.fn(async () => {
    if (fails) throw new Error('no')
    return now
  })
  const once = oncePer(1000, read, () => now)
  expect(await Promise.all([once(), once()])).toEqual([0, 0])
  now = 999
  expect(await once()).toBe(0)
  now = 1000
  expect(await once()).toBe(1000)
  now = 2000
  fails = true
  await expect(once()).rejects.toThrow('no')
  fails = false
  expect(await once()).toBe(2000)
  expect(read).toHaveBeenCalledTimes(4)
})

test('letters go on after Z, and one operator has one', async () => {
  const owner = (n: number, validatorIndex: bigint): Turn => ({
    type: 'owner',
    owner: {
      validatorIndex,
      registrationRoot: ZERO_HASH,
      committer: `0x${n.toString(16).padStart(40, '0')}`,
    },
  })
  const windows = (first: bigint): readonly Window[] =>
    Array.from({ length: 32 }, (_, i) => ({
      firstSlot: first + BigInt(i),
      lastSlot: first + BigInt(i),
      turn: owner(i % 28, BigInt(i)),
      isFallback: false,
    }))
  const schedule = scheduleOf({ type: 'anyone' }, 40n, {
    epoch: async (number) =>
      ({
        epoch: number,
        kind: 'lookahead',
        trust: 'proven',
        firstSlot: 32n,
        lastSlot: 63n,
        windows: windows(32n),
      }) as never,
  })
  const { sequencers } = (await dataOf(createApp({ schedule }))).slots as SlotsData
  expect(sequencers).toHaveLength(28)
  expect(sequencers.map(({ label }) => label).slice(24)).toEqual(['Y', 'Z', 'AA', 'AB'])
  expect(sequencers[0]).toMatchObject({ label: 'A', validators: 2, slots: 4 })
})

test('times and numbers read as people say them', () => {
  const spaces = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ').replace(/\u2060/g, '')
  const durations = [0, 0.9, 59, 60, 200, 3600, 7500, 86_399, 90_000].map((seconds) =>
    spaces(formatDuration(seconds)),
  )
  expect(durations).toEqual([
    '0 s',
    '0 s',
    '59 s',
    '1 min',
    '3 min 20 s',
    '1 h',
    '2 h 5 min',
    '23 h 59 min',
    '1 d 1 h',
  ])
  expect(spaces(formatAge(100, 112.9))).toBe('12 s ago')
  expect(spaces(formatAge(160, 100))).toBe('in 1 min')
  expect(formatTime(1_700_000_000, 1_700_000_100)).toBe('22:13:20')
  expect(formatTime(1_700_000_000, 1_700_100_000)).toBe('2023-11-14 22:13:20')
  expect(spaces(formatNumber(1_234_567))).toBe('1 234 567')
  expect(spaces(shortHex(`0x${'ab'.repeat(20)}`))).toBe('0xabab…abab')
})

function hashOf(number: bigint): `0x${string}` {
  return `0x${number.toString(16).padStart(64, '0')}`
}
