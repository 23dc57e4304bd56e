/** What a node is given wrong at its start: it says what is wrong in a sentence, and ends or waits. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serializeRollupSpec } from '../../src/spec/specFile.ts'
import { specOf } from '../support/derive/harness.ts'
import { payloadAfter, signTransfer } from '../support/derive/payload.ts'
import {
  blockNumber,
  type Cli,
  createWorkplace,
  isBuilt,
  rpc,
  until,
  type Workplace,
} from '../support/e2e.ts'
import { type L1Server, serveL1 } from '../support/l1/server.ts'
import { createSimulatedL1, type SimulatedL1 } from '../support/l1/simulatedL1.ts'

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 180_000
const GENESIS_FILE = join(import.meta.dirname, '../../contracts/artifacts/devnet-genesis.json')

let place: Workplace
let sim: SimulatedL1
let l1: L1Server

beforeAll(async () => {
  place = await createWorkplace()
  sim = createSimulatedL1({ seed: 'bad input' })
  sim.mine()
  sim.propose({ payload: payloadAfter(sim, { transactions: [await signTransfer(0)] }) })
  l1 = await serveL1(sim)
  writeFileSync(place.path('rollup.json'), serializeRollupSpec(specOf(sim)))
}, TIMEOUT_MS)
afterAll(async () => {
  await place.close()
  await l1.close()
})

/** Flags of a node that works; later ones take the place of earlier ones. */
function flagsOf(datadir: string, changes: readonly string[] = []): readonly string[] {
  return [
    ...['node', '--rollup.config', place.path('rollup.json'), '--genesis', GENESIS_FILE],
    ...['--datadir', place.path(datadir), '--l1.rpc', l1.url, '--l1.beacon', l1.url],
    ...['--l1.rate-limit', '1000', '--l1.poll-interval', '50', '--http.port', '0', '--log.format', 'json'],
    ...changes,
  ]
}

async function urlOf(node: Cli): Promise<string> {
  const [line] = await node.line(/.*serving JSON-RPC.*/)
  return (JSON.parse(line) as { url: string }).url
}

/** Exit status 1, and one line of complaint without a stack. */
async function expectRefusal(node: Cli, sentence: RegExp): Promise<void> {
  expect(await node.exit()).toEqual({ code: 1, signal: null })
  expect(node.output()).toMatch(sentence)
  expect(node.output()).not.toMatch(/^ {4}at /m)
}

async function listen(answer: Parameters<typeof createServer>[1]): Promise<{ server: Server; port: number }> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as AddressInfo).port }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** The simulated L1 on a port that is known before. */
async function serveSimOn(port: number): Promise<Server> {
  const server = createServer(async (request, response) => {
    const body: Buffer[] = []
    for await (const chunk of request) body.push(chunk as Buffer)
    const answer = await sim.fetch(new URL(request.url ?? '/', l1.url), {
      method: request.method ?? 'GET',
      ...(request.method === 'POST' && { body: Buffer.concat(body) }),
    })
    response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()))
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return server
}

/** L2 blocks that L1 makes; every proposal here has one. */
const heightOf = ({ proposals }: SimulatedL1): number => proposals().length

describe.skipIf(!isBuilt)('a start with something wrong', () => {
  test.each([
    ['an unknown flag', ['--l1.rcp', 'http://a.test'], {}, /^error: unknown option '--l1\.rcp'$/m],
    [
      'an unknown variable',
      [],
      { PLUMBLINE_L1_RCP: 'x' },
      /^plumbline: unknown environment variable PLUMBLINE_L1_RCP$/m,
    ],
    ['an unknown network', ['--network', 'goerli'], {}, /^plumbline: --network \(from flag\): /m],
  ] as const)('%s ends it with a sentence', async (_, flags, environment, sentence) => {
    await expectRefusal(place.start(['node', ...flags], { environment }), sentence)
  })

  test('a configuration file that is no TOML, and one with an unknown key', async () => {
    writeFileSync(place.path('broken.toml'), '[l1\n')
    writeFileSync(place.path('unknown.toml'), '[l1]\nrcp = "http://a.test"\n')
    await Promise.all([
      expectRefusal(
        place.start(['node', '--config', 'broken.toml']),
        /^plumbline: broken\.toml is no valid TOML: /m,
      ),
      expectRefusal(
        place.start(['node', '--config', 'unknown.toml']),
        /^plumbline: unknown key in the configuration file: l1\.rcp$/m,
      ),
    ])
  })

  test.each([
    ['taiko-mainnet', 1],
    ['taiko-hoodi', 560_048],
  ])('%s on another L1', async (network, chainId) => {
    const node = place.start(['node', '--network', network, '--l1.rpc', l1.url])
    const sentence = `is on chain 31337, but ${network} lives on L1 chain ${chainId}; check --l1\\.rpc$`
    await expectRefusal(node, new RegExp(`^plumbline: L1 provider 127\\.0\\.0\\.1:\\d+ ${sentence}`, 'm'))
  })

  test(
    'a busy port',
    async () => {
      const { server, port } = await listen((_, response) => response.end())
      await expectRefusal(
        place.start(flagsOf('busy', ['--http.port', String(port)])),
        new RegExp(`^plumbline: port ${port} on 127\\.0\\.0\\.1 is in use by another program; `, 'm'),
      )
      server.close()
    },
    TIMEOUT_MS,
  )

  test(
    'an L1 of another chain',
    async () => {
      const other = await serveL1(createSimulatedL1({ seed: 'other', chainId: 5n }))
      await expectRefusal(
        place.start(flagsOf('chain', ['--l1.rpc', other.url])),
        /^plumbline: L1 provider 127\.0\.0\.1:\d+ is on chain 5, but devnet lives on L1 chain 31337; check --l1\.rpc$/m,
      )
      await other.close()
    },
    TIMEOUT_MS,
  )

  test(
    'a genesis file of another chain, and one that is none',
    async () => {
      const genesis = JSON.parse(readFileSync(GENESIS_FILE, 'utf8'))
      genesis.alloc[`0x${'ab'.repeat(20)}`] = { balance: '0x1' }
      writeFileSync(place.path('richer.json'), JSON.stringify(genesis))
      writeFileSync(place.path('half.json'), '{"alloc": {')
      await expectRefusal(
        place.start(flagsOf('genesis', ['--genesis', place.path('richer.json')])),
        /^plumbline: this is not the genesis of devnet: it gives block 0x[0-9a-f]{64} .*expected 0x[0-9a-f]{64}/m,
      )
      await expectRefusal(
        place.start(flagsOf('genesis', ['--genesis', 'half.json'])),
        /^plumbline: half\.json \(--genesis\) is no valid JSON: /m,
      )
      // Neither has left anything behind: the right one is taken.
      const node = place.start(flagsOf('genesis'))
      await urlOf(node)
      node.signal('SIGINT')
      expect(await node.exit()).toEqual({ code: 0, signal: null })
    },
    TIMEOUT_MS,
  )

  test(
    'a data directory that another node uses, and one of another chain',
    async () => {
      const node = place.start(flagsOf('taken'))
      await urlOf(node)
      await expectRefusal(
        place.start(flagsOf('taken')),
        /^plumbline: .*taken\/chain\.db is in use by another node or command; stop that one first$/m,
      )
      node.signal('SIGINT')
      expect(await node.exit()).toEqual({ code: 0, signal: null })

      const spec = { ...specOf(sim), l1: { ...specOf(sim).l1, inbox: `0x${'2b'.repeat(20)}` as const } }
      writeFileSync(place.path('other.json'), serializeRollupSpec(spec))
      await expectRefusal(
        place.start(flagsOf('taken', ['--rollup.config', 'other.json'])),
        /^plumbline: this data directory holds another chain: its inbox is 0x1b1b.*, devnet has 0x2b2b.*; use another --datadir/m,
      )
    },
    TIMEOUT_MS,
  )

  test(
    'an L1 that cannot be reached is waited for; a signal meanwhile ends the node with status 0',
    async () => {
      const { server, port } = await listen((_, response) => response.writeHead(502).end())
      const url = `http://127.0.0.1:${port}`
      const flags = flagsOf('waiting', ['--l1.rpc', url, '--l1.beacon', url])
      const waiting = place.start(flags)
      await waiting.line(/L1 cannot be reached yet; trying again/)
      waiting.signal('SIGINT')
      expect(await waiting.exit()).toEqual({ code: 0, signal: null })

      await close(server)
      const patient = place.start(flags)
      await patient.line(/L1 cannot be reached yet; trying again/)
      const first = await serveSimOn(port)
      const l2 = await urlOf(patient)
      const number = heightOf(sim)
      await until('what is on L1', async () => (await blockNumber(l2)) === number)
      await until('readiness', async () => (await fetch(`${l2}/readyz`)).ok)

      // L1 goes away under it, and comes back with news.
      await close(first)
      await until('a reason not to be ready', async () => {
        const ready = await fetch(`${l2}/readyz`)
        return ready.status === 503 && /derivation is paused: /.test(await ready.text())
      })
      expect(await blockNumber(l2)).toBe(number)
      sim.mine()
      sim.propose({ payload: payloadAfter(sim) })
      const second = await serveSimOn(port)
      await until('the news', async () => (await blockNumber(l2)) === number + 1)
      await until('readiness', async () => (await fetch(`${l2}/readyz`)).ok)
      patient.signal('SIGINT')
      expect(await patient.exit()).toEqual({ code: 0, signal: null })
      await close(second)
    },
    TIMEOUT_MS,
  )
})

/** A file system of a few megabytes, where we may mount one. */
function mountSmall(directory: string): boolean {
  try {
    mkdirSync(directory)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', directory], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const canMount = (() => {
  const directory = join(import.meta.dirname, `../../node_modules/.small-${process.pid}`)
  const isMounted = mountSmall(directory)
  if (isMounted) execFileSync('umount', [directory])
  rmSync(directory, { recursive: true, force: true })
  return isMounted
})()

describe.skipIf(!isBuilt || !canMount)('a disk that fills up (needs the right to mount a small one)', () => {
  test(
    'the node keeps answering, says what is wrong, and goes on when there is room',
    async () => {
      const disk = place.path('disk')
      mountSmall(disk)
      try {
        const node = place.start(flagsOf('disk/node'))
        const url = await urlOf(node)
        const before = heightOf(sim)
        await until('what is on L1', async () => (await blockNumber(url)) === before)
        const { bavail, bsize } = statfsSync(disk)
        writeFileSync(join(disk, 'ballast'), new Uint8Array(bavail * bsize))
        sim.mine({ missedSlots: 2 })
        sim.propose({ payload: payloadAfter(sim, { blocks: 20 }) })
        await node.line(/the disk is full: .*chain\.db cannot grow; make room, nothing was lost/)
        expect(await blockNumber(url)).toBe(before)
        const ready = await fetch(`${url}/readyz`)
        expect(ready.status).toBe(503)
        expect(await ready.text()).toMatch(/derivation is paused: the disk is full/)
        expect(await rpc(url, 'eth_getBalance', [`0x${'00'.repeat(20)}`, 'latest'])).toMatch(/^0x/)
        rmSync(join(disk, 'ballast'))
        await until('the blocks that waited', async () => (await blockNumber(url)) === before + 20)
        node.signal('SIGINT')
        expect(await node.exit()).toEqual({ code: 0, signal: null })
      } finally {
        execFileSync('umount', ['-l', disk])
      }
    },
    TIMEOUT_MS,
  )
})
