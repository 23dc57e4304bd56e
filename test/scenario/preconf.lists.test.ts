/**
 * Inclusion lists between whole nodes, each in a process of its own: two sequencers, two followers of whom one hears the other, and one
 * who hears nobody. Whoever has seen a list judges its window alike: satisfied, excused or violated; who has not says so.
 */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { SignedListJson } from '../../src/preconf/lists/lists.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { keccak256Hex } from '../../src/primitives/keccak.ts'
import type { PromiseDomain } from '../../src/promise/domain.ts'
import { eventually, type PreconfNet, startPreconfNet } from '../support/preconf/net.ts'
import type { PreconfNode } from '../support/preconf/node.ts'
import { readDomain } from '../support/preconf/traffic.ts'
import { signList } from '../support/preconfLists.ts'

const SEQUENCERS = 2
const SLOTS_PER_EPOCH = 8
const SECONDS_PER_SLOT = 2
/** Signs for its turns, and has a successor who makes no blocks. */
const BEFORE_ABSENT = SEQUENCERS - 1
/** L1 has to pass a window and its lead until a guard whose memory is new signs. */
const GUARD_SLOTS = SLOTS_PER_EPOCH + 5
const GWEI = 10n ** 9n
const SINK: Address = `0x${'5e'.repeat(20)}`

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 300_000

vi.setConfig({ testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS })

let net: PreconfNet
let observer: PreconfNode
let domain: PromiseDomain

beforeAll(async () => {
  net = await startPreconfNet({
    seed: 'lists',
    sequencers: SEQUENCERS,
    followers: 2,
    absent: 1,
    // Time for the guards.
    beginsWith: SEQUENCERS,
    wallets: 3,
    secondsPerSlot: SECONDS_PER_SLOT,
    slotsPerEpoch: SLOTS_PER_EPOCH,
    sequencing: { stopBeforeMs: 5000, batchMs: 4000 },
  })
  observer = net.createObserver()
  await observer.start()
  domain = await readDomain(net)
  await reach(net.l1.clock.slot() + GUARD_SLOTS)
})
afterAll(async () => {
  await observer?.kill()
  await net?.close()
})
afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.error(net.report())
})

type Turn = { readonly operator: number; readonly firstSlot: number; readonly lastSlot: number }

/** The next window that a sequencer has, as soon as everybody takes lists for it. */
async function nextTurn(): Promise<Turn> {
  const turns = net.sequencers.map((_, operator) => turnFrom(operator, net.l1.nextTurnOf(operator)))
  const turn = turns.reduce((a, b) => (a.firstSlot < b.firstSlot ? a : b))
  // Every L1 head is in the epoch before it by then.
  await reach(turn.firstSlot - SLOTS_PER_EPOCH + 2)
  return turn
}

/** The window of an operator whose last slots come next: the running one, unless it is at its end. */
function endingNext(operator: number): Turn {
  const slot = net.l1.clock.slot()
  const slotOfTurn = slot % SLOTS_PER_EPOCH
  const isRunning = net.l1.turnAt() === operator && slotOfTurn < SLOTS_PER_EPOCH - 2
  return turnFrom(operator, isRunning ? slot - slotOfTurn : net.l1.nextTurnOf(operator))
}

function turnFrom(operator: number, firstSlot: number): Turn {
  return { operator, firstSlot, lastSlot: firstSlot + SLOTS_PER_EPOCH - 1 }
}
const reach = (slot: number) => eventually(`slot ${slot}`, () => net.l1.clock.slot() >= slot)

/** By software of the committer's own, with the key that signs for his windows. */
function sign({ operator, lastSlot }: Turn, transactions: readonly Uint8Array[]): SignedListJson {
  const { genesisTime, secondsPerSlot } = net.l1.spec.l1
  const key = hexToBytes(net.l1.keyOf(operator))
  const l2ChainId = net.l1.spec.l2.chainId
  return signList(genesisTime + BigInt(lastSlot) * secondsPerSlot, transactions, { key, domain, l2ChainId })
}

async function transfer(
  wallet: number,
  fields: { readonly nonce: number; readonly gas?: bigint; readonly value?: bigint },
): Promise<Uint8Array> {
  const raw = await net.l1.wallets[wallet]!.signTransaction({
    ...{ type: 'eip1559', chainId: Number(net.l1.spec.l2.chainId), to: SINK, value: 1n, gas: 21_000n },
    ...{ maxFeePerGas: 10n * GWEI, maxPriorityFeePerGas: GWEI },
    ...fields,
  })
  return hexToBytes(raw)
}

async function post(node: PreconfNode, list: SignedListJson): Promise<unknown> {
  const response = await fetch(new URL('/preconf/v0/inclusionLists', node.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(list),
  })
  return response.json()
}

type Answer = {
  readonly verdict: string
  readonly finality?: string | null
  readonly lastBlock?: { readonly number: Hex; readonly hash: Hash } | null
  readonly lists?: readonly SignedListJson[]
}
const verdictOf = (node: PreconfNode, { lastSlot }: Turn) =>
  node.ask<Answer>('based_getInclusionList', [lastSlot])

async function expectSeen(nodes: readonly PreconfNode[], turn: Turn, list: SignedListJson): Promise<void> {
  for (const node of nodes)
    await eventually(`${node.name} has the list`, async () => {
      const { lists = [] } = await verdictOf(node, turn)
      return lists.length > 0
    })
  for (const node of nodes) expect((await verdictOf(node, turn)).lists, node.name).toEqual([list])
}

/** By blocks that landed. */
async function expectVerdict(
  nodes: readonly PreconfNode[],
  turn: Turn,
  verdict: string,
  transactions: readonly { readonly raw: Uint8Array; readonly outcome: string; readonly reason?: string }[],
): Promise<Answer> {
  const told = transactions.map(({ raw, outcome, reason = null }) => ({
    ...{ hash: keccak256Hex(raw), outcome, reason },
  }))
  const violated = told.findIndex(({ outcome }) => outcome === 'violated')
  const evidence = violated === -1 ? null : { transaction: told[violated]!.hash, index: violated }
  for (const node of nodes) {
    await eventually(`${node.name} judges by what landed`, async () => {
      return (await verdictOf(node, turn)).finality === 'landed'
    })
    const answer = await verdictOf(node, turn)
    expect(answer, node.name).toMatchObject({ verdict, transactions: told, evidence })
  }
  const [first] = nodes
  return verdictOf(first!, turn)
}

/** Though they have derived the same blocks. */
async function expectUnknown(nodes: readonly PreconfNode[], turn: Turn, { lastBlock }: Answer) {
  for (const node of nodes) {
    await eventually(`${node.name} has derived the window`, () => {
      return node.safe().number >= Number(lastBlock!.number)
    })
    expect(await verdictOf(node, turn), node.name).toEqual({
      slot: `0x${turn.lastSlot.toString(16)}`,
      verdict: 'unknown',
    })
  }
}

// One story on one chain: each test goes on where the one before it ended.
test('a list given to another node reaches the sequencer by the stream, who honours it: satisfied', async () => {
  const turn = await nextTurn()
  const [first, second] = [await transfer(0, { nonce: 0 }), await transfer(0, { nonce: 1 })]
  const list = sign(turn, [first, second])
  expect(await post(net.sequencers[1 - turn.operator]!, list)).toMatchObject({ status: 'taken' })
  await expectSeen(net.nodes, turn, list)
  const answer = await expectVerdict(net.nodes, turn, 'satisfied', [
    { raw: first, outcome: 'included' },
    { raw: second, outcome: 'included' },
  ])
  await expectUnknown([observer], turn, answer)
})

test('a list signed when the last block is made is violated, as far as there was gas left for it', async () => {
  const turn = endingNext(BEFORE_ABSENT)
  const node = net.sequencers[BEFORE_ABSENT]!
  // Nothing of this window is signed any more; lists are taken until L1's last block of it is there.
  await reach(turn.lastSlot - 1)
  const last = await node.ask<{ hash: Hash; number: Hex; gasLimit: Hex; gasUsed: Hex }>(
    'eth_getBlockByNumber',
    ['latest', false],
  )
  const gasLeft = BigInt(last.gasLimit) - BigInt(last.gasUsed)
  const fits = await transfer(1, { nonce: 0, gas: gasLeft })
  const tooMuch = await transfer(2, { nonce: 0, gas: gasLeft + 1n })
  const used = await transfer(0, { nonce: 1, value: 2n })
  const list = sign(turn, [tooMuch, fits, used])
  expect(await post(node, list)).toMatchObject({ status: 'taken' })
  await expectSeen(net.nodes, turn, list)
  const answer = await expectVerdict(net.nodes, turn, 'violated', [
    { raw: tooMuch, outcome: 'excused', reason: 'gasTooHigh' },
    { raw: fits, outcome: 'violated' },
    { raw: used, outcome: 'excused', reason: 'nonceTooLow' },
  ])
  expect(answer.lastBlock).toEqual({ number: last.number, hash: last.hash })
  await expectUnknown([observer], turn, answer)
})

test('a list that its committer keeps from his sequencer is violated for those who saw it, and unknown to the others', async () => {
  const turn = await nextTurn()
  const node = net.sequencers[turn.operator]!
  const left = await transfer(1, { nonce: 0 })
  const overtaken = await transfer(2, { nonce: 0 })
  const rival = await transfer(2, { nonce: 0, value: 2n })
  const list = sign(turn, [overtaken, left])
  // A follower passes it on to who hears it; sequencers hear one another.
  expect(await post(net.followers[0]!, list)).toMatchObject({ status: 'taken' })
  await expectSeen(net.followers, turn, list)
  await reach(turn.firstSlot)
  await node.ask('eth_sendRawTransaction', [bytesToHex(rival)])
  const answer = await expectVerdict(net.followers, turn, 'violated', [
    { raw: overtaken, outcome: 'excused', reason: 'nonceTooLow' },
    { raw: left, outcome: 'violated' },
  ])
  await expectUnknown([...net.sequencers, observer], turn, answer)
})
