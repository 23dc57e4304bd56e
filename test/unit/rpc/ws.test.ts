import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { RpcOptions, RpcServer } from '../../../src/rpc/server.ts'
import { type Logger, silentLogger } from '../../../src/telemetry/log.ts'
import { emptyBlock, emptyBlocks, emptyState, noCaller } from '../../support/rpcFakes.ts'
import { createTestChain, eventually, rpc, startTestRpc, type TestChain } from '../../support/rpcServer.ts'

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

function start(options: Partial<RpcOptions> = {}, logger = silentLogger): Promise<RpcServer> {
  const deps = { chainId: 1n, chain: chain.chain, state: emptyState, caller: noCaller, logger }
  return startTestRpc(deps, options)
}

async function restart(options: Partial<RpcOptions>, logger?: Logger): Promise<void> {
  await server.close()
  server = await start(options, logger)
}

type Message = {
  id?: unknown
  result?: unknown
  error?: { code: number }
  params?: { result: { number: string } }
}

async function open(
  headers: Record<string, string> = {},
): Promise<{ socket: WebSocket; received: Message[] }> {
  const socket = new WebSocket(server.wsUrl, { headers })
  const received: Message[] = []
  socket.on('message', (data) => received.push(JSON.parse(String(data))))
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return { socket, received }
}

const ask = (socket: WebSocket, id: number, method: string, params: unknown[] = []) =>
  socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))

const grow = (count: number) => {
  const { number, hash } = chain.chain.heads().latest
  return chain.commit({ blocks: emptyBlocks(number + 1n, count, hash) })
}

test('the same methods answer, batches and bad bytes too', async () => {
  const { socket, received } = await open()
  ask(socket, 1, 'eth_chainId')
  socket.send('[]')
  socket.send('{')
  await eventually(() => expect(received.length).toBe(3))
  expect(received.find(({ id }) => id === 1)?.result).toBe('0x1')
  expect(received.map(({ error }) => error?.code).sort()).toEqual([-32600, -32700, undefined])
})

test('the answer to a subscription comes before its first notification', async () => {
  const { socket, received } = await open()
  for (let i = 0; i < 10; i++) {
    received.length = 0
    ask(socket, i, 'eth_subscribe', ['newHeads'])
    await grow(1)
    await grow(1)
    await eventually(() => expect(received.length).toBeGreaterThanOrEqual(1))
    expect(received.filter(({ id }) => id === i).length).toBe(1)
    const id = received.find((message) => message.id === i)!.result
    const own = received.findIndex(
      ({ params }) => (params as { subscription?: unknown })?.subscription === id,
    )
    if (own >= 0) expect(received.findIndex((message) => message.id === i)).toBeLessThan(own)
    ask(socket, 100 + i, 'eth_unsubscribe', [id])
    await eventually(() => expect(received.find((message) => message.id === 100 + i)?.result).toBe(true))
  }
})

test('new heads come in order, none left out, until unsubscribed', async () => {
  const { socket, received } = await open()
  ask(socket, 1, 'eth_subscribe', ['newHeads'])
  await eventually(() => expect(received.length).toBe(1))
  await grow(50)
  await grow(1)
  const numbers = () => received.flatMap(({ params }) => (params ? [Number(params.result.number)] : []))
  await eventually(() => expect(numbers()).toEqual(Array.from({ length: 51 }, (_, i) => i + 1)))
  ask(socket, 2, 'eth_unsubscribe', [received[0]!.result])
  await eventually(() => expect(received.at(-1)).toMatchObject({ id: 2, result: true }))
  await grow(1)
  ask(socket, 3, 'eth_blockNumber')
  await eventually(() => expect(received.at(-1)).toMatchObject({ id: 3 }))
  expect(numbers().length).toBe(51)
})

test('subscriptions need a connection that can push, and are few', async () => {
  expect(await rpc(server.url, 'eth_subscribe', ['newHeads'])).toMatchObject({ error: { code: -32004 } })
  await restart({ limits: { subscriptionsMax: 2 } })
  const { socket, received } = await open()
  for (let i = 0; i < 3; i++) ask(socket, i, 'eth_subscribe', ['newHeads'])
  await eventually(() => expect(received.length).toBe(3))
  expect(received.filter(({ error }) => error?.code === -32005).length).toBe(1)
  ask(socket, 8, 'eth_subscribe', ['newPendingTransactions'])
  await eventually(() => expect(received.at(-1)).toMatchObject({ id: 8, error: { code: -32004 } }))
  ask(socket, 9, 'eth_subscribe', ['transactionReceipts'])
  await eventually(() => expect(received.at(-1)).toMatchObject({ id: 9, error: { code: -32602 } }))
})

test('a client that does not read is let go', async () => {
  const warnings: string[] = []
  const logger = { ...silentLogger, warn: (_: object, message: string) => void warnings.push(message) }
  await restart({ limits: { unreadBytesMax: 100_000 } }, logger)
  const { socket, received } = await open()
  ask(socket, 1, 'eth_subscribe', ['newHeads'])
  await eventually(() => expect(received.length).toBe(1))
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.pause()
  // Far more than what the kernel's socket buffers take.
  for (let i = 0; i < 40; i++) await grow(250)
  // Blocks are told of some time after they came: a client that reads again before would be in time.
  await eventually(() => expect(warnings).toEqual(['a WebSocket client does not read; closing it']))
  socket.resume()
  await closed
  expect(received.length).toBeLessThan(10_000)
}, 60_000)

test('pages of other origins and other names are refused, and so is one connection too many', async () => {
  await expect(open({ origin: 'https://page.example' })).rejects.toThrow('403')
  await expect(open({ host: 'attacker.example' })).rejects.toThrow('403')
  await restart({ wsOrigins: ['https://page.example'], limits: { connectionsMax: 2 } })
  await open({ origin: 'https://page.example' })
  await open()
  await expect(open()).rejects.toThrow()
})

test('who is refused may reset the connection, or keep his end of it open', async () => {
  const { hostname, port } = new URL(server.wsUrl)
  const refused = 'GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  const connectTo = async () => {
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }
  const failures: unknown[] = []
  const note = (error: unknown) => failures.push(error)
  process.prependListener('uncaughtException', note)
  for (let i = 0; i < 20; i++) {
    const socket = await connectTo()
    socket.write(refused, () => socket.resetAndDestroy())
    await once(socket, 'close')
  }
  const halfOpen = await connectTo()
  halfOpen.write(refused)
  const [answer] = await once(halfOpen, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1.1 403/)
  await server.close()
  process.removeListener('uncaughtException', note)
  halfOpen.destroy()
  expect(failures).toEqual([])
  server = await start()
})

test('a message past the limit ends its connection only', async () => {
  await restart({ limits: { bodyBytesMax: 1000 } })
  const { socket } = await open()
  const code = new Promise((resolve) => socket.once('close', resolve))
  socket.send(' '.repeat(1001))
  expect(await code).toBe(1009)
  expect(await rpc(server.url, 'eth_chainId')).toMatchObject({ result: '0x1' })
})

test('a port of its own serves WebSocket only', async () => {
  await restart({ wsPort: 0 })
  expect(new URL(server.wsUrl).port).not.toBe(new URL(server.url).port)
  const { socket, received } = await open()
  ask(socket, 1, 'eth_chainId')
  await eventually(() => expect(received.length).toBe(1))
  expect((await fetch(server.wsUrl.replace('ws:', 'http:'))).status).toBe(426)
})

test('a filter nobody empties tells once that it lost changes, then starts anew', async () => {
  await restart({ limits: { logsMax: 5 } })
  const id = (await rpc(server.url, 'eth_newBlockFilter')).result
  const { socket, received } = await open()
  ask(socket, 1, 'eth_subscribe', ['newHeads'])
  await eventually(() => expect(received.length).toBe(1))
  await grow(6)
  // The filter, installed earlier, has heard of a block before this connection does.
  await eventually(() => expect(received.at(-1)?.params?.result.number).toBe('0x6'))
  expect(await rpc(server.url, 'eth_getFilterChanges', [id])).toMatchObject({ error: { code: -32005 } })
  expect(await rpc(server.url, 'eth_getFilterChanges', [id])).toMatchObject({ result: [] })
})
