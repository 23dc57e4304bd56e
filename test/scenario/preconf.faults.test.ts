/**
 * What goes wrong between sequencers: one vanishes with blocks that he published and did not land, one is killed in his window and
 * comes back, L1 drops a batch. Whatever happens, what was published lands as it was, and only once.
 */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { BlockRef } from '../support/preconf/childProtocol.ts'
import { contents, eventually, type PreconfNet, startPreconfNet, untilQuiet } from '../support/preconf/net.ts'
import type { PreconfNode } from '../support/preconf/node.ts'
import { expectDerivedFromL1 } from '../support/preconf/oracle.ts'
import { expectKept, expectKeptOrTold, startTraffic } from '../support/preconf/traffic.ts'

const SEQUENCERS = 3
const SLOTS_PER_EPOCH = 10
/** After the sequencers comes one who does nothing: in his turn all that was promised is landed. */
const ABSENT = SEQUENCERS
/** One a test: what became of a killed node's last transactions nobody knows. */
const WALLETS = 12
/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 300_000

vi.setConfig({ testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS })

let net: PreconfNet

beforeAll(async () => {
  net = await startPreconfNet({
    seed: 'faults',
    sequencers: SEQUENCERS,
    followers: 1,
    absent: 1,
    // Time for guards whose memory is new, before the first of them is needed.
    beginsWith: SEQUENCERS - 1,
    wallets: WALLETS,
    slotsPerEpoch: SLOTS_PER_EPOCH,
    sequencing: { batchMs: 4000, stopBeforeMs: 6000 },
  })
})
afterAll(() => net?.close())
afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.error(net.report())
})

/** Waits until a sequencer makes blocks in a turn with room for more than this many seconds. */
async function begins(sequencer: number, seconds: number): Promise<void> {
  const { l1 } = net
  const node = net.sequencers[sequencer]!
  for (;;) {
    await eventually(`the turn of sequencer ${sequencer}`, () => l1.turnAt() === sequencer)
    const last = l1.nextTurnOf((sequencer + 1) % (SEQUENCERS + 1))
    const before = node.latest().number
    await eventually(
      'a block, or the end of the turn',
      () => node.latest().number > before || l1.clock.slot() >= last,
    )
    if ((last - l1.clock.slot()) * 2 > seconds && node.latest().number > before) return
    await eventually('the next turn', () => l1.turnAt() !== sequencer)
  }
}

const follower = () => net.followers[0]!
const unlanded = (node: PreconfNode): number => node.latest().number - node.safe().number

/** The block of a number as the follower had it, which must be as it has it now. */
async function expectSame(blocks: readonly BlockRef[]): Promise<void> {
  for (const { number, hash } of blocks) {
    const block = await follower().ask<{ hash: string } | null>('eth_getBlockByNumber', [
      `0x${number.toString(16)}`,
      false,
    ])
    expect(block?.hash, `block ${number}`).toBe(hash)
  }
}

// One story on one chain: each test goes on where the one before it ended.
test('blocks of a predecessor who vanished are landed by the next, unchanged', async () => {
  await begins(0, 10)
  const traffic = await startTraffic(net, { first: 0, count: 3 })
  const node = net.sequencers[0]!
  await eventually('promises', () => traffic.promises().length > 2)
  await traffic.stop()
  // From here on L1 includes nothing of his any more.
  const { sim, clock, operators } = net.l1
  const [vanished, next] = operators.map(({ address }) => address.toLowerCase())
  clock.leaveOut(({ from }) => from === vanished)
  await eventually('what landed before is derived', async () => {
    const { id } = sim.proposals().at(-1)!
    return (await blocksOf(follower(), id)).length > 0
  })
  const last = Math.max(...traffic.promises().map(({ execution }) => Number(execution?.blockNumber ?? 0)))
  await eventually('what was promised is published', () => {
    return follower().latest().number >= last && unlanded(follower()) > 0
  })
  await node.kill()
  const published = follower().added().slice(-unlanded(follower()))
  expect(published.length).toBeGreaterThan(0)
  const landed = sim.proposals().length
  await eventually('the next one has landed them', () => follower().safe().number >= published.at(-1)!.number)
  expect(sim.proposals()[landed]?.proposer).toBe(next)
  sim.mempool.forget(sim.mempool.pending().flatMap(({ hash, from }) => (from === vanished ? [hash] : [])))
  clock.leaveOut()
  await expectSame(published)
  const executed = traffic.promises().filter(({ execution }) => execution !== undefined)
  await expectKept(net, follower(), executed)
})

test('a batch that L1 drops is posted again, with the same blocks', async () => {
  await begins(1, 8)
  const { sim, clock } = net.l1
  const traffic = await startTraffic(net, { first: 6, count: 3 })
  const count = sim.proposals().length
  await eventually('a batch landed', () => sim.proposals().length > count && unlanded(follower()) > 0)
  const dropped = sim.head().inbox.proposals!.proposal.id
  await eventually(
    'the follower has derived it',
    async () => (await blocksOf(follower(), dropped)).length > 0,
  )
  const before = await blocksOf(follower(), dropped)
  expect(before.length).toBeGreaterThan(0)
  const depth = sim.head().header.number - sim.proposals().at(-1)!.originBlockNumber
  clock.insteadOfNext(() => {
    sim.reorg({ depth: Number(depth), transactions: 'drop', forgets: true })
  })
  await eventually('L1 has dropped it', () => sim.proposals().length < count + 1)
  await eventually('it landed again', () => sim.proposals().length > count)
  await eventually(
    'the follower has derived it anew',
    () => follower().safe().number >= before.at(-1)!.number,
  )
  expect(sim.proposals()[count]?.id).toBe(dropped)
  await expectSame(before)
  await traffic.stop()
  await eventually('everything landed', () => unlanded(follower()) === 0)
  expect(await expectKeptOrTold(net, follower(), traffic.promises())).toBeGreaterThan(0)
})

test('a sequencer killed in his window goes on where he was, and signs nothing twice', async () => {
  await begins(2, 12)
  const traffic = await startTraffic(net, { first: 3, count: 3 })
  const node = net.sequencers[2]!
  await eventually('promises', () => traffic.promises().length > 2)
  await node.kill()
  await node.start()
  await traffic.stop()
  // In this window, or in the next one of his.
  const number = follower().latest().number
  await eventually('he makes blocks again', () => node.latest().number > number)
  await eventually('everything landed', () => unlanded(follower()) === 0)
  // On a machine that takes longer to start him than his window lasts he cannot keep all.
  await expectKeptOrTold(net, follower(), traffic.promises())
})

test('nobody signed or had two blocks of one number', async () => {
  await net.sequencers[0]!.start()
  await untilQuiet(net, ABSENT)
  for (const [number, hashes] of contents(net.nodes)) expect(hashes.size, `block ${number}`).toBe(1)
  const evidence = await follower().ask<readonly unknown[]>('based_getPreconfEvidence')
  expect(evidence).toEqual([])
})

test('a node that hears no sequencer derives the same', async () => {
  await expectDerivedFromL1(net)
})

/** Derived blocks of a proposal. */
async function blocksOf(node: PreconfNode, proposalId: bigint): Promise<readonly BlockRef[]> {
  const found: BlockRef[] = []
  for (let number = node.safe().number; number > 0; number--) {
    const block = await node.ask<{ hash: BlockRef['hash']; extraData: `0x${string}` }>(
      'eth_getBlockByNumber',
      [`0x${number.toString(16)}`, false],
    )
    // A percentage, then the proposal's id.
    const id = BigInt(`0x${block.extraData.slice(4)}`)
    if (id < proposalId) break
    if (id === proposalId) found.unshift({ number, hash: block.hash })
  }
  return found
}
