/** Which lists are taken, and which not; which of our own are made. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openGuard } from '../../../../src/preconf/guard/guard.ts'
import { createListStore } from '../../../../src/preconf/lists/listStore.ts'
import type { ListRefusal, SignedListJson } from '../../../../src/preconf/lists/lists.ts'
import { readSignedList } from '../../../../src/preconf/lists/signedList.ts'
import { TemporaryError } from '../../../../src/primitives/errors.ts'
import { bytesToHex } from '../../../../src/primitives/hex.ts'
import { inclusionListHash, LISTED_BYTES_MAX } from '../../../../src/promise/inclusionList.ts'
import { committerOf, signHash } from '../../../../src/promise/signature.ts'
import {
  COMMITTER,
  COMMITTER_KEY,
  DOMAIN,
  type ListsWorld,
  OTHER_KEY,
  signL2,
  signList,
  startListsWorld,
} from '../../../support/preconfLists.ts'
import { promiseVectors } from '../../../support/promiseVectors.ts'

const worlds: ListsWorld[] = []
const directories: string[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

/** In slot 4: windows of slots 4 to 7 and 8 to 11. */
async function start(seed: string, options: Parameters<typeof startListsWorld>[1] = {}) {
  const world = await startListsWorld(seed, options)
  worlds.push(world)
  world.mineTo(4n)
  return { ...world, windowEnd: world.timestampOf(7n) }
}

test('reads every list of the golden vectors as it was signed, and nothing else for it', () => {
  for (const vector of promiseVectors.inclusionLists) {
    const domain = {
      l1ChainId: BigInt(promiseVectors.l1ChainId),
      domain: promiseVectors.domain,
      signingId: promiseVectors.signingId,
      slasher: promiseVectors.slasher,
    }
    const json = {
      commitment: {
        commitment_type: 3,
        payload: vector.payload,
        request_hash: `0x${'00'.repeat(32)}`,
        slasher: promiseVectors.slasher,
      },
      nonce: 0,
      signing_id: promiseVectors.signingId,
      signature: vector.signature,
      transactions: vector.transactions,
    }
    const read = readSignedList(json, { domain, l2ChainId: BigInt(vector.l2ChainId) })
    expect(read).toMatchObject({
      type: 'read',
      signedList: { committer: promiseVectors.committer.toLowerCase(), hash: vector.hash },
    })
    const without = { ...json, transactions: vector.transactions.slice(1) }
    if (vector.transactions.length > 0)
      expect(readSignedList(without, { domain, l2ChainId: BigInt(vector.l2ChainId) })).toMatchObject({
        refusal: 'malformed',
      })
  }
})

test('takes a list once, answers the same again, and tells who listens once', async () => {
  const world = await start('once')
  const told: unknown[] = []
  world.lists.onList((signedList) => told.push(signedList.committer))
  const json = signList(world.windowEnd, [await signL2()])
  expect(await world.lists.receive(json)).toMatchObject({
    type: 'taken',
    signedList: { committer: COMMITTER },
  })
  expect(await world.lists.receive(structuredClone(json))).toMatchObject({ type: 'known' })
  expect(told).toEqual([COMMITTER])
  expect(world.lists.listed(world.windowEnd)).toEqual([await signL2()])
  expect(world.lists.listed(world.timestampOf(11n))).toEqual([])
  for (const slot of [4n, 7n]) expect(await world.lists.ofSlot(slot)).toHaveLength(1)
  for (const slot of [3n, 8n]) expect(await world.lists.ofSlot(slot)).toEqual([])
})

test('keeps two that differ as evidence, lets neither count, and refuses a third', async () => {
  const world = await start('two')
  const lists = await Promise.all(
    [0, 1, 2].map(async (nonce) => signList(world.windowEnd, [await signL2({ nonce })])),
  )
  const evidence: unknown[] = []
  world.lists.onEquivocation((first, second) => evidence.push([first.hash, second.hash]))
  const answers = await Promise.all(lists.map((json) => world.lists.receive(json)))
  expect(answers.map(({ type }) => type)).toEqual(['taken', 'equivocation', 'refused'])
  expect(answers[2]).toMatchObject({ refusal: 'thirdList' })
  const [record] = await world.lists.ofSlot(7n)
  expect(record?.verdict).toEqual({ type: 'ignored' })
  expect(record?.lists.map(({ hash }) => hash)).toEqual(evidence[0])
  expect(evidence).toHaveLength(1)
  expect(world.lists.listed(world.windowEnd)).toEqual([])

  world.propose([], world)
  world.mineTo(8n)
  await world.follow()
  expect((await world.lists.ofSlot(7n))[0]?.verdict).toEqual({ type: 'ignored' })
  // After a restart, too, the two are two.
  const again = await world.openLists()
  expect(await again.receive(lists[0])).toMatchObject({ refusal: 'tooLate' })
  expect((await again.ofSlot(7n))[0]?.lists).toHaveLength(2)
})

let refusing: Awaited<ReturnType<typeof start>>
beforeAll(async () => {
  refusing = await start('refusing')
  worlds.pop()
})
afterAll(() => refusing.close())

test.each<[ListRefusal, string, (json: SignedListJson, windowEnd: bigint) => unknown]>([
  ['malformed', 'no object', () => 'list'],
  [
    'malformed',
    'another type',
    (json) => ({ ...json, commitment: { ...json.commitment, commitment_type: 2 } }),
  ],
  ['malformed', 'a nonce', (json) => ({ ...json, nonce: 1 })],
  [
    'malformed',
    'a request',
    (json) => ({ ...json, commitment: { ...json.commitment, request_hash: `0x${'11'.repeat(32)}` } }),
  ],
  ['malformed', 'other transactions', (json) => ({ ...json, transactions: [] })],
  ['malformed', 'a transaction of one byte', (json) => ({ ...json, transactions: ['0x01'] })],
  ['malformed', 'a blob transaction', (json) => ({ ...json, transactions: ['0x0301'] })],
  [
    'malformed',
    'too many bytes',
    (json) => ({ ...json, transactions: [bytesToHex(new Uint8Array(LISTED_BYTES_MAX).fill(1))] }),
  ],
  [
    'malformed',
    'a short payload',
    (json) => ({ ...json, commitment: { ...json.commitment, payload: '0x00' } }),
  ],
  [
    'malformed',
    'a payload with a zero field',
    (json) => ({ ...json, commitment: { ...json.commitment, payload: `0x${'00'.repeat(96)}` } }),
  ],
  ['wrongDomain', 'another registry', (json) => ({ ...json, signing_id: `0x${'52'.repeat(32)}` })],
  [
    'wrongDomain',
    'another slasher',
    (json) => ({ ...json, commitment: { ...json.commitment, slasher: `0x${'5b'.repeat(20)}` } }),
  ],
  ['wrongChain', 'another L2', (_, windowEnd) => signList(windowEnd, [], { l2ChainId: 1n })],
  ['wrongSignature', 'a high s', (json) => ({ ...json, signature: `0x${'ff'.repeat(64)}1b` })],
  ['notTheCommitter', 'another key', (_, windowEnd) => signList(windowEnd, [], { key: OTHER_KEY })],
  [
    'notTheCommitter',
    'a signature for another L1',
    (_, windowEnd) => signList(windowEnd, [], { domain: { ...DOMAIN, l1ChainId: 1n } }),
  ],
  ['notAWindow', 'the middle of a window', (_, windowEnd) => signList(windowEnd - 12n, [])],
  ['notAWindow', 'no slot', (_, windowEnd) => signList(windowEnd + 1n, [])],
  ['notAWindow', 'before L1', () => signList(1n, [])],
  ['notAWindow', 'a far window', (_, windowEnd) => signList(windowEnd + 12n * 4n * 64n, [])],
  ['tooLate', 'a window that is over', (_, windowEnd) => signList(windowEnd - 4n * 12n, [])],
])('refuses as %s: %s', async (refusal, _, change) => {
  const { lists, windowEnd } = refusing
  const json = signList(windowEnd, [await signL2()])
  expect(await lists.receive(change(json, windowEnd))).toMatchObject({ type: 'refused', refusal })
  expect(await lists.ofSlot(7n)).toEqual([])
  expect(lists.listed(windowEnd)).toEqual([])
})

test('the last slot of a window is in it until its block is there', async () => {
  const world = await start('last')
  world.mineTo(6n)
  expect(await world.lists.receive(signList(world.windowEnd, []))).toMatchObject({ type: 'taken' })
  world.mineTo(7n)
  expect(await world.lists.receive(signList(world.windowEnd, []))).toMatchObject({ refusal: 'tooLate' })
})

test.each(['unknown turn', 'no answer'])('waits for L1 rather than guess: %s', async (what) => {
  const world = await start(what, { turn: { type: 'unknown', reason: 'no beacon node answers' } })
  if (what === 'no answer') world.schedule.at = () => Promise.reject(new TemporaryError('no L1'))
  expect(await world.lists.receive(signList(world.windowEnd, []))).toMatchObject({ refusal: 'notNow' })
})

test.each([
  ['anyone', [COMMITTER], 'taken'],
  ['anyone', [], 'notTheCommitter'],
  ['nobody', [COMMITTER], 'notTheCommitter'],
] as const)('in a window of %s with the operators %j: %s', async (type, committers, answer) => {
  const world = await start(`${type} ${committers.length}`, { turn: { type }, committers })
  const received = await world.lists.receive(signList(world.windowEnd, []))
  expect([received.type, 'refusal' in received && received.refusal]).toContain(answer)
})

test('a whitelisted operator signs for his own window', async () => {
  const world = await start('operator', { turn: { type: 'operator', operator: COMMITTER } })
  expect(await world.lists.receive(signList(world.windowEnd, []))).toMatchObject({ type: 'taken' })
})

test('gives up the oldest windows first when there are too many', async () => {
  const world = await start('bounded')
  const read = (json: unknown) => {
    const result = readSignedList(json, { domain: DOMAIN, l2ChainId: world.node.spec.l2.chainId })
    return result.type === 'read' ? result.signedList : undefined
  }
  const store = createListStore(world.deps.store, read, 3)
  const gone: (bigint | undefined)[] = []
  for (let i = 0n; i < 5n; i++) {
    const windowEnd = world.timestampOf(7n + 4n * i)
    gone.push(
      await store.add({
        windowEnd,
        firstSlot: 4n + 4n * i,
        lastSlot: 7n + 4n * i,
        isNamed: true,
        committer: COMMITTER,
        lists: [read(signList(windowEnd, []))!],
        verdict: { type: 'pending' },
        receivedAt: 1,
      }),
    )
  }
  expect(gone).toEqual([undefined, undefined, undefined, world.timestampOf(7n), world.timestampOf(11n)])
  expect((await store.readOpen()).map(({ lastSlot }) => lastSlot)).toEqual([15n, 19n, 23n])
})

test('makes a list of our own through the guard, once', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-lists-'))
  directories.push(directory)
  let readHead = () => 0n
  const guard = await openGuard({
    path: join(directory, 'guard.db'),
    counterPath: join(directory, 'counter'),
    domain: DOMAIN,
    signers: [{ address: COMMITTER, sign: async (hash) => signHash(hash, COMMITTER_KEY) }],
    slots: { genesisTime: 1_700_000_000n, secondsPerSlot: 12n },
    windowSeconds: 96n,
    readL1: async () => ({
      timestamp: readHead(),
      landed: { number: 0n, timestamp: 0n },
      finalizedNumber: 0n,
      finalizedTimestamp: 0n,
      isRemoved: async () => false,
    }),
  })
  const own = { addresses: [COMMITTER], signList: guard.signList }
  const world = await start('own', { own })
  readHead = () => world.sim.head().header.timestamp
  const windowEnd = world.timestampOf(11n)
  const transactions = [await signL2({ nonce: 0 }), await signL2({ nonce: 1 })]
  const created = await world.lists.create(windowEnd, transactions)
  expect(created).toMatchObject({ type: 'created', signedList: { committer: COMMITTER } })
  expect(world.lists.listed(windowEnd)).toEqual(transactions)
  expect(await world.lists.create(windowEnd, transactions)).toMatchObject({ type: 'known' })
  expect(await world.lists.create(windowEnd, [])).toEqual({
    type: 'refused',
    reason: 'the guard does not sign: another list was signed for this window',
  })
  await expect(world.lists.create(windowEnd, [Uint8Array.of(3, 1)])).rejects.toThrow(RangeError)
  expect(await world.lists.create(world.timestampOf(3n), [])).toMatchObject({ type: 'refused' })
  await guard.close()
})

test('our own key counts where anyone may propose', async () => {
  const own = {
    addresses: [COMMITTER],
    signList: async (_: string, list: Parameters<typeof inclusionListHash>[0]) => {
      const hash = inclusionListHash(list, DOMAIN)
      return { type: 'signed', hash, signature: signHash(hash, COMMITTER_KEY) } as const
    },
  }
  const world = await start('own open', { own, turn: { type: 'anyone' } })
  expect(await world.lists.create(world.windowEnd, [])).toMatchObject({ type: 'created' })
})

test('signs nothing for a window of others, and nothing without a key', async () => {
  const signList = () => Promise.reject(new Error('asked to sign'))
  const strange = await start('strange', { own: { addresses: [committerOf(OTHER_KEY)], signList } })
  expect(await strange.lists.create(strange.windowEnd, [])).toMatchObject({
    reason: `the window is not ours: ${COMMITTER} may sign for it`,
  })
  const without = await start('without')
  expect(await without.lists.create(without.windowEnd, [])).toMatchObject({
    reason: 'this node has no key to sign lists with',
  })
})
