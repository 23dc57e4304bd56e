import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { RpcError } from '../../../src/rpc/errors.ts'
import { createDispatcher, type RequestObserver } from '../../../src/rpc/jsonrpc.ts'
import { DEFAULT_LIMITS, type RpcLimits } from '../../../src/rpc/limits.ts'
import { type CallContext, defineMethod } from '../../../src/rpc/method.ts'
import { quantityParam } from '../../../src/rpc/params.ts'
import type { RpcServer } from '../../../src/rpc/server.ts'
import { emptyBlock, emptyState, noCaller } from '../../support/rpcFakes.ts'
import { createTestChain, post, startTestRpc, type TestChain } from '../../support/rpcServer.ts'

/** What a dispatcher asks nothing about. */
const UNDESCRIBED = { summary: '', result: z.unknown() }
const context: CallContext = { signal: new AbortController().signal }
const logged: object[] = []
const logger = {
  error: (fields: object) => void logged.push(fields),
  warn() {},
  info() {},
  debug() {},
}

function createTestDispatcher(limits: Partial<RpcLimits> = {}, observe?: RequestObserver) {
  return createDispatcher({
    methods: {
      add: defineMethod({
        ...UNDESCRIBED,
        cost: 1,
        params: { a: quantityParam, b: quantityParam.optional() },
        handle: ({ a, b }) => `0x${(a + (b ?? 1n)).toString(16)}`,
      }),
      costly: defineMethod({ ...UNDESCRIBED, cost: 100, params: {}, handle: () => 'done' }),
      big: defineMethod({
        ...UNDESCRIBED,
        cost: 1,
        params: { size: z.number() },
        handle: ({ size }) => 'x'.repeat(size),
      }),
      broken: defineMethod({
        ...UNDESCRIBED,
        cost: 1,
        params: {},
        handle: () => {
          throw new Error('connect https://user:secret@l1.example failed at /home/node/file.ts')
        },
      }),
      refused: defineMethod({
        ...UNDESCRIBED,
        cost: 1,
        params: {},
        handle: () => {
          throw new RpcError({ code: 'executionReverted', message: 'execution reverted', data: '0x08' })
        },
      }),
    },
    limits: { ...DEFAULT_LIMITS, ...limits },
    logger,
    ...(observe === undefined ? {} : { observe }),
  })
}

async function ask(body: unknown, limits: Partial<RpcLimits> = {}): Promise<unknown> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const answer = await createTestDispatcher(limits).handle(new TextEncoder().encode(text), context)
  return answer === undefined ? undefined : JSON.parse(answer)
}

const request = (method: string, params?: unknown, id: unknown = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
})
const error = (code: number, id: unknown = null) => ({
  jsonrpc: '2.0',
  id,
  error: expect.objectContaining({ code, message: expect.any(String) }),
})

describe('a single request', () => {
  test('is answered with its id, whatever kind it is', async () => {
    for (const id of [1, -1.5, 'a', '', null])
      expect(await ask(request('add', ['0x1', '0x2'], id))).toEqual({ jsonrpc: '2.0', id, result: '0x3' })
  })

  test('without an id is a notification: done, not answered', async () => {
    expect(await ask({ jsonrpc: '2.0', method: 'add', params: ['0x1'] })).toBeUndefined()
    expect(await ask({ jsonrpc: '2.0', method: 'unknown' })).toBeUndefined()
  })

  test('may leave out params, and optional ones may be null', async () => {
    expect(await ask(request('costly'))).toMatchObject({ result: 'done' })
    expect(await ask(request('add', ['0x1', null]))).toMatchObject({ result: '0x2' })
  })

  test.each([
    ['not JSON', '{"jsonrpc":', -32700, null],
    ['no bytes', '', -32700, null],
    ['a string', '"hello"', -32600, null],
    ['null', 'null', -32600, null],
    ['another version', '{"jsonrpc":"1.0","id":7,"method":"add"}', -32600, 7],
    ['a method that is no string', '{"jsonrpc":"2.0","id":7,"method":1}', -32600, 7],
    ['an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"add"}', -32600, null],
    ['an id no JSON can repeat', '{"jsonrpc":"2.0","id":1e400,"method":"add"}', -32600, null],
    ['an unknown method', '{"jsonrpc":"2.0","id":7,"method":"eth_mine"}', -32601, 7],
    ['a name of the language', '{"jsonrpc":"2.0","id":7,"method":"__proto__"}', -32601, 7],
    ['another name of the language', '{"jsonrpc":"2.0","id":7,"method":"constructor"}', -32601, 7],
    ['params by name', '{"jsonrpc":"2.0","id":7,"method":"add","params":{"a":"0x1"}}', -32602, 7],
    ['too many params', '{"jsonrpc":"2.0","id":7,"method":"add","params":["0x1","0x1","0x1"]}', -32602, 7],
  ])('that is %s gets its own code', async (_, body, code, id) => {
    expect(await ask(body)).toEqual(error(code, id))
  })

  test('learns which parameter is wrong', async () => {
    expect(await ask(request('add', []))).toMatchObject({
      error: { code: -32602, message: 'parameter 0 (a): is required' },
    })
    expect(await ask(request('add', ['0x1', '12']))).toMatchObject({
      error: { code: -32602, message: expect.stringMatching(/^parameter 1 \(b\): .*0x/) },
    })
  })

  test('is not told what our errors say', async () => {
    const answer = await ask(request('broken'))
    expect(answer).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32603, message: 'internal error; the node has logged it' },
    })
    expect(logged.at(-1)).toMatchObject({ method: 'broken', error: expect.any(Error) })
  })

  test('gets the data of an error', async () => {
    expect(await ask(request('refused'))).toMatchObject({ error: { code: 3, data: '0x08' } })
  })

  test('whose response is too large gets an error instead', async () => {
    expect(await ask(request('big', [100]), { responseBytesMax: 100 })).toEqual(error(-32005, 1))
  })
})

describe('a batch', () => {
  test('is answered in order; notifications leave no gap; duplicate ids are the client’s business', async () => {
    const batch = [
      request('add', ['0x1'], 5),
      { jsonrpc: '2.0', method: 'add', params: ['0x1'] },
      1,
      request('add', ['0x2'], 5),
    ]
    expect(await ask(batch)).toEqual([
      { jsonrpc: '2.0', id: 5, result: '0x2' },
      error(-32600),
      { jsonrpc: '2.0', id: 5, result: '0x3' },
    ])
  })

  test('of notifications only is not answered', async () => {
    expect(await ask([{ jsonrpc: '2.0', method: 'add', params: ['0x1'] }])).toBeUndefined()
  })

  test('that is empty, nested or too long is refused', async () => {
    expect(await ask([])).toEqual(error(-32600))
    expect(await ask([[request('costly')]])).toEqual([error(-32600)])
    expect(await ask(Array(1001).fill(request('costly')))).toEqual(error(-32600))
  })

  test('gets what its cost allows, and a refusal for each of the rest', async () => {
    const answers = await ask([request('costly'), request('add', ['0x1']), request('costly')], {
      batchCostMax: 150,
    })
    expect(answers).toEqual([
      expect.objectContaining({ result: 'done' }),
      expect.objectContaining({ result: '0x2' }),
      error(-32005, 1),
    ])
  })

  test('gets no more bytes than one response may have', async () => {
    const answers = await ask([request('big', [300]), request('big', [300]), request('big', [1])], {
      responseBytesMax: 500,
    })
    expect(answers).toEqual([
      expect.objectContaining({ result: 'x'.repeat(300) }),
      error(-32005, 1),
      expect.anything(),
    ])
  })

  test('begins nothing after its time', async () => {
    expect(await ask([request('costly')], { batchTimeoutMs: -1 })).toEqual([error(-32002, 1)])
  })
})

test('a batch is left off when its client has gone', async () => {
  const gone = new AbortController()
  const seen: string[] = []
  const dispatcher = createTestDispatcher({}, ({ method }) => {
    seen.push(method)
    gone.abort()
  })
  const body = new TextEncoder().encode(JSON.stringify(Array(5).fill(request('costly'))))
  expect(await dispatcher.handle(body, { signal: gone.signal })).toBeUndefined()
  expect(seen).toEqual(['costly'])
})

test('requests are observed under few names', async () => {
  const seen: unknown[] = []
  const dispatcher = createTestDispatcher({}, ({ method, code }) => seen.push([method, code]))
  const batch = [request('add', ['0x1']), request('add', []), request('eth_nonsense')]
  await dispatcher.handle(new TextEncoder().encode(JSON.stringify(batch)), context)
  expect(seen).toEqual([
    ['add', 0],
    ['add', -32602],
    ['unknown', -32601],
  ])
})

const SUITE = join(import.meta.dirname, '../../../../shared/fixtures/suites/JSONTestSuite/test_parsing')

describe.skipIf(!existsSync(SUITE))('JSONTestSuite over HTTP', () => {
  let chain: TestChain
  let server: RpcServer
  beforeAll(async () => {
    chain = await createTestChain(emptyBlock(0n))
    server = await startTestRpc({ chainId: 1n, chain: chain.chain, state: emptyState, caller: noCaller })
  })
  afterAll(async () => {
    await server?.close()
    await chain?.close()
  })

  const files = existsSync(SUITE) ? readdirSync(SUITE) : []
  test.each(files)('%s', async (file) => {
    const response = await post(server.url, new Uint8Array(readFileSync(join(SUITE, file))))
    expect(response.status).toBe(200)
    const answer = await response.json()
    const codes = ([answer].flat() as { error?: { code: number } }[]).map((one) => one.error?.code)
    // What must not parse is a parse error; what must parse is never one, though no request either.
    if (file.startsWith('n_')) expect(codes).toEqual([-32700])
    else if (file.startsWith('y_')) for (const code of codes) expect(code).toBe(-32600)
    else for (const code of codes) expect([-32700, -32600]).toContain(code)
  })
})
