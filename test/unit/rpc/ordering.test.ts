/** What derivation leaves with a proposal of its window and its forced inclusions, and the answers that follow from it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toQuantity } from '../../../src/primitives/hex.ts'
import type { RpcServer } from '../../../src/rpc/server.ts'
import { connectL1, type Harness, L2_CHAIN_ID, openHarness } from '../../support/derive/harness.ts'
import { payloadAfter, signTransfer } from '../../support/derive/payload.ts'
import { createSimulatedL1, type SimulatedL1 } from '../../support/l1/simulatedL1.ts'
import { noCaller } from '../../support/rpcFakes.ts'
import { rpc, startTestRpc } from '../../support/rpcServer.ts'

let sim: SimulatedL1
let node: Harness
let server: RpcServer
let windowEnd: bigint
let savedAt: bigint

beforeAll(async () => {
  sim = createSimulatedL1({ seed: 'ordering' })
  sim.mine()
  windowEnd = sim.head().header.timestamp + 5n * 12n
  sim.propose({ payload: payloadAfter(sim, {}), endOfSubmissionWindowTimestamp: windowEnd })
  sim.saveForcedInclusion({ payload: payloadAfter(sim, { transactions: [await signTransfer(0)] }) })
  savedAt = sim.head().header.timestamp
  sim.propose({ payload: payloadAfter(sim, {}), forcedInclusions: 1 })
  node = await openHarness({ sim, l1: await connectL1(sim), path: ':memory:' })
  await node.sync()
  server = await startTestRpc({
    spec: node.spec,
    chain: node.chain,
    state: node.state,
    chainId: L2_CHAIN_ID,
    caller: noCaller,
  })
})
afterAll(async () => {
  await server.close()
  await node.close()
})

const ask = async (method: string, ...params: unknown[]) => {
  const answer = await rpc(server.url, method, params)
  expect(answer.error).toBeUndefined()
  return answer.result as Record<string, unknown>
}

test('a proposal keeps the end of its window, and a forced source when it was queued', async () => {
  expect(await node.chain.proposal(1n)).toMatchObject({ windowEnd })
  expect(await ask('based_getProposal', 1)).toMatchObject({
    windowEnd: toQuantity(windowEnd),
    sources: [{ isForcedInclusion: false, savedAt: null }],
  })
  const second = (await node.chain.proposal(2n))!
  expect('windowEnd' in second).toBe(false)
  expect(second.sources.map(({ savedAt: at }) => at)).toEqual([savedAt, undefined])
  expect(await ask('based_getProposal', 2)).toMatchObject({
    windowEnd: null,
    sources: [{ savedAt: toQuantity(savedAt) }, { savedAt: null }],
  })
})

test('the window says by which right, without L1; the rest needs it', async () => {
  const [first, second] = [(await node.chain.proposal(1n))!, (await node.chain.proposal(2n))!]
  const slotOf = (timestamp: bigint) => toQuantity((timestamp - sim.config.genesisTime) / 12n)
  expect(await ask('based_orderingProvider', toQuantity(first.firstBlock))).toMatchObject({
    derived: true,
    proposer: first.proposer,
    right: 'lookahead',
    slot: slotOf(first.timestamp),
    window: { lastSlot: slotOf(windowEnd), end: toQuantity(windowEnd) },
    forcedInclusion: null,
  })
  expect(await ask('based_orderingProvider', toQuantity(second.firstBlock))).toMatchObject({
    right: 'unknown',
    window: null,
    forcedInclusion: { savedAt: toQuantity(savedAt), dueAt: null },
  })
  expect(await ask('based_orderingProvider', toQuantity(second.lastBlock))).toMatchObject({
    forcedInclusion: null,
  })
  expect((await rpc(server.url, 'based_sequencerForSlot')).error).toMatchObject({ code: -32002 })
})
