/**
 * What a newcomer does: the compiled devnet with its demonstration, and a second compiled node that reaches the same hashes
 * from L1 alone, also after it was stopped and after it was killed.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  blockHashes,
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

describe.skipIf(!isBuilt)('devnet', () => {
  let place: Workplace
  let devnet: Cli
  let urls: Urls

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
  }, TIMEOUT_MS)
  afterAll(() => place.close())

  const startNode = (datadir: string): Cli =>
    place.start([
      ...['node', '--rollup.config', place.path('devnet/rollup.json')],
      ...['--genesis', place.path('devnet/genesis.json'), '--datadir', place.path(datadir)],
      ...['--l1.rpc', urls.l1, '--l1.beacon', urls.beacon, '--l1.trust-transaction-hashes'],
      ...['--l1.poll-interval', '100', '--l1.rate-limit', '1000', '--http.port', '0', '--log.format', 'json'],
    ])
  const urlOf = async (node: Cli): Promise<string> => {
    const match = await node.line(SERVING)
    return (match[1] ?? match[2])!
  }
  const reach = async (url: string, height: number) =>
    until(`block ${height} on the second node`, async () => (await blockNumber(url)) >= height)
  /** The second node has what the proposing one has now. */
  const expectSameChain = async (url: string): Promise<number> => {
    const height = await blockNumber(urls.l2)
    await reach(url, height)
    expect(await blockHashes(url, height)).toEqual(await blockHashes(urls.l2, height))
    return height
  }

  test(
    'transactions come back with receipts and pass through all the clocks',
    async () => {
      await devnet.line(/^block \d+ is executable: its state is proven on L1/)
      const printed = devnet.output()
      expect(printed.match(/^ {2}0x[0-9a-f]{64} is in L2 block \d+: success$/gm)).toHaveLength(4)
      const clocks = [...printed.matchAll(/^block (\d+) is (safe|finalized|executable):/gm)]
      expect(clocks.map(([, , clock]) => clock)).toEqual(['safe', 'finalized', 'executable'])
      expect(new Set(clocks.map(([, number]) => number)).size).toBe(1)
    },
    TIMEOUT_MS,
  )

  test(
    'a second node reaches the same hashes from L1 alone, stops with status 0, and goes on where it was',
    async () => {
      const first = startNode('second')
      const height = await expectSameChain(await urlOf(first))
      expect(height).toBeGreaterThan(3)
      first.signal('SIGINT')
      expect(await first.exit()).toEqual({ code: 0, signal: null })
      expect(first.output()).toMatch(/SIGINT: finishing the step/)

      const again = startNode('second')
      const url = await urlOf(again)
      // Before it has derived anything anew.
      expect(await blockNumber(url)).toBeGreaterThanOrEqual(height)
      expect(again.output()).not.toMatch(/wrote genesis/)
      await reach(url, height + 2)
      await expectSameChain(url)
      const [transaction] = /0x[0-9a-f]{64}(?= is in L2 block)/.exec(devnet.output())!
      const receiptFrom = (from: string) => rpc(from, 'eth_getTransactionReceipt', [transaction])
      expect(await receiptFrom(url)).toEqual(await receiptFrom(urls.l2))
      again.signal('SIGTERM')
      expect(await again.exit()).toEqual({ code: 0, signal: null })
    },
    TIMEOUT_MS,
  )

  test(
    'killed twice while it catches up, it still reaches the same hashes',
    async () => {
      for (const proposals of [1, 2]) {
        const node = startNode('killed')
        await node.nthLine(/derived a proposal/, proposals)
        node.signal('SIGKILL')
        expect(await node.exit()).toEqual({ code: null, signal: 'SIGKILL' })
      }
      const node = startNode('killed')
      await expectSameChain(await urlOf(node))
      node.signal('SIGINT')
      expect(await node.exit()).toEqual({ code: 0, signal: null })
    },
    TIMEOUT_MS,
  )

  test(
    'the devnet ends with status 0, and its L1 with it',
    async () => {
      devnet.signal('SIGINT')
      expect(await devnet.exit()).toEqual({ code: 0, signal: null })
      await expect(rpc(urls.l1, 'eth_chainId')).rejects.toThrow('fetch failed')
      await expect(rpc(urls.l2, 'eth_chainId')).rejects.toThrow('fetch failed')
    },
    TIMEOUT_MS,
  )

  test(
    'Ctrl-C in the middle of the demonstration ends a devnet with status 0, though its L1 hears it too',
    async () => {
      const flags = ['--devnet.block-time', '1', '--http.port', '0', '--log.format', 'json']
      const impatient = place.start(
        ['devnet', '--datadir', 'impatient', '--devnet.l1-port', '0', '--devnet.beacon-port', '0', ...flags],
        { ownGroup: true },
      )
      await impatient.line(/^sent \d+ transactions with viem/)
      impatient.signalGroup('SIGINT')
      expect(await impatient.exit()).toEqual({ code: 0, signal: null })
    },
    TIMEOUT_MS,
  )
})
