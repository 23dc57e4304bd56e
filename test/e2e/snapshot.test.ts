/**
 * A devnet's state as a snapshot, by the compiled command line: a second node begins with it, over HTTP and through a stop in the middle, a third
 * derives everything; all hold the same hashes.
 */
import { createReadStream, existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  blockNumber,
  type Cli,
  createWorkplace,
  isBuilt,
  rpc,
  until,
  type Workplace,
} from '../support/e2e.ts'

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 300_000
const SERVING = /"url":"(http:[^"]+)".*"serving JSON-RPC"|serving JSON-RPC.*"url":"(http:[^"]+)"/

type Urls = { readonly l1: string; readonly beacon: string; readonly l2: string }
type SyncStatus = {
  readonly l1_executable_l2: { readonly number: number }
  readonly oldest_l2: { readonly number: number }
}

describe.skipIf(!isBuilt)('snapshots', () => {
  let place: Workplace
  let devnet: Cli
  let urls: Urls
  let files: Server
  let filesUrl: string

  beforeAll(async () => {
    place = await createWorkplace()
    devnet = place.start([
      ...['devnet', '--datadir', place.path('devnet'), '--devnet.block-time', '1', '--http.port', '0'],
      ...['--devnet.l1-port', '0', '--devnet.beacon-port', '0', '--log.format', 'json'],
    ])
    const urlAfter = async (what: RegExp) => (await devnet.line(what))[1]!
    urls = {
      l1: await urlAfter(/^L1 JSON-RPC +(\S+)/),
      beacon: await urlAfter(/^beacon API +(\S+)/),
      l2: await urlAfter(/^L2 JSON-RPC +(\S+)/),
    }
    files = createServer((request, response) => {
      const path = join(place.path('snapshot'), basename(request.url ?? ''))
      if (!existsSync(path)) response.writeHead(404).end()
      else createReadStream(path).pipe(response)
    })
    await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve))
    filesUrl = `http://127.0.0.1:${(files.address() as AddressInfo).port}`
  }, TIMEOUT_MS)
  afterAll(async () => {
    files?.close()
    await place?.close()
  })

  const chain = () => ['--rollup.config', place.path('devnet/rollup.json')]
  const l1 = () => [
    ...['--l1.rpc', urls.l1, '--l1.beacon', urls.beacon, '--l1.trust-transaction-hashes'],
    ...['--l1.poll-interval', '100', '--l1.rate-limit', '1000'],
  ]
  const snapshot = (...args: string[]) => place.start(['db', 'snapshot', ...args])
  const succeed = async (cli: Cli): Promise<string> => {
    expect(await cli.exit(), cli.output()).toEqual({ code: 0, signal: null })
    return cli.output()
  }
  const startNode = (datadir: string, ...more: string[]): Cli =>
    place.start([
      ...[
        'node',
        ...chain(),
        ...l1(),
        '--datadir',
        place.path(datadir),
        '--http.port',
        '0',
        '--log.format',
        'json',
      ],
      ...more,
    ])
  const urlOf = async (node: Cli): Promise<string> => {
    const match = await node.line(SERVING)
    return (match[1] ?? match[2])!
  }
  const hashOf = async (url: string, number: number) =>
    (await rpc<{ hash: string } | null>(url, 'eth_getBlockByNumber', [`0x${number.toString(16)}`, false]))
      ?.hash
  const statusOf = (url: string) => rpc<SyncStatus>(url, 'based_syncStatus')

  test(
    'one node makes it while it runs, another begins with it, and both hold what a third derives',
    async () => {
      await until(
        'a block that is executable',
        async () => (await statusOf(urls.l2)).l1_executable_l2.number > 0,
      )
      const created = await succeed(
        snapshot('create', place.path('snapshot'), ...chain(), '--datadir', place.path('devnet/node')),
      )
      const first = Number(/snapshot of L2 block (\d+)/.exec(created)![1])
      const sum = /sha256 ([0-9a-f]{64})/.exec(created)![1]!
      const verified = await succeed(snapshot('verify', place.path('snapshot'), ...chain(), ...l1()))
      expect(verified).toContain(`snapshot of L2 block ${first}`)
      expect(verified).toContain('L1 holds it for proven')
      expect(verified).toContain(sum)
      const loaded = await succeed(
        snapshot('load', filesUrl, ...chain(), ...l1(), '--datadir', place.path('loaded')),
      )
      expect(loaded).toContain(`loaded: the chain begins at L2 block ${first}`)
      const again = snapshot('load', filesUrl, ...chain(), ...l1(), '--datadir', place.path('loaded'))
      expect((await again.exit()).code).toBe(1)
      expect(again.output()).toContain('holds a chain already')

      const nodes = [
        startNode('loaded'),
        startNode('second', '--sync.checkpoint', filesUrl),
        startNode('third', '--genesis', place.path('devnet/genesis.json')),
      ]
      const height = await blockNumber(urls.l2)
      expect(height).toBeGreaterThan(first)
      const [loadedUrl, secondUrl, thirdUrl] = await Promise.all(nodes.map(urlOf))
      for (const url of [loadedUrl!, secondUrl!, thirdUrl!]) {
        await until(`block ${height}`, async () => (await blockNumber(url)) >= height)
        for (let number = first; number <= height; number++)
          expect(await hashOf(url, number), `block ${number}`).toBe(await hashOf(urls.l2, number))
      }
      for (const url of [loadedUrl!, secondUrl!]) {
        expect((await statusOf(url)).oldest_l2.number).toBe(first)
        await expect(hashOf(url, first - 1)).rejects.toThrow('pruned history unavailable')
        const proof = await rpc<{ accountProof: string[] }>(url, 'eth_getProof', [
          '0x0000000000000000000000000000000000000001',
          [],
          `0x${first.toString(16)}`,
        ])
        expect(proof.accountProof.length).toBeGreaterThan(0)
      }
    },
    TIMEOUT_MS,
  )

  test(
    'one that is not of this chain is refused, and the data directory stays without a chain',
    async () => {
      const node = startNode(
        'refused',
        '--sync.checkpoint',
        filesUrl,
        '--sync.trust-snapshot',
        `0x${'12'.repeat(32)}`,
      )
      expect((await node.exit()).code).toBe(1)
      expect(node.output()).toContain('the snapshot is refused (otherThanTrusted)')
    },
    TIMEOUT_MS,
  )
})
