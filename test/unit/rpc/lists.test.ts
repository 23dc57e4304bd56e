/** Inclusion lists over HTTP and JSON-RPC: two nodes on one L1, one of which has not seen the list. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { afterEach, expect, test } from 'vitest'
import { toQuantity } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { addListRoutes } from '../../../src/rpc/preconf/listRoutes.ts'
import { listMethods } from '../../../src/rpc/preconf/lists.ts'
import { checkAnswer } from '../../support/openrpc.ts'
import {
  COMMITTER,
  type ListsWorld,
  OTHER_KEY,
  signL2,
  signList,
  startListsWorld,
} from '../../support/preconfLists.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(seed: string, options: Parameters<typeof startListsWorld>[1] = {}) {
  const world = await startListsWorld(seed, options)
  closing.push(world.close)
  world.mineTo(4n)
  await world.follow()
  return { ...world, windowEnd: world.timestampOf(7n), ...(await serve(world)) }
}

async function serve({ lists }: Pick<ListsWorld, 'lists'>) {
  const app = new Hono()
  addListRoutes(app, { lists })
  const server = createServer(getRequestListener(app.fetch)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(async () => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/preconf/v0/inclusionLists`
  const methods = listMethods({ lists })
  return {
    url,
    post: async (body: unknown, type = 'application/json') => {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const response = await fetch(url, { method: 'POST', body: text, headers: { 'content-type': type } })
      return { status: response.status, json: await response.json() }
    },
    get: async (slot: string | bigint) => {
      const response = await fetch(`${url}/${slot}`)
      return { status: response.status, json: await response.json() }
    },
    call: async (method: string, ...params: unknown[]) => {
      const answer = await methods[method]!.call(params, { signal: new AbortController().signal })
      checkAnswer(method, answer)
      return answer
    },
  }
}

test('takes a list by POST and gives it back by each slot of its window', async () => {
  const { post, get, windowEnd } = await start('post')
  const json = signList(windowEnd, [await signL2()])
  const answer = { committer: COMMITTER, window_end: Number(windowEnd) }
  expect(await post(json)).toMatchObject({ status: 200, json: { ...answer, status: 'taken' } })
  expect(await post(json)).toMatchObject({ status: 200, json: { ...answer, status: 'known' } })
  expect(await get(4n)).toEqual({ status: 200, json: [json] })
  expect(await get(7n)).toEqual({ status: 200, json: [json] })
  expect(await get(8n)).toMatchObject({ status: 404 })
  expect(await get('0x7')).toMatchObject({ status: 400 })
  expect(await get('9'.repeat(16))).toMatchObject({ status: 400 })
})

test('names what it does not take', async () => {
  const { post, windowEnd, timestampOf } = await start('refusals')
  expect(await post('{')).toMatchObject({ status: 400, json: { error: 'malformed' } })
  expect(await post('{}', 'text/plain')).toMatchObject({ status: 415 })
  expect(await post('x'.repeat(60_000))).toMatchObject({ status: 413 })
  const other = signList(windowEnd, [], { key: OTHER_KEY })
  expect(await post(other)).toMatchObject({ status: 403, json: { error: 'notTheCommitter' } })
  expect(await post(signList(timestampOf(3n), []))).toMatchObject({ status: 410, json: { error: 'tooLate' } })
  for (const nonce of [0, 1])
    expect(await post(signList(windowEnd, [await signL2({ nonce })]))).toMatchObject({ status: 200 })
  expect(await post(signList(windowEnd, []))).toMatchObject({ status: 409, json: { error: 'thirdList' } })
})

test('the largest list there can be is small enough for a body', async () => {
  const { post, windowEnd } = await start('large')
  // Two bytes each: 0x82 and two bytes are three, behind a prefix of three.
  const many = signList(
    windowEnd,
    Array.from({ length: Math.floor((8192 - 3) / 3) }, () => Uint8Array.of(1, 1)),
  )
  expect(await post(many)).toMatchObject({ status: 200 })
})

test('JSON-RPC takes the same, with a code for what it does not take', async () => {
  const { call, windowEnd } = await start('rpc')
  const json = signList(windowEnd, [await signL2()])
  expect(await call('based_submitInclusionList', json)).toMatchObject({
    status: 'taken',
    committer: COMMITTER,
    windowEnd: toQuantity(windowEnd),
  })
  await expect(call('based_submitInclusionList', { ...json, nonce: 1 })).rejects.toMatchObject({
    code: -32602,
    data: { refusal: 'malformed' },
  })
  await expect(call('based_submitInclusionList')).rejects.toMatchObject({ code: -32602 })
  const late = signList(windowEnd - 48n, [])
  await expect(call('based_submitInclusionList', late)).rejects.toMatchObject({
    code: -32000,
    data: { refusal: 'tooLate' },
  })
  await expect(call('based_getInclusionList', '0x1000000000000')).rejects.toMatchObject({ code: -32602 })
})

test('says pending, then violated by name; who has not seen the list says unknown', async () => {
  const world = await start('verdict')
  const [left, taken] = [await signL2(), await signL2({ sender: 1 })]
  const json = signList(world.windowEnd, [left, taken])
  await world.post(json)
  expect(await world.call('based_getInclusionList', 7)).toMatchObject({
    slot: '0x7',
    verdict: 'pending',
    isFinal: false,
    committer: COMMITTER,
    window: { firstSlot: '0x4', lastSlot: '0x7', end: toQuantity(world.windowEnd) },
    lists: [json],
    transactions: null,
    evidence: null,
  })
  world.propose([taken], world)
  world.mineTo(9n)
  await world.follow()
  const { safe } = world.node.chain.heads()
  expect(await world.call('based_getInclusionList', '0x5')).toMatchObject({
    verdict: 'violated',
    finality: 'landed',
    isFinal: false,
    lastBlock: { number: toQuantity(safe.number), hash: safe.hash },
    transactions: [
      { hash: keccak256Hex(left), outcome: 'violated', reason: null },
      { hash: keccak256Hex(taken), outcome: 'included', reason: null },
    ],
    evidence: { transaction: keccak256Hex(left), index: 0, evidence: null },
  })
  expect(await world.call('based_getInclusionList', 7, COMMITTER)).toMatchObject({ verdict: 'violated' })
  const strange = `0x${'12'.repeat(20)}`
  const unknown = { slot: '0x7', verdict: 'unknown' }
  expect(await world.call('based_getInclusionList', 7, strange)).toEqual(unknown)

  const unseen = await start('unseen')
  expect(await unseen.call('based_getInclusionList', 7)).toEqual(unknown)
})

test('two lists are shown as what they are', async () => {
  const { post, call, get, windowEnd } = await start('two')
  const both = [signList(windowEnd, []), signList(windowEnd, [await signL2()])]
  for (const json of both) await post(json)
  expect(await call('based_getInclusionList', 7)).toMatchObject({
    verdict: 'ignored',
    isFinal: true,
    lists: both,
  })
  expect(await get(7n)).toEqual({ status: 200, json: both })
})
