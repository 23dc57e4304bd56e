/** Providers on a real socket that hang, trickle, flood, refuse and come back. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { SourcesFailedError } from '../../../src/l1/failover.ts'
import { type HttpFetch, readHttp } from '../../../src/l1/http.ts'
import { createL1Provider, type L1ProviderOptions } from '../../../src/l1/provider.ts'
import type { RpcEndpointOptions } from '../../../src/l1/rpcEndpoint.ts'
import { createSourceHealth } from '../../../src/l1/sourceHealth.ts'
import { check } from '../../../src/l1/wrongData.ts'
import { CriticalError, TemporaryError } from '../../../src/primitives/errors.ts'
import { createSimulatedL1 } from '../../support/l1/simulatedL1.ts'
import { connect, endpointOf } from '../../support/l1Room.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const get = (url: string, timeoutMs = 2_000) => readHttp({ url, timeoutMs, bytesMax: 10_000 })
const CHUNK = Buffer.alloc(65_536, ' ')

test.each<[string, RequestListener, RegExp]>([
  ['hangs', () => {}, /no complete answer within 100 ms/],
  [
    'trickles',
    (_, response) => {
      const timer = setInterval(() => response.write(' '), 10)
      response.on('close', () => clearInterval(timer))
    },
    /no complete answer within 100 ms/,
  ],
  [
    'never stops sending',
    (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(CHUNK));
      }
      response.on('drain', more)
      more()
    },
    /larger than 10000 bytes/,
  ],
  [
    'announces too much',
    (_, response) => response.writeHead(200, { 'content-length': 10_001 }).write('x'),
    /larger than 10000 bytes/,
  ],
  [
    'sends a compressed bomb',
    (_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50_000_000))),
    /larger than 10000 bytes/,
  ],
  [
    'closes in the middle',
    (_, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('{"a":', () => response.destroy())
    },
    /the connection failed/,
  ],
  [
    'is busy',
    (_, response) => response.writeHead(503).end('come back later'),
    /HTTP status 503: come back later/,
  ],
])('a server that %s is left within its limits', async (_, listener, reason) => {
  const url = await serve(listener)
  const timeoutMs = /within/.test(reason.source) ? 100 : 5_000
  const error = await get(url, timeoutMs).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(TemporaryError)
  expect((error as Error).message).toMatch(reason)
})

test("the caller's own signal is not taken for a failure of the server", async () => {
  const url = await serve(() => {})
  const reason = new Error('enough')
  const ending = new AbortController()
  const waiting = readHttp({ url, timeoutMs: 5_000, bytesMax: 10, signal: ending.signal })
  ending.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  await expect(readHttp({ url, timeoutMs: 5_000, bytesMax: 10, signal: ending.signal })).rejects.toBe(reason)
})

type Answer = unknown | (() => Response)
/** A JSON-RPC server in this process, whose answers can be exchanged. Counts HTTP requests. */
function scripted(name: string, answer: () => Answer) {
  const asked: unknown[] = []
  const fetch: HttpFetch = async (_url, init) => {
    const body = JSON.parse(init.body ?? 'null')
    asked.push(body)
    const given = answer()
    if (typeof given === 'function') return given()
    const one = ({ id }: { id: number }) => ({ jsonrpc: '2.0', id, result: given })
    return Response.json(Array.isArray(body) ? body.map(one) : one(body))
  }
  const endpoint: RpcEndpointOptions = {
    name,
    url: 'http://test',
    fetch,
    limits: { requestsPerSecond: 100_000 },
  }
  return { asked, endpoint }
}
const provide = (endpoints: readonly RpcEndpointOptions[], options: Partial<L1ProviderOptions> = {}) =>
  createL1Provider({ endpoints, pauseScale: 0.001, ...options })
const CALL = { method: 'eth_test', params: [] }

test('providers are asked in order of preference, and the first comes back after its failure', async () => {
  let works = true
  const first = scripted('first', () => (works ? 'one' : () => new Response('', { status: 500 })))
  const second = scripted('second', () => 'two')
  const provider = provide([first.endpoint, second.endpoint], { pauseScale: 0.1 })
  const ask = () => provider.ask([CALL], ([answer]) => String(answer))
  expect(await ask()).toBe('one')
  works = false
  expect(await ask()).toBe('two')
  const before = first.asked.length
  // While it is paused it is not asked at all.
  expect(await ask()).toBe('two')
  expect(first.asked.length).toBe(before)
  works = true
  await expect.poll(ask).toBe('one')
  expect(provider.status()[0]).toMatchObject({ name: 'first', demotions: 0, lastError: 'HTTP status 500' })
})

test('a liar is demoted behind the others, and asked again only after its time', async () => {
  const liar = scripted('liar', () => 'false')
  const honest = scripted('honest', () => 'true')
  const provider = provide([liar.endpoint, honest.endpoint], { pauseScale: 1 })
  const ask = () =>
    provider.ask([CALL], ([answer]) => {
      check(answer === 'true', 'it is not true')
      return answer
    })
  for (let i = 0; i < 5; i++) expect(await ask()).toBe('true')
  expect(liar.asked.length).toBe(1)
  expect(provider.status()).toEqual([
    { name: 'liar', demotions: 1, lastError: 'liar gave wrong data: it is not true' },
    { name: 'honest', demotions: 0 },
  ])
})

test('a sole liar is named by the error', async () => {
  const provider = provide([scripted('liar', () => 'false').endpoint])
  const asked = provider.ask([CALL], () => check(false, 'it is not true') as never)
  await expect(asked).rejects.toMatchObject({
    name: 'LyingProviderError',
    provider: 'liar',
    what: 'it is not true',
  })
})

test('nothing is concluded from an absence: the next one is asked, and the first one again the next time', async () => {
  const held: (string | null)[] = [null, null]
  const first = scripted('first', () => held[0])
  const second = scripted('second', () => held[1])
  const provider = provide([first.endpoint, second.endpoint])
  const ask = () => provider.ask([CALL], ([answer]) => answer as string | null)
  expect(await ask()).toBeNull()
  held[1] = 'there'
  expect(await ask()).toBe('there')
  held[0] = 'here'
  expect(await ask()).toBe('here')
  expect(provider.status()).toEqual([
    { name: 'first', demotions: 0 },
    { name: 'second', demotions: 0 },
  ])
})

test('when all fail, the error says why for each', async () => {
  const busy = scripted(
    'busy',
    () => () => new Response('', { status: 429, headers: { 'retry-after': '1' } }),
  )
  const down = scripted('down', () => () => {
    throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })
  })
  const error = await provide([busy.endpoint, down.endpoint])
    .ask([CALL], () => 1)
    .catch((error: unknown) => error)
  expect(error).toBeInstanceOf(SourcesFailedError)
  expect((error as Error).message).toBe(
    'eth_test could not be read: busy: HTTP status 429; down: the connection failed: fetch failed (connect ECONNREFUSED)',
  )
})

test('Retry-After is heeded, but not for ever', () => {
  const health = createSourceHealth()
  health.fail('busy', 5_000)
  expect(health.waitMs()).toBeGreaterThan(4_000)
  health.fail('busy', 86_400_000)
  expect(health.waitMs()).toBeLessThanOrEqual(60_000)
  health.succeed()
  expect(health.waitMs()).toBe(0)
  for (let i = 0; i < 100; i++) health.fail('down')
  expect(health.waitMs()).toBeLessThanOrEqual(30_000)
})

test('a storm of 429 ends in progress, with few requests', async () => {
  const chain = createSimulatedL1({ seed: 'storm' })
  for (let i = 0; i < 30; i++) chain.mine()
  let requests = 0
  let left = 40
  const stormy = {
    ...chain,
    fetch: (async (input, init) => {
      requests++
      return left-- > 0 ? new Response('', { status: 429 }) : chain.fetch(input, init)
    }) as typeof chain.fetch,
  }
  const l1 = await connect(chain, { endpoints: [endpointOf('stormy', stormy)], beacons: [] })
  const ending = new AbortController()
  const cursor = { number: 0n, hash: chain.blockAt(0).hash }
  for (let blocks = 0; blocks < 31; ) {
    try {
      for await (const event of l1.follow({
        cursor,
        knownAncestors: async () => [],
        signal: ending.signal,
      })) {
        if (event.type === 'block')
          Object.assign(cursor, { number: event.block.number, hash: event.block.hash })
        if (event.type === 'block') blocks++
        if (event.type === 'caughtUp') break
      }
    } catch (error) {
      expect(error).toBeInstanceOf(TemporaryError)
    }
  }
  expect(cursor.hash).toBe(chain.head().hash)
  expect(requests).toBeLessThan(150)
  await l1.close()
})

test('calls go in batches, and one by one to a server that takes none', async () => {
  const batching = scripted('batching', () => 'ok')
  const calls = Array.from({ length: 70 }, () => CALL)
  expect(await provide([batching.endpoint]).ask(calls, (results) => results.length)).toBe(70)
  expect(batching.asked.map((body) => (body as unknown[]).length)).toEqual([32, 32, 6])

  let bodies = 0
  const fetch: HttpFetch = async (_url, init) => {
    bodies++
    const body = JSON.parse(init.body ?? '')
    if (Array.isArray(body))
      return Response.json({ jsonrpc: '2.0', id: null, error: { code: -32600, message: 'no batches' } })
    return Response.json({ jsonrpc: '2.0', id: body.id, result: 'ok' })
  }
  const provider = provide([
    { name: 'plain', url: 'http://test', fetch, limits: { requestsPerSecond: 100_000 } },
  ])
  expect(await provider.ask(calls, (results) => results.length)).toBe(70)
  expect(bodies).toBe(3 + 70)
})

test('a server in this process needs no HTTP, and is not waited for without end', async () => {
  const provider = provide([
    { name: 'stuck', request: () => new Promise(() => {}), limits: { timeoutMs: 20 } },
    { name: 'inside', request: async (method) => `${method}!` },
  ])
  expect(await provider.ask([CALL], ([answer]) => answer)).toBe('eth_test!')
  expect(provider.status()[0]?.lastError).toBe('no answer within 20 ms')
})

test('an L1 that cannot be reached at the start is waited for, or reported with a sentence', async () => {
  const chain = createSimulatedL1({ seed: 'start' })
  let isUp = false
  const fetch: typeof chain.fetch = async (input, init) => {
    if (isUp) return chain.fetch(input, init)
    throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })
  }
  const warnings: unknown[] = []
  const logger = {
    error() {},
    info() {},
    debug() {},
    warn: (_: object, message: string) => warnings.push(message),
  }
  const endpoints = [endpointOf('sleepy', { ...chain, fetch })]
  await expect(connect(chain, { endpoints, startAttempts: 2, logger })).rejects.toThrow(
    /^no L1 provider answers: sleepy: the connection failed: fetch failed \(connect ECONNREFUSED\); check --l1.rpc/,
  )
  const waiting = connect(chain, { endpoints, logger })
  await expect.poll(() => warnings.length).toBeGreaterThan(2)
  expect(new Set(warnings)).toEqual(new Set(['L1 cannot be reached yet; trying again']))
  isUp = true
  await (await waiting).close()
})

test('the wrong network is told apart at the start', async () => {
  const chain = createSimulatedL1({ seed: 'network' })
  const elsewhere = createSimulatedL1({ seed: 'network', inbox: `0x${'77'.repeat(20)}` })
  await expect(connect(chain, { endpoints: [endpointOf('other', elsewhere)] })).rejects.toThrow(
    /^there is no contract at the inbox address 0x1b.* on L1 chain 31337/,
  )
  // One server of several may be wrong about it: that stops nobody.
  const both = [endpointOf('other', elsewhere), endpointOf('right', chain)]
  await (await connect(chain, { endpoints: both })).close()
  const younger = createSimulatedL1({ seed: 'network', genesisTime: 1_700_000_012n })
  await expect(connect(chain, { beacons: [endpointOf('young', younger)] })).rejects.toThrow(
    /^beacon node young began at 1700000012, but the L1 of devnet began at 1700000000; check --l1.beacon/,
  )
  await expect(connect(chain, { inboxCodeHash: `0x${'00'.repeat(32)}` })).rejects.toBeInstanceOf(
    CriticalError,
  )
  await expect(connect(chain, { quorum: 2 })).rejects.toThrow(
    /a quorum of 2 L1 providers is asked for, but only 1/,
  )
})
