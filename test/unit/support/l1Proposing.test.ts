/** The proposer posts to the simulated L1, in turns, and a node derives what it posted. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Address, Hash, Hex } from '../../../src/primitives/hex.ts'
import { encodeManifest } from '../../../src/protocol/shasta/encodeManifest.ts'
import { connectL1, type Harness, openHarness } from '../../support/derive/harness.ts'
import { signTransfer } from '../../support/derive/payload.ts'
import { expectSameContent } from '../../support/derive/sameContent.ts'
import { createProposers } from '../../support/l1/proposers.ts'
import { createSimulatedL1 } from '../../support/l1/simulatedL1.ts'
import { testAccount, testAddress } from '../../support/proposeTransactions.ts'

const OPERATORS = [1, 2, 3]
const SLOTS_PER_EPOCH = 3
const ETHER = 10n ** 18n

const sim = createSimulatedL1({
  seed: 'proposing',
  secondsPerSlot: 2n,
  schedule: { type: 'whitelist', operators: OPERATORS.map(testAddress), slotsPerEpoch: SLOTS_PER_EPOCH },
  balances: Object.fromEntries(OPERATORS.map((index) => [testAddress(index), 100n * ETHER])),
  forcedInclusionDelay: 8n,
  // Proofs for each cell take a third of a second a blob.
  wrapper: 0,
})
let l1: Awaited<ReturnType<typeof connectL1>>
let node: Harness
let operators: Awaited<ReturnType<typeof createProposers>>

beforeAll(async () => {
  l1 = await connectL1(sim)
  node = await openHarness({ sim, l1, path: ':memory:' })
  await node.sync()
  operators = await createProposers({ sim, l1, node }, OPERATORS.map(testAccount))
})
afterAll(async () => {
  await node?.close()
  await l1?.close()
})

/** Who may propose in the slot after the head. */
const inTurn = (): number => Math.floor((sim.head().beacon.slot + 1) / SLOTS_PER_EPOCH) % OPERATORS.length
const stepAll = async () => {
  await node.sync()
  const statuses = []
  for (const proposer of operators.proposers) statuses.push(await proposer.step())
  return statuses
}
const proposersOnL1 = () => sim.proposals().map(({ proposer }) => proposer)
const balanceOf = async (address: Address) => BigInt((await sim.request('eth_getBalance', [address])) as Hex)
const latest = () => node.chain.heads().latest.number

// One story on one chain: each test goes on where the one before it ended.
test('each operator posts in its epochs only, and what is posted lands and is derived', async () => {
  const expected: Address[] = []
  const hashes: Hash[] = []
  for (let slot = 0; slot < 9; slot++) {
    hashes.push(await operators.pool.add(await signTransfer(slot)))
    const turn = inTurn()
    expected.push(testAddress(OPERATORS[turn]!))
    const statuses = await stepAll()
    expect(statuses.map(({ type }) => type)).toEqual(
      OPERATORS.map((_, index) => (index === turn ? 'posted' : 'waiting')),
    )
    expect(sim.mempool.pending()).toHaveLength(1)
    expect(sim.mineNext().reverts.size).toBe(0)
  }
  await node.sync()
  expect(proposersOnL1()).toEqual(expected)
  expect(new Set(expected).size).toBe(3)
  for (const hash of hashes) expect(await node.chain.transactionPosition(hash)).toBeDefined()
})

test('a batch that its turn did not suffice for is refused by the inbox, and the next operator goes on', async () => {
  while (sim.head().beacon.slot % SLOTS_PER_EPOCH !== SLOTS_PER_EPOCH - 2) sim.mineNext()
  const late = inTurn()
  expect((await stepAll())[late]).toMatchObject({ type: 'posted' })
  // The last slot of the epoch is missed, so that it is another's turn when the transaction is included.
  const block = sim.mineNext({ missedSlots: 1 })
  expect([...block.reverts.values()]).toEqual(['too late'])
  const next = inTurn()
  expect(next).not.toBe(late)
  const before = sim.proposals().length
  expect((await stepAll())[next]).toMatchObject({ type: 'posted' })
  sim.mineNext()
  expect(proposersOnL1().slice(before)).toEqual([testAddress(OPERATORS[next]!)])
  await node.sync()
})

test('a forced inclusion that could fall due is taken and pays its proposer', async () => {
  const forced = encodeManifest([
    {
      timestamp: 0n,
      coinbase: `0x${'00'.repeat(20)}`,
      anchorBlockNumber: 0n,
      gasLimit: 0n,
      transactions: [await signTransfer(9)],
    },
  ])
  sim.saveForcedInclusion({ payload: forced })
  expect(sim.head().inbox.forcedInclusions).toHaveLength(1)
  let proposer = testAddress(1)
  let before = 0n
  for (let slot = 0; slot < 6 && sim.head().inbox.forcedInclusions.length > 0; slot++) {
    proposer = testAddress(OPERATORS[inTurn()]!)
    before = await balanceOf(proposer)
    await stepAll()
    expect(sim.mineNext().reverts.size).toBe(0)
  }
  expect(sim.head().inbox.forcedInclusions).toEqual([])
  // A thousandth of an ether for the place, of which the fees of one blob take a part.
  expect(await balanceOf(proposer)).toBeGreaterThan(before)
  await node.sync()
  expect((await node.chain.proposal(sim.proposals().at(-1)!.id))?.sources).toMatchObject([
    { isForcedInclusion: true },
    { isForcedInclusion: false },
  ])
})

test('a reorg gives a batch back to the pool, and it lands again', async () => {
  const count = sim.proposals().length
  sim.reorg({ depth: 1, length: 0, transactions: 'drop' })
  expect(sim.proposals()).toHaveLength(count - 1)
  expect(sim.mempool.pending()).toHaveLength(1)
  sim.mineNext()
  expect(sim.proposals()).toHaveLength(count)
  await node.sync()
})

test('a pool that forgets the batch with the reorg is given it again', async () => {
  const block = sim.head()
  const { depth, forgets, transactions } = { depth: 1, forgets: true, transactions: 'drop' as const }
  sim.reorg({ depth, length: 2, forgets, transactions })
  expect(sim.mempool.pending()).toEqual([])
  const before = sim.proposals().length
  for (let slot = 0; slot < 4 * SLOTS_PER_EPOCH && sim.proposals().length === before; slot++) {
    await stepAll()
    sim.mineNext()
  }
  expect(sim.proposals().length).toBeGreaterThan(before)
  expect(sim.head().hash).not.toBe(block.hash)
  await node.sync()
})

test('a fresh node derives the same content', async () => {
  await node.sync()
  expect(latest()).toBeGreaterThan(10n)
  const fresh = await openHarness({ sim, l1, path: ':memory:' })
  await fresh.sync()
  expectSameContent(await node.dump(), await fresh.dump(), 'a fresh derivation')
  await fresh.close()
})
