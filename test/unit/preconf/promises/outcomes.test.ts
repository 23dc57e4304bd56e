/** Promises followed to their end, on the L1 in this process. */
import { afterEach, expect, test } from 'vitest'
import { MissingStateError } from '../../../../src/engine/state/source.ts'
import { createPromiseFollower } from '../../../../src/preconf/promises/follow.ts'
import { createL1Facts, type L1Moment } from '../../../../src/preconf/promises/l1Facts.ts'
import type { Settlement } from '../../../../src/preconf/promises/promise.ts'
import { type Hash, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../../src/primitives/keccak.ts'
import { type CommitmentRequest, requestHash } from '../../../../src/promise/commitment.ts'
import { silentLogger } from '../../../../src/telemetry/log.ts'
import {
  COMMITTER,
  type CommitmentsWorld,
  createCommitmentsWorld,
  createTakingBuilder,
  pay,
} from '../../../support/preconfCommitments.ts'
import { signTransaction, testAddress } from '../../../support/proposeTransactions.ts'
import type { World } from '../../../support/sequencerWorld.ts'

const INCLUSION = { commitmentType: 4n, requestHash: ZERO_HASH }

let world: CommitmentsWorld
let window: number
afterEach(() => world.close())

async function open(seed: string): Promise<void> {
  world = await createCommitmentsWorld({ seed })
  world.noteBlocks()
  window = world.nextWindow()
  await world.until(window, 3000)
  await world.fund([3, 4, 5])
}

async function ask(request: CommitmentRequest): Promise<Hash> {
  await world.service.request(request)
  return requestHash(request)
}

async function settlementOf(hash: Hash): Promise<Settlement | undefined> {
  await world.follower.settled()
  return (await world.book.byRequest(hash))?.settlement
}

/** Everything that landed in the L1 blocks up to now is final. */
async function finalizeL1(): Promise<void> {
  world.sim.setFinalized(Number(world.sim.head().header.number))
  await world.node.sync()
}

test('what lands in its window is kept, and for good once its L1 block is final', async () => {
  await open('kept')
  const execution = await ask(world.request(5, window + 6, await pay(3)))
  const inclusion = await ask(world.request(4, window + 6, await pay(4)))
  expect(await settlementOf(execution)).toEqual({ outcome: 'pending' })
  await world.until(window + 16, 1000)
  const [landing] = world.sim.proposals().slice(1)
  for (const hash of [execution, inclusion]) {
    const settlement = await settlementOf(hash)
    expect(settlement).toMatchObject({ outcome: 'kept', isFinal: false })
    if (settlement?.outcome !== 'kept') throw new Error('not kept')
    const { block, l1 } = settlement
    expect((await world.chain.headerByNumber(block!.number))!.hash).toBe(block!.hash)
    expect(l1!.number).toBeGreaterThanOrEqual(landing === undefined ? 0n : 1n)
  }
  await finalizeL1()
  for (const hash of [execution, inclusion])
    expect(await settlementOf(hash)).toMatchObject({ outcome: 'kept', isFinal: true })
  const blocks = world.sequencer.sealed()
  const [score] = await world.book.scores()
  expect(score).toMatchObject({ signer: COMMITTER, isOurs: true, shareKept: 1 })
  expect(score!.counts.get(5)).toEqual({ pending: 0, kept: 1, broken: 0, expired: 0 })
  expect(score!.counts.get(4)).toEqual({ pending: 0, kept: 1, broken: 0, expired: 0 })
  const ofBlocks = score!.counts.get(2)!
  expect(ofBlocks.kept + ofBlocks.pending).toBe(blocks.length)
  expect(ofBlocks.kept).toBeGreaterThan(10)
  expect(score!.windows.broken).toBe(0)
  expect(score!.latency?.samples).toBe(2)
})

test('what is heard of when its block is final already is final at once, though no head moves', async () => {
  await open('heard late')
  const asked = await ask(world.request(5, window + 6, await pay(3)))
  await world.until(window + 16, 1000)
  await finalizeL1()
  expect(await settlementOf(asked)).toMatchObject({ outcome: 'kept', isFinal: true })
  const { commitment, ...promise } = (await world.book.byRequest(asked))!
  const requestHash: Hash = `0x${'77'.repeat(32)}`
  await world.book.keep({ ...promise, hash: requestHash, commitment: { ...commitment, requestHash } })
  expect(await settlementOf(requestHash)).toMatchObject({ outcome: 'kept', isFinal: true })
})

test('what lands after its window is late, and missed when the last slot had no block', async () => {
  await open('late')
  const early = await ask(world.request(5, window + 6, await pay(3)))
  world.withholdPosts(true)
  await world.until(window + 16, 1000)
  expect(await settlementOf(early)).toEqual({
    ...{ outcome: 'broken', isFinal: false, reason: 'notIncluded', by: COMMITTER },
  })
  world.withholdPosts(false)
  await world.until(window + 18)
  expect(await settlementOf(early)).toMatchObject({
    ...{ outcome: 'broken', isFinal: false, reason: 'late', by: COMMITTER },
    block: { number: expect.anything() },
  })

  // The next window: its last slot stays empty, and the one before would have been in time.
  const next = window + 16
  const missed = await ask(world.request(5, next + 6, await pay(4)))
  world.withholdPosts(true)
  world.missed.add(next + 15)
  await world.until(next + 16, 1000)
  expect(await settlementOf(missed)).toEqual({
    ...{ outcome: 'broken', isFinal: false, reason: 'missedSlot', by: COMMITTER },
  })
  const [score] = await world.book.scores()
  expect(score!.windows.broken).toBe(2)
})

test('a transaction that its sender made impossible is owed no more', async () => {
  await open('expired')
  const promised = await ask(world.request(4, window + 20, await pay(3)))
  const result = await world.sequencer.sequencer.include(await pay(3, { data: '0x01', gas: 30_000n }))
  expect(result.type).toBe('included')
  await world.until(window + 34)
  expect(await settlementOf(promised)).toEqual({ outcome: 'expired', isFinal: false })
})

test('what its sender made impossible after the window excuses nobody, whenever it is judged', async () => {
  await open('afterwards')
  const raw = await pay(3)
  const { payload, slasher } = world.request(4, window + 6, raw)
  const windowEnd = BigInt(world.timeOf(window + 15) / 1000)
  await world.book.keep({
    ...{ hash: keccak256Hex(raw), commitment: { ...INCLUSION, payload, slasher }, signer: COMMITTER },
    ...{ isOurs: false, requestedAt: 0, slot: BigInt(window + 6), deadline: windowEnd, windowEnd },
    ...{ transactionHash: keccak256Hex(raw), sender: testAddress(3) },
  })
  // Nobody judges meanwhile.
  await world.follower.close()
  await world.until(window + 18)
  const other = await pay(3, { data: '0x01', gas: 30_000n })
  expect((await world.sequencer.sequencer.include(other)).type).toBe('included')
  await world.until(window + 33)
  expect(await world.chain.transactionPosition(keccak256Hex(other))).toBeDefined()
  const { store, chain } = world
  const l1 = createL1Facts({
    l1: world.l1,
    cursor: () => ({ ...world.sim.head().header, hash: world.sim.head().hash }),
  })
  const judge = async (state: Pick<World['node']['state'], 'at'>) => {
    const follower = createPromiseFollower({ store, chain, state, l1, logger: silentLogger })
    await follower.settled()
    await follower.close()
    return (await world.book.byTransaction(keccak256Hex(raw)))[0]!.settlement
  }
  const missing = async () => {
    throw new MissingStateError({ what: 'all of it' })
  }
  expect(await judge({ at: missing })).toEqual({ outcome: 'pending' })
  expect(await judge(world.node.state)).toMatchObject({ outcome: 'broken', reason: 'notIncluded' })
})

test.each([
  ['what comes again is kept again', false],
  ['what does not come again is gone by it', true],
])('an L1 reorganisation undoes what was settled: %s', async (_what, isWithheld) => {
  await open('reorg')
  const hash = await ask(world.request(5, window + 3, await pay(3)))
  const isKept = async () => (await settlementOf(hash))?.outcome === 'kept'
  for (let slot = window + 4; slot < window + 14 && !(await isKept()); slot++) await world.until(slot, 1000)
  const settlement = await settlementOf(hash)
  if (settlement?.outcome !== 'kept') throw new Error(`not kept: ${settlement?.outcome}`)
  const depth = Number(world.sim.head().header.number - settlement.l1!.number) + 1
  world.withholdPosts(isWithheld)
  world.sim.reorg({ depth, length: depth, transactions: 'drop' })
  await world.node.sync()
  expect(await settlementOf(hash)).toEqual({ outcome: 'pending' })
  await world.until(window + 16, 1000)
  const after = await settlementOf(hash)
  if (isWithheld) expect(after).toEqual({ outcome: 'broken', isFinal: false, reason: 'l1Reorg' })
  else {
    expect(after).toMatchObject({ outcome: 'kept', isFinal: false, block: settlement.block })
    expect(after).not.toMatchObject({ l1: settlement.l1 })
  }
})

test('an inclusion on L1 is kept by its slot, late after it, and final with its block', async () => {
  const found = new Map<Hash, L1Moment>()
  world = await createCommitmentsWorld({
    ...{ seed: 'l1', deps: { l1Builder: createTakingBuilder() } },
    findL1Transaction: async (hash) => found.get(hash),
  })
  window = world.nextWindow()
  await world.until(window, 3000)
  const chainId = Number(world.spec.l1.chainId)
  const raws = await Promise.all([40, 41, 42].map((wallet) => signTransaction(wallet, { chainId })))
  const hashes: Hash[] = []
  for (const raw of raws) hashes.push(await ask(world.request(1, window + 15, raw)))
  await world.until(window + 16, 1000)
  expect(await settlementOf(hashes[0]!)).toMatchObject({ outcome: 'broken', reason: 'notIncluded' })
  const { header, hash } = world.sim.head()
  const slotEnd = BigInt(world.timeOf(window + 15) / 1000)
  found.set(keccak256Hex(raws[0]!), { number: header.number - 1n, hash, timestamp: slotEnd })
  found.set(keccak256Hex(raws[1]!), { number: header.number, hash, timestamp: slotEnd + 12n })
  await world.until(window + 17, 1000)
  const [kept, late, absent] = hashes as [Hash, Hash, Hash]
  const l1 = { number: header.number - 1n, hash }
  expect(await settlementOf(kept)).toEqual({ outcome: 'kept', isFinal: false, l1 })
  expect(await settlementOf(late)).toMatchObject({ outcome: 'broken', reason: 'late', by: COMMITTER })
  expect(await settlementOf(absent)).toMatchObject({
    outcome: 'broken',
    reason: 'notIncluded',
    by: COMMITTER,
  })
  await finalizeL1()
  expect(await settlementOf(kept)).toMatchObject({ outcome: 'kept', isFinal: true })
  expect(await settlementOf(absent)).toMatchObject({ isFinal: false })
})
