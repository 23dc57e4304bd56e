/** A forced inclusion that falls due while what was promised before it waits for L1. */
import { afterEach, expect, test } from 'vitest'
import { openHarness } from '../../support/derive/harness.ts'
import { expectSameContent } from '../../support/derive/sameContent.ts'
import { createWorld, type RunningSequencer, type World } from '../../support/sequencerWorld.ts'

const SLOTS_PER_EPOCH = 14

let world: World
let running: RunningSequencer
afterEach(async () => {
  await running?.stop()
  await world?.close()
})

/** Answers the first slot of the window. */
const open = async (
  seed: string,
  options: Partial<Parameters<typeof createWorld>[0]> = {},
): Promise<number> => {
  world = await createWorld({
    ...{ seed, operators: [1, 2], slotsPerEpoch: SLOTS_PER_EPOCH },
    l1: { forcedInclusionDelay: 48n },
    ...options,
  })
  return world.sim.head().beacon.slot + 2
}
const secondsOf = (slot: number) => BigInt(world.timeOf(slot) / 1000)
/** An entry in the L1 block of a slot, behind which so many slots have none. */
const queueBeforeSilence = async (slot: number, slots: number): Promise<void> => {
  world.queueForced([await world.transfer(3)])
  for (let missed = slot + 1; missed <= slot + slots; missed++) world.missed.add(missed)
}
const isQueued = () => world.sim.head().inbox.forcedInclusions.length > 0
const isIncluded = async (hash: `0x${string}`) => (await world.chain.transactionPosition(hash)) !== undefined
/** Of the blocks that were promised, those that the chain does not have. */
const lostPromises = async () => {
  const lost = []
  for (const { header, hash } of running.sealed())
    if ((await world.chain.blockByHash(hash)) === undefined) lost.push(header)
  return lost
}
const expectFresh = async () => {
  const { latest, safe } = world.chain.heads()
  expect(latest).toEqual(safe)
  const fresh = await openHarness({ sim: world.sim, l1: world.l1, path: ':memory:' })
  await fresh.sync()
  expectSameContent(await world.node.dump(), await fresh.dump(), 'after it was given up')
  await fresh.close()
}

test.each([
  ['reverts on L1', false],
  ['is left lying by L1', true],
])(
  'a batch that a forced inclusion has overtaken is given up, and what was in it lands behind the inclusion, when it %s',
  async (_, isLying) => {
    const first = await open(`overtaken-${isLying}`)
    running = await world.start(1)
    await world.until(first, 1000)
    await queueBeforeSilence(first + 1, 6)
    await world.until(first + 1, 1000)
    const hash = await world.pool.add(await world.transfer(2))
    if (isLying) world.withholdPosts(running.address)
    await world.until(first + 8)
    expect(await isIncluded(hash)).toBe(true)
    expect(isQueued()).toBe(true)
    // What could be due with the next L1 block is not promised behind.
    const promised = running.sealed()
    expect(promised.at(-1)!.header.timestamp).toBeLessThan(secondsOf(first + 1) + 48n)
    await world.until(first + 8, 1000)
    world.withholdPosts(false)
    await world.until(first + 9, 1000)
    expect(isQueued()).toBe(false)
    expect(await isIncluded(hash)).toBe(true)
    expect(world.chain.heads().latest).toEqual(world.chain.heads().safe)
    await world.until(first + SLOTS_PER_EPOCH - 1, 1000)
    // Only what was promised before: nothing came on top of it, and promises went on where the inclusion had landed.
    const lost = await lostPromises()
    expect(lost.length).toBeGreaterThan(0)
    expect(lost.every(({ timestamp }) => timestamp < secondsOf(first + 8))).toBe(true)
    expect(running.sealed().length).toBeGreaterThan(promised.length)
    await expectFresh()
  },
)

test('so is one behind which the last block of the window is made', async () => {
  const first = await open('ended')
  running = await world.start(1, { options: { stopBeforeMs: 84_000 } })
  world.withholdPosts(running.address)
  await world.until(first + 3)
  const hash = await world.pool.add(await world.transfer(2))
  await world.until(first + 7)
  expect(running.sealed().at(-1)!.commitment.isEndOfWindow).toBe(true)
  await queueBeforeSilence(first + 7, 3)
  await world.until(first + 11, 1000)
  world.withholdPosts(false)
  await world.until(first + 12, 1000)
  expect(isQueued()).toBe(false)
  expect(await isIncluded(hash)).toBe(true)
  await expectFresh()
})

test('so is one of an earlier window of ours, after a silence that outlasts it', async () => {
  const first = await open('outlasted', { operators: [1, 1], slotsPerEpoch: 6 })
  running = await world.start(1)
  await world.until(first + 1, 1000)
  await queueBeforeSilence(first + 2, 8)
  await world.until(first + 2, 1000)
  const hash = await world.pool.add(await world.transfer(2))
  await world.until(first + 11)
  expect(await isIncluded(hash)).toBe(true)
  await world.until(first + 12, 1000)
  expect(isQueued()).toBe(false)
  expect(await isIncluded(hash)).toBe(true)
  await world.until(first + 17, 1000)
  const lost = await lostPromises()
  expect(lost.length).toBeGreaterThan(0)
  expect(lost.every(({ timestamp }) => timestamp < secondsOf(first + 11))).toBe(true)
  expect(running.sealed().at(-1)!.header.timestamp).toBeGreaterThan(secondsOf(first + 12))
  // Behind the marked end it has begun the next window already.
  await running.stop()
  await world.node.dropUnsafe()
  await expectFresh()
})
