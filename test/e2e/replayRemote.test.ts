/** `plumbline replay --proposal` against a running node, by its witnesses and by its proofs; killed, resumed, from an archive; its fields are a contract. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serializeRollupSpec } from '../../src/spec/specFile.ts'
import { createWorkplace, isBuilt, type Workplace } from '../support/e2e.ts'
import { type L1Server, serveL1 } from '../support/l1/server.ts'
import { createRemoteChain, type RemoteChain, startLiar, WITHOUT_WITNESS } from '../support/replayRemote.ts'

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 180_000
const FIELDS = [
  ...['chainId', 'proposal', 'l1Block', 'firstBlock', 'lastBlock', 'hash', 'expected', 'match', 'trust'],
  ...['trusted', 'state', 'txs', 'dropped', 'gasUsed', 'faults'],
]

describe.skipIf(!isBuilt)('replay of proposals', () => {
  let place: Workplace
  let chain: RemoteChain
  let l1: L1Server
  beforeAll(async () => {
    place = await createWorkplace()
    chain = await createRemoteChain('unzen')
    l1 = await serveL1(chain.sim)
    writeFileSync(place.path('rollup.json'), serializeRollupSpec(chain.spec))
  }, TIMEOUT_MS)
  afterAll(async () => {
    await place.close()
    await l1.close()
    await chain.close()
  })

  const rules = ['--rollup.config', 'rollup.json', '--log.level', 'error']
  const online = () => [
    ...['--l1.rpc', l1.url, '--l1.beacon', l1.url],
    ...['--l1.rate-limit', '1000', '--l1.poll-interval', '50'],
  ]
  const run = async (...args: readonly string[]) => {
    const cli = place.start(['replay', ...args, ...rules])
    const { code } = await cli.exit()
    return { code, output: cli.output() }
  }
  const all = () => ['--proposal', '1', '--to', String(chain.count), '--l2.rpc', chain.url, ...online()]
  const linesOf = (file: string) => readFileSync(place.path(file), 'utf8').trim().split('\n')

  test(
    'one proposal, found on L1 by its id',
    async () => {
      const { code, output } = await run('--proposal', '5', '--l2.rpc', chain.url, '--json', ...online())
      // On a slow machine a line of progress is among it.
      const lines = output.split('\n').filter((line) => line.startsWith('{'))
      expect(lines).toHaveLength(1)
      const row = JSON.parse(lines[0]!)
      expect(Object.keys(row)).toEqual(FIELDS)
      expect(row).toMatchObject({
        proposal: 5,
        match: true,
        hash: chain.ends[4],
        trust: 'proven',
        state: 'witness',
      })
      expect(code).toBe(0)
    },
    TIMEOUT_MS,
  )

  test(
    'a range makes the same file with one worker and with two',
    async () => {
      const one = await run(...all(), '--out', 'one.ndjson')
      expect(one.output).toContain(`${chain.count} of ${chain.count} proposals match`)
      expect(one.code).toBe(0)
      expect(linesOf('one.ndjson').map((line) => JSON.parse(line).hash)).toEqual(chain.ends)
      await run(...all(), '--out', 'two.ndjson', '--replay.workers', '2')
      expect(linesOf('two.ndjson')).toEqual(linesOf('one.ndjson'))
    },
    TIMEOUT_MS,
  )

  test(
    'by proofs, and what is in the file is not replayed again',
    async () => {
      const node = await startLiar(chain.url, WITHOUT_WITNESS)
      const proofs = await run('--proposal', '4', '--l2.rpc', node.url, '--l2.state', 'proof', ...online())
      expect(proofs.output).toMatch(/^proposal 4 .* matches, proven in L1 block \d+ .* by proof$/m)
      expect(proofs.code).toBe(0)
      // As a kill leaves it: some lines, and the beginning of one.
      const kept = linesOf('one.ndjson').slice(0, 4)
      writeFileSync(place.path('cut.ndjson'), `${kept.join('\n')}\n`)
      appendFileSync(place.path('cut.ndjson'), linesOf('one.ndjson')[4]!.slice(0, 50))
      const asked = node.asked.length
      const resumed = await run(...all(), '--out', 'cut.ndjson')
      expect(resumed.output).toContain('4 were there already')
      expect(linesOf('cut.ndjson')).toEqual(linesOf('one.ndjson'))
      const none = await run(
        '--proposal',
        '1',
        '--to',
        '4',
        '--l2.rpc',
        node.url,
        '--out',
        'cut.ndjson',
        ...online(),
      )
      expect(none.output).toContain('4 of 4 proposals match')
      expect(node.asked.slice(asked).filter((method) => method === 'eth_getProof')).toEqual([])
      await node.close()
    },
    TIMEOUT_MS,
  )

  test(
    'killed at any moment and run again it has every proposal once',
    async () => {
      const args = ['replay', ...all(), '--out', 'killed.ndjson', ...rules]
      for (const lines of [2, 5]) {
        const cli = place.start(args)
        await expect
          .poll(
            () => {
              try {
                return linesOf('killed.ndjson').length >= lines || !cli.isRunning()
              } catch {
                return false
              }
            },
            { timeout: 60_000, interval: 5 },
          )
          .toBe(true)
        cli.signal('SIGKILL')
        await cli.exit()
      }
      expect((await run(...all(), '--out', 'killed.ndjson')).code).toBe(0)
      const proposals = linesOf('killed.ndjson').map((line) => JSON.parse(line).proposal)
      expect(proposals).toEqual(Array.from({ length: chain.count }, (_, index) => index + 1))
    },
    TIMEOUT_MS,
  )

  test(
    'from an archive in place of L1',
    async () => {
      const final = String(chain.sim.view.finalized().header.number)
      const fetched = place.start([
        'archive',
        'fetch',
        '--archive.dir',
        'l1',
        '--to',
        final,
        ...rules,
        ...online(),
      ])
      expect((await fetched.exit()).code).toBe(0)
      const args = [
        '--proposal',
        '3',
        '--to',
        '6',
        '--l2.rpc',
        chain.url,
        '--l1.archive',
        'l1',
        '--out',
        'a.ndjson',
      ]
      const { code, output } = await run(...args)
      expect(output).toContain('4 of 4 proposals match')
      expect(code).toBe(0)
      expect(linesOf('a.ndjson').map((line) => JSON.parse(line).hash)).toEqual(chain.ends.slice(2, 6))
    },
    TIMEOUT_MS,
  )

  test(
    'a node that lies ends it with a sentence and status 1',
    async () => {
      const node = await startLiar(chain.url, {
        ...WITHOUT_WITNESS,
        eth_getCode: (code) => `${code.slice(0, -2)}ff`,
      })
      const { code, output } = await run('--proposal', '5', '--l2.rpc', node.url, ...online())
      expect(output).toMatch(/is not believed: the code it gives for 0x[0-9a-f]{40} hashes to/)
      expect(code).toBe(1)
      await node.close()
    },
    TIMEOUT_MS,
  )
})
