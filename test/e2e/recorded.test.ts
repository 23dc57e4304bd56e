/**
 * A devnet of three proposers over several hundred L1 blocks, through the command line: archive, dataset, report. Every number of the report again by
 * SQL; who is unreliable and who leaves somebody out comes out; kills in the middle lose and repeat nothing; the same input makes the same files.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDuckDb } from '../../src/research/dataset/duckdb.ts'
import { TABLES } from '../../src/research/dataset/tables.ts'
import type { Report } from '../../src/research/report/reportData.ts'
import { createWorkplace, isBuilt, until, type Workplace } from '../support/e2e.ts'
import { type L1Server, serveL1 } from '../support/l1/server.ts'
import { type RecordedDevnet, recordDevnet } from '../support/recordedDevnet/record.ts'
import { expectSameBySql } from '../support/reportSql.ts'

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 300_000
const POLL_MS = 10
const SLOTS = 336
const SECONDS_PER_SLOT = 12

describe.skipIf(!isBuilt)('a recorded devnet', () => {
  let place: Workplace
  let recorded: RecordedDevnet
  let server: L1Server
  let last: string
  let report: Report
  const close: (() => void)[] = []

  beforeAll(async () => {
    place = await createWorkplace()
    recorded = await recordDevnet({ dir: place.path('recorded'), slots: SLOTS, seed: 'e2e' })
    last = String(recorded.lastFinal)
    server = await serveL1(recorded.sim)
  }, TIMEOUT_MS)
  afterAll(async () => {
    for (const each of close) each()
    await place.close()
    await server.close()
  })

  const rules = ['--rollup.config', 'recorded/rollup.json', '--log.level', 'error']
  const online = () => ['--l1.rpc', server.url, '--l1.rate-limit', '1000', '--l1.poll-interval', '50']
  const run = async (...args: readonly string[]) => {
    const cli = place.start([...args])
    const { code } = await cli.exit()
    return { code, output: cli.output() }
  }
  const fetching = (dir: string, to: string = last) => [
    ...['archive', 'fetch', '--archive.dir', dir, '--to', to, ...rules, ...online()],
    ...['--l1.beacon', server.url],
  ]
  const exporting = (dir: string) => [
    ...['export', ...rules, ...online(), '--l1.archive', 'archive', '--datadir', 'recorded/node'],
    ...['--labels', 'recorded/labels.csv', '--export.dir', dir, '--export.chunk-size', '50'],
    ...['--export.format', 'parquet,csv,ndjson'],
  ]
  const reporting = (name: string) => [
    ...['report', '--dataset', 'dataset', '--report.html', `${name}.html`, '--report.json', `${name}.json`],
  ]
  const hashOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')
  const filesOf = (dir: string) =>
    Object.fromEntries(
      readdirSync(place.path(dir), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name !== 'dataset.duckdb')
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
        .map((path) => [path.slice(place.path(dir).length), hashOf(path)]),
    )
  const countFiles = (dir: string) => {
    try {
      return readdirSync(place.path(dir), { recursive: true }).length
    } catch {
      return 0
    }
  }
  /** Rows of a query over the Parquet files, one view for each table. */
  const ask = async (sql: string): Promise<readonly Readonly<Record<string, never>>[]> => {
    const { connection, close: closeDuckDb } = await openDuckDb()
    try {
      for (const { name } of TABLES)
        await connection.run(
          `CREATE VIEW "${name}" AS SELECT * FROM read_parquet('${place.path('dataset')}/*__${name}__*.parquet')`,
        )
      return (await connection.runAndReadAll(sql)).getRowObjectsJson() as never
    } finally {
      closeDuckDb()
    }
  }
  const value = (id: string) =>
    report.sections.flatMap(({ values }) => values).find((each) => each.id === id)!.value
  /** Rows of a table of the report, by its first columns. */
  const rowsOf = (id: string) => {
    const table = report.sections.flatMap(({ tables }) => tables).find((each) => each.id === id)!
    return table.rows.map(
      (row) =>
        Object.fromEntries(table.columns.map(({ name }, at) => [name, row[at]])) as Record<string, never>,
    )
  }

  test(
    'goes through archive, export and report, and every number is what SQL over the Parquet files says',
    async () => {
      const fetched = await run(...fetching('archive'))
      expect(fetched.output).toMatch(new RegExp(`archive: ${last} L1 blocks and \\d+ blobs fetched\n`))
      expect(Number(last)).toBeGreaterThanOrEqual(300)
      const exported = await run(...exporting('dataset'))
      expect(exported.output).toMatch(
        new RegExp(`dataset: L1 blocks 1 to ${last}, \\d+ rows in \\d+ files\n`),
      )
      expect(await run(...reporting('report'))).toEqual({ code: 0, output: 'report.html\nreport.json\n' })
      report = JSON.parse(readFileSync(place.path('report.json'), 'utf8'))
      const compared = await expectSameBySql(report, place.path('dataset/*.parquet'))
      expect(compared.length).toBeGreaterThan(30)
    },
    TIMEOUT_MS,
  )

  test('CSV and NDJSON hold the rows of the Parquet files', async () => {
    const { connection, close: closeDuckDb } = await openDuckDb()
    try {
      for (const { name } of TABLES)
        for (const [format, read] of [
          ['csv', 'read_csv'],
          ['ndjson', 'read_json'],
        ]) {
          const files = (ending: string) => `'${place.path('dataset')}/*__${name}__*.${ending}'`
          const [[rows, other] = []] = (
            await connection.runAndReadAll(
              `SELECT (SELECT count(*) FROM read_parquet(${files('parquet')})),
                 (SELECT count(*) FROM ${read}(${files(format!)}${format === 'csv' ? ', header = true' : ''}))`,
            )
          ).getRows()
          expect([name, format, other]).toEqual([name, format, rows])
        }
    } finally {
      closeDuckDb()
    }
  })

  test('proposers are counted as L1 has them', () => {
    const { sim, proposers } = recorded
    const proposed = sim.proposals().filter(({ id }) => sim.view.at(Number(last)) !== undefined && id > 0n)
    const counts = Object.values(proposers).map(
      (address) =>
        proposed.filter(
          ({ proposer, timestamp }) =>
            proposer === address && timestamp <= sim.blockAt(Number(last)).header.timestamp,
        ).length,
    )
    const total = counts.reduce((sum, count) => sum + count, 0)
    const [byProposals] = rowsOf('concentration')
    expect(byProposals).toMatchObject({ counted: 'proposals', by: 'address', entities: 3 })
    expect(byProposals!.HHI).toBeCloseTo(
      counts.reduce((sum, count) => sum + ((100 * count) / total) ** 2, 0),
      6,
    )
    // Half of the turns are the excluding one's, and some of the unreliable one's are nobody's: more than half of the proposals.
    expect(value('nakamoto-half')).toBe(1)
    expect(value('max-share')).toBeCloseTo(Math.max(...counts) / total, 9)
    expect(Math.max(...counts)).toBe(counts[1])
  })

  test('who is unreliable misses turns, and time counts as downtime', () => {
    const { sim, proposers, unreliable } = recorded
    // A turn that goes on after the range is not counted yet.
    const { slot: lastSlot } = sim.blockAt(Number(last)).beacon
    const slept = unreliable.asleep.filter((first) => first + unreliable.slotsPerEpoch - 1 <= lastSlot)
    const rows = rowsOf('windows-by-proposer')
    const of = (address: string) => rows.find(({ proposer }) => proposer === address)!
    expect(of(proposers.steady)).toMatchObject({ missed: 0 })
    expect(of(proposers.excluding)).toMatchObject({ missed: 0 })
    expect(of(proposers.unreliable).missed).toBe(slept.length)
    expect(slept.length).toBeGreaterThan(1)
    expect(unreliable.late.length).toBeGreaterThan(1)
    expect(Number(of(proposers.excluding).windows)).toBeGreaterThan(Number(of(proposers.steady).windows))
    expect(value('missed-window-rate')).toBeGreaterThan(0)
    expect(value('downtime')).toBeGreaterThan(0)
  })

  test('who is late posts late in his turns', async () => {
    const rows = await ask(
      `SELECT w.proposer, avg(first - window_start::BIGINT) AS lag FROM (
         SELECT w.window_start, w.proposer, min(p.timestamp::BIGINT) AS first FROM windows w JOIN proposals p
         ON p.proposer = w.proposer AND p.timestamp BETWEEN w.window_start AND w.window_end GROUP BY ALL) w GROUP BY ALL`,
    )
    const lagOf = (address: string) => Number(rows.find(({ proposer }) => proposer === address)!.lag)
    const { steady, excluding, unreliable } = recorded.proposers
    expect(lagOf(unreliable)).toBeGreaterThan(lagOf(steady) + SECONDS_PER_SLOT)
    expect(lagOf(unreliable)).toBeGreaterThan(lagOf(excluding) + SECONDS_PER_SLOT)
  })

  test('who is left out comes in through others or by forced inclusion, and waits for it', async () => {
    const { excluded, proposers, forced } = recorded
    // Who ordered a block is its coinbase; its proposer may have found it unposted.
    const rows = await ask(
      `SELECT b.coinbase AS proposer, t.is_forced_inclusion AS forced, count(*)::INT AS n FROM transactions t
       JOIN l2_blocks b USING (block_number) WHERE t.success AND t.from_address = '${excluded}' GROUP BY ALL`,
    )
    const count = (proposer: string, isForced: boolean) =>
      Number(rows.find((row) => row.proposer === proposer && row.forced === isForced)?.n ?? 0)
    expect(count(proposers.excluding, false)).toBe(0)
    expect(count(proposers.excluding, true)).toBeGreaterThan(0)
    expect(count(proposers.steady, false)).toBeGreaterThan(0)
    expect(forced).toBeGreaterThan(3)
    expect(value('forced-included')).toBeGreaterThan(3)
    // Of what was sent in the turns of the one who excludes.
    const delays = await ask(
      `SELECT t.from_address = '${excluded}' AS excluded, median(b.preconfirmed_at - t.first_seen_at) / 1000 AS promised
       FROM transactions t JOIN l2_blocks b USING (block_number)
       JOIN windows w ON t.first_seen_at / 1000 BETWEEN w.window_start AND w.window_end
       WHERE t.success IS NOT NULL AND w.proposer = '${proposers.excluding}' GROUP BY ALL`,
    )
    const promised = (isExcluded: boolean) =>
      Number(delays.find((row) => row.excluded === isExcluded)!.promised)
    expect(promised(false)).toBeLessThan(SECONDS_PER_SLOT)
    expect(promised(true)).toBeGreaterThan(3 * SECONDS_PER_SLOT)
    const [delay] = rowsOf('forced-delay')
    expect(delay!.p50).toBeGreaterThan(SECONDS_PER_SLOT)
  })

  test('promises, reverts, sandwich candidates and proofs are in it', () => {
    for (const id of ['kept-rate', 'revert-rate', 'sandwich-strict', 'kendall-tip', 'kendall-arrival'])
      expect([id, value(id)]).toEqual([id, expect.any(Number)])
    const keptBy = Object.fromEntries(
      rowsOf('promises-by-signer').map((row) => [row.signer, row['kept rate']]),
    )
    const { steady, excluding, unreliable } = recorded.proposers
    expect([keptBy[steady], keptBy[excluding]]).toEqual([1, 1])
    expect(Number(keptBy[unreliable])).toBeLessThan(0.9)
    expect(value('revert-rate')).toBeGreaterThan(0.05)
    expect(value('sandwich-strict')).toBeGreaterThan(3)
    expect(value('kendall-tip')).toBeGreaterThan(0)
    expect(rowsOf('clock-lags').find(({ lag }) => lag === 'withdrawal time')).toMatchObject({
      count: expect.any(Number),
    })
  })

  /** Killed each time so many files more are there than the time before; then run to its end, of which the output is told. */
  const killAlong = async (args: readonly string[], dir: string, steps: number, step: number) => {
    for (let kill = 0; kill < steps; kill++) {
      const cli = place.start(args)
      const before = countFiles(dir)
      await until(`${step} files more in ${dir}`, () => countFiles(dir) >= before + step || !cli.isRunning())
      cli.signal('SIGKILL')
      expect((await cli.exit()).signal).toBe('SIGKILL')
      await sleep(POLL_MS)
    }
    const { code, output } = await run(...args)
    expect(code).toBe(0)
    return output
  }

  test(
    'an archive whose fetching was killed is the one that was fetched at once, also when it is extended',
    async () => {
      await killAlong(fetching('killed'), 'killed', 2, 30)
      expect(filesOf('killed')).toEqual(filesOf('archive'))
      for (const to of ['150', last]) await run(...fetching('extended', to))
      await run(...fetching('extending', '150'))
      const extended = await killAlong(fetching('extending'), 'extending', 1, 30)
      // Not even what was under way is fetched again.
      const [, fetchedAgain] = /extending: (\d+) L1 blocks/.exec(extended)!
      expect(Number(fetchedAgain)).toBeLessThan(Number(last) - 150 - 30)
      expect(filesOf('extending')).toEqual(filesOf('extended'))
      const checked = await run('archive', 'check', '--archive.dir', 'killed')
      expect(checked.output).toContain('0 missing\n')
      expect(checked.output).toContain('no damage')
    },
    TIMEOUT_MS,
  )

  test(
    'a dataset whose export was killed is the one that was exported at once',
    async () => {
      const output = await killAlong(exporting('killed-dataset'), 'killed-dataset', 3, 40)
      expect(output).toMatch(/; [1-9]\d* chunks of an earlier run kept\n/)
      expect(filesOf('killed-dataset')).toEqual(filesOf('dataset'))
    },
    TIMEOUT_MS,
  )

  test(
    'two runs of archive, export, report, reorder and replay make the same files',
    async () => {
      await run(...fetching('archive-again'))
      expect(filesOf('archive-again')).toEqual(filesOf('archive'))
      await run(...exporting('dataset-again'))
      expect(filesOf('dataset-again')).toEqual(filesOf('dataset'))
      await run(...reporting('again'))
      for (const ending of ['html', 'json'])
        expect(hashOf(place.path(`again.${ending}`))).toBe(hashOf(place.path(`report.${ending}`)))
      const reordering = [
        ...['reorder', '--rule', 'priority-fee,pos-rotation', '--seeds', '3', '--json'],
        ...['--rollup.config', 'recorded/rollup.json', '--datadir', 'recorded/node', '--dataset', 'dataset'],
        ...['--from', '2', '--to', '40'],
      ]
      const reordered = await run(...reordering)
      expect(reordered.code).toBe(0)
      expect(await run(...reordering)).toEqual(reordered)
    },
    TIMEOUT_MS,
  )

  test(
    'proposals are replayed on the state of a node that follows the archive, twice the same',
    async () => {
      const node = place.start([
        ...['node', '--l1.archive', 'archive', '--genesis', 'recorded/genesis.json', '--datadir', 'data'],
        ...['--rollup.config', 'recorded/rollup.json', '--http.port', '0', '--log.format', 'json'],
      ])
      const [, url = ''] = await node.line(/"url":"([^"]+)".*serving JSON-RPC/)
      const replaying = (out: string) => [
        ...['replay', '--proposal', '1', '--to', '12', '--l1.archive', 'archive', '--l2.rpc', url],
        ...['--out', out, ...rules],
      ]
      await run(...replaying('one.ndjson'))
      const { output, code } = await run(...replaying('two.ndjson'))
      expect(output).toContain('12 of 12 proposals match')
      expect(code).toBe(0)
      expect(hashOf(place.path('two.ndjson'))).toBe(hashOf(place.path('one.ndjson')))
      node.signal('SIGTERM')
      expect((await node.exit()).code).toBe(0)
    },
    TIMEOUT_MS,
  )
})
