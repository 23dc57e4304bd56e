/** What comes of a list: blocks of real proposals, derived from L1 and judged by the state they left. */
import { afterEach, expect, test } from 'vitest'
import type { ListRecord, ListVerdict } from '../../../../src/preconf/lists/lists.ts'
import { type Hash, type Hex, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../../src/primitives/keccak.ts'
import type { Excuse } from '../../../../src/promise/inclusionRule.ts'
import {
  COMMITTER,
  type ListsWorld,
  signL2,
  signList,
  startListsWorld,
} from '../../../support/preconfLists.ts'

const worlds: ListsWorld[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})

/** In slot 5, the second of the window of slots 4 to 7, with a list of that window. */
const LAST_SLOT = 7n
async function startInWindow(
  seed: string,
  listed: readonly Uint8Array[],
  options: Parameters<typeof startListsWorld>[1] = {},
) {
  const world = await startListsWorld(seed, options)
  worlds.push(world)
  world.mineTo(4n)
  await world.follow()
  const windowEnd = world.timestampOf(LAST_SLOT)
  expect(await world.lists.receive(signList(windowEnd, listed))).toMatchObject({ type: 'taken' })
  return { ...world, windowEnd }
}

async function recordOf({ lists }: ListsWorld, slot = LAST_SLOT): Promise<ListRecord> {
  const [record, ...others] = await lists.ofSlot(slot)
  expect(others).toEqual([])
  return record!
}

const verdictOf = async (world: ListsWorld): Promise<ListVerdict> => (await recordOf(world)).verdict

function outcomes(verdict: ListVerdict) {
  if (!('outcomes' in verdict)) throw new Error(`no outcomes: ${verdict.type}`)
  return verdict.outcomes.map(({ outcome }) => outcome)
}

const hashes = (raws: readonly Uint8Array[]): Hash[] => raws.map(keccak256Hex)

test('is pending while the window runs, then satisfied, and final with L1', async () => {
  const listed = [await signL2({ nonce: 0 }), await signL2({ nonce: 1 })]
  const world = await startInWindow('satisfied', listed)
  expect(await verdictOf(world)).toEqual({ type: 'pending' })
  world.propose([listed[0]!], world)
  world.propose([listed[1]!], world)
  await world.follow()
  expect(await verdictOf(world)).toEqual({ type: 'pending' })

  world.mineTo(LAST_SLOT)
  await world.follow()
  const { safe } = world.node.chain.heads()
  const judged = {
    type: 'satisfied',
    outcomes: hashes(listed).map((transaction) => ({ transaction, outcome: { type: 'included' } })),
    lastBlock: safe,
  }
  expect(await verdictOf(world)).toEqual({ ...judged, finality: 'landed' })

  world.mineTo(LAST_SLOT + 2n)
  world.sim.setFinalized(Number(LAST_SLOT) - 1)
  await world.follow()
  expect(await verdictOf(world)).toMatchObject({ finality: 'landed' })
  world.sim.setFinalized(Number(LAST_SLOT))
  world.sim.mine()
  await world.follow()
  expect(await verdictOf(world)).toEqual({ ...judged, finality: 'final' })
})

test('is violated by a transaction that could have been appended', async () => {
  const [left, taken] = [await signL2({ sender: 0 }), await signL2({ sender: 1 })]
  const world = await startInWindow('violated', [left, taken])
  world.propose([taken], world)
  world.mineTo(LAST_SLOT + 1n)
  await world.follow()
  const verdict = await verdictOf(world)
  expect(verdict).toMatchObject({ type: 'violated', finality: 'landed' })
  expect(outcomes(verdict)).toEqual([{ type: 'violated' }, { type: 'included' }])
})

const TO_NOBODY = `0x${'00'.repeat(18)}9999` as const
const ETHER = 10n ** 18n
/** Initcode of one invalid opcode: takes all the gas it is given. */
const BURN = '0xfe'
/** Initcode that hashes 32 bytes that far out in memory: 31 zk gas for each gas. About 48 million at 0xd0000, 86 million at 0x120000. */
const hashAt = (offset: string): Hex => `0x602062${offset}2000`

test.each<[Excuse, () => Promise<{ listed: Uint8Array; landed: readonly Uint8Array[] }>]>([
  [
    'gasTooHigh',
    async () => ({
      listed: await signL2({ sender: 1, gas: 1_500_000n }),
      landed: [await signL2({ data: BURN, value: 0n, gas: 14_900_000n })],
    }),
  ],
  [
    'nonceTooLow',
    async () => ({ listed: await signL2(), landed: [await signL2({ to: TO_NOBODY, value: 5n })] }),
  ],
  [
    'balanceTooLow',
    async () => ({
      listed: await signL2({ nonce: 1, value: 100n * ETHER }),
      landed: [await signL2({ to: TO_NOBODY, value: 9_950n * ETHER })],
    }),
  ],
  [
    'feeTooLow',
    async () => ({ listed: await signL2({ maxFeePerGas: 1n }), landed: [await signL2({ sender: 1 })] }),
  ],
  ['nonceTooHigh', async () => ({ listed: await signL2({ nonce: 3 }), landed: [] })],
  [
    'zkGasTooHigh',
    async () => ({
      listed: await signL2({ sender: 1, data: hashAt('0d0000'), value: 0n, gas: 3_000_000n }),
      landed: [await signL2({ data: hashAt('120000'), value: 0n, gas: 4_000_000n })],
    }),
  ],
])('%s excuses', async (excuse, make) => {
  const { listed, landed } = await make()
  const world = await startInWindow(`excused ${excuse}`, [listed])
  world.propose(landed, world)
  world.mineTo(LAST_SLOT)
  await world.follow()
  // Without what landed it would be a violation: the excuse is of this block's making, not of the transaction's.
  const block = await world.node.chain.blockByNumber(world.node.chain.heads().safe.number)
  expect(block?.transactions.slice(1).map(({ hash }) => hash)).toEqual(hashes(landed))
  const verdict = await verdictOf(world)
  expect(verdict).toMatchObject({ type: 'satisfied' })
  expect(outcomes(verdict)).toEqual([{ type: 'excused', excuse }])
})

test('what takes more zk gas than a block has is excused, and code that fits is not', async () => {
  const code = async (sender: 0 | 1, offset: string) =>
    signL2({ sender, data: hashAt(offset), value: 0n, gas: 6_000_000n })
  const world = await startInWindow('zk gas', [await code(0, '180000'), await code(1, '0d0000')])
  world.propose([], world)
  world.mineTo(LAST_SLOT)
  await world.follow()
  const verdict = await verdictOf(world)
  expect(verdict).toMatchObject({ type: 'violated' })
  expect(outcomes(verdict)).toEqual([{ type: 'excused', excuse: 'zkGasTooHigh' }, { type: 'violated' }])
})

test('a transaction that nothing could include binds nobody, and says why', async () => {
  const listed = [await signL2({ chainId: 1n }), await signL2({ gas: 20_000n }), Uint8Array.of(9, 9)]
  const world = await startInWindow('unjudged', listed)
  expect(world.lists.listed(world.windowEnd)).toEqual([])
  world.propose([], world)
  world.mineTo(LAST_SLOT)
  await world.follow()
  const verdict = await verdictOf(world)
  expect(verdict).toMatchObject({ type: 'satisfied' })
  expect(outcomes(verdict).map((outcome) => 'reason' in outcome && outcome.reason)).toEqual([
    `chain id 1, not ${world.node.spec.l2.chainId}`,
    'the gas limit is below the intrinsic 21000',
    'unknown transaction type 9',
  ])
})

test('a window without a block of its own shows no omission, whoever proposes in it', async () => {
  const world = await startInWindow('noBlocks', [await signL2()])
  world.propose([], { windowEnd: world.timestampOf(LAST_SLOT + 4n) })
  world.propose([])
  world.mineTo(LAST_SLOT)
  await world.follow()
  expect(await verdictOf(world)).toEqual({ type: 'noBlocks', finality: 'landed' })
})

test('what was left out is excused when the committer missed the slot', async () => {
  const world = await startInWindow('slotMissed', [await signL2()])
  world.propose([], world)
  world.mineTo(LAST_SLOT - 1n)
  world.sim.mine({ missedSlots: 1 })
  await world.follow()
  const verdict = await verdictOf(world)
  expect(verdict).toMatchObject({ type: 'slotMissed', finality: 'landed' })
  expect(outcomes(verdict)).toEqual([{ type: 'violated' }])
})

test('is judged anew when L1 takes back what was landed', async () => {
  const listed = await signL2()
  const world = await startInWindow('reorg', [listed])
  world.propose([], world)
  world.propose([listed], world)
  world.mineTo(LAST_SLOT + 1n)
  await world.follow()
  const seen: string[] = []
  world.lists.onVerdict(({ verdict }) => seen.push(verdict.type))
  expect(await verdictOf(world)).toMatchObject({ type: 'satisfied' })

  // The second proposal is gone: the first block of the window is its last, and leaves it out.
  world.sim.reorg({ depth: 3, length: 3, transactions: 'drop' })
  await world.follow()
  expect(await verdictOf(world)).toMatchObject({ type: 'violated', lastBlock: { number: 1n } })
  world.sim.reorg({ depth: 4, length: 5, transactions: 'drop' })
  await world.follow()
  expect(await verdictOf(world)).toEqual({ type: 'noBlocks', finality: 'landed' })
  expect(seen).toEqual(['violated', 'noBlocks'])
})

test('is judged by what is preconfirmed until L1 says more', async () => {
  const listed = await signL2()
  const world = await startInWindow('preconfirmed', [listed])
  const head = world.sim.head().header
  const opened = await world.builder.open({
    proposalId: 1n,
    basefeeSharingPctg: 75,
    isForcedInclusion: false,
    timestamp: head.timestamp + 2n,
    coinbase: COMMITTER,
    gasLimit: 15_000_000n,
    anchorBlockNumber: head.number,
  })
  if (opened.type === 'refused') throw new Error(opened.reason)
  await opened.block.add(listed)
  const executed = await opened.block.seal()
  expect(await world.node.driver.extend({ executed, origin: opened.origin })).toBe('extended')

  // The node has derived slot 4 only, and the window is over by the clock.
  world.mineTo(LAST_SLOT)
  const judge = async () => {
    world.lists.refresh()
    await world.lists.settled()
    return verdictOf(world)
  }
  // While L1 is known to have more, that comes first.
  const { status } = world.l1
  world.l1.status = () => ({ ...status(), head: { number: 99n, hash: ZERO_HASH } })
  expect(await judge()).toEqual({ type: 'pending' })
  world.l1.status = status
  expect(await judge()).toMatchObject({
    type: 'satisfied',
    finality: 'preconfirmed',
    lastBlock: { number: 1n, hash: executed.hash },
  })

  await world.follow()
  expect(await verdictOf(world)).toEqual({ type: 'noBlocks', finality: 'landed' })
})

test('where anyone may propose, the time at which proposals land makes the window', async () => {
  const [listed, taken] = [await signL2(), await signL2({ sender: 1 })]
  const world = await startInWindow('open', [listed, taken], {
    turn: { type: 'anyone' },
    committers: [COMMITTER],
  })
  world.propose([taken])
  world.mineTo(LAST_SLOT)
  world.propose([listed])
  await world.follow()
  const verdict = await verdictOf(world)
  expect(verdict).toMatchObject({ type: 'violated', lastBlock: { number: 1n } })
  expect(outcomes(verdict)).toEqual([{ type: 'violated' }, { type: 'included' }])
})

test('a restarted node goes on judging, and keeps what is final', async () => {
  const listed = await signL2()
  const world = await startInWindow('restart', [listed])
  await world.lists.close()
  world.propose([], world)
  world.mineTo(LAST_SLOT + 1n)
  world.sim.setFinalized(Number(LAST_SLOT) + 1)
  const second = await world.openLists()
  expect(second.listed(world.windowEnd)).toEqual([listed])
  await world.follow(second)
  expect(await verdictOf({ ...world, lists: second })).toMatchObject({ type: 'violated', finality: 'final' })
  await second.close()
  const third = await world.openLists()
  expect(third.listed(world.windowEnd)).toEqual([])
  expect(await verdictOf({ ...world, lists: third })).toMatchObject({ type: 'violated', finality: 'final' })
})
