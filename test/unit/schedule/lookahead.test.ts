import { afterEach, describe, expect, test } from 'vitest'
import { ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import type { EpochSchedule } from '../../../src/schedule/schedule.ts'
import { encodeLookahead } from '../../../src/schedule/vector.ts'
import {
  type Contracts,
  createScheduleWorld,
  lookaheadOf,
  operator,
  proposersOf,
  type ScheduleWorld,
  SLOTS,
} from '../../support/schedule.ts'

const worlds: ScheduleWorld[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})
let worldsMade = 0
async function open(input: Partial<Parameters<typeof createScheduleWorld>[0]> = {}) {
  const world = await createScheduleWorld({ seed: `schedule-${worldsMade++}`, ...input })
  worlds.push(world)
  return world
}

/** Every fourth validator belongs to one of eight operators, each of whom has opted in. */
const QUARTER: Partial<Contracts> = {
  operatorAt: (validator) => (validator % 4n === 0n ? operator(1 + Number(validator % 8n)).root : ZERO_HASH),
  committerAt: (root) => (root === ZERO_HASH ? ZERO_ADDRESS : operator(Number(BigInt(root))).committer),
}
const optedIn = (validator: bigint) => validator % 4n === 0n

/** What the rule of the contract makes of the true proposers of both epochs, slot by slot. */
function expectedOwners(world: ScheduleWorld, epoch: number): readonly string[] {
  const vector = lookaheadOf(world.sim, world.sim.head(), epoch)
  return vector.map((_, i) => {
    const at = vector.findIndex((validator, j) => j >= i && optedIn(validator))
    if (at >= 0) return `${vector[at]} until ${epoch * SLOTS + at}`
    return i < SLOTS ? 'anyone' : 'unknown'
  })
}

function ownersOf(...epochs: readonly (EpochSchedule | undefined)[]): readonly string[] {
  return epochs.flatMap((schedule) => {
    const slots: string[] = []
    for (let slot = schedule!.firstSlot; slot <= schedule!.lastSlot; slot++) {
      const window = schedule!.windows.find((each) => each.firstSlot <= slot && slot <= each.lastSlot)!
      slots.push(
        window.turn.type === 'owner'
          ? `${window.turn.owner.validatorIndex} until ${window.lastSlot}`
          : window.turn.type,
      )
    }
    return slots
  })
}

describe('by the lookahead (F54)', () => {
  test('at the boundary of an epoch, one slot before, at and after it', async () => {
    const world = await open({ contracts: QUARTER })
    const { schedule } = world
    world.mineTo(3 * SLOTS - 1)
    const before = ownersOf(await schedule.epoch(2n), await schedule.epoch(3n))
    expect(before).toEqual(expectedOwners(world, 2))
    expect(await schedule.epoch(1n)).toBeUndefined()
    expect(await schedule.epoch(4n)).toBeUndefined()

    // The first block of an epoch names a beacon block of the last one: nothing new is known, nothing old forgotten.
    world.mineTo(3 * SLOTS)
    expect(ownersOf(await schedule.epoch(2n), await schedule.epoch(3n))).toEqual(before)
    expect(await schedule.epoch(4n)).toBeUndefined()

    world.mineTo(3 * SLOTS + 1)
    expect(await schedule.epoch(2n)).toBeUndefined()
    const after = ownersOf(await schedule.epoch(3n), await schedule.epoch(4n))
    expect(after).toEqual(expectedOwners(world, 3))
    // The same epoch by both lookaheads: what the first could say, the second says too.
    for (const [i, owner] of before.slice(SLOTS).entries())
      if (owner !== 'unknown') expect(after[i]).toBe(owner)
  })

  test('says of one slot who, until when, and on whose word', async () => {
    const world = await open({
      contracts: {
        ...QUARTER,
        poster: (root) => (root === operator(5).root ? operator(99).committer : ZERO_ADDRESS),
      },
    })
    world.mineTo(70)
    const vector = lookaheadOf(world.sim, world.sim.head(), 2)
    const index = vector.findIndex((validator) => validator % 8n === 4n)
    expect(await world.schedule.at(BigInt(64 + index))).toEqual({
      slot: BigInt(64 + index),
      timestamp: world.timestampOf(64 + index),
      epoch: 2n,
      kind: 'lookahead',
      window: {
        firstSlot: expect.any(BigInt),
        lastSlot: BigInt(64 + index),
        turn: {
          type: 'owner',
          owner: {
            validatorIndex: vector[index],
            registrationRoot: operator(5).root,
            committer: operator(5).committer,
            poster: operator(99).committer,
          },
        },
        isFallback: false,
      },
      trust: 'beacon',
    })
    expect(await world.schedule.at(96n + 32n)).toBeUndefined()
  })

  test('slot 0 of the epoch missed: the next block’s lookahead is still the right one', async () => {
    const world = await open({ contracts: QUARTER })
    world.mineTo(2 * SLOTS - 1)
    // Slots 64 and 65 stay empty.
    world.sim.mine({ missedSlots: 2 })
    expect(world.sim.head().beacon.slot).toBe(66)
    expect(ownersOf(await world.schedule.epoch(1n), await world.schedule.epoch(2n))).toEqual(
      expectedOwners(world, 1),
    )
    world.sim.mine()
    expect(ownersOf(await world.schedule.epoch(2n), await world.schedule.epoch(3n))).toEqual(
      expectedOwners(world, 2),
    )
  })

  test('while the clock is in an epoch whose first slots are empty, the last one’s lookahead goes on', async () => {
    const world = await open({ contracts: QUARTER })
    world.mineTo(2 * SLOTS - 1)
    world.setNow(2 * SLOTS + 3)
    expect(await world.schedule.currentSlot()).toBe(67n)
    expect(await world.schedule.currentEpoch()).toBe(2n)
    const expected = expectedOwners(world, 1)[SLOTS + 3]
    const { window } = (await world.schedule.at(67n))!
    expect(ownersOf({ ...(await world.schedule.epoch(2n))!, firstSlot: 67n, lastSlot: 67n })).toEqual([
      expected,
    ])
    expect(window.firstSlot).toBeLessThanOrEqual(67n)
    // A third into the slot its block is there or missed.
    world.setNow(2 * SLOTS + 3, 3)
    expect(await world.schedule.currentSlot()).toBe(67n)
    world.setNow(2 * SLOTS + 3, 4)
    expect(await world.schedule.currentSlot()).toBe(68n)
    // An L1 that does not keep the clock's time is taken as it is.
    world.setNow(10_000)
    expect(await world.schedule.currentSlot()).toBe(64n)
    // A clock that is behind the chain does not count.
    world.setNow(5)
    expect(await world.schedule.currentSlot()).toBe(64n)
  })

  test('a reorg over the boundary changes the dependent root, and with it the proposers', async () => {
    const world = await open({ contracts: QUARTER })
    const { sim, schedule } = world
    world.mineTo(2 * SLOTS + 3)
    const first = { two: await schedule.epoch(2n), three: await schedule.epoch(3n) }
    expect(ownersOf(first.two, first.three)).toEqual(expectedOwners(world, 2))

    // The new branch leaves the old one in epoch 1: what epoch 2 depends on stays, what epoch 3 depends on goes.
    const branch = sim.fork(Number(sim.head().header.number) - 8)
    while (branch.tip().beacon.slot < 2 * SLOTS + 4) branch.mine()
    sim.setHead(branch.tip().hash)
    const second = { two: await schedule.epoch(2n), three: await schedule.epoch(3n) }
    expect(ownersOf(second.two, second.three)).toEqual(expectedOwners(world, 2))
    expect(second.two!.dependentRoot).toBe(first.two!.dependentRoot)
    expect(second.three!.dependentRoot).not.toBe(first.three!.dependentRoot)
    expect(ownersOf(second.three)).not.toEqual(ownersOf(first.three))
  })

  test('is read once while nothing it depends on changes, whoever asks how often', async () => {
    const world = await open({ contracts: QUARTER })
    world.mineTo(80)
    await Promise.all(Array.from({ length: 50 }, () => world.schedule.at(81n)))
    const [beacon] = world.beacons
    const asked = beacon!.requests.filter((path) => path.includes('lookahead')).length
    expect(asked).toBe(1)
    const calls = world.calls.length
    expect(world.calls.filter((name) => name === 'getConfig')).toHaveLength(1)
    await Promise.all(Array.from({ length: 50 }, () => world.schedule.epoch(3n)))
    expect(world.calls.length).toBe(calls)
    // A new head asks the contracts again, not the beacon.
    world.sim.mine()
    await world.schedule.at(83n)
    expect(world.calls.length).toBeGreaterThan(calls)
    expect(beacon!.requests.filter((path) => path.includes('lookahead')).length).toBe(asked)
  })

  test('tells its listeners when a new lookahead or another operator changes the windows, and not at every block', async () => {
    let isGone = false
    const world = await open({
      contracts: { ...QUARTER, operatorAt: (...args) => (isGone ? ZERO_HASH : QUARTER.operatorAt!(...args)) },
    })
    let changes = 0
    world.schedule.onChange(() => changes++)
    const refresh = async () => {
      world.schedule.refresh()
      await world.schedule.at(70n)
    }
    world.mineTo(66)
    await refresh()
    world.mineTo(67)
    await refresh()
    expect(changes).toBe(0)
    isGone = true
    world.mineTo(68)
    await refresh()
    expect(changes).toBe(1)
    world.mineTo(98)
    await refresh()
    expect(changes).toBe(2)
  })
})

describe('fallback', () => {
  test('open: anyone, while nobody has opted in; the second epoch waits for its own lookahead', async () => {
    const world = await open()
    world.mineTo(70)
    expect(await world.schedule.epoch(2n)).toMatchObject({
      windows: [{ firstSlot: 64n, lastSlot: 95n, turn: { type: 'anyone' }, isFallback: true }],
    })
    expect(await world.schedule.epoch(3n)).toMatchObject({
      windows: [{ firstSlot: 96n, lastSlot: 127n, turn: { type: 'unknown' }, isFallback: false }],
    })
  })

  test('whitelist: the operator of the epoch', async () => {
    const world = await open({
      contracts: { fallback: 'whitelist', whitelistOperator: (epoch) => operator(Number(epoch)).committer },
    })
    world.mineTo(70)
    expect(await world.schedule.at(80n)).toMatchObject({
      window: { turn: { type: 'operator', operator: operator(2).committer }, isFallback: true },
    })
  })
})

describe('what beacon nodes say', () => {
  const lie = (honest: readonly bigint[]) => honest.map((index) => index + 4n)

  test('duties v2 stand in for the state’s lookahead, then v1', async () => {
    for (const node of [
      { name: 'v2', lookahead: 'none' as const },
      { name: 'v1', lookahead: 'none' as const, dutiesV2: 'none' as const },
    ]) {
      const world = await open({ contracts: QUARTER, beacons: [node] })
      world.mineTo(75)
      expect(ownersOf(await world.schedule.epoch(2n), await world.schedule.epoch(3n))).toEqual(
        expectedOwners(world, 2),
      )
      expect((await world.schedule.epoch(2n))!.trust).toBe('beacon')
    }
  })

  test('one that lags on our branch is believed with v2 duties, one on another branch is not', async () => {
    const world = await open({
      contracts: QUARTER,
      beacons: [{ name: 'lagging', head: () => world.sim.blockAt(70) }],
    })
    world.mineTo(75)
    expect(ownersOf(await world.schedule.epoch(2n))).toEqual(expectedOwners(world, 2).slice(0, SLOTS))

    const other = await open({ contracts: QUARTER, beacons: [{ name: 'elsewhere', head: () => tip }] })
    other.mineTo(75)
    const branch = other.sim.fork(40)
    while (branch.tip().beacon.slot < 75) branch.mine()
    const tip = branch.tip()
    await expect(other.schedule.epoch(2n)).rejects.toThrow(
      'no beacon node (elsewhere) gives the proposers of epoch 2',
    )
    expect(other.schedule.problems()).toEqual([expect.stringContaining('the schedule cannot be read')])
  })

  test('without a beacon node the operator is told what to configure; the schedule’s kind is known all the same', async () => {
    const world = await open({ contracts: QUARTER, beacons: [] })
    world.mineTo(40)
    expect(await world.schedule.kind()).toBe('lookahead')
    await expect(world.schedule.at(41n)).rejects.toThrow('configure --l1.beacon')
    expect(world.schedule.problems()).toEqual([expect.stringContaining('--l1.beacon')])
  })

  test('while it cannot be read, nobody can make the node ask for it all the time', async () => {
    const world = await open({
      contracts: QUARTER,
      beacons: [{ name: 'none', lookahead: 'none', dutiesV2: 'none', dutiesV1: 'none' }],
    })
    const room = world.createRoom(3_600_000)
    world.mineTo(40)
    await expect(room.at(41n)).rejects.toThrow('no beacon node (none)')
    const [calls, requests] = [world.calls.length, world.beacons[0]!.requests.length]
    for (let i = 0; i < 20; i++) {
      await expect(room.at(41n)).rejects.toThrow('no beacon node (none)')
      if (i % 5 === 0) world.sim.mine()
    }
    expect([world.calls.length, world.beacons[0]!.requests.length]).toEqual([calls, requests])
  })

  test('of two that differ neither is believed; of three the two that agree, and the operator hears of it', async () => {
    const two = await open({
      contracts: QUARTER,
      beacons: [{ name: 'liar', lookahead: lie }, { name: 'honest' }],
    })
    two.mineTo(75)
    await expect(two.schedule.epoch(2n)).rejects.toThrow(/beacon nodes disagree.*liar against honest/)

    const three = await open({
      contracts: QUARTER,
      beacons: [{ name: 'liar', lookahead: lie }, { name: 'a' }, { name: 'b', lookahead: 'none' }],
    })
    three.mineTo(75)
    expect(ownersOf(await three.schedule.epoch(2n))).toEqual(expectedOwners(three, 2).slice(0, SLOTS))
    expect(three.schedule.problems()).toEqual([expect.stringMatching(/disagree.*\(a, b against liar\)/)])
  })

  test('a single liar is believed until the contract knows better: the answer says on whose word it rests', async () => {
    let isStored = false
    const world = await open({
      contracts: { ...QUARTER, isStored: () => isStored },
      beacons: [{ name: 'liar', lookahead: lie }],
    })
    world.mineTo(75)
    const lied = await world.schedule.epoch(2n)
    expect(lied!.trust).toBe('beacon')
    expect(ownersOf(lied)).not.toEqual(expectedOwners(world, 2).slice(0, SLOTS))
    isStored = true
    world.sim.mine()
    const told = await world.schedule.epoch(2n)
    expect(told!.trust).toBe('proven')
    expect(ownersOf(told)).toEqual(expectedOwners(world, 2).slice(0, SLOTS))
  })

  test.each([
    ['too short', (honest: readonly bigint[]) => honest.slice(1)],
    ['an index past the registry’s end', (honest: readonly bigint[]) => [2n ** 40n, ...honest.slice(1)]],
  ])('a vector that cannot be one is refused: %s', async (_name, bend) => {
    const world = await open({ contracts: QUARTER, beacons: [{ name: 'bent', lookahead: bend }] })
    world.mineTo(75)
    await expect(world.schedule.epoch(2n)).rejects.toThrow('no beacon node (bent)')
  })
})

describe('what propose has to pass', () => {
  test('unproven, then the epoch’s own, and before that the last epoch’s where it names an owner', async () => {
    const stored = new Set<bigint>()
    const world = await open({ contracts: { ...QUARTER, isStored: (epoch) => stored.has(epoch) } })
    world.mineTo(75)
    const two = encodeLookahead(lookaheadOf(world.sim, world.sim.head(), 2))
    expect(await world.schedule.evidence(76n)).toEqual({ type: 'unproven', epoch: 2n, lookahead: two })
    stored.add(1n)
    world.sim.mine()
    const one = encodeLookahead(lookaheadOf(world.sim, world.sim.head(), 1))
    expect(await world.schedule.evidence(77n)).toEqual({ type: 'proven', epoch: 1n, lookahead: one })
    // The tail of epoch 2 belongs to the first of epoch 3, of whom the lookahead of epoch 1 knows nothing.
    const owners = expectedOwners(world, 2)
    const isTail = (slot: bigint) => Number(owners[Number(slot) - 64]!.split(' ').at(-1)) >= 96
    expect((await world.schedule.evidence(95n)).type).toBe(isTail(95n) ? 'unproven' : 'proven')
    stored.add(2n)
    world.sim.mine()
    expect(await world.schedule.evidence(78n)).toEqual({ type: 'proven', epoch: 2n, lookahead: two })
    expect(await world.schedule.evidence(96n)).toMatchObject({ type: 'proven', epoch: 2n })
    expect(await world.schedule.evidence(128n)).toMatchObject({ type: 'unknown' })
    expect((await world.schedule.epoch(2n))!.trust).toBe('proven')
  })

  test('a beacon node that gives no branch cannot prove it: the message names what is needed', async () => {
    const world = await open({ contracts: QUARTER })
    world.mineTo(75)
    await expect(world.schedule.proof()).rejects.toThrow('/eth/v0/beacon/proof/state (Lodestar)')
  })
})

test('the proposers of the model depend on the boundary before, as real ones do', async () => {
  const world = await open()
  world.mineTo(100)
  const { sim } = world
  expect(proposersOf(sim, sim.blockAt(64), 3)).toEqual(proposersOf(sim, sim.head(), 3))
  expect(proposersOf(sim, sim.blockAt(62), 3)).not.toEqual(proposersOf(sim, sim.head(), 3))
})
