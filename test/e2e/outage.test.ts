/** Every outage scenario on a devnet of its own, with real contracts, nodes and sequencers: what each promise of the protocol came to. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { RECORD_FILES, writeRecords } from '../../src/cli/outage/records.ts'
import { runScenario } from '../../src/cli/outage/runScenario.ts'
import type { ScenarioOptions } from '../../src/cli/outage/scenario.ts'
import { SCENARIOS } from '../../src/cli/outage/scenarios/index.ts'
import { type OutageReport, reportOutage } from '../../src/research/outage/report.ts'
import type { Run } from '../../src/research/outage/run.ts'
import { silentLogger } from '../../src/telemetry/log.ts'
import { createWorkplace, isBuilt } from '../support/e2e.ts'

vi.setConfig({ testTimeout: 200_000, hookTimeout: 60_000 })

const directory = mkdtempSync(join(tmpdir(), 'plumbline-outage-test-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

let runs = 0
async function run(id: string, options: Partial<ScenarioOptions> = {}, seed = 1) {
  const scenario = SCENARIOS.find((each) => each.id === id)!
  const dataDir = join(directory, `run-${runs++}`)
  const seen: Run = await runScenario(scenario, {
    ...{ dataDir, seed, logger: silentLogger, signal: new AbortController().signal },
    options: { share: 0.5, successors: 1, ...options },
  })
  rmSync(dataDir, { recursive: true, force: true })
  return { run: seen, report: reportOutage(seen, scenario.title, scenario.promises) }
}

const verdictsOf = ({ verdicts }: OutageReport) =>
  Object.fromEntries(verdicts.map(({ promise, verdict }) => [promise, verdict]))
const ALWAYS = { 'clocks-in-order': 'held', 'finality-stands': 'held', 'comes-back': 'held' }

test('there is a run below for every scenario', () => {
  expect(SCENARIOS.map(({ id }) => id)).toEqual([
    'sequencer-offline',
    'blobs-withheld',
    'l1-stalls',
    'operators-colluding',
    'stolen-committer-key',
  ])
})

describe('sequencer-offline', () => {
  test('the next sequencer lands what was published, late and unchanged', async () => {
    const { run: seen, report } = await run('sequencer-offline')
    expect(verdictsOf(report)).toEqual({
      ...ALWAYS,
      'published-lands': 'held',
      'lands-in-window': 'broken',
      'schedule-goes-on': 'held',
      'due-is-taken': 'held',
      'included-by-bound': 'held',
      'only-by-turn': 'held',
    })
    expect(report.measures.promises).toMatchObject({ displaced: 0 })
    expect(report.measures.promises.landedLate).toBeGreaterThan(0)
    expect(seen.proposals.map(({ proposer }) => proposer)).toContain('operator-1')
  })

  test('without a successor somebody on no list proposes once the queue is overdue, and the promises are lost', async () => {
    const { run: seen, report } = await run('sequencer-offline', { successors: 0 })
    expect(verdictsOf(report)).toEqual({
      ...ALWAYS,
      'published-lands': 'broken',
      'lands-in-window': 'broken',
      'schedule-goes-on': 'not applicable',
      'due-is-taken': 'held',
      'included-by-bound': 'held',
      'only-by-turn': 'held',
    })
    const [first] = seen.proposals.filter(({ proposer }) => proposer === 'stranger')
    const [forced] = seen.transactions.filter(({ path }) => path === 'forced')
    expect(first).toMatchObject({ forcedInclusions: 1 })
    // The devnet's inbox: 48 seconds, five times over, in slots of twelve.
    expect(first!.slot - forced!.queuedSlot!).toBe(21)
  })
})

test('blobs-withheld: a node waits, an archive heals it, and two runs of one seed are the same files', async () => {
  const [first, second] = [await run('blobs-withheld'), await run('blobs-withheld')]
  expect(verdictsOf(first.report)).toEqual({
    ...ALWAYS,
    'missing-is-waited-for': 'held',
    'healed-is-the-same': 'held',
    'default-only-by-rule': 'held',
  })
  expect(first.report.measures.slotsToSay).toBe(0)
  expect(first.report.measures.clocks[1]).toMatchObject({ clock: 'safe', slotsFromEnd: 0 })
  const [one, other] = ['one', 'other'].map((name) => join(directory, name))
  await writeRecords(one!, first.run, first.report)
  await writeRecords(other!, second.run, second.report)
  expect(readdirSync(one!).sort()).toEqual([...RECORD_FILES].sort())
  const bytes = (dir: string) => RECORD_FILES.map((file) => readFileSync(join(dir, file), 'utf8'))
  expect(bytes(other!)).toEqual(bytes(one!))
})

test('l1-stalls: nothing is promised on a silent L1, and safe goes on without finality', async () => {
  const { report } = await run('l1-stalls')
  expect(verdictsOf(report)).toMatchObject({
    ...ALWAYS,
    'safe-without-finality': 'held',
    'not-on-silent-l1': 'held',
    'due-is-taken': 'held',
    'included-by-bound': 'held',
    'only-by-turn': 'held',
  })
})

test('operators-colluding: the queue bounds the delay that a share of the operators can cause', async () => {
  const { report } = await run('operators-colluding')
  expect(verdictsOf(report)).toEqual({
    ...ALWAYS,
    'due-is-taken': 'held',
    'included-by-bound': 'held',
    'only-by-turn': 'held',
  })
  expect(report.facts).toMatchObject({ operators: 8, colluders: 4 })
  const of = (sender: string, path: string) =>
    report.measures.delays.find((each) => each.sender === sender && each.path === path)!
  expect(of('censored sender', 'pool').median).toBeGreaterThan(of('free sender', 'pool').median!)
  expect(of('censored sender', 'forced').max).toBeLessThanOrEqual(22)
})

test('stolen-committer-key: followers have evidence, the bond pays, and L1 has the last word', async () => {
  const { report } = await run('stolen-committer-key')
  expect(verdictsOf(report)).toEqual({
    ...ALWAYS,
    'lies-are-evidence': 'held',
    'first-heard-stands': 'held',
    'l1-wins': 'held',
    'bond-pays-once': 'held',
    'stolen-key-ends': 'held',
  })
  // Two faults at an ether each, of a bond of one and a half.
  expect(report.facts).toMatchObject({ rivalBlocks: 2, faultsSlashed: 2, takenWei: '1500000000000000000' })
})

test.skipIf(!isBuilt)(
  'the command refuses an unknown scenario, and leaves nothing behind when it is stopped',
  async () => {
    const place = await createWorkplace()
    try {
      const wrong = place.start(['outage', '--scenario', 'earthquake'])
      expect(await wrong.exit()).toMatchObject({ code: 1 })
      expect(wrong.output()).toMatch(/^plumbline: .*scenario/m)
      const cli = place.start(['outage', '--scenario', 'l1-stalls', '--records', 'records'])
      await vi.waitFor(() => expect(childrenOf(cli.pid).length).toBeGreaterThan(0), 60_000)
      const children = childrenOf(cli.pid)
      cli.signal('SIGINT')
      expect(await cli.exit()).toMatchObject({ code: 0 })
      expect(children.filter(isAlive)).toEqual([])
      expect(readdirSync(place.directory)).toEqual([])
    } finally {
      await place.close()
    }
  },
)

function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(pid)
      } catch {
        return false
      }
    })
    .map(Number)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
