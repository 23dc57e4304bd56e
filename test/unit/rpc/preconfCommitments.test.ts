/** The commitments API through both its doors, on a socket, with a sequencer behind it. */
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseSignedCommitment, requestJson } from '../../../src/preconf/commitments/json.ts'
import { PAYLOAD_BYTES_MAX } from '../../../src/preconf/commitments/readRequest.ts'
import { ZERO_HASH } from '../../../src/primitives/hex.ts'
import { requestHash } from '../../../src/promise/commitment.ts'
import { recoverCommitter } from '../../../src/promise/signature.ts'
import { commitmentHash } from '../../../src/promise/transactionPromise.ts'
import type { Access } from '../../../src/rpc/access.ts'
import { createDispatcher } from '../../../src/rpc/jsonrpc.ts'
import { DEFAULT_LIMITS } from '../../../src/rpc/limits.ts'
import { createCommitmentDoor } from '../../../src/rpc/preconf/commitmentDoor.ts'
import { type AddressLimiter, createAddressLimiter } from '../../../src/rpc/preconf/commitmentHttp.ts'
import { addCommitmentRoutes } from '../../../src/rpc/preconf/commitmentRoutes.ts'
import { commitmentMethods } from '../../../src/rpc/preconf/commitments.ts'
import { type Logger, silentLogger } from '../../../src/telemetry/log.ts'
import { checkAnswer } from '../../support/openrpc.ts'
import {
  COMMITTER,
  type CommitmentsWorld,
  createCommitmentsWorld,
  pay,
} from '../../support/preconfCommitments.ts'

/** Of whatever shape. */
type Json = ReturnType<typeof JSON.parse>

let world: CommitmentsWorld
let window: number
let url: string
let server: Server
let rpc: (method: string, ...params: unknown[]) => Promise<{ result: Json; error: Json }>
beforeAll(async () => {
  world = await createCommitmentsWorld({ seed: 'api' })
  window = world.nextWindow()
  await world.until(window, 3000)
  await world.fund([3, 4, 5, 6])
  const commitments = world.service
  server = await serve(createAddressLimiter(), { vhosts: ['localhost'], origins: [] })
  url = urlOf(server)
  const dispatcher = createDispatcher({
    methods: commitmentMethods({ commitments }),
    limits: DEFAULT_LIMITS,
    logger: silentLogger,
  })
  rpc = async (method, ...params) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const answer = await dispatcher.handle(Buffer.from(body), { signal: AbortSignal.timeout(60_000) })
    const parsed = JSON.parse(answer!)
    if (parsed.result !== undefined) checkAnswer(method, parsed.result)
    return parsed
  }
})
afterAll(async () => {
  server.close()
  await world.close()
})

/** As startRpc puts them together. */
async function serve(
  limit: AddressLimiter,
  access: Access,
  logger: Logger = silentLogger,
  onAnswered = () => {},
): Promise<Server> {
  const app = new Hono()
  const common = { commitments: world.service, limit, logger }
  addCommitmentRoutes(app, common)
  const door = createCommitmentDoor({ ...common, access })
  const rest = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const created = createServer((request, response) => {
    if (door.takes(request)) void door.answer(request, response).then(onAnswered)
    else void rest(request, response)
  })
  await new Promise<void>((resolve) => created.listen(0, '127.0.0.1', resolve))
  return created
}

function urlOf(of: Server): string {
  return `http://127.0.0.1:${(of.address() as AddressInfo).port}/commitments/v0/gateway`
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.status, json: (await response.json()) as Json, headers: response.headers }
}

async function get(path: string) {
  const response = await fetch(`${url}/${path}`)
  return { status: response.status, json: (await response.json()) as Json }
}

test('a request by REST is answered in the JSON of the specification, and found again by its hash through either door', async () => {
  const request = world.request(5, window + 6, await pay(3))
  const { status, json } = await post('commitmentRequest', requestJson(request))
  expect(status).toBe(200)
  expect(json).toEqual({
    commitment: {
      commitment_type: 5,
      payload: expect.stringMatching(/^0x[0-9a-f]{448}$/),
      request_hash: requestHash(request),
      slasher: world.domain.slasher,
    },
    nonce: 0,
    signing_id: world.domain.signingId,
    signature: expect.stringMatching(/^0x[0-9a-f]{130}$/),
    receipt: expect.objectContaining({ status: '0x1', blockHash: null }),
  })
  const signed = parseSignedCommitment(json)
  const hash = commitmentHash(signed.commitment, world.domain)
  expect(recoverCommitter(hash, signed.signature)).toBe(COMMITTER)
  expect(await get(`commitmentResult/${requestHash(request)}`)).toEqual({ status: 200, json })
  expect((await rpc('commitmentResult', requestHash(request))).result).toEqual(json)
  expect((await rpc('commitmentRequest', requestJson(request))).result).toEqual(json)
})

test('a request by JSON-RPC, and by the path of the examples', async () => {
  const first = await rpc('commitmentRequest', requestJson(world.request(4, window + 6, await pay(4))))
  expect(first.result.commitment.commitment_type).toBe(4)
  expect('receipt' in first.result).toBe(false)
  const second = await post('commitment', requestJson(world.request(4, window + 6, await pay(5))))
  expect(second).toMatchObject({ status: 200, json: { commitment: { commitment_type: 4 } } })
})

test('slots are the same through both doors', async () => {
  const { json } = await get('slots')
  expect(json).toEqual((await rpc('slots')).result)
  expect(json.slots[0]).toEqual({
    slot: world.slotNow() + 1,
    offerings: [{ chain_id: Number(world.spec.l2.chainId), commitment_types: [4, 5] }],
  })
})

test('a fee is quoted by POST, by GET with a body, by GET with a query, and by JSON-RPC', async () => {
  const request = requestJson(world.request(4, window + 6, await pay(6)))
  const { result } = await rpc('fee', request)
  expect(result).toEqual({
    fee_payload: expect.stringMatching(/^0x[0-9a-f]{128}$/),
    payload: result.fee_payload,
    commitment_type: 4,
    price_wei: expect.stringMatching(/^0x[0-9a-f]+$/),
    tip_wei: '0x1',
    valid_until: Math.floor(world.clock.now() / 1000) + 12,
  })
  expect(result.fee_payload.slice(0, 66)).toBe(requestHash(world.request(4, window + 6, await pay(6))))
  expect((await post('fee', request)).json).toEqual(result)
  const query = new URLSearchParams({ ...request, commitment_type: '4' })
  expect((await get(`fee?${query}`)).json).toEqual(result)
  expect(await getWithBody(`${url}/fee`, JSON.stringify(request))).toEqual(result)
})

test('every refusal has a status, a code and a sentence', async () => {
  const request = requestJson(world.request(4, 1, await pay(6)))
  const oversized = `0x${'00'.repeat(PAYLOAD_BYTES_MAX + 1)}`
  const cases: [Awaited<ReturnType<typeof post>> | Awaited<ReturnType<typeof get>>, number, string][] = [
    [await post('commitmentRequest', request), 400, 'slotPast'],
    [await post('fee', request), 400, 'slotPast'],
    [await post('commitmentRequest', '{'), 400, 'malformedRequest'],
    [await post('commitmentRequest', 'null'), 400, 'malformedRequest'],
    [await post('commitmentRequest', []), 400, 'malformedRequest'],
    [await post('commitmentRequest', { ...request, slasher: '0x12' }), 400, 'malformedRequest'],
    [await post('commitmentRequest', { ...request, payload: '0x123' }), 400, 'malformedRequest'],
    [await post('commitmentRequest', { ...request, commitment_type: -1 }), 400, 'malformedRequest'],
    [await post('commitmentRequest', { ...request, commitment_type: '4' }), 400, 'malformedRequest'],
    [await post('commitmentRequest', { ...request, commitment_type: 2 ** 53 }), 400, 'malformedRequest'],
    [await post('commitmentRequest', request, { 'content-type': 'text/plain' }), 400, 'malformedRequest'],
    [await post('commitmentRequest', request, { 'content-encoding': 'gzip' }), 400, 'malformedRequest'],
    [await post('commitmentRequest', { ...request, payload: oversized }), 413, 'oversized'],
    [await post('commitmentRequest', `${' '.repeat(3 * PAYLOAD_BYTES_MAX)}{}`), 413, 'oversized'],
    [await get(`commitmentResult/${ZERO_HASH}`), 404, 'notFound'],
    [await get('commitmentResult/0x12'), 400, 'malformedRequest'],
    [await get('fee'), 400, 'malformedRequest'],
  ]
  for (const [{ status, json }, wanted, error] of cases)
    expect({ status, json }).toEqual({
      status: wanted,
      json: { code: wanted, error, message: expect.any(String) },
    })

  const invalid = { code: -32602, data: expect.any(String) }
  expect((await rpc('commitmentRequest', request)).error).toEqual({ ...invalid, message: 'slotPast' })
  expect((await rpc('commitmentRequest')).error).toEqual({ ...invalid, message: 'malformedRequest' })
  expect((await rpc('commitmentRequest', { ...request, payload: oversized })).error).toEqual({
    ...{ ...invalid, message: 'oversized' },
  })
  expect((await rpc('commitmentResult', ZERO_HASH)).error).toEqual({
    ...{ code: -32602, message: 'notFound', data: 'Commitment not found' },
  })
  await world.withGuard(
    async () => ({ type: 'refused', refusal: { reason: 'waiting', until: 1n } }),
    async () => {
      const asked = requestJson(world.request(4, window + 7, await pay(6)))
      expect((await rpc('commitmentRequest', asked)).error).toEqual({
        ...{ code: -32603, message: 'signingRefused', data: 'Signature refused: waiting' },
      })
      expect((await post('commitmentRequest', asked)).status).toBe(503)
    },
  )
  await world.withGuard(
    async () => {
      throw new Error('a path, a URL')
    },
    async () => {
      const asked = requestJson(world.request(4, window + 8, await pay(6)))
      expect(await post('commitmentRequest', asked)).toMatchObject({
        status: 500,
        json: { code: 500, error: 'internal', message: 'internal error; the node has logged it' },
      })
    },
  )
})

test('an address that asks too often is told to wait, whatever it asks', async () => {
  const limited = await serve(createAddressLimiter(3), { vhosts: [], origins: [] })
  const statuses: number[] = []
  for (let i = 0; i < 5; i++) {
    const response = await (i % 2 === 0
      ? fetch(`${urlOf(limited)}/commitmentResult/${ZERO_HASH}`)
      : fetch(`${urlOf(limited)}/commitmentRequest`, { method: 'POST', body: '{}' }))
    statuses.push(response.status)
    const json = await response.json()
    if (response.status !== 429) continue
    expect(response.headers.get('retry-after')).toBe('1')
    expect(json).toEqual({ code: 429, error: 'rateLimited', message: 'Too many requests' })
  }
  expect(statuses).toEqual([404, 400, 404, 429, 429])
  limited.close()
})

test('a body that is said to be too large is refused before any of it is sent, and one that says nothing while it comes', async () => {
  const { request } = await import('node:http')
  const ask = (headers: Record<string, string>, parts: number) =>
    new Promise<{ status: number | undefined; connection: string | undefined }>((resolve, reject) => {
      const sent = request(`${url}/commitmentRequest`, { method: 'POST', headers }, (response) => {
        response.resume()
        resolve({ status: response.statusCode, connection: response.headers.connection })
        sent.destroy()
      })
      sent.on('error', reject)
      sent.flushHeaders()
      for (let i = 0; i < parts; i++) sent.write(' '.repeat(PAYLOAD_BYTES_MAX))
    })
  const json = { 'content-type': 'application/json' }
  const refused = { status: 413, connection: 'close' }
  expect(await ask({ ...json, 'content-length': '100000000' }, 0)).toEqual(refused)
  expect(await ask({ ...json, 'transfer-encoding': 'chunked' }, 3)).toEqual(refused)
})

test('a client that leaves in the middle of its body is no failure of the node', async () => {
  const failures: string[] = []
  const logger = { ...silentLogger, error: (_: object, message: string) => void failures.push(message) }
  let ended = 0
  const open = await serve(createAddressLimiter(), { vhosts: [], origins: [] }, logger, () => ended++)
  const { port } = open.address() as AddressInfo
  for (const body of ['{', '']) {
    const socket = connect(port, '127.0.0.1')
    const head = `Host: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n${body}`
    socket.write(`POST /commitments/v0/gateway/commitmentRequest HTTP/1.1\r\n${head}`)
    await new Promise((resolve) => open.once('request', resolve))
    socket.destroy()
  }
  await expect.poll(() => ended).toBe(2)
  expect(failures).toEqual([])
  open.close()
})

test('a name that is not served is turned away, and an origin is told what it may read', async () => {
  const { request } = await import('node:http')
  const open = await serve(createAddressLimiter(), {
    vhosts: ['localhost'],
    origins: ['https://wallet.example'],
  })
  const ask = (headers: Record<string, string>) =>
    new Promise<{ status: number | undefined; allowed: string | undefined; vary: string | undefined }>(
      (resolve, reject) => {
        const sent = request(`${urlOf(open)}/commitmentRequest`, { method: 'POST', headers }, (response) => {
          response.resume()
          const { vary, 'access-control-allow-origin': allowed } = response.headers
          resolve({ status: response.statusCode, allowed, vary })
        })
        sent.on('error', reject)
        sent.end('{}')
      },
    )
  const none = { allowed: undefined, vary: undefined }
  expect(await ask({ host: 'evil.example' })).toEqual({ status: 403, ...none })
  expect(await ask({ origin: 'https://wallet.example' })).toEqual({
    ...{ status: 400, allowed: 'https://wallet.example', vary: 'Origin' },
  })
  expect(await ask({ origin: 'https://other.example' })).toEqual({ ...none, status: 400, vary: 'Origin' })
  open.close()
})

test('a signature is read as hex, and as the object that alloy writes', async () => {
  const { json } = await post('commitmentRequest', requestJson(world.request(5, window + 6, await pay(3))))
  const { signature } = json
  const r = signature.slice(0, 66)
  const s = `0x${signature.slice(66, 130)}`
  const v = Number.parseInt(signature.slice(130), 16)
  const wanted = parseSignedCommitment(json)
  for (const parts of [
    { r, s, yParity: `0x${v - 27}`, v: `0x${v - 27}` },
    { r, s, yParity: v - 27 },
    { r, s, v },
    { r, s, v: `0x${v.toString(16)}` },
  ])
    expect(parseSignedCommitment({ ...json, signature: parts })).toEqual(wanted)
  for (const signature of ['0x', { r, s }, { r, s, v: 29 }, { r, v }, 7])
    expect(() => parseSignedCommitment({ ...json, signature })).toThrow('Invalid commitment request')
})

/** fetch sends no body with a GET. */
async function getWithBody(address: string, body: string): Promise<unknown> {
  const { request } = await import('node:http')
  return new Promise((resolve, reject) => {
    const sent = request(
      address,
      { method: 'GET', headers: { 'content-type': 'application/json', 'content-length': body.length } },
      (response) => {
        let text = ''
        response.on('data', (part) => {
          text += part
        })
        response.on('end', () => resolve(JSON.parse(text)))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}
