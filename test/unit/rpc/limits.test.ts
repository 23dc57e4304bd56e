/** What one client can make the node do, and what it leaves for the others. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect, type Socket } from 'node:net'
import { SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { mayUse } from '../../../src/rpc/access.ts'
import { clientOf } from '../../../src/rpc/client.ts'
import { operatorMethods } from '../../../src/rpc/engine/operator.ts'
import { startEngineServer } from '../../../src/rpc/engine/server.ts'
import { DEFAULT_LIMITS } from '../../../src/rpc/limits.ts'
import type { RpcOptions, RpcServer } from '../../../src/rpc/server.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
import { emptyBlock, emptyBlocks, emptyState, noCaller } from '../../support/rpcFakes.ts'
import {
  createTestChain,
  eventually,
  post,
  SYNCED,
  startTestRpc,
  type TestChain,
  testSpec,
} from '../../support/rpcServer.ts'

let chain: TestChain
let server: RpcServer
beforeEach(async () => {
  chain = await createTestChain(emptyBlock(0n))
  server = await start()
})
afterEach(async () => {
  await server.close()
  await chain.close()
})

function start(options: Partial<RpcOptions> = {}): Promise<RpcServer> {
  return startTestRpc({ chainId: 1n, chain: chain.chain, state: emptyState, caller: noCaller }, options)
}

async function restart(limits: RpcOptions['limits']): Promise<void> {
  await server.close()
  server = await start({ ...(limits && { limits }) })
}

/** Not of this machine: only 127.0.0.1 is. */
const STRANGER = '127.0.0.2'
const OTHER = '127.0.0.3'

type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: unknown }

function ask(
  body: unknown,
  options: { from?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { from = STRANGER, headers = {} } = options
  return new Promise((resolve, reject) => {
    const sent = httpRequest(server.url, {
      method: 'POST',
      localAddress: from,
      headers: { 'content-type': 'application/json', ...headers },
    })
    sent.on('error', reject)
    sent.on('response', async (response) => {
      let text = ''
      for await (const part of response) text += part
      resolve({
        status: response.statusCode!,
        headers: response.headers,
        body: text === '' ? undefined : JSON.parse(text),
      })
    })
    sent.end(JSON.stringify(body))
  })
}

const call = (method: string, ...params: unknown[]) => ({ jsonrpc: '2.0', id: 1, method, params })

describe('what an address may ask for in a second', () => {
  const refused = {
    status: 429,
    headers: { 'retry-after': expect.stringMatching(/^[1-5]$/), 'content-type': 'application/json' },
    body: { id: 1, error: { code: -32005, message: expect.stringContaining('ask again in') } },
  }

  test('is counted by cost, and told with a time to come back', async () => {
    await restart({ costPerSecond: 1 })
    for (let i = 0; i < 5; i++) expect((await ask(call('eth_chainId'))).status).toBe(200)
    expect(await ask(call('eth_chainId'))).toMatchObject(refused)
    expect((await ask(call('eth_chainId'), { from: OTHER })).status).toBe(200)
    await restart({ costPerSecond: 1 })
    expect(await ask(call('eth_getLogs', {}))).toMatchObject(refused)
  })

  test('counts a batch as a whole, before it begins', async () => {
    await restart({ costPerSecond: 1 })
    const batch = (size: number) => Array.from({ length: size }, () => call('eth_chainId'))
    const { status, body } = await ask(batch(6))
    expect([status, (body as { error: { code: number } }[]).map(({ error }) => error.code)]).toEqual([
      429,
      Array(6).fill(-32005),
    ])
    expect((await ask(batch(5), { from: OTHER })).status).toBe(200)
  })

  test('counts a large body before it is parsed', async () => {
    await restart({ costPerSecond: 1 })
    expect(await ask(call('eth_chainId', 'x'.repeat(200_000)))).toMatchObject({
      status: 429,
      body: { id: null },
    })
  })

  test('counts what an answer holds, once it is given', async () => {
    await restart({ costPerSecond: 3 })
    const asks = () => ask(call('eth_getBlockByNumber', 'latest', false))
    const statuses: number[] = []
    for (let i = 0; i < 4; i++) statuses.push((await asks()).status)
    // Fifteen are three blocks of five, had they nothing in them.
    expect(statuses).toEqual([200, 200, 200, 429])
    await restart({ costPerSecond: 3 })
    expect((await ask(call('rpc_discover'))).status).toBe(429)
    await restart({ costPerSecond: 15 })
    expect((await ask(call('rpc_discover'))).status).toBe(200)
    expect((await ask(call('eth_chainId'))).status).toBe(429)
  })

  test('does not bind programs on this machine, nor anybody where it is off', async () => {
    await restart({ costPerSecond: 1 })
    for (let i = 0; i < 20; i++)
      expect((await ask(call('eth_chainId'), { from: '127.0.0.1' })).status).toBe(200)
    await restart({ costPerSecond: 0 })
    for (let i = 0; i < 20; i++) expect((await ask(call('eth_chainId'))).status).toBe(200)
  })

  test('binds each of those that a proxy on this machine asks for', async () => {
    await restart({ costPerSecond: 1 })
    const asProxy = (client: string) =>
      ask(call('eth_chainId'), { from: '127.0.0.1', headers: { 'x-forwarded-for': client } })
    for (let i = 0; i < 5; i++) expect((await asProxy('1.2.3.4, 203.0.113.7')).status).toBe(200)
    // What the client itself wrote before it does not make another of it.
    expect((await asProxy('5.6.7.8, 203.0.113.7')).status).toBe(429)
    expect((await asProxy('203.0.113.8')).status).toBe(200)
  })
})

describe('who a client is', () => {
  const client = (remoteAddress: string, headers: IncomingHttpHeaders = {}) =>
    clientOf({ socket: { remoteAddress } as Socket, headers })

  test('is told by the connection, and by a proxy only if it is ours', () => {
    expect(client('203.0.113.7')).toEqual({ address: '203.0.113.7', isLocal: false })
    expect(client('::ffff:203.0.113.7')).toEqual({ address: '203.0.113.7', isLocal: false })
    expect(client('203.0.113.7', { 'x-forwarded-for': '127.0.0.1' })).toEqual({
      address: '203.0.113.7',
      isLocal: false,
    })
    expect(client('::ffff:127.0.0.1')).toEqual({ address: '127.0.0.1', isLocal: true })
    expect(client('::1')).toEqual({ address: '::1', isLocal: true })
    expect(client('127.0.0.1', { 'x-forwarded-for': '1.1.1.1, 203.0.113.7' })).toEqual({
      address: '203.0.113.7',
      isLocal: false,
    })
    expect(client('127.0.0.1', { via: '1.1 proxy' })).toEqual({ address: '127.0.0.1', isLocal: false })
  })

  test('of IPv6 is a whole subscriber', () => {
    const first = client('2001:db8:1:2:3:4:5:6')
    expect(first).toEqual({ address: '2001:db8:1:2::/64', isLocal: false })
    expect(client('2001:db8:1:2::9')).toEqual(first)
    expect(client('2001:db8::9').address).toBe('2001:db8:0:0::/64')
    expect(client('127.0.0.1', { 'x-forwarded-for': '2001:db8:1:2::7' })).toEqual(first)
  })

  test('decides on methods of the operator, unless they are everybody’s', () => {
    const [here, there] = [client('127.0.0.1'), client('203.0.113.7')]
    expect([mayUse('debug_traceCall', here), mayUse('debug_traceCall', there)]).toEqual([true, false])
    expect(mayUse('debug_traceCall', client('127.0.0.1', { 'x-forwarded-for': '127.0.0.1' }))).toBe(false)
    expect(mayUse('debug_traceCall', there, ['eth', 'debug'])).toBe(true)
    expect(mayUse('debug_traceCall', undefined)).toBe(true)
    expect(mayUse('eth_call', there)).toBe(true)
  })
})

const openSocket = (from: string) =>
  new Promise<WebSocket>((resolve, reject) => {
    const socket = new WebSocket(server.wsUrl, { localAddress: from, perMessageDeflate: false })
    socket.once('open', () => resolve(socket))
    socket.once('error', reject)
  })

describe('methods of the operator', () => {
  const raw = call('debug_getRawHeader', 'earliest')
  const served = { result: expect.stringMatching(/^0x/) }
  const refused = { error: { code: -32601 } }

  test('are answered to programs on this machine, and to all where they are named', async () => {
    expect((await ask(raw, { from: '127.0.0.1' })).body).toMatchObject(served)
    expect((await ask(raw)).body).toMatchObject(refused)
    const proxied = { from: '127.0.0.1', headers: { 'x-forwarded-for': '127.0.0.1' } }
    expect((await ask(raw, proxied)).body).toMatchObject(refused)
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x-filler-${i}`, 'a']))
    const behindMany = { host: 'localhost', ...many, 'x-forwarded-for': '203.0.113.7' }
    expect((await ask(raw, { from: '127.0.0.1', headers: behindMany })).body).toMatchObject(refused)
    await server.close()
    server = await start({ namespaces: ['eth', 'debug'] })
    expect((await ask(raw)).body).toMatchObject(served)
    await server.close()
    server = await start({ namespaces: ['eth'] })
    expect((await ask(raw, { from: '127.0.0.1' })).body).toMatchObject(served)
    expect((await ask(call('net_version'), { from: '127.0.0.1' })).body).toMatchObject(refused)
  })

  test('are answered to whoever has the token', async () => {
    const secret = new Uint8Array(32).fill(7)
    const spec = testSpec(1n)
    const deps = {
      ...{ execution: { type: 'rollup', spec } as const, spec, chain: chain.chain },
      ...{ state: emptyState, caller: noCaller, sync: () => SYNCED, logger: silentLogger },
      ...{ nextBaseFee: () => 0n, clientVersion: 'plumbline/test' },
    }
    const methods = operatorMethods(deps, {})
    expect(Object.keys(methods).filter((name) => !name.startsWith('debug_'))).toEqual([])
    const port = await startEngineServer(
      { methods, limits: DEFAULT_LIMITS, secret, logger: silentLogger, now: Date.now },
      { host: '127.0.0.1', port: 0 },
    )
    const token = await new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).setIssuedAt().sign(secret)
    const answer = await post(port.url, JSON.stringify(raw), { authorization: `Bearer ${token}` })
    expect(await answer.json()).toMatchObject(served)
    expect((await post(port.url, JSON.stringify(raw))).status).toBe(401)
    await port.close()
  })
})

describe('connections', () => {
  const open = (from: string) =>
    new Promise<Socket>((resolve, reject) => {
      const socket = connect({
        port: Number(new URL(server.url).port),
        host: '127.0.0.1',
        localAddress: from,
      })
      socket.once('connect', () => resolve(socket))
      socket.once('error', reject)
    })
  const isClosed = (socket: Socket) =>
    new Promise<boolean>((resolve) => {
      socket.resume()
      socket.once('close', () => resolve(true))
      socket.once('data', () => resolve(false))
      socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    })

  test('of one address are few, and leave room for others', async () => {
    await restart({ connectionsPerAddressMax: 3 })
    const held = await Promise.all([1, 2, 3].map(() => open(STRANGER)))
    expect(await isClosed(await open(STRANGER))).toBe(true)
    expect(await isClosed(await open(OTHER))).toBe(false)
    expect(await isClosed(await open('127.0.0.1'))).toBe(false)
    held[0]!.destroy()
    await eventually(async () => expect(await isClosed(await open(STRANGER))).toBe(false))
  })

  test('that push are fewer still', async () => {
    await restart({ socketsPerAddressMax: 2 })
    const [first] = await Promise.all([openSocket(STRANGER), openSocket(STRANGER)])
    await expect(openSocket(STRANGER)).rejects.toThrow('429')
    await openSocket(OTHER)
    first.close()
    await eventually(() => openSocket(STRANGER))
  })

  test('that ask too much are not read for a while', async () => {
    await restart({ costPerSecond: 1 })
    const socket = await openSocket(STRANGER)
    const codes: (number | undefined)[] = []
    socket.on('message', (data) => codes.push(JSON.parse(String(data)).error?.code))
    for (let i = 0; i < 5; i++) socket.send(JSON.stringify(call('eth_chainId')))
    await eventually(() => expect(codes).toEqual(Array(5).fill(undefined)))
    socket.send(JSON.stringify(call('eth_chainId')))
    await eventually(() => expect(codes.at(-1)).toBe(-32005))
    socket.send(JSON.stringify(call('eth_chainId')))
    // Read only when it may ask again, so that it is answered well.
    await eventually(() => expect(codes).toHaveLength(7))
    expect(codes.at(-1)).toBeUndefined()
  })

  test('end with a message past the limit', async () => {
    await restart({ bodyBytesMax: 1000 })
    const socket = await openSocket(STRANGER)
    const closed = new Promise<number>((resolve) => socket.once('close', resolve))
    socket.send('x'.repeat(1001))
    expect(await closed).toBe(1009)
  })

  test('that ask for pongs and read none are closed', async () => {
    await restart({ unreadBytesMax: 100_000 })
    const { port } = new URL(server.wsUrl)
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(
      'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n',
    )
    await new Promise((resolve) => socket.once('readable', resolve))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => {})
    // Masked with zeros: a ping of 125 bytes, many at a time, and nobody reads what comes back.
    const ping = Buffer.concat([Buffer.from([0x89, 0x80 | 125, 0, 0, 0, 0]), Buffer.alloc(125)])
    const flood = Buffer.concat(Array.from({ length: 1000 }, () => ping))
    const timer = setInterval(() => socket.write(flood), 1)
    await closed
    clearInterval(timer)
  })

  test('subscriptions are bounded on all of them together', async () => {
    await restart({ subscribersMax: 3 })
    const codes: (number | undefined)[] = []
    const subscribe = async (socket: WebSocket) => {
      const answer = new Promise<string>((resolve) => socket.once('message', (data) => resolve(String(data))))
      socket.send(JSON.stringify(call('eth_subscribe', 'newHeads')))
      codes.push(JSON.parse(await answer).error?.code)
    }
    const [a, b] = await Promise.all([openSocket(STRANGER), openSocket(OTHER)])
    for (const socket of [a, a, b, b]) await subscribe(socket)
    expect(codes).toEqual([undefined, undefined, undefined, -32005])
    a.close()
    await eventually(async () => {
      await subscribe(b)
      expect(codes.at(-1)).toBeUndefined()
    })
  })
})

describe('filters', () => {
  const install = async (from: string) => (await ask(call('eth_newBlockFilter'), { from })).body as never
  const poll = async (from: string, { result: id }: { result: string }) =>
    (await ask(call('eth_getFilterChanges', id), { from })).body as { result?: unknown; error?: unknown }

  test('of one address make room for each other, not for others', async () => {
    await restart({ filtersMax: 8 })
    const modest = await install(OTHER)
    const greedy = [await install(STRANGER), await install(STRANGER), await install(STRANGER)]
    expect((await poll(STRANGER, greedy[0]!)).error).toMatchObject({ code: -32000 })
    expect((await poll(STRANGER, greedy[1]!)).result).toEqual([])
    expect((await poll(OTHER, modest)).result).toEqual([])
  })

  test('that keep too much tell it once and start anew', async () => {
    await restart({ logsMax: 2 })
    const filter = await install(STRANGER)
    const socket = await openSocket(OTHER)
    let heads = 0
    socket.on('message', () => heads++)
    socket.send(JSON.stringify(call('eth_subscribe', 'newHeads')))
    await eventually(() => expect(heads).toBe(1))
    await chain.commit({ blocks: emptyBlocks(1n, 3, chain.chain.heads().latest.hash) })
    // Who came later is told later.
    await eventually(() => expect(heads).toBe(4))
    expect((await poll(STRANGER, filter)).error).toMatchObject({ code: -32005 })
    expect((await poll(STRANGER, filter)).result).toEqual([])
  })
})
