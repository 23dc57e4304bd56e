import { afterEach, describe, expect, test } from 'vitest'
import { ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { createScheduleWorld, operator, type ScheduleWorld } from '../../support/schedule.ts'

const worlds: ScheduleWorld[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})
let worldsMade = 0
async function open(contracts: Partial<ScheduleWorld['contracts']>) {
  const world = await createScheduleWorld({ seed: `simple-${worldsMade++}`, contracts, beacons: [] })
  worlds.push(world)
  return world
}
const byEpoch = (epoch: bigint) => operator(Number(epoch)).committer

describe('by the whitelist', () => {
  test('one operator an epoch, this one’s and the next one’s', async () => {
    const world = await open({ checker: 'whitelist', whitelistOperator: byEpoch })
    for (const slot of [63, 64, 65]) {
      world.mineTo(slot)
      const epoch = BigInt(Math.floor(slot / 32))
      for (const each of [epoch, epoch + 1n])
        expect(await world.schedule.epoch(each)).toMatchObject({
          kind: 'whitelist',
          trust: 'contract',
          windows: [
            {
              firstSlot: each * 32n,
              lastSlot: each * 32n + 31n,
              turn: { type: 'operator', operator: byEpoch(each) },
              isFallback: false,
            },
          ],
        })
      expect(await world.schedule.epoch(epoch - 1n)).toBeUndefined()
      expect(await world.schedule.epoch(epoch + 2n)).toBeUndefined()
    }
    expect(await world.schedule.evidence(66n)).toEqual({ type: 'none' })
    await expect(world.schedule.proof()).rejects.toThrow('wants no proof')
  })

  test('an operator removed in the middle of his epoch is gone with the next block, and back if that was reorged (F63)', async () => {
    let removedIn = 2n ** 60n
    const world = await open({
      checker: 'whitelist',
      whitelistOperator: (_epoch, block) => operator(block.header.number >= removedIn ? 2 : 1).committer,
    })
    const operatorAt = async (slot: bigint) => (await world.schedule.at(slot))!.window.turn
    let changes = 0
    world.schedule.onChange(() => changes++)
    world.mineTo(70)
    expect(await operatorAt(71n)).toEqual({ type: 'operator', operator: operator(1).committer })
    removedIn = world.sim.head().header.number + 1n
    world.sim.mine()
    expect(await operatorAt(72n)).toEqual({ type: 'operator', operator: operator(2).committer })
    expect(changes).toBe(1)
    removedIn = 2n ** 60n
    const branch = world.sim.fork(69)
    branch.mine()
    world.sim.setHead(branch.tip().hash)
    expect(await operatorAt(72n)).toEqual({ type: 'operator', operator: operator(1).committer })
    expect(changes).toBe(2)
  })

  test('no active operator: nobody', async () => {
    const world = await open({ checker: 'whitelist', whitelistOperator: () => ZERO_ADDRESS })
    world.mineTo(40)
    expect((await world.schedule.at(41n))!.window.turn).toEqual({ type: 'nobody' })
  })
})

test('an open schedule lets anyone, always', async () => {
  const world = await open({ checker: 'open' })
  world.mineTo(40)
  expect(await world.schedule.kind()).toBe('open')
  expect((await world.schedule.at(41n))!.window).toMatchObject({
    turn: { type: 'anyone' },
    isFallback: false,
  })
  expect(world.schedule.problems()).toEqual([])
})

test('a schedule contract of another kind is named, and nothing is concluded from it', async () => {
  const world = await open({ checker: 'other' })
  world.mineTo(40)
  expect(await world.schedule.kind()).toBe('unknown')
  expect((await world.schedule.at(41n))!.window.turn).toMatchObject({ type: 'unknown' })
  expect(world.schedule.problems()).toEqual([expect.stringContaining('which this version cannot read')])
})
