/** A dataset through the command line: from an archive alone, twice the same, killed and gone on with, and beside a running node. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DatasetManifest } from '../../src/research/dataset/manifest.ts'
import { readDataset } from '../../src/research/dataset/readDataset.ts'
import { serializeRollupSpec } from '../../src/spec/specFile.ts'
import { specOf } from '../support/derive/harness.ts'
import { createWorkplace, isBuilt, type Workplace } from '../support/e2e.ts'
import { serveL1 } from '../support/l1/server.ts'
import type { SimulatedL1 } from '../support/l1/simulatedL1.ts'
import { archiveOf, BOB, buildHistory } from '../support/recordedL1.ts'

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 300_000
const POLL_MS = 10
const GENESIS = join(import.meta.dirname, '../../contracts/artifacts/devnet-genesis.json')

describe.skipIf(!isBuilt)('export', () => {
  let sim: SimulatedL1
  let place: Workplace
  let last: number

  beforeAll(async () => {
    place = await createWorkplace()
    sim = await buildHistory()
    for (let i = 0; i < 40; i++) sim.mine()
    last = Number(sim.head().header.number)
    sim.setFinalized(last)
    await archiveOf(sim, place.path('archive'))
    writeFileSync(place.path('rollup.json'), serializeRollupSpec(specOf(sim)))
    writeFileSync(place.path('labels.csv'), `address,label,source\n${BOB},Bob,a test\n`)
    mkdirSync(place.path('tmp'))
  }, TIMEOUT_MS)
  afterAll(() => place.close())

  const chain = ['--rollup.config', 'rollup.json', '--log.level', 'error', '--l1.archive', 'archive']
  const start = (...args: readonly string[]) =>
    place.start(['export', ...chain, '--labels', 'labels.csv', '--export.chunk-size', '2', ...args], {
      environment: { TMPDIR: place.path('tmp') },
    })
  const run = async (...args: readonly string[]) => {
    const cli = start(...args)
    const { code } = await cli.exit()
    return { code, output: cli.output() }
  }
  const filesOf = (dir: string) =>
    Object.fromEntries(
      readdirSync(place.path(dir))
        .filter((file) => file !== 'dataset.duckdb')
        .sort()
        .map((file) => [
          file,
          createHash('sha256')
            .update(readFileSync(join(place.path(dir), file)))
            .digest('hex'),
        ]),
    )
  const manifestOf = (dir: string): DatasetManifest | undefined => {
    const path = join(place.path(dir), 'dataset.json')
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
  }

  test(
    'an archive alone is enough, and two runs make the same files',
    async () => {
      const whole = await run('--genesis', GENESIS, '--export.dir', 'whole')
      expect(whole.output).toMatch(new RegExp(`whole: L1 blocks 1 to ${last}, \\d+ rows in \\d+ files\n`))
      expect(whole.code).toBe(0)
      await run('--genesis', GENESIS, '--export.dir', 'again', '--engine.workers', '2')
      expect(filesOf('again')).toEqual(filesOf('whole'))
      expect(readdirSync(place.path('tmp'))).toEqual([])
      const { manifest, rows } = await readDataset(place.path('whole'))
      expect(manifest).toMatchObject({ isComplete: true, range: { from: 1, to: last }, formats: ['parquet'] })
      expect(rows('l1_blocks')).toHaveLength(last)
      expect(rows('proposals')).toHaveLength(6)
      expect(rows('proposers').map((row) => row.label)).toContain('Bob')
    },
    TIMEOUT_MS,
  )

  test(
    'killed and run again, it goes on where it was, and makes the same files',
    async () => {
      const args = ['--genesis', GENESIS, '--export.format', 'csv,parquet', '--export.chunk-size', '1']
      const cli = start(...args, '--export.dir', 'killed')
      while ((manifestOf('killed')?.files.length ?? 0) === 0 && cli.isRunning())
        await new Promise((resolve) => setTimeout(resolve, POLL_MS))
      cli.signal('SIGKILL')
      await cli.exit()
      const left = manifestOf('killed')
      expect(left?.isComplete).toBe(false)
      await expect(readDataset(place.path('killed'))).rejects.toThrow('is not complete')
      const resumed = await run(...args, '--export.dir', 'killed')
      expect(resumed.output).toMatch(/; \d+ chunks of an earlier run kept\n/)
      await run(...args, '--export.dir', 'unbroken')
      expect(filesOf('killed')).toEqual(filesOf('unbroken'))
    },
    TIMEOUT_MS,
  )

  test(
    'beside a running node it reads the node’s chain, in cryo’s ranges',
    async () => {
      const node = place.start([
        ...['node', '--rollup.config', 'rollup.json', '--l1.archive', 'archive', '--log.format', 'json'],
        ...['--genesis', GENESIS, '--datadir', 'data', '--http.port', '0'],
      ])
      const [, url = ''] = await node.line(/"url":"([^"]+)".*serving JSON-RPC/)
      const blockNumber = async () => {
        const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_blockNumber', params: [] })
        const headers = { 'content-type': 'application/json' }
        const response = await fetch(url, { method: 'POST', body, headers })
        return ((await response.json()) as { result: string }).result
      }
      await expect.poll(blockNumber, { timeout: 60_000 }).toBe('0xa')
      const ranges = [
        ['--blocks', `:${last - 9}`],
        ['--from', '1', '--to', String(last - 10)],
      ]
      for (const [index, range] of ranges.entries()) {
        const exported = await run('--datadir', 'data', '--export.dir', `node-${index}`, ...range)
        expect(exported.output).toContain(`L1 blocks 1 to ${last - 10}`)
        expect(exported.code).toBe(0)
      }
      expect(filesOf('node-0')).toEqual(filesOf('node-1'))
      await run('--genesis', GENESIS, '--export.dir', 'derived', '--blocks', `:${last - 9}`)
      const [derived, ofNode] = [filesOf('derived'), filesOf('node-0')]
      expect(ofNode).toEqual(derived)
      node.signal('SIGTERM')
      expect((await node.exit()).code).toBe(0)
    },
    TIMEOUT_MS,
  )

  test(
    'asks endpoints beside the archive for what the inbox decides',
    async () => {
      const server = await serveL1(sim)
      try {
        const asked = await run('--datadir', 'data', '--export.dir', 'asked', '--l1.rpc', server.url)
        expect(asked.code).toBe(0)
      } finally {
        await server.close()
      }
      const { rows, manifest } = await readDataset(place.path('asked'))
      expect(manifest.forcedInclusionDelay).toBe(0)
      expect(rows('forced_inclusions').map((row) => row.due_at)).toEqual(
        rows('forced_inclusions').map((row) => row.saved_at),
      )
    },
    TIMEOUT_MS,
  )

  test('says what is wrong with a range', async () => {
    const past = await run('--genesis', GENESIS, '--blocks', `1:${last + 2}`)
    expect(past.output).toContain(`L1 is known, and final, up to block ${last}`)
    const both = await run('--blocks', '1:5', '--to', '9')
    expect(both.output).toContain('--blocks stands in the place of --from and --to')
    expect([past.code, both.code]).toEqual([1, 1])
  })
})
