/** What a wallet may ask about its transaction, from the pool to finality, on the L1 in this process. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createFirstSeen, type FirstSeen } from '../../../src/preconf/promises/firstSeen.ts'
import { createHeadMarks, type HeadMarks } from '../../../src/preconf/promises/headMarks.ts'
import { type Hash, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import type { Methods } from '../../../src/rpc/method.ts'
import { promiseMethods } from '../../../src/rpc/preconf/promises.ts'
import { statusMethods } from '../../../src/rpc/preconf/status.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
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
let methods: Methods
/** Where blocks come a quarter of an hour apart, and by the schedule's epochs. */
let slowly: Methods
/** Where nobody builds. */
let unheard: Methods
let marks: HeadMarks
let firstSeen: FirstSeen
beforeAll(async () => {
  world = await createCommitmentsWorld({ seed: 'status' })
  world.noteBlocks()
  const { chain, spec, pool, clock, store } = world
  const { sequencer } = world.sequencer
  const now = clock.now
  marks = createHeadMarks({ store, chain, logger: silentLogger, now })
  firstSeen = createFirstSeen({ pool, building: sequencer, store, logger: silentLogger, now })
  const deps = { chain, spec, pool, book: world.book, pending: sequencer.pending, now }
  const statusDeps = { ...deps, marks, firstSeen }
  methods = { ...promiseMethods(deps), ...statusMethods({ ...statusDeps, blockMs: 2000 }) }
  slowly = statusMethods({ ...statusDeps, schedule: world.schedule, blockMs: 900_000 })
  unheard = statusMethods({ ...statusDeps, pending: () => undefined, blockMs: 2000 })
  window = world.nextWindow()
  await world.until(window, 3000)
  await world.fund([3, 4])
  await clock.wait(2000)
})
afterAll(async () => {
  await firstSeen.close()
  await marks.close()
  await world.close()
})

const ask = (method: string, ...params: unknown[]) => askOf(methods, method, ...params)
async function askOf(methods: Methods, method: string, ...params: unknown[]): Promise<Json> {
  const answer = (await methods[method]!.call(params, { signal: AbortSignal.timeout(60_000) })) ?? null
  checkAnswer(method, answer)
  return answer
}
const statusOf = (hash: Hash) => ask('based_getTransactionStatus', hash)
const building = () => vi.waitUntil(() => world.sequencer.sequencer.pending(), 30_000)
const reachedOf = ({ clocks }: Json) => Object.keys(clocks).filter((name) => clocks[name].reached)

test('nothing is known of a transaction that nobody has heard of', async () => {
  expect(await statusOf(ZERO_HASH)).toBeNull()
  expect(await ask('based_getPreconfirmation', ZERO_HASH)).toBeNull()
})

test('each clock is reached in turn, at a time that is said, and the next one has a time to expect', async () => {
  // Its nonce is not the next: it stays in the pool.
  const raw = await pay(3, { nonce: 1 })
  const hash = await world.pool.add(raw)
  const pooledAt = world.clock.now()
  const pooled = await statusOf(hash)
  expect(pooled).toMatchObject({ status: 'pooled', block: null, seenAt: pooledAt })
  expect(pooled.clocks.pooled).toEqual({
    ...{ reached: true, at: pooledAt, expectedAt: null, why: 'it came to the pool of this node' },
  })
  const missing = 'an earlier transaction of its sender is missing'
  for (const clock of ['pending', 'preconfirmed'])
    expect(pooled.clocks[clock]).toEqual({ reached: false, at: null, expectedAt: null, why: missing })
  expect(pooled.clocks.safe).toMatchObject({ reached: false, expectedAt: null })
  expect(await ask('based_getPreconfirmation', hash)).toBeNull()

  await world.service.request(world.request(5, window + 5, await pay(3)))
  await world.service.request(world.request(5, window + 5, raw))
  const pending = await statusOf(hash)
  const sealsAt = Number(world.sequencer.sequencer.pending()!.attributes.timestamp) * 1000
  expect(pending).toMatchObject({ status: 'pending', block: { hash: null } })
  expect(pending.clocks.preconfirmed).toMatchObject({ reached: false, expectedAt: sealsAt })
  const windowEnd = world.timeOf(window + 15)
  expect(pending.clocks.safe).toMatchObject({ reached: false, expectedAt: windowEnd })
  const promised = await ask('based_getPreconfirmation', hash)
  expect(promised).toMatchObject({
    transactionHash: hash,
    state: 'pending',
    block: { hash: null },
    promises: [{ type: 'execution', commitmentType: '0x5', signer: COMMITTER, outcome: 'pending' }],
    blockCommitments: [],
  })

  await world.clock.wait(3000)
  // The block is the latest a moment before the book has its promise.
  const sealed = await vi.waitFor(async () => {
    const status = await statusOf(hash)
    expect(status.status).toBe('preconfirmed')
    expect(status.clocks.preconfirmed).toMatchObject({
      ...{ reached: true, why: `its block was promised by ${COMMITTER}` },
    })
    return status
  }, 30_000)
  expect(sealed.clocks.preconfirmed.at).toBeGreaterThanOrEqual(sealsAt - 2000)
  expect(sealed.clocks.safe.expectedAt).toBe(windowEnd)
  expect(sealed.clocks.finalized.expectedAt).toBeGreaterThan(windowEnd + 2 * 384_000 - 1)
  const answer = await ask('based_getPreconfirmation', hash)
  expect(answer.state).toBe('preconfirmed')
  expect(answer.blockCommitments).toMatchObject([{ type: 'block', isAboutBlock: true, signer: COMMITTER }])

  await world.until(window + 16, 1000)
  await world.follower.settled()
  const safe = await statusOf(hash)
  expect(safe.status).toBe('safe')
  const { proposalId } = (await world.chain.origin(BigInt(safe.block.number)))!
  const proposal = (await world.chain.proposal(proposalId))!
  expect(safe.clocks.safe.at).toBe(Number(proposal.timestamp) * 1000)
  expect(safe.clocks.executable).toMatchObject({ reached: false, expectedAt: null })
  expect((await ask('based_getPreconfirmation', hash)).promises).toMatchObject([
    {
      ...{ outcome: 'kept', isFinal: false },
      l1Block: { hash: proposal.l1.blockHash },
      landedIn: { hash: safe.block.hash },
    },
  ])

  world.sim.setFinalized(Number(world.sim.head().header.number))
  await world.node.sync()
  const finalizedAt = world.clock.now()
  await marks.reached('finalized', 0n)
  const finalized = await statusOf(hash)
  expect(finalized.status).toBe('finalized')
  expect(finalized.clocks.finalized).toMatchObject({ reached: true, at: finalizedAt })
  expect(reachedOf(finalized)).toEqual(['pooled', 'pending', 'preconfirmed', 'safe', 'finalized'])
})

test('the scorecard counts what the book holds', async () => {
  await world.follower.settled()
  const [score] = await ask('based_preconfScorecard')
  expect(score).toMatchObject({
    ...{ signer: COMMITTER, isOurs: true, shareKept: 1 },
    counts: { execution: { pending: 0, kept: 2, broken: 0, expired: 0 } },
    latency: { p50: expect.any(Number), p99: expect.any(Number), samples: 2 },
  })
  expect(score.counts.block.kept).toBeGreaterThan(10)
  expect(score.windows.broken).toBe(0)
})

test('a transaction that came by L1 alone was pooled and promised by nobody here', async () => {
  const { chain } = world
  const block = (await chain.blockByNumber(1n))!
  const status = await statusOf(block.transactions[0]!.hash)
  expect(status.clocks.pooled).toMatchObject({ reached: true, at: null })
  expect(status.clocks.preconfirmed).toEqual({
    ...{ reached: true, at: null, expectedAt: null },
    why: 'nobody promised its block; L1 brought it',
  })
  const unknown = keccak256Hex(block.transactions[0]!.raw)
  expect(await ask('based_getPreconfirmation', unknown)).toMatchObject({ promises: [], blockCommitments: [] })
})

test('what a proof covers is executable, and what came later is expected to be as long after its block', async () => {
  const { sim, clock, chain, pool } = world
  window = world.nextWindow()
  await world.until(window, 3000)
  const proven = (await chain.blockByNumber(chain.heads().safe.number))!
  const { proposal, hash: lastProposalHash } = sim.head().inbox.proposals!
  world.queueOnL1(sim.transactions.prove({ lastProposalId: proposal.id, lastProposalHash }))
  await clock.wait(15_000)
  expect(chain.heads().executable.number).toBe(proven.header.number)
  const mark = (await marks.latest('executable'))!
  expect(mark.number).toBe(proven.header.number)
  expect((await statusOf(proven.transactions[0]!.hash)).clocks.executable).toEqual({
    ...{ reached: true, at: mark.at, expectedAt: null, why: 'its state is proven on L1' },
  })

  const hash = await pool.add(await pay(3, { nonce: 2 }))
  await clock.wait(5000)
  const later = await vi.waitFor(async () => {
    const status = await statusOf(hash)
    expect(status.block?.hash).toEqual(expect.any(String))
    return status
  }, 30_000)
  const { header } = (await chain.headerByNumber(BigInt(later.block.number)))!
  const lagMs = mark.at - Number(proven.header.timestamp) * 1000
  expect(lagMs).toBeGreaterThan(10_000)
  expect(later.clocks.executable).toEqual({
    ...{ reached: false, at: null, expectedAt: Number(header.timestamp) * 1000 + lagMs },
    why: 'if the next proof takes as long after its blocks as the last one did',
  })
  // That long after it without another proof, it may come at any time.
  await clock.wait(2 * lagMs)
  expect((await statusOf(hash)).clocks.executable.expectedAt).toBe(clock.now())
})

test('what cannot be in the next block is expected at no time', async () => {
  const { pool, clock, sequencer } = world
  window = world.nextWindow()
  await world.until(window, 3000)
  const baseFee = (await building()).attributes.baseFeePerGas
  expect(baseFee).toBeGreaterThan(1n)
  const poor = await pool.add(
    await pay(4, { nonce: 0, maxFeePerGas: baseFee - 1n, maxPriorityFeePerGas: 0n }),
  )
  const behind = await pool.add(await pay(4, { nonce: 1 }))
  const late = await pool.add(await pay(4, { nonce: 3 }))
  const expectNever = async (hash: Hash, why: string) => {
    const { clocks } = await statusOf(hash)
    for (const name of ['pending', 'preconfirmed'])
      expect(clocks[name]).toEqual({ reached: false, at: null, expectedAt: null, why })
  }
  await expectNever(poor, 'its fee cap is below the base fee')
  await expectNever(behind, 'the fee cap of an earlier transaction of its sender is below the base fee')
  await expectNever(late, 'an earlier transaction of its sender is missing')

  const able = await pool.add(await pay(3, { nonce: 3 }))
  const after = await pool.add(await pay(3, { nonce: 4 }))
  for (const hash of [able, after]) {
    const { clocks } = await statusOf(hash)
    expect(clocks.pending).toMatchObject({ reached: false, expectedAt: clock.now() + 2000 })
    expect(clocks.preconfirmed).toMatchObject({ reached: false, expectedAt: clock.now() + 4000 })
  }
  await sequencer.sequencer.include(pool.get(able)!.raw)
  // Its sender's next is the block's next, though the pool follows only once the block is sealed.
  expect((await statusOf(after)).clocks.pending.expectedAt).toBe(clock.now() + 2000)
  const other = await pool.add(
    await pay(3, { nonce: 3, maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 10n }),
  )
  await expectNever(other, 'the block under way has another transaction of its nonce')
})

test('a promised inclusion is expected by its slot at the latest', async () => {
  const { clock, service } = world
  await clock.wait(5000)
  await building()
  // Of a window that is to come: no block has to take it before.
  const slot = world.nextWindow() + 3
  const raw = await pay(3, { nonce: 5 })
  const hash = keccak256Hex(raw)
  await service.request(world.request(4, slot, raw))
  const promised = `its inclusion is promised by slot ${slot}`
  const expectBoth = async (methods: Methods, pending: object, preconfirmed: object) =>
    expect((await askOf(methods, 'based_getTransactionStatus', hash)).clocks).toMatchObject({
      pending: { reached: false, ...pending },
      preconfirmed: { reached: false, ...preconfirmed },
    })
  const byTip = `a block is being built; it comes in by its tip; ${promised}`
  const sealed = `with the block after the one that takes it; ${promised}`
  const now = clock.now()
  await expectBoth(methods, { expectedAt: now + 2000, why: byTip }, { expectedAt: now + 4000, why: sealed })
  const deadline = world.timeOf(slot)
  await expectBoth(slowly, { expectedAt: deadline, why: byTip }, { expectedAt: deadline, why: sealed })
  const nobody = {
    expectedAt: deadline,
    why: `nobody whom this node hears builds a block now; ${promised}`,
  }
  await expectBoth(unheard, nobody, nobody)
})

test('finality is expected by the epochs of the schedule, and by those of L1 where there is none', async () => {
  const hash = await world.pool.add(await pay(3, { nonce: 6 }))
  await world.clock.wait(5000)
  for (const [methods, slotsPerEpoch] of [
    [slowly, 16],
    [unheard, 32],
  ] as const) {
    // The book has the block's promise a moment after the chain has the block.
    const { safe, finalized } = await vi.waitFor(async () => {
      const { clocks } = await askOf(methods, 'based_getTransactionStatus', hash)
      expect(clocks.safe.expectedAt).toEqual(expect.any(Number))
      return clocks
    }, 30_000)
    const epochMs = world.timeOf(slotsPerEpoch) - world.timeOf(0)
    const epoch = Math.floor((safe.expectedAt - world.timeOf(0)) / epochMs)
    expect(finalized.expectedAt).toBe(world.timeOf(0) + (epoch + 3) * epochMs)
  }
})
