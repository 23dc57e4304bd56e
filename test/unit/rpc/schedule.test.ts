import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BlockOrigin, StoredProposal } from '../../../src/chain/chain.ts'
import { toQuantity, ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import type { RpcServer } from '../../../src/rpc/server.ts'
import { emptyBlocks, emptyState, noCaller } from '../../support/rpcFakes.ts'
import { createTestChain, rpc, startTestRpc, type TestChain, testSpec } from '../../support/rpcServer.ts'
import {
  blobHash,
  createScheduleWorld,
  FORCED_DELAY,
  lookaheadOf,
  MULTIPLIER,
  operator,
  type ScheduleWorld,
} from '../../support/schedule.ts'

let world: ScheduleWorld
let chain: TestChain
let server: RpcServer
let savedAt: number[] = []

beforeAll(async () => {
  world = await createScheduleWorld({
    seed: 'rpc-schedule',
    contracts: {
      // Two of three validators have opted in.
      operatorAt: (validator) => (validator % 3n === 0n ? ZERO_HASH : operator(Number(validator % 3n)).root),
      committerAt: (root) => operator(Number(BigInt(root))).committer,
      poster: (root) => (root === operator(2).root ? operator(22).committer : ZERO_ADDRESS),
      queue: () => ({ head: 4, savedAt }),
    },
  })
  world.mineTo(70)
  chain = await createTestChain(emptyBlocks(0n, 1)[0]!)
  const { genesisTime, secondsPerSlot } = world.sim.config
  const spec = { ...testSpec(1n), l1: { ...testSpec(1n).l1, genesisTime, secondsPerSlot } }
  server = await startTestRpc({
    chain: chain.chain,
    state: emptyState,
    caller: noCaller,
    chainId: 1n,
    spec,
    schedule: world.schedule,
  })
})
afterAll(async () => {
  await server.close()
  await chain.close()
  await world.close()
})

const ask = async (method: string, ...params: unknown[]) => {
  const answer = await rpc(server.url, method, params)
  expect(answer.error).toBeUndefined()
  return answer.result as never
}

type Sequencer = {
  slot: string
  sequencers: string[]
  owner: { validatorIndex: string }
  window: { firstSlot: string; lastSlot: string; end: string }
}

test('based_sequencerForSlot names who may propose in a slot, by default in the next', async () => {
  const vector = lookaheadOf(world.sim, world.sim.head(), 2)
  const index = vector.findIndex((validator, i) => i >= 7 && validator % 3n !== 0n)
  const isSecond = vector[index]! % 3n === 2n
  const next = (await ask('based_sequencerForSlot')) as Sequencer
  expect(next).toEqual({
    slot: toQuantity(71),
    epoch: '0x2',
    timestamp: toQuantity(world.timestampOf(71)),
    schedule: 'lookahead',
    trust: 'beacon',
    right: 'lookahead',
    sequencers: isSecond ? [operator(2).committer, operator(22).committer] : [operator(1).committer],
    owner: {
      validatorIndex: toQuantity(vector[index]!),
      registrationRoot: operator(Number(vector[index]! % 3n)).root,
    },
    window: {
      firstSlot: expect.any(String),
      lastSlot: toQuantity(64 + index),
      end: toQuantity(world.timestampOf(64 + index)),
    },
    reason: null,
  })
  expect(await ask('based_sequencerForSlot', 71)).toEqual(next)
  expect(await ask('based_sequencerForSlot', '0x47')).toEqual(next)
  expect(await ask('based_sequencerForSlot', 1)).toBeNull()
  expect(await ask('based_sequencerForSlot', toQuantity(2n ** 64n - 1n))).toBeNull()
  for (const bad of ['71', -1, 1.5, toQuantity(2n ** 64n)])
    expect((await rpc(server.url, 'based_sequencerForSlot', [bad])).error?.code).toBe(-32602)
})

test('based_lookahead gives the windows of this epoch and the next, and no other', async () => {
  const current = (await ask('based_lookahead')) as { windows: Sequencer[] }
  expect(current).toMatchObject({
    epoch: '0x2',
    schedule: 'lookahead',
    trust: 'beacon',
    firstSlot: toQuantity(64),
    lastSlot: toQuantity(95),
    dependentRoot: expect.stringMatching(/^0x[0-9a-f]{64}$/),
    l1Block: { hash: world.sim.head().hash },
  })
  // Every slot is in exactly one window.
  let next = BigInt(current.windows[0]!.window.firstSlot)
  for (const { window } of current.windows) {
    expect(BigInt(window.firstSlot)).toBe(next)
    next = BigInt(window.lastSlot) + 1n
  }
  expect(next).toBeGreaterThanOrEqual(96n)
  expect(await ask('based_lookahead', 3)).toMatchObject({ epoch: '0x3' })
  expect(await ask('based_lookahead', 1)).toBeNull()
  expect(await ask('based_lookahead', 4)).toBeNull()
})

test('hundreds of questions cost L1 no more than one', async () => {
  await ask('based_lookahead')
  const [calls, requests] = [world.calls.length, world.beacons[0]!.requests.length]
  for (let wave = 0; wave < 4; wave++)
    await Promise.all(
      Array.from({ length: 25 }, (_, i) => [
        ask('based_sequencerForSlot', 64 + i),
        ask('based_sequencerForSlot', wave * 10 + i),
        ask('based_lookahead', i % 5),
        ask('based_forcedInclusions'),
      ]).flat(),
    )
  // The queue was not asked for before.
  expect(world.calls.slice(calls)).toEqual(['getForcedInclusionState'])
  expect(world.beacons[0]!.requests.length).toBe(requests)
})

test('based_forcedInclusions says until when, and who has to take it', async () => {
  const now = Number(world.timestampOf(71))
  savedAt = [now - FORCED_DELAY * MULTIPLIER - 1, now - FORCED_DELAY + 13, now]
  world.sim.mine()
  world.setNow(71)
  const queue = (await ask('based_forcedInclusions')) as {
    pending: string
    inclusions: { mustInclude: Sequencer | null; dueSlot: string }[]
  }
  expect(queue).toMatchObject({ pending: '0x3', l1Block: { hash: world.sim.head().hash } })
  const common = { offset: 0, feeGwei: '0x7' }
  expect(queue.inclusions.map(({ mustInclude: _, ...rest }) => rest)).toEqual(
    savedAt.map((saved, i) => ({
      ...common,
      index: toQuantity(4 + i),
      blob: blobHash(4 + i),
      savedAt: toQuantity(saved),
      dueAt: toQuantity(saved + FORCED_DELAY),
      // Rounds up: due 13 seconds after slot 71 begins, so no proposal of slot 73 may leave it out.
      dueSlot: toQuantity([55, 73, 75][i]!),
      overdueAfter: toQuantity(saved + FORCED_DELAY * MULTIPLIER),
      isOverdue: i === 0,
    })),
  )
  // One that is due already is the next slot's business.
  expect(queue.inclusions.map(({ mustInclude }) => mustInclude?.slot)).toEqual([
    toQuantity(72),
    toQuantity(73),
    toQuantity(75),
  ])
  for (const { mustInclude } of queue.inclusions)
    expect(mustInclude).toEqual(await ask('based_sequencerForSlot', mustInclude!.slot))
})

test('based_orderingProvider names the proposer and his right', async () => {
  const { genesisTime } = world.sim.config
  const proposalAt = (
    id: bigint,
    slot: number,
    more: Partial<StoredProposal> & { readonly forcedAt?: bigint },
  ): StoredProposal => {
    const { forcedAt, ...rest } = more
    const own = { isForcedInclusion: false, blobHashes: [blobHash(99)], offset: 0 }
    return {
      id,
      fork: 'shasta',
      hash: ZERO_HASH,
      proposer: operator(1).committer,
      timestamp: world.timestampOf(slot),
      l1: { blockNumber: BigInt(slot), blockHash: ZERO_HASH, transactionHash: ZERO_HASH, logIndex: 0 },
      firstBlock: id,
      lastBlock: id,
      sources:
        forcedAt === undefined
          ? [own]
          : [{ isForcedInclusion: true, savedAt: forcedAt, blobHashes: [blobHash(7)], offset: 0 }, own],
      ...rest,
    }
  }
  const inTime = world.timestampOf(50) - BigInt(FORCED_DELAY)
  const tooLate = world.timestampOf(60) - BigInt(FORCED_DELAY * MULTIPLIER) - 1n
  const proposals = [
    proposalAt(1n, 40, { windowEnd: world.timestampOf(43) }),
    proposalAt(2n, 50, { forcedAt: inTime }),
    proposalAt(3n, 60, { forcedAt: tooLate }),
    proposalAt(4n, 70, { fork: 'pacaya' }),
  ]
  const origins = new Map<bigint, BlockOrigin>(
    proposals.map(({ id, fork, sources }) => [
      id,
      {
        fork,
        proposalId: id,
        sourceIndex: 0,
        isForcedInclusion: sources.length > 1,
        indexInSource: 0,
        anchorBlock: {
          number: 1n,
          hash: ZERO_HASH,
          parentHash: ZERO_HASH,
          timestamp: genesisTime,
          stateRoot: ZERO_HASH,
        },
        listed: [],
        dropped: [],
      },
    ]),
  )
  const genesis = (await chain.chain.headerByNumber(0n))!
  await chain.commit({ blocks: emptyBlocks(1n, 4, genesis.hash), origins, proposals })

  expect(await ask('based_orderingProvider', '0x1')).toEqual({
    blockNumber: '0x1',
    blockHash: (await chain.chain.headerByNumber(1n))!.hash,
    derived: true,
    proposalId: '0x1',
    proposer: operator(1).committer,
    right: 'lookahead',
    slot: toQuantity(40),
    l1Block: { number: toQuantity(40), hash: ZERO_HASH },
    window: { lastSlot: toQuantity(43), end: toQuantity(world.timestampOf(43)) },
    forcedInclusion: null,
  })
  expect(await ask('based_orderingProvider', '0x2')).toMatchObject({
    right: 'fallback',
    window: null,
    forcedInclusion: {
      blobs: [blobHash(7)],
      savedAt: toQuantity(inTime),
      dueAt: toQuantity(inTime + BigInt(FORCED_DELAY)),
    },
  })
  expect(await ask('based_orderingProvider', '0x3')).toMatchObject({ right: 'overdue' })
  expect(await ask('based_orderingProvider', 'latest')).toMatchObject({
    blockNumber: '0x4',
    right: 'unknown',
  })
  expect(await ask('based_orderingProvider', '0x0')).toBeNull()
  expect(await ask('based_orderingProvider', '0x63')).toBeNull()
})

test('without a lookahead the answers say so, and the reason is in the status alone', async () => {
  const blind = await createScheduleWorld({
    seed: 'blind',
    beacons: [],
    contracts: { queue: () => ({ head: 0, savedAt: [1_700_000_000] }) },
  })
  blind.mineTo(40)
  const other = await startTestRpc({
    chain: chain.chain,
    state: emptyState,
    caller: noCaller,
    chainId: 1n,
    schedule: blind.schedule,
  })
  for (const method of ['based_sequencerForSlot', 'based_lookahead'])
    expect((await rpc(other.url, method)).error).toEqual({
      code: -32002,
      message: expect.stringContaining('based_syncStatus'),
    })
  expect((await rpc(other.url, 'based_forcedInclusions')).result).toMatchObject({
    pending: '0x1',
    inclusions: [{ index: '0x0', mustInclude: null }],
  })
  expect(blind.schedule.problems()).toEqual([expect.stringContaining('--l1.beacon')])
  await other.close()
  await blind.close()
})
