/** How many clients of the stream are served, and that a place is free again once its client is gone. */
import { once } from 'node:events'
import { type ClientRequest, createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { afterEach, expect, test, vi } from 'vitest'
import { createHub, type Hub } from '../../../src/preconf/stream/hub.ts'
import { addStreamRoutes } from '../../../src/rpc/preconf/streamRoutes.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'

const requests: ClientRequest[] = []
let close = () => {}
let hub: Hub
afterEach(() => {
  for (const request of requests.splice(0)) request.destroy()
  close()
})

async function serve() {
  hub = createHub({ logger: silentLogger })
  const head = { number: 1n, hash: `0x${'11'.repeat(32)}` as const }
  const app = new Hono()
  addStreamRoutes(app, {
    chain: { heads: () => ({ latest: head, safe: head, finalized: head, executable: head }) },
    journal: { blocksFrom: async () => [] },
    lists: { open: () => [] },
    hub,
    logger: silentLogger,
  })
  const server = createServer(getRequestListener(app.fetch)).listen(0, '127.0.0.1')
  close = () => {
    server.close()
    server.closeAllConnections()
  }
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  /** From one of the addresses of this machine. */
  return async (localAddress: string) => {
    const request = get({ port, host: '127.0.0.1', localAddress, path: '/preconf/v0/stream', agent: false })
    request.on('error', () => {})
    requests.push(request)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return { request, response, status: response.statusCode }
  }
}

test('one address has 16 clients, all of them 256, and a refusal says when to come again', async () => {
  const connect = await serve()
  const own = []
  for (let i = 0; i < 16; i++) own.push(await connect('127.0.0.1'))
  expect(new Set(own.map(({ status }) => status))).toEqual(new Set([200]))
  const refused = await connect('127.0.0.1')
  expect([refused.status, refused.response.headers['retry-after']]).toEqual([429, '10'])
  expect(JSON.parse((await refused.response.toArray()).join(''))).toMatchObject({ error: 'rateLimited' })
  for (let host = 2; host <= 16; host++)
    for (let i = 0; i < 16; i++) expect((await connect(`127.0.0.${host}`)).status).toBe(200)
  const busy = await connect('127.0.0.99')
  expect([busy.status, busy.response.headers['retry-after']]).toEqual([503, '10'])
  own[0]!.request.destroy()
  await vi.waitFor(async () => expect((await connect('127.0.0.1')).status).toBe(200))
})

test('a client that does not read is let go, though nothing can be written to it', async () => {
  const connect = await serve()
  const { response } = await connect('127.0.0.1')
  response.pause()
  response.on('error', () => {})
  const gone = new Promise((resolve) => response.once('close', resolve))
  const bytes = new Uint8Array(1024 * 1024)
  let seq = 0
  const publish = () =>
    hub.publish({
      type: 'frag',
      parentHash: `0x${'22'.repeat(32)}`,
      frag: { blockNumber: 2n, seq: BigInt(seq), isLast: false, txs: [bytes] },
      signature: `0x${(seq++).toString(16).padStart(130, '0')}`,
    })
  // First so little that it may wait, and so slowly that a write waits with it; then more than may.
  for (let i = 0; i < 12; i++) {
    publish()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  for (let i = 0; i < 40; i++) publish()
  await vi.waitFor(() => expect(hub.subscribers).toBe(0), 20_000)
  response.resume()
  await gone
  expect((await connect('127.0.0.1')).status).toBe(200)
})
