/** An archive through the command line: fetched from an L1 on HTTP, checked, and derived from with that L1 gone. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serializeRollupSpec } from '../../src/spec/specFile.ts'
import { specOf } from '../support/derive/harness.ts'
import { payloadAfter, signTransfer } from '../support/derive/payload.ts'
import { createWorkplace, isBuilt, type Workplace } from '../support/e2e.ts'
import { type L1Server, serveL1 } from '../support/l1/server.ts'
import { createSimulatedL1 } from '../support/l1/simulatedL1.ts'

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 180_000
const PROPOSALS = 12

describe.skipIf(!isBuilt)('archive', () => {
  const sim = createSimulatedL1({ seed: 'archive', forcedInclusionDelay: 0n })
  let place: Workplace
  let server: L1Server
  const final = () => String(sim.view.finalized().header.number)

  beforeAll(async () => {
    place = await createWorkplace()
    sim.mine()
    for (let nonce = 0; nonce < PROPOSALS; nonce++) {
      if (nonce === 5) sim.saveForcedInclusion({ payload: payloadAfter(sim) })
      sim.propose({ payload: payloadAfter(sim, { blocks: 2, transactions: [await signTransfer(nonce)] }) })
      for (let i = 0; i < 6; i++) sim.mine()
    }
    sim.setFinalized(Number(sim.head().header.number) - 2)
    server = await serveL1(sim)
    writeFileSync(place.path('rollup.json'), serializeRollupSpec(specOf(sim)))
  }, TIMEOUT_MS)
  afterAll(async () => {
    await place.close()
    await server.close()
  })

  const run = async (...args: readonly string[]) => {
    const cli = place.start([...args])
    const exit = await cli.exit()
    return { code: exit.code, output: cli.output() }
  }
  const chain = ['--rollup.config', 'rollup.json', '--log.level', 'error']
  const online = () => [
    ...['--l1.rpc', server.url, '--l1.beacon', server.url],
    ...['--l1.rate-limit', '1000', '--l1.poll-interval', '50'],
  ]
  const fetchInto = (dir: string, to = final()) =>
    run('archive', 'fetch', '--archive.dir', dir, '--to', to, ...chain, ...online())
  const filesOf = (dir: string) =>
    readdirSync(place.path(dir), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [
        path.slice(place.path(dir).length),
        createHash('sha256').update(readFileSync(path)).digest('hex'),
      ])

  test(
    'what is derived from it is what is derived from L1',
    async () => {
      const fetched = await fetchInto('whole')
      expect(fetched.output).toMatch(/whole: \d+ L1 blocks and 13 blobs fetched\n/)
      expect(fetched.code).toBe(0)
      const fromL1 = await run('derive', '--to', final(), ...chain, ...online())
      const fromArchive = await run('derive', '--to', final(), ...chain, '--l1.archive', 'whole')
      expect(fromArchive).toEqual(fromL1)
      expect(fromL1.output.trim().split('\n')).toHaveLength(PROPOSALS + 1)
    },
    TIMEOUT_MS,
  )

  test(
    'a second run of one range makes the same files, and a node follows them without L1',
    async () => {
      await fetchInto('again')
      expect(filesOf('again')).toEqual(filesOf('whole'))
      const genesis = join(import.meta.dirname, '../../contracts/artifacts/devnet-genesis.json')
      const node = place.start([
        ...['node', '--l1.archive', 'whole', '--genesis', genesis, '--datadir', 'data', '--http.port', '0'],
        ...['--rollup.config', 'rollup.json', '--log.format', 'json'],
      ])
      const [, url = ''] = await node.line(/"url":"([^"]+)".*serving JSON-RPC/)
      const ask = async (method: string, params: readonly unknown[] = []) => {
        const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
        const response = await fetch(url, {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/json' },
        })
        return ((await response.json()) as { result: never }).result
      }
      await expect
        .poll(() => ask('eth_blockNumber'), { timeout: 60_000 })
        .toBe(`0x${(2 * PROPOSALS + 1).toString(16)}`)
      node.signal('SIGTERM')
      expect((await node.exit()).code).toBe(0)
    },
    TIMEOUT_MS,
  )

  test(
    'a blob that is gone is named, and fetched again',
    async () => {
      const [blob] = filesOf('again')
        .map(([path]) => path!)
        .filter((path) => path.startsWith('/blobs'))
      unlinkSync(place.path(`again${blob}`))
      const checked = await run('archive', 'check', '--archive.dir', 'again')
      expect(checked.output).toContain('13 blobs named, 1 missing')
      expect(checked.output).toMatch(
        /missing: 0x01[0-9a-f]{62} of L1 block \d+, which was had from 127\.0\.0\.1/,
      )
      expect(checked.code).toBe(1)
      expect((await fetchInto('again')).code).toBe(0)
      const mended = await run('archive', 'check', '--archive.dir', 'again', '--archive.blobs')
      const named = mended.output.match(/^blob: 0x01[0-9a-f]{62} of L1 block \d+ from 127\.0\.0\.1:\d+$/gm)
      expect(named).toHaveLength(13)
      expect(mended.output).toContain('no damage')
      expect(mended.code).toBe(0)
    },
    TIMEOUT_MS,
  )
})
