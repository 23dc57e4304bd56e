import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SyncStatus } from '../../../src/rpc/deps.ts'
import type { RpcOptions, RpcServer } from '../../../src/rpc/server.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { emptyBlock, emptyBlocks, emptyState, noCaller } from '../../support/rpcFakes.ts'
import { createTestChain, post, rpc, SYNCED, startTestRpc, type TestChain } from '../../support/rpcServer.ts'

let chain: TestChain
let server: RpcServer
let sync: SyncStatus
const CHAIN_ID = 167_000n
const chainIdRequest = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId' })

beforeEach(async () => {
  sync = SYNCED
  chain = await createTestChain(emptyBlock(0n))
  server = await start()
})
afterEach(async () => {
  await server.close()
  await chain.close()
})

function start(
  options: Partial<RpcOptions> = {},
  more: Parameters<typeof startTestRpc>[2] = {},
): Promise<RpcServer> {
  const deps = {
    chainId: CHAIN_ID,
    chain: chain.chain,
    state: emptyState,
    caller: noCaller,
    sync: () => sync,
  }
  return startTestRpc(deps, options, more)
}

async function restart(...input: Parameters<typeof start>): Promise<void> {
  await server.close()
  server = await start(...input)
}

/** With headers that `fetch` would not let us set. */
function raw(
  headers: Record<string, string>,
  method = 'POST',
): Promise<{ status: number; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(server.url, { method, headers }, (response) => {
      response.resume()
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers }))
    })
    sent.on('error', reject)
    sent.end(method === 'POST' ? chainIdRequest : undefined)
  })
}

describe('POST /', () => {
  test('takes the content types that browsers must ask for', async () => {
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'application/json-rpc',
      'application/jsonrequest',
    ])
      expect((await post(server.url, chainIdRequest, { 'content-type': type })).status).toBe(200)
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx'])
      expect((await post(server.url, chainIdRequest, { 'content-type': type })).status).toBe(415)
    expect((await raw({})).status).toBe(415)
  })

  test('refuses compressed bodies, whatever they would become', async () => {
    const bomb = new Uint8Array(gzipSync(new Uint8Array(50_000_000)))
    expect((await post(server.url, bomb, { 'content-encoding': 'gzip' })).status).toBe(415)
  })

  test('answers a notification with no body', async () => {
    const response = await post(server.url, JSON.stringify({ jsonrpc: '2.0', method: 'eth_chainId' }))
    expect([response.status, await response.text()]).toEqual([204, ''])
  })

  test('refuses a body past the limit by its length, before it is sent', async () => {
    const status = await new Promise((resolve) => {
      const length = 6 * 1024 * 1024
      const sent = httpRequest(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': length },
      })
      sent.on('response', (response) => {
        resolve(response.statusCode)
        sent.destroy()
      })
      sent.on('error', () => {})
      sent.write('[')
    })
    expect(status).toBe(413)
  })

  test('stops reading an endless body at the limit', async () => {
    await restart({ limits: { bodyBytesMax: 100_000 } })
    let written = 0
    const status = await new Promise<number>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
      const sent = httpRequest(server.url, { method: 'POST', headers }, (response) => {
        resolve(response.statusCode!)
        sent.destroy()
      })
      const pump = () => {
        while (!sent.destroyed && written < 1_000_000_000) {
          written += 10_000
          if (!sent.write(' '.repeat(10_000))) return void sent.once('drain', pump)
        }
      }
      sent.on('error', (error) =>
        reject(new Error(`the connection broke before an answer: ${error.message}`)),
      )
      pump()
    })
    expect(status).toBe(413)
    expect(written).toBeLessThan(50_000_000)
    expect(await rpc(server.url, 'eth_chainId')).toMatchObject({ result: '0x28c58' })
  })

  test('survives connections that break in the middle', async () => {
    const { port } = new URL(server.url)
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write(
          'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a"',
        )
        socket.destroy()
        resolve()
      })
    })
    expect(await rpc(server.url, 'eth_chainId')).toMatchObject({ result: '0x28c58' })
  })
})

describe('who may ask', () => {
  test('a page that rebinds its name to this machine may not', async () => {
    const json = { 'content-type': 'application/json' }
    expect((await raw({ ...json, host: 'attacker.example' })).status).toBe(403)
    expect((await raw({ ...json, host: 'localhost:8545' })).status).toBe(200)
    expect((await raw({ ...json, host: '[::1]:8545' })).status).toBe(200)
    expect((await raw({ host: 'attacker.example' }, 'GET')).status).toBe(403)
    await restart({ vhosts: ['Node.example'] })
    expect((await raw({ ...json, host: 'node.example' })).status).toBe(200)
    expect((await raw({ ...json, host: 'localhost' })).status).toBe(403)
  })

  test('no page of another origin reads answers, unless it is named', async () => {
    const asked = { origin: 'https://wallet.example', 'access-control-request-method': 'POST' }
    expect((await raw(asked, 'OPTIONS')).headers['access-control-allow-origin']).toBeUndefined()
    await restart({ corsDomains: ['https://wallet.example'] })
    expect((await raw(asked, 'OPTIONS')).headers['access-control-allow-origin']).toBe(
      'https://wallet.example',
    )
    expect(
      (await raw({ ...asked, origin: 'https://other.example' }, 'OPTIONS')).headers[
        'access-control-allow-origin'
      ],
    ).toBeUndefined()
  })

  test('only enabled namespaces are served', async () => {
    await restart({ namespaces: ['net'] })
    expect(await rpc(server.url, 'net_version')).toMatchObject({ result: '167000' })
    expect(await rpc(server.url, 'eth_chainId')).toMatchObject({ error: { code: -32601 } })
    expect(await rpc(server.url, 'rpc_modules')).toMatchObject({ result: { net: '1.0', rpc: '1.0' } })
  })
})

describe('pages for operators', () => {
  const get = async (path: string) => {
    const response = await fetch(server.url + path)
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  test('/healthz says that the process answers', async () => {
    expect(await get('/healthz')).toEqual({ status: 200, body: { alive: true, version: 'plumbline/test' } })
  })

  test('/readyz is 200 only when answers are about the present, and says why not', async () => {
    expect(await get('/readyz')).toEqual({ status: 200, body: { ready: true, reasons: [] } })
    const { cursor: _, ...unstarted } = SYNCED
    sync = {
      ...unstarted,
      l1: { trust: 'single-provider', providers: [] },
      isSynced: false,
      problems: ['the beacon node is unreachable'],
    }
    expect(await get('/readyz')).toEqual({
      status: 503,
      body: {
        ready: false,
        reasons: [
          'the beacon node is unreachable',
          'derivation has not reached the L1 head yet',
          'no L1 head is known',
        ],
      },
    })
    sync = { ...SYNCED, l1: { ...SYNCED.l1, head: { number: 111n, hash: SYNCED.l1.head!.hash } } }
    expect((await get('/readyz')).body.reasons).toEqual(['derivation is 11 L1 blocks behind the L1 head'])
  })

  test('/status tells all of it', async () => {
    await chain.commit({ blocks: emptyBlocks(1n, 3, chain.chain.heads().latest.hash) })
    const { status, body } = await get('/status')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      network: 'test',
      l2ChainId: 167_000,
      ready: true,
      sync: {
        synced: true,
        current_l1: { number: 100 },
        unsafe_l2: { number: 3, timestamp: 1003 },
        safe_l2: { number: 3 },
        preconfirmed_l2: null,
        l1_head_trust: 'single-provider',
      },
    })
  })

  test('/metrics is what Prometheus reads', async () => {
    const metrics = createMetrics({ version: '1.2.3', commit: 'abc' })
    metrics.refsNumber.set({ layer: 'l2', type: 'safe' }, 41)
    await restart(
      {},
      {
        metrics,
        observe: ({ method, code }) => metrics.rpcRequestsTotal.inc({ method, code: String(code) }),
      },
    )
    await rpc(server.url, 'eth_chainId')
    const page = await (await fetch(`${server.url}/metrics`)).text()
    expect(page).toContain('plumbline_up 1\n')
    expect(page).toContain('plumbline_build_info{version="1.2.3",commit="abc"} 1\n')
    expect(page).toContain('plumbline_refs_number{layer="l2",type="safe"} 41\n')
    expect(page).toContain('plumbline_rpc_requests_total{method="eth_chainId",code="0"} 1\n')
    expect(page).toContain('process_cpu_seconds_total')
  })
})

test('a busy port is an error with a sentence', async () => {
  const port = Number(new URL(server.url).port)
  await expect(start({ port })).rejects.toThrow(
    `port ${port} on 127.0.0.1 is in use by another program; stop it or choose another port`,
  )
})

test('queries are bounded before the chain is asked', async () => {
  const code = async (method: string, ...params: unknown[]) =>
    (await rpc(server.url, method, params)).error?.code
  await chain.commit({ blocks: emptyBlocks(1n, 30, chain.chain.heads().latest.hash) })
  await restart({ limits: { logBlocksMax: 10n } })
  expect(await code('eth_getLogs', { fromBlock: '0x0', toBlock: '0x9' })).toBeUndefined()
  expect(await code('eth_getLogs', { fromBlock: '0x0', toBlock: '0xa' })).toBe(-32005)
  const hash = `0x${'00'.repeat(32)}`
  expect(await code('eth_getLogs', { topics: [Array(1001).fill(hash)] })).toBe(-32602)
  expect(await code('eth_getLogs', { topics: Array(5).fill(hash) })).toBe(-32602)
  expect(await code('eth_getLogs', { address: Array(1001).fill(hash.slice(0, 42)) })).toBe(-32602)
  expect(await code('eth_getBlockByNumber', `0x${'9'.repeat(1_000_000)}`, false)).toBe(-32602)
  expect(await code('eth_getBlockByNumber', '9'.repeat(1_000_000), false)).toBe(-32602)
  expect(await code('eth_feeHistory', '0xffffffff', 'latest', [])).toBeUndefined()
  expect(await code('eth_feeHistory', '0x1', 'latest', Array(101).fill(0))).toBe(-32602)
  expect(await code('based_getProposal', `0x1${'0'.repeat(12)}`)).toBe(-32602)
  const overrides = Object.fromEntries(
    Array.from({ length: 1001 }, (_, i) => [`0x${i.toString(16).padStart(40, '0')}`, {}]),
  )
  expect(await code('eth_call', {}, 'latest', overrides)).toBe(-32602)
})

test('a connection that trickles is closed', async () => {
  await restart({ limits: { headersTimeoutMs: 100, requestTimeoutMs: 200 } })
  const { port } = new URL(server.url)
  for (const start of [
    'POST / HTTP/1.1\r\nHost:',
    'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{',
  ]) {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(start))
    const trickle = setInterval(() => socket.write(' '), 20)
    socket.on('error', () => {})
    socket.resume()
    await new Promise((resolve) => socket.once('close', resolve))
    clearInterval(trickle)
  }
})

test('filters are few: the oldest unused one goes', async () => {
  await restart({ limits: { filtersMax: 3 } })
  const ids: unknown[] = []
  for (let i = 0; i < 4; i++) ids.push((await rpc(server.url, 'eth_newBlockFilter')).result)
  expect(await rpc(server.url, 'eth_getFilterChanges', [ids[0]])).toMatchObject({ error: { code: -32000 } })
  expect(await rpc(server.url, 'eth_getFilterChanges', [ids[3]])).toMatchObject({ result: [] })
})
