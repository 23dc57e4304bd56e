/** Probes by hand: what is drawn, what a log comes to, and every number of the analysis. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, describe, expect, test } from 'vitest'
import { type Address, type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import { quantile } from '../../../src/research/metrics/quantile.ts'
import { analyse, costOf } from '../../../src/research/probe/analyse.ts'
import {
  CLASS_DEFINITIONS,
  ENTRIES,
  ENTRY_DEFINITIONS,
  PROBE_GAS,
  TARGET_CLASSES,
  targetOf,
} from '../../../src/research/probe/classes.ts'
import type { ProbeEvent } from '../../../src/research/probe/events.ts'
import { openProbeLog } from '../../../src/research/probe/log.ts'
import { outcomeAt } from '../../../src/research/probe/outcome.ts'
import { assertSamePlan, cellsOf, drawGroup, type Plan, senderKey } from '../../../src/research/probe/plan.ts'
import { createRecords } from '../../../src/research/probe/records.ts'
import { reportFiles } from '../../../src/research/probe/reportFiles.ts'
import { CELL_MIN } from '../../../src/research/probe/reportText.ts'

const ADDRESS: Address = `0x${'ab'.repeat(20)}`
const PLAN: Plan = {
  run: `0x${'01'.repeat(16)}`,
  chain: { name: 'devnet', l1ChainId: '31337', l2ChainId: '1670042' },
  payer: `0x${'0c'.repeat(20)}`,
  seed: 7,
  groups: 4,
  entries: ['rpc', 'forced'],
  classes: ['transfer', 'sensitive'],
  intervalMs: 60_000,
  cutoffMs: 100_000,
  until: 'safe',
  sensitive: [ADDRESS, `0x${'cd'.repeat(20)}`],
  contract: null,
}

const hashOf = (group: number, index: number): Hash =>
  `0x${(group * 100 + index).toString(16).padStart(64, '0')}`

describe('what is drawn', () => {
  test('each group has every cell once, in orders that differ, and is the same for the same seed', () => {
    const plan: Plan = { ...PLAN, entries: ['rpc', 'preconf', 'forced'], classes: TARGET_CLASSES }
    const groups = Array.from({ length: 60 }, (_, group) => drawGroup(plan, group))
    const named = groups.map(({ probes }) => probes.map((each) => `${each.entry} ${each.class}`))
    const cells = cellsOf(plan).map((cell) => `${cell.entry} ${cell.class}`)
    for (const names of named) expect([...names].sort()).toEqual([...cells].sort())
    expect(new Set(named.map(String)).size).toBe(60)
    // Every cell is first now and then: 12 cells, 60 groups.
    expect(new Set(named.map(([first]) => first)).size).toBeGreaterThan(8)
    expect(groups).toEqual(Array.from({ length: 60 }, (_, group) => drawGroup(plan, group)))
    expect(drawGroup({ ...plan, seed: 8 }, 0)).not.toEqual(groups[0])
    const receivers = groups.flatMap(({ probes }) => probes.map(({ drawn }) => drawn))
    expect(new Set(receivers).size).toBe(60 * 12)
    const listed = groups.flatMap(({ probes }) => probes.flatMap((each) => each.listed ?? []))
    expect(new Set(listed)).toEqual(new Set(PLAN.sensitive))
  })

  test('waits are exponential: their mean is the interval, their median ln 2 of it', () => {
    const waits = Array.from({ length: 2_000 }, (_, group) => drawGroup(PLAN, group).waitMs)
    const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length
    expect(mean / PLAN.intervalMs).toBeCloseTo(1, 1)
    expect(quantile(waits, 0.5)! / PLAN.intervalMs).toBeCloseTo(Math.LN2, 1)
    expect(Math.max(...waits)).toBeLessThanOrEqual(10 * PLAN.intervalMs)
  })

  test('all classes are transactions of one size and one gas limit', async () => {
    const account = privateKeyToAccount(
      senderKey(`0x${'11'.repeat(32)}`, PLAN, 0, { entry: 'rpc', class: 'call' }),
    )
    const sizes: number[] = []
    for (const targetClass of TARGET_CLASSES) {
      const signed = await account.signTransaction({
        type: 'eip1559',
        chainId: 1670042,
        nonce: 0,
        gas: PROBE_GAS,
        maxFeePerGas: 10n ** 9n,
        maxPriorityFeePerGas: 10n ** 8n,
        ...targetOf(targetClass, `0x${'ee'.repeat(20)}`, ADDRESS),
      })
      sizes.push(hexToBytes(signed).length)
    }
    // A signature's numbers may begin with zeros, which RLP leaves out.
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(2)
    expect(() => targetOf('sensitive', ADDRESS, undefined)).toThrow('needs an address')
  })

  test('every probe of every experiment has an account of its own', () => {
    const key = `0x${'11'.repeat(32)}` as const
    const other: Plan = { ...PLAN, run: `0x${'02'.repeat(16)}` }
    const keys = [PLAN, other].flatMap((plan) =>
      [0, 1].flatMap((group) => cellsOf(plan).map((cell) => senderKey(key, plan, group, cell))),
    )
    expect(new Set(keys).size).toBe(16)
  })

  test('a folder is not gone on with as another experiment', () => {
    expect(() => assertSamePlan(PLAN, { ...PLAN, run: '0x02' }, 'plan.json')).not.toThrow()
    expect(() => assertSamePlan(PLAN, { ...PLAN, seed: 8, groups: 5 }, 'plan.json')).toThrow(
      'plan.json holds another experiment (seed, groups)',
    )
  })
})

/** A group whose probes are in the order of the plan's cells. */
function group(number: number): ProbeEvent {
  return {
    type: 'group',
    group: number,
    gasPrice: { maxFeePerGas: '10', maxPriorityFeePerGas: '1' },
    funding: [],
    cost: { l1: '5', l2: '7' },
    probes: cellsOf(PLAN).map((cell, index) => ({
      ...cell,
      sender: ADDRESS,
      to: ADDRESS,
      raw: '0x02',
      hash: hashOf(number, index),
    })),
  }
}

type Told = {
  /** Null: not by the cut-off. */
  readonly latest: number | null
  readonly safe?: number | null
  readonly outcome?: 'accepted' | 'refused' | 'failed'
  readonly sentAt?: number | null
  /** The look before, ms earlier. */
  readonly gap?: number
  readonly queued?: { readonly l1Block: number; readonly l1Time: number; readonly succeeded?: boolean }
  readonly l1?: { readonly block: number; readonly time: number }
}

/** Sent at 1,000,000 and answered 10 ms later unless it is said. */
function told(hash: Hash, probe: Told): readonly ProbeEvent[] {
  const sent = 1_000_000
  const { sentAt = sent, gap = 250, outcome = 'accepted', queued, latest, safe } = probe
  const seen = (clock: 'latest' | 'safe', after: number): ProbeEvent => ({
    type: 'seen',
    ...{ hash, clock },
    at: sent + after,
    after: Math.max(sent, sent + after - gap),
    block: 9,
    ...(clock === 'safe' && { l1: probe.l1 ?? null }),
  })
  return [
    {
      type: 'answer',
      ...{ hash, sentAt, outcome },
      at: sent + 10,
      detail: outcome === 'accepted' ? '' : 'no room',
    },
    ...(queued
      ? ([{ type: 'queued', hash, after: sent, at: sent + 2_000, succeeded: true, ...queued }] as const)
      : []),
    ...(latest === null ? [] : [seen('latest', latest)]),
    ...(typeof safe === 'number' ? [seen('safe', safe)] : []),
    { type: 'ended', hash, at: sent + PLAN.cutoffMs },
  ]
}

const oneOutcome = (probe: Told, index = 0) => {
  const events = [group(0), ...told(hashOf(0, index), probe)]
  const record = createRecords(events).get(hashOf(0, index))!
  return outcomeAt(record, 'latest', PLAN)
}

describe('what a probe says', () => {
  test('a time between two looks, or that it is missing', () => {
    expect(oneOutcome({ latest: 3_000 })).toEqual({ type: 'reached', latency: 3_000, least: 2_750 })
    expect(oneOutcome({ latest: null })).toEqual({ type: 'missing' })
    // A refusal is no proof that it will not come; what counts is whether it does.
    expect(oneOutcome({ latest: null, outcome: 'refused' })).toEqual({ type: 'missing' })
    expect(oneOutcome({ latest: 500, outcome: 'refused' })).toMatchObject({ type: 'reached' })
  })

  test('no time where nobody looked, where a process ended between sending and answer, and none beyond the cut-off', () => {
    expect(oneOutcome({ latest: 60_000, gap: 5_000 })).toMatchObject({ type: 'reached' })
    expect(oneOutcome({ latest: 60_000, gap: 5_001 })).toEqual({ type: 'untimed' })
    expect(oneOutcome({ latest: 3_000, sentAt: null })).toEqual({ type: 'untimed' })
    expect(oneOutcome({ latest: 100_001 })).toEqual({ type: 'missing' })
    expect(oneOutcome({ latest: 150_000, gap: 40_000 })).toEqual({ type: 'missing' })
  })

  test('what L1 did not queue says nothing about the rollup', () => {
    const queued = { l1Block: 1, l1Time: 1 }
    expect(oneOutcome({ latest: null, queued }, 2)).toEqual({ type: 'missing' })
    expect(oneOutcome({ latest: null, queued: { ...queued, succeeded: false } }, 2)).toEqual({
      type: 'notEntered',
    })
    expect(oneOutcome({ latest: null, outcome: 'refused' }, 2)).toEqual({ type: 'notEntered' })
  })

  test('nothing yet while it is watched, or not sent', () => {
    const records = createRecords([group(0), told(hashOf(0, 0), { latest: null })[0]!])
    const outcomes = records.all().map((record) => outcomeAt(record, 'latest', PLAN).type)
    expect(outcomes).toEqual(['open', 'open', 'open', 'open'])
  })
})

/**
 * Cells in order: rpc transfer, rpc sensitive, forced transfer, forced sensitive. By rpc the sensitive one comes 2 s later, later by
 * 10 s, not at all, not at all.
 */
const EVENTS: readonly ProbeEvent[] = [
  { type: 'inbox', forcedInclusionDelay: 48, multiplier: 5 },
  { type: 'contract', transaction: { raw: '0x02', hash: hashOf(9, 9) }, address: ADDRESS, cost: '3' },
  ...[0, 1, 2, 3].map(group),
  ...told(hashOf(0, 0), { latest: 1_000, safe: 20_000 }),
  ...told(hashOf(1, 0), { latest: 2_000, safe: 21_000 }),
  ...told(hashOf(2, 0), { latest: 3_000, safe: 22_000 }),
  ...told(hashOf(3, 0), { latest: 4_000, safe: 23_000 }),
  ...told(hashOf(0, 1), { latest: 3_000, safe: 20_000 }),
  ...told(hashOf(1, 1), { latest: 12_000, safe: 40_000 }),
  ...told(hashOf(2, 1), { latest: null, outcome: 'refused' }),
  ...told(hashOf(3, 1), { latest: null }),
  ...[0, 1, 2, 3].flatMap((number) => [
    ...told(hashOf(number, 2), {
      latest: 50_000,
      safe: 50_000,
      queued: { l1Block: 100, l1Time: 5_000 },
      l1: { block: 104 + number, time: 5_048 + 12 * number },
    }),
    ...told(hashOf(number, 3), {
      latest: 50_100,
      safe: 50_100,
      queued: { l1Block: 100, l1Time: 5_000 },
      l1: { block: 104, time: 5_048 },
    }),
  ]),
]

describe('the analysis', () => {
  const { cells, comparisons, forced, groups } = analyse(PLAN, EVENTS)

  test('counts a cell, and leaves what is missing in its percentiles', () => {
    const [transfer, sensitive] = cells
    expect(transfer).toMatchObject({ n: 4, accepted: 4, refused: 0, displaced: 0, promises: null })
    expect(transfer!.answered).toEqual({ count: 4, p50: 10, p90: 10, p99: 10 })
    // R-7 of 1, 2, 3, 4 s: 1 + 3q; the upper ends by the same formula.
    expect(transfer!.clocks[0]).toMatchObject({
      clock: 'latest',
      count: 4,
      reached: 4,
      missing: 0,
      p50: 2_500,
    })
    expect(transfer!.clocks[0]!.p90).toBeCloseTo(3_700)
    expect(transfer!.clocks[0]!.p99).toBeCloseTo(3_970)
    // Wilson for 0 of 4: up to z²/(4 + z²) = 3.8415/7.8415.
    expect(transfer!.clocks[0]!.missingShare!.high).toBeCloseTo(0.4899, 4)
    expect(sensitive).toMatchObject({ accepted: 3, refused: 1, reasons: [{ reason: 'no room', count: 1 }] })
    expect(sensitive!.clocks[0]).toMatchObject({
      count: 4,
      reached: 2,
      missing: 2,
      p50: 'beyond',
      p99: 'beyond',
    })
    // Wilson for 2 of 4: 0.5 ± 1.96 √(0.0625 + 3.8415/64) / (1 + 3.8415/4).
    expect(sensitive!.clocks[0]!.missingShare!.low).toBeCloseTo(0.15, 3)
    expect(sensitive!.clocks[0]!.missingShare!.high).toBeCloseTo(0.85, 3)
  })

  test('compares classes pair by pair', () => {
    const [byRpc, byForce] = comparisons
    expect(byRpc).toMatchObject({
      cell: { entry: 'rpc', class: 'sensitive' },
      baseline: { entry: 'rpc', class: 'transfer' },
      ...{ clock: 'latest', pairs: 4, leftOut: 0, later: 4, earlier: 0, tied: 0 },
      ...{ onlyCellMissing: 2, onlyBaselineMissing: 0 },
      // 2 · 2⁻⁴, and 2 · 2⁻².
      ...{ signP: 0.125, missingP: 0.5 },
      // Two of the 16 sign patterns are as far from 0.
      permutationP: 0.125,
    })
    // 2, 10, 100 − 3 and 100 − 4 s.
    expect(byRpc!.effect!.mean).toBe((2_000 + 10_000 + 97_000 + 96_000) / 4)
    expect(byRpc!.effect!.low).toBeGreaterThanOrEqual(2_000)
    expect(byRpc!.effect!.high).toBeLessThanOrEqual(97_000)
    // 100 ms later each time, found by the same look: no order can be told, though the mean is not 0.
    expect(byForce).toMatchObject({ cell: { entry: 'forced' }, tied: 4, later: 0, signP: 1 })
    expect(byForce!.effect).toEqual({ mean: 100, low: 100, high: 100 })
    // Holm over the four class comparisons, all with p = 1/8 but for safe by rpc, whose first pair is equal: 2 of 8.
    expect(comparisons.slice(0, 4).map(({ permutationP }) => permutationP)).toEqual([
      0.125, 0.125, 0.25, 0.125,
    ])
    expect(comparisons.slice(0, 4).map(({ adjustedP }) => adjustedP)).toEqual([0.5, 0.5, 0.5, 0.5])
    expect(new Set(comparisons.map(({ verdict }) => verdict))).toEqual(new Set(['no difference shown']))
  })

  test('says so where pairs are many enough', () => {
    const plan: Plan = { ...PLAN, groups: 12, entries: ['rpc'] }
    const events = Array.from({ length: 12 }, (_, number): readonly ProbeEvent[] => [
      group(number),
      ...told(hashOf(number, 0), { latest: 1_000 + number, safe: 5_000 }),
      ...told(hashOf(number, 1), { latest: null }),
    ]).flat()
    const [latest, safe] = analyse(plan, events).comparisons
    expect(latest).toMatchObject({ verdict: 'later', onlyCellMissing: 12 })
    expect(latest!.missingP).toBeCloseTo(2 / 2 ** 12, 12)
    expect(latest!.adjustedP).toBeCloseTo((2 * 2) / 2 ** 12)
    expect(safe).toMatchObject({ verdict: 'later', later: 12 })
    const text = reportFiles(analyse(plan, events))['report.txt']
    expect(text).toContain(
      'By rpc, sensitive comes to latest later than transfer, and in 12 of 12 pairs it alone was not there by the cut-off.',
    )
    expect(text).toContain(`Fewer than ${CELL_MIN} probes in a cell`)
  })

  test('leaves out pairs of which one has neither time nor is missing', () => {
    const events = [
      ...[0, 1].map(group),
      ...told(hashOf(0, 0), { latest: 1_000 }),
      ...told(hashOf(0, 1), { latest: 9_000, gap: 8_000 }),
      ...told(hashOf(1, 0), { latest: 1_000 }),
    ]
    expect(analyse({ ...PLAN, entries: ['rpc'] }, events).comparisons[0]).toMatchObject({
      pairs: 0,
      leftOut: 2,
      effect: null,
    })
  })

  test('measures forced inclusions on L1, against what the inbox promises', () => {
    expect(forced).toEqual({
      ...{ due: 48, multiplier: 5 },
      byClass: [
        // 4, 5, 6, 7 blocks; 48, 60, 72, 84 s, of which three are beyond 48.
        {
          class: 'transfer',
          taken: 4,
          blocks: { p50: 5.5, max: 7 },
          seconds: { p50: 66, max: 84 },
          overdue: 3,
        },
        {
          class: 'sensitive',
          taken: 4,
          blocks: { p50: 4, max: 4 },
          seconds: { p50: 48, max: 48 },
          overdue: 0,
        },
      ],
    })
  })

  test('counts groups and cost', () => {
    expect(groups).toEqual({ sent: 4, interrupted: 0, spread: { p50: 0, max: 0 } })
    expect(costOf(EVENTS)).toEqual({ l1: 20n, l2: 31n })
    const interrupted = [group(0), ...told(hashOf(0, 0), { latest: 1_000, sentAt: null })]
    expect(analyse(PLAN, interrupted).groups).toMatchObject({ sent: 1, interrupted: 1 })
  })

  test('gives the same bytes for the same events', () => {
    const files = reportFiles(analyse(PLAN, EVENTS))
    expect(Object.keys(files)).toEqual([
      'report.txt',
      'report.json',
      'probes.csv',
      'cells.csv',
      'comparisons.csv',
    ])
    expect(reportFiles(analyse(structuredClone(PLAN), structuredClone(EVENTS)))).toEqual(files)
    expect(JSON.parse(files['report.json']!)).toMatchObject({ cost: { l1: '20', l2: '31' } })
    const [head, first] = files['probes.csv']!.split('\r\n')
    expect(head!.split(',').length).toBe(first!.split(',').length)
    expect(files['cells.csv']!.split('\r\n')).toHaveLength(1 + 4 * 2 + 1)
  })
})

describe('the log', () => {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-probe-'))
  afterAll(() => rmSync(dir, { recursive: true }))

  test('keeps every event, and cuts off what was not written to its end', () => {
    const path = join(dir, 'log.ndjson')
    const log = openProbeLog(path)
    log.append(...EVENTS)
    log.close()
    const whole = readFileSync(path, 'utf8')
    appendFileSync(path, '{"type":"sending","gro')
    const again = openProbeLog(path)
    expect(again.events()).toEqual(EVENTS)
    again.append({ type: 'sending', group: 4, at: 5 })
    again.close()
    expect(readFileSync(path, 'utf8')).toBe(`${whole}{"type":"sending","group":4,"at":5}\n`)
  })

  test('a line that is no event is an error with its number', () => {
    const path = join(dir, 'bad.ndjson')
    appendFileSync(path, '{"type":"sending","group":4,"at":5}\n{"type":"sending"}\n')
    expect(() => openProbeLog(path)).toThrow(`line 2 of ${path} is no event of a probe`)
  })
})

test('docs/probe.md defines entry points and classes as the code does', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/probe.md'), 'utf8')
  for (const entry of ENTRIES) expect(text).toContain(`| \`${entry}\` | ${ENTRY_DEFINITIONS[entry]}`)
  for (const each of TARGET_CLASSES) {
    const { definition, source } = CLASS_DEFINITIONS[each]
    expect(text).toContain(`| \`${each}\` | ${definition} | ${source} |`)
  }
})
