/**
 * The clocks of L2: safe by proposals, finalized by the consensus layer, executable by the inbox; what reorgs, missed slots,
 * deadlines and long silence do to them. INV-1, INV-3, INV-9.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, test } from 'vitest'
import type { L1 } from '../../src/l1/l1.ts'
import { connectL1, genesis, type Harness, openHarness } from '../support/derive/harness.ts'
import { payloadAfter, signTransfer } from '../support/derive/payload.ts'
import { expectSameContent } from '../support/derive/sameContent.ts'
import { createSimulatedL1, type SimulatedL1 } from '../support/l1/simulatedL1.ts'

/** No manifest: its source becomes one default block. */
const GARBAGE = Uint8Array.of(1, 2, 3)
/** Farther back than any walk along parent hashes goes. */
const SILENT_BLOCKS = 8_300

const closing: (() => Promise<void>)[] = []
let transfers: readonly Uint8Array[]
beforeAll(async () => {
  transfers = await Promise.all([0, 1, 2, 3].map(signTransfer))
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function connect(sim: SimulatedL1): Promise<L1> {
  const l1 = await connectL1(sim)
  closing.push(l1.close)
  return l1
}

async function openNode(sim: SimulatedL1, l1: L1): Promise<Harness> {
  const node = await openHarness({ sim, l1, path: ':memory:' })
  closing.push(node.close)
  return node
}

async function startNode(sim: SimulatedL1): Promise<Harness> {
  return openNode(sim, await connect(sim))
}

/** What a node that has seen nothing else makes of L1 as it is now. */
async function expectAsFresh(node: Harness, sim: SimulatedL1, when: string): Promise<void> {
  const fresh = await startNode(sim)
  await fresh.sync()
  expectSameContent(await node.dump(), await fresh.dump(), when)
}

function clocksOf({ chain }: Harness) {
  const { latest, safe, finalized, executable } = chain.heads()
  return [latest, safe, finalized, executable].map(({ number }) => Number(number))
}

/** A proposal of valid blocks in the next L1 block; the number of that block. */
function propose(sim: SimulatedL1, blocks = 1, transactions: readonly Uint8Array[] = []): number {
  return Number(sim.propose({ payload: payloadAfter(sim, { blocks, transactions }) }).block.header.number)
}

async function sourcesOf(node: Harness, proposalId: bigint) {
  const proposal = await node.chain.proposal(proposalId)
  return proposal?.sources.map(({ isForcedInclusion, fault }) => [isForcedInclusion, fault?.name])
}

test('each clock moves by its own word only', async () => {
  const sim = createSimulatedL1({ seed: 'clocks' })
  const node = await startNode(sim)
  const follow = async () => {
    await node.sync()
    return clocksOf(node)
  }
  sim.mine()
  const first = propose(sim, 2)
  propose(sim, 1)
  expect(await follow()).toEqual([3, 3, 0, 0])
  // Never counted in blocks.
  for (let i = 0; i < 100; i++) sim.mine()
  expect(await follow()).toEqual([3, 3, 0, 0])
  sim.setFinalized(first)
  expect(await follow()).toEqual([3, 3, 2, 0])
  sim.prove({ lastProposalId: 1n, lastProposalHash: sim.blockAt(first).inbox.proposals!.hash })
  expect(await follow()).toEqual([3, 3, 2, 2])
  sim.prove()
  expect(await follow()).toEqual([3, 3, 2, 3])
  sim.setFinalized(Number(sim.head().header.number))
  expect(await follow()).toEqual([3, 3, 3, 3])
  await expectAsFresh(node, sim, 'all clocks at the head')
})

test('executable moves back when the inbox says so, finality never does', async () => {
  const sim = createSimulatedL1({ seed: 'recovery' })
  const node = await startNode(sim)
  sim.mine()
  for (const blocks of [2, 1, 3]) propose(sim, blocks)
  sim.prove()
  sim.setFinalized(Number(sim.head().header.number))
  await node.sync()
  expect(clocksOf(node)).toEqual([6, 6, 6, 6])
  const recover = async (lastFinalizedProposalId: bigint) => {
    sim.mine({ transactions: [sim.transactions.recoverState(lastFinalizedProposalId)] })
    await node.sync()
    await expectAsFresh(node, sim, `after a recovery to proposal ${lastFinalizedProposalId}`)
    return clocksOf(node)
  }
  expect(await recover(2n)).toEqual([6, 6, 6, 3])
  // Nothing is proven any more.
  expect(await recover(0n)).toEqual([6, 6, 6, 0])
  expect(node.chain.heads().executable.hash).toBe(genesis.hash)
  sim.prove()
  await node.sync()
  expect(clocksOf(node)).toEqual([6, 6, 6, 6])
})

test('finality stays where it was when its witness goes back, also over a restart', async () => {
  const sim = createSimulatedL1({ seed: 'finality' })
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-clocks-'))
  closing.push(async () => rmSync(directory, { recursive: true }))
  const path = join(directory, 'chain.db')
  sim.mine()
  const first = propose(sim, 1)
  const second = propose(sim, 1)
  sim.setFinalized(second)
  const before = await openHarness({ sim, l1: await connect(sim), path })
  await before.sync()
  expect(clocksOf(before)).toEqual([2, 2, 2, 0])
  sim.setFinalized(first)
  sim.mine()
  await before.sync()
  expect(clocksOf(before)).toEqual([2, 2, 2, 0])
  await before.close()
  const after = await openHarness({ sim, l1: await connect(sim), path })
  closing.push(after.close)
  sim.mine()
  await after.sync()
  expect(clocksOf(after)).toEqual([2, 2, 2, 0])
})

test('a reorg below the executable block takes executable with it', async () => {
  const sim = createSimulatedL1({ seed: 'below executable' })
  const node = await startNode(sim)
  sim.mine()
  const first = propose(sim, 2)
  sim.prove()
  sim.setFinalized(first)
  for (let i = 0; i < 3; i++) propose(sim, 1, transfers.slice(i, i + 1))
  sim.prove()
  await node.sync()
  expect(clocksOf(node)).toEqual([5, 5, 2, 5])
  // The last two proposals and the second proof are gone.
  sim.reorg({ depth: 3, transactions: 'drop' })
  await node.sync()
  expect(clocksOf(node)).toEqual([3, 3, 2, 2])
  await expectAsFresh(node, sim, 'after the proof was reorged out')
  // Only the proof comes back, in another block: what it proves is not there any more, so it reverts.
  propose(sim, 4)
  sim.prove()
  await node.sync()
  expect(clocksOf(node)).toEqual([7, 7, 2, 7])
  await expectAsFresh(node, sim, 'after it was proven anew')
})

test('a proposal after missed slots has its own time and finds its blob; so does one that a reorg moves', async () => {
  const sim = createSimulatedL1({ seed: 'slots' })
  const node = await startNode(sim)
  sim.mine()
  const { transactions } = sim
  sim.mine({
    missedSlots: 7,
    transactions: [transactions.propose({ payload: payloadAfter(sim, { transactions: [transfers[0]!] }) })],
  })
  await node.sync()
  const before = (await node.chain.proposal(1n))!
  expect(before.timestamp).toBe(sim.head().header.timestamp)
  expect(await sourcesOf(node, 1n)).toEqual([[false, undefined]])
  // The same transaction three slots earlier: other time, other slot, other L2 block.
  const [moved] = sim.head().transactions
  sim.reorg({ depth: 1, blocks: [{ missedSlots: 4, transactions: [moved!] }, {}] })
  await node.sync()
  const after = (await node.chain.proposal(1n))!
  expect(before.timestamp - after.timestamp).toBe(3n * sim.config.secondsPerSlot)
  expect(after.l1.blockHash).not.toBe(before.l1.blockHash)
  await expectAsFresh(node, sim, 'after the slot was another one')
})

test('a reorg takes a forced inclusion out of the proposal it was in, and the next one must take it', async () => {
  const sim = createSimulatedL1({ seed: 'forced', forcedInclusionDelay: 24n })
  const { transactions } = sim
  const node = await startNode(sim)
  sim.mine()
  propose(sim, 1)
  const own = transactions.propose({ payload: payloadAfter(sim) })
  const save = transactions.saveForcedInclusion({
    payload: payloadAfter(sim, { transactions: [transfers[0]!] }),
  })
  sim.mine({ transactions: [save] })
  // Made before the forced inclusion, so that it fits in front of it too.
  sim.mine()
  sim.mine({ transactions: [own] })
  await node.sync()
  expect(await sourcesOf(node, 2n)).toEqual([
    [true, undefined],
    [false, undefined],
  ])
  const forced = (await node.chain.blockByNumber(2n))!
  expect(forced.transactions).toHaveLength(2)
  // The proposal comes first now, so there is nothing to include.
  sim.reorg({ depth: 3, blocks: [{ transactions: [own] }, { transactions: [save] }, {}, {}] })
  await node.sync()
  expect(await sourcesOf(node, 2n)).toEqual([[false, undefined]])
  expect((await node.chain.blockByNumber(2n))!.transactions).toHaveLength(1)
  await expectAsFresh(node, sim, 'after the forced inclusion was overtaken')
  propose(sim, 1)
  await node.sync()
  expect((await sourcesOf(node, 3n))?.map(([isForced]) => isForced)).toEqual([true, false])
  expect((await node.chain.blockByNumber(3n))!.transactions).toHaveLength(2)
  await expectAsFresh(node, sim, 'after the next proposal took it')
})

test('a proposal that came too late for a deadline is in time on another branch', async () => {
  const sim = createSimulatedL1({ seed: 'deadline', forcedInclusionDelay: 36n })
  const { transactions } = sim
  const node = await startNode(sim)
  sim.mine()
  propose(sim, 1)
  sim.saveForcedInclusion({ payload: payloadAfter(sim, { transactions: [transfers[0]!] }) })
  // It takes none from the queue: a revert once the first is due.
  const reluctant = transactions.propose({ payload: payloadAfter(sim), forcedInclusions: 0 })
  sim.mine({ missedSlots: 2 })
  const late = sim.mine({ transactions: [reluctant] })
  expect([...late.reverts.values()]).toEqual(['1 forced inclusions are due'])
  await node.sync()
  expect(await node.chain.proposal(2n)).toBeUndefined()
  sim.reorg({ depth: 2, blocks: [{ transactions: [reluctant] }, {}, {}] })
  await node.sync()
  expect(await sourcesOf(node, 2n)).toEqual([[false, undefined]])
  await expectAsFresh(node, sim, 'on the branch where it is in time')
  // And back.
  sim.setHead(late.hash)
  sim.mine()
  await node.sync()
  expect(await node.chain.proposal(2n)).toBeUndefined()
  await expectAsFresh(node, sim, 'on the branch where it is late')
})

test('after a long silence garbage still becomes a block, anchored where its parent is', async () => {
  const sim = createSimulatedL1({ seed: 'silence', forcedInclusionDelay: 0n })
  sim.mine()
  propose(sim, 1, [transfers[0]!])
  for (let i = 0; i < SILENT_BLOCKS; i++) sim.mine()
  sim.saveForcedInclusion({ payload: payloadAfter(sim, { transactions: [transfers[1]!] }) })
  sim.propose({ payload: GARBAGE })
  const node = await startNode(sim)
  await node.sync()
  expect(clocksOf(node)).toEqual([3, 3, 0, 0])
  // An anchor that old costs a forced inclusion its transactions (D-46).
  expect(await sourcesOf(node, 2n)).toEqual([
    [true, 'anchorTooOld'],
    [false, 'headerTooShort'],
  ])
  for (const number of [2n, 3n])
    expect((await node.chain.origin(number))!.anchorBlock).toMatchObject({
      number: 2n,
      hash: sim.blockAt(2).hash,
    })
  // The first proposal with a fresh anchor ends it.
  propose(sim, 1, [transfers[1]!])
  await node.sync()
  expect(await sourcesOf(node, 3n)).toEqual([[false, undefined]])
  expect((await node.chain.blockByNumber(4n))!.transactions).toHaveLength(2)
})

test('a chain whose first proposal is garbage, long after its L1 began, is anchored at the genesis of L1', async () => {
  const sim = createSimulatedL1({ seed: 'late beginning' })
  for (let i = 0; i < SILENT_BLOCKS; i++) sim.mine()
  sim.propose({ payload: GARBAGE })
  // No link reaches that far back, so a provider with another block 0 is a reason to wait, not to choose.
  const honest = { name: 'honest', request: sim.request, limits: { requestsPerSecond: 1_000_000 } }
  const otherGenesis = createSimulatedL1({ seed: 'other' }).request
  const liar = {
    ...honest,
    name: 'liar',
    request: ((method, params, signal) =>
      (params?.[0] === '0x0' ? otherGenesis : sim.request)(method, params, signal)) as typeof sim.request,
  }
  const doubtful = await connectL1(sim, { endpoints: [honest, liar] })
  closing.push(doubtful.close)
  const node = await openNode(sim, doubtful)
  await node.syncUntilStuck(2)
  expect(node.progress.at(-1)).toMatchObject({
    error: {
      message: expect.stringMatching(/^L1 providers disagree about block 0 \(honest: 0x.*; liar: 0x/),
    },
  })
  expect(clocksOf(node)).toEqual([0, 0, 0, 0])

  const trusting = await startNode(sim)
  await trusting.sync()
  expect(clocksOf(trusting)).toEqual([1, 1, 0, 0])
  const { anchorBlock } = (await trusting.chain.origin(1n))!
  expect(anchorBlock).toMatchObject({ number: 0n, hash: sim.blockAt(0).hash })
})
