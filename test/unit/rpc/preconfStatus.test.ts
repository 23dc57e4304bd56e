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
  methods = { ...promiseMethods(deps), ...statusMethods({ ...deps, marks, firstSeen, blockMs: 2000 }) }
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

async function ask(method: string, ...params: unknown[]): Promise<Json> {
  const answer = (await methods[method]!.call(params, { signal: AbortSignal.timeout(60_000) })) ?? null
  checkAnswer(method, answer)
  return answer
}
const statusOf = (hash: Hash) => ask('based_getTransactionStatus', hash)
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
  expect(pooled.clocks.pending.expectedAt).toBe(pooledAt + 2000)
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
