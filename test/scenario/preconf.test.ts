/**
 * Three sequencers taking turns on the L1 in this process, two followers, of whom one hears the other, and wallets: every node is a
 * whole one in a process of its own. What was promised is what lands, and nobody ever changes his mind.
 */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { Hash } from '../../src/primitives/hex.ts'
import { encodeManifest } from '../../src/protocol/shasta/encodeManifest.ts'
import { contents, eventually, type PreconfNet, startPreconfNet, untilQuiet } from '../support/preconf/net.ts'
import { expectDerivedFromL1 } from '../support/preconf/oracle.ts'
import { expectKept, readDomain, startTraffic, type Traffic } from '../support/preconf/traffic.ts'
import { createWallet } from '../support/preconf/wallet.ts'

const SEQUENCERS = 3
const SLOTS_PER_EPOCH = 8
const SECONDS_PER_SLOT = 2
/** After the sequencers comes one who does nothing. */
const ABSENT = SEQUENCERS
const WALLETS = 4
const FORCED_INCLUSION_DELAY = 16

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 300_000

vi.setConfig({ testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS })

let net: PreconfNet
let traffic: Traffic
/** Of the transaction that is forced in. */
let forced: Hash

beforeAll(async () => {
  net = await startPreconfNet({
    seed: 'turns',
    sequencers: SEQUENCERS,
    followers: 2,
    absent: 1,
    // Time for guards whose memory is new, before the first of them is needed.
    beginsWith: SEQUENCERS - 1,
    wallets: WALLETS + 1,
    secondsPerSlot: SECONDS_PER_SLOT,
    slotsPerEpoch: SLOTS_PER_EPOCH,
    forcedInclusionDelay: FORCED_INCLUSION_DELAY,
    sequencing: { stopBeforeMs: 5000, batchMs: 4000 },
  })
  traffic = await startTraffic(net, { first: 0, count: WALLETS })
})
afterAll(() => net?.close())
afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.error(net.report())
})

/** Waits for a slot of the next turn of an operator. */
async function reach(operator: number, slotOfTurn: number): Promise<void> {
  const slot = net.l1.nextTurnOf(operator) + slotOfTurn
  await eventually(`slot ${slot}`, () => net.l1.clock.slot() >= slot)
}
const promisesOf = (sequencer: number) =>
  traffic.promises().filter((promise) => promise.sequencer === sequencer)
const sourcesOfForced = () =>
  net.l1.sim
    .proposals()
    .find(({ sources }) => sources.length > 1)
    ?.sources.map(({ isForcedInclusion }) => isForcedInclusion)

// One story on one chain: each test goes on where the one before it ended.
test('each sequencer answers in his turns with promises of both kinds, over a missed L1 slot', async () => {
  await reach(1, 2)
  await forceIn()
  net.l1.clock.missSlots(1)
  await eventually('promises of both kinds by everybody', () =>
    net.sequencers.every((_, sequencer) =>
      [true, false].every((isExecution) =>
        promisesOf(sequencer).some(({ execution }) => (execution !== undefined) === isExecution),
      ),
    ),
  )
})

test('what was forced in comes first in its proposal', async () => {
  await eventually('the forced inclusion landed', () => sourcesOfForced() !== undefined)
  expect(sourcesOfForced()).toEqual([true, false])
})

test('followers had every promised block before L1 did', async () => {
  await traffic.stop()
  await untilQuiet(net, ABSENT)
  const promised = new Set(
    traffic.promises().flatMap(({ execution }) => (execution ? [Number(execution.blockNumber)] : [])),
  )
  for (const follower of net.followers) {
    const changes = follower.changes()
    for (const number of promised) {
      const had = changes.findIndex(({ latest }) => latest.number >= number)
      const landed = changes.findIndex(({ safe }) => safe.number >= number)
      expect(had, `${follower.name} had block ${number} before it landed`).toBeLessThan(landed)
    }
  }
})

test('nobody gave up a block, or had another one of the same number', () => {
  for (const node of net.nodes) expect(node.removed(), node.name).toEqual([])
  for (const [number, hashes] of contents(net.nodes)) expect(hashes.size, `block ${number}`).toBe(1)
  for (const block of l1Blocks()) expect([...block.reverts.values()]).toEqual([])
})

test('every promise was kept', async () => {
  const [follower] = net.followers
  expect(await follower!.ask('eth_getTransactionReceipt', [forced])).toMatchObject({ status: '0x1' })
  await expectKept(net, follower!, traffic.promises())
  const scorecard = await follower!.ask<Record<string, unknown>>('based_preconfScorecard')
  expect(scorecard).toBeDefined()
})

test('a node that hears no sequencer derives the same', async () => {
  await expectDerivedFromL1(net)
})

/** A transaction of a wallet of its own, by way of L1. */
async function forceIn(): Promise<void> {
  const { l1 } = net
  const wallet = createWallet(l1.wallets[WALLETS]!, {
    l2ChainId: l1.spec.l2.chainId,
    domain: await readDomain(net),
  })
  const signed = await wallet.sign()
  const payload = encodeManifest([
    {
      timestamp: 0n,
      coinbase: `0x${'00'.repeat(20)}`,
      anchorBlockNumber: 0n,
      gasLimit: 0n,
      transactions: [signed],
    },
  ])
  forced = wallet.hashOf(signed)
  l1.clock.insertNext(l1.sim.transactions.saveForcedInclusion({ payload }))
}

function l1Blocks() {
  const { sim } = net.l1
  return Array.from({ length: Number(sim.head().header.number) + 1 }, (_, number) => sim.blockAt(number))
}
