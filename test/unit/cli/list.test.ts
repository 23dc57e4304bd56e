/** `plumbline preconf list` against a node's authenticated port. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { listCommand } from '../../../src/cli/commands/list.ts'
import { bytesToHex, toQuantity } from '../../../src/primitives/hex.ts'
import { inclusionListHash } from '../../../src/promise/inclusionList.ts'
import { signHash } from '../../../src/promise/signature.ts'
import { signEngineJwt } from '../../../src/rpc/engine/jwt.ts'
import { openJwtSecret } from '../../../src/rpc/engine/secretFile.ts'
import { startEngineServer } from '../../../src/rpc/engine/server.ts'
import { signListMethods } from '../../../src/rpc/engine/signList.ts'
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

const closing: (() => Promise<void> | void)[] = []
let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'plumbline-list-'))
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
  const server = await startEngineServer(
    {
      methods: signListMethods({
        ...{ chain, state, spec, lists: world.lists, schedule: world.schedule },
        nextBaseFee: (parent) => parent.baseFeePerGas ?? 0n,
        pool: { pendingByPrice: () => [] },
      }),
      limits: DEFAULT_LIMITS,
      secret: await openJwtSecret(join(directory, 'jwt.hex')),
      logger: silentLogger,
      now: Date.now,
    },
    { host: '127.0.0.1', port: 0 },
  )
  closing.push(server.close)
  return { ...world, url: server.url }
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

test('the secret is made once, for its owner alone, and read afterwards', async () => {
  const path = join(directory, 'made.hex')
  const made = await openJwtSecret(path)
  expect(made).toHaveLength(32)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(await openJwtSecret(path)).toEqual(new Uint8Array(made))
  writeFileSync(path, 'ab')
  await expect(openJwtSecret(path)).rejects.toThrow('32 bytes in hex wanted')
  expect(await openJwtSecret(join(directory, 'new', 'jwt.hex'))).toHaveLength(32)
  await expect(openJwtSecret(join(path, 'jwt.hex'))).rejects.toThrow('cannot be made')
})

test('nobody without a token gets an answer, and a taken port has a sentence', async () => {
  const world = await start('tokens')
  const post = (headers: Record<string, string>) =>
    fetch(world.url, { method: 'POST', body: '{}', headers }).then(({ status }) => status)
  expect(await post({})).toBe(401)
  expect(await post({ authorization: 'Bearer a.b.c' })).toBe(401)
  const token = await signEngineJwt(await openJwtSecret(join(directory, 'jwt.hex')), Date.now() / 1000)
  expect(await post({ authorization: token })).toBe(200)
  const { port } = new URL(world.url)
  const deps = {
    methods: {},
    limits: DEFAULT_LIMITS,
    secret: new Uint8Array(32),
    logger: silentLogger,
    now: Date.now,
  }
  await expect(startEngineServer(deps, { host: '127.0.0.1', port: Number(port) })).rejects.toThrow(
    'is in use by another program',
  )
})
