/** Evidence of an omission, put to the slasher's own code; complete only when everything in it is. */
import { afterEach, expect, test } from 'vitest'
import type { ListRecord, ListVerdict } from '../../../../src/preconf/lists/lists.ts'
import { keccak256Hex } from '../../../../src/primitives/keccak.ts'
import {
  COMMITTER,
  type ListsWorld,
  signL2,
  signList,
  startListsWorld,
} from '../../../support/preconfLists.ts'
import { EVIDENCE_MIN_AGE, SAFETY_PENALTY, slasherOf } from '../../../support/preconfSlasher.ts'

const worlds: ListsWorld[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})

const LAST_SLOT = 7n
const [LEFT, TAKEN] = [
  { sender: 0, nonce: 0 },
  { sender: 1, nonce: 0 },
] as const

/** A window whose list was kept but for what comes behind its first transaction. */
async function startViolated(seed: string, left: readonly Parameters<typeof signL2>[0][] = [LEFT]) {
  const world = await startListsWorld(seed)
  worlds.push(world)
  // Proposal 1 has no proposal before it whose hash is known here.
  world.propose([])
  world.mineTo(4n)
  await world.follow()
  const windowEnd = world.timestampOf(LAST_SLOT)
  const listed = await Promise.all([TAKEN, ...left].map(signL2))
  await world.lists.receive(signList(windowEnd, listed))
  world.propose([listed[0]!], { windowEnd })
  return { ...world, windowEnd, left: listed.at(-1)! }
}

const recordOf = async ({ lists }: ListsWorld): Promise<ListRecord> => (await lists.ofSlot(LAST_SLOT))[0]!
const omissionOf = async (world: ListsWorld) => world.lists.omission(await recordOf(world))

test('says what is missing until the window is followed, proven and final; then the slasher takes it', async () => {
  const world = await startViolated('accepted')
  expect(await omissionOf(world)).toBeUndefined()
  world.mineTo(LAST_SLOT)
  await world.follow()
  expect(await omissionOf(world)).toMatchObject({
    transaction: keccak256Hex(world.left),
    index: 1,
    evidence: null,
    missing: [
      expect.stringContaining('not final'),
      "no proposal has brought block 3 yet, the one after the window's last",
      'no checkpoint on L1 is behind block 2 yet; the newest is of block 0',
    ],
  })
  world.propose([])
  world.propose([])
  world.sim.prove()
  await world.follow()
  expect((await omissionOf(world))?.missing).toEqual([expect.stringContaining('not final')])
  world.sim.setFinalized(Number(world.sim.head().header.number))
  world.sim.mine()
  await world.follow()
  const omission = await omissionOf(world)
  expect(omission).toMatchObject({ missing: [], evidence: expect.stringMatching(/^0x[0-9a-f]+$/) })

  const slasher = await slasherOf(world)
  const [list] = (await recordOf(world)).lists
  const input = {
    payload: list!.signed.commitment.payload,
    committer: COMMITTER,
    evidence: omission!.evidence!,
    timestamp: world.sim.head().header.timestamp + EVIDENCE_MIN_AGE,
  }
  expect(await slasher.slash(input)).toEqual({
    type: 'slashed',
    amountWei: SAFETY_PENALTY,
    harmedUser: omission!.sender,
  })
  // The contract looks at each part of it.
  expect(await slasher.slash({ ...input, timestamp: world.windowEnd })).toEqual({
    type: 'refused',
    reason: 'EvidenceTooEarly',
  })
  const otherList = signList(world.windowEnd, [world.left]).commitment.payload
  expect(await slasher.slash({ ...input, payload: otherList })).toEqual({
    type: 'refused',
    reason: 'WrongTransactions',
  })
  const otherWindow = signList(world.windowEnd + 48n, list!.transactions).commitment.payload
  expect(await slasher.slash({ ...input, payload: otherWindow })).toEqual({
    type: 'refused',
    reason: 'NoFault',
  })
})

/** Until everything is final that it takes. */
async function finish(world: ListsWorld): Promise<void> {
  world.mineTo(LAST_SLOT)
  world.propose([])
  world.sim.prove()
  world.sim.setFinalized(Number(world.sim.head().header.number))
  world.sim.mine()
  await world.follow()
}

// Ten times the gas of a plain transfer: nobody who executes nothing knows what is done with it.
const CALL = { sender: 0, nonce: 0, gas: 210_000n } as const

test('of several left out, the one whose zk gas the slasher can tell', async () => {
  const world = await startViolated('transfer', [CALL, LEFT])
  await finish(world)
  expect((await recordOf(world)).verdict).toMatchObject({
    type: 'violated',
    outcomes: [
      { outcome: { type: 'included' } },
      { outcome: { type: 'violated' } },
      { outcome: { type: 'violated' } },
    ],
  })
  expect(await omissionOf(world)).toMatchObject({
    index: 2,
    transaction: keccak256Hex(world.left),
    missing: [],
  })
})

test('a transaction that might run anything with its gas is told as left out, and cannot be proven', async () => {
  const world = await startViolated('call', [CALL])
  await finish(world)
  expect((await recordOf(world)).verdict).toMatchObject({ type: 'violated', finality: 'final' })
  expect(await omissionOf(world)).toMatchObject({
    index: 1,
    evidence: null,
    missing: [expect.stringMatching(/^the slasher executes nothing/)],
  })
})

test('a missed slot excuses to the slasher, too', async () => {
  const world = await startViolated('missed')
  world.mineTo(LAST_SLOT - 1n)
  world.sim.mine({ missedSlots: 1 })
  await finish(world)
  const record = await recordOf(world)
  expect(record.verdict).toMatchObject({ type: 'slotMissed', finality: 'final' })
  expect(await world.lists.omission(record)).toBeUndefined()

  // Had the node called it a violation, its evidence would be refused.
  const { outcomes, lastBlock, finality } = record.verdict as Extract<ListVerdict, { type: 'slotMissed' }>
  const violated = { ...record, verdict: { type: 'violated', outcomes, lastBlock, finality } as const }
  const omission = await world.lists.omission(violated)
  const slasher = await slasherOf(world)
  const payload = record.lists[0]!.signed.commitment.payload
  const timestamp = world.sim.head().header.timestamp + EVIDENCE_MIN_AGE
  expect(
    await slasher.slash({ payload, committer: COMMITTER, evidence: omission!.evidence!, timestamp }),
  ).toEqual({
    type: 'refused',
    reason: 'Excused',
  })
})

test('a proposal of nobody before the window is over leaves nothing to prove', async () => {
  const world = await startViolated('between')
  world.propose([])
  await finish(world)
  expect((await recordOf(world)).verdict).toMatchObject({ type: 'violated', finality: 'final' })
  expect(await omissionOf(world)).toMatchObject({
    evidence: null,
    missing: [
      'a proposal of no window of the committer (3) landed before the window was over; the slasher finds no fault there',
    ],
  })
})
