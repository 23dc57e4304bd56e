/** `plumbline preconf list` against a node's authenticated port. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { listCommand } from '../../../src/cli/commands/list.ts'
import { bytesToHex, toQuantity } from '../../../src/primitives/hex.ts'
import { inclusionListHash } from '../../../src/promise/inclusionList.ts'
import { signHash } from '../../../src/promise/signature.ts'
import { checkEngineJwt, parseJwtSecret } from '../../../src/rpc/engine/jwt.ts'
import { signListMethods } from '../../../src/rpc/engine/signList.ts'
import { createDispatcher } from '../../../src/rpc/jsonrpc.ts'
import { DEFAULT_LIMITS } from '../../../src/rpc/limits.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
import {
  COMMITTER,
  COMMITTER_KEY,
  DOMAIN,
  type ListsWorld,
  signL2,
  startListsWorld,
} from '../../support/preconfLists.ts'

const SECRET = 'ab'.repeat(32)
const closing: (() => Promise<void> | void)[] = []
let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'plumbline-list-'))
  writeFileSync(join(directory, 'jwt.hex'), SECRET)
})
afterEach(async () => {
  vi.restoreAllMocks()
  for (const close of closing.splice(0).reverse()) await close()
  rmSync(directory, { recursive: true })
})

async function start(seed: string): Promise<ListsWorld & { readonly url: string }> {
  const own = {
    addresses: [COMMITTER],
    signList: async (_: string, list: Parameters<typeof inclusionListHash>[0]) => {
      const hash = inclusionListHash(list, DOMAIN)
      return { type: 'signed', hash, signature: signHash(hash, COMMITTER_KEY) } as const
    },
  }
  const world = await startListsWorld(seed, { own })
  closing.push(world.close)
  world.mineTo(4n)
  await world.follow()
  const { chain, state, spec } = world.node
  const dispatcher = createDispatcher({
    methods: signListMethods({
      ...{ chain, state, spec, lists: world.lists, schedule: world.schedule },
      nextBaseFee: (parent) => parent.baseFeePerGas ?? 0n,
      pool: { pendingByPrice: () => [] },
    }),
    limits: DEFAULT_LIMITS,
    logger: silentLogger,
  })
  const app = new Hono()
  app.post('/', async (c) => {
    const check = await checkEngineJwt(
      c.req.header('authorization'),
      parseJwtSecret(SECRET),
      Date.now() / 1000,
    )
    if (check.type === 'refused') return c.text(check.reason, 401)
    const body = new Uint8Array(await c.req.arrayBuffer())
    return c.body((await dispatcher.handle(body, { signal: c.req.raw.signal }))!)
  })
  const server = createServer(getRequestListener(app.fetch)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => void server.close())
  return { ...world, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function run(...args: string[]): Promise<unknown> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  await listCommand().parseAsync(['--jwt-secret', join(directory, 'jwt.hex'), ...args], { from: 'user' })
  return JSON.parse(String(log.mock.lastCall?.[0]))
}

test('signs and publishes the transactions it is given, or what the pool has', async () => {
  const world = await start('signs')
  const transactions = [bytesToHex(await signL2()), bytesToHex(await signL2({ nonce: 1 }))]
  const args = ['--node', world.url, '--slot', '5', '--transactions', transactions.join(',')]
  const windowEnd = toQuantity(world.timestampOf(7n))
  expect(await run(...args)).toMatchObject({
    status: 'created',
    committer: COMMITTER,
    windowEnd,
    transactions,
  })
  expect(await run(...args)).toMatchObject({ status: 'known' })
  expect(world.lists.listed(world.timestampOf(7n)).map(bytesToHex)).toEqual(transactions)
  expect(await run('--node', world.url, '--slot', '8')).toMatchObject({ status: 'created', transactions: [] })
})

test('says in a sentence what stands in the way', async () => {
  const world = await start('sentences')
  const slot = ['--slot', '5']
  await expect(run('--node', world.url, '--slot', '1')).rejects.toThrow(
    'no list is signed: the window is over',
  )
  await expect(run('--node', world.url, '--slot', '9999')).rejects.toThrow('in no epoch that is settled')
  await expect(run('--node', world.url, ...slot, '--transactions', '0x0301')).rejects.toThrow(
    'no inclusion list',
  )
  await expect(run('--node', 'http://127.0.0.1:1', ...slot)).rejects.toThrow('no node answers at --node')
  writeFileSync(join(directory, 'jwt.hex'), 'cd'.repeat(32))
  await expect(run('--node', world.url, ...slot)).rejects.toThrow('does not know the secret')
  writeFileSync(join(directory, 'jwt.hex'), 'none')
  await expect(run('--node', world.url, ...slot)).rejects.toThrow('32 bytes in hex wanted')
})
