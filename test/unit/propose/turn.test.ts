import { afterEach, describe, expect, test } from 'vitest'
import { ZERO_HASH } from '../../../src/primitives/hex.ts'
import { createTurns } from '../../../src/propose/turn.ts'
import { encodeLookahead } from '../../../src/schedule/vector.ts'
import { specOf } from '../../support/l1Room.ts'
import {
  createScheduleWorld,
  FORCED_DELAY,
  lookaheadOf,
  MULTIPLIER,
  operator,
  type ScheduleWorld,
} from '../../support/schedule.ts'

const worlds: ScheduleWorld[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})
async function open(contracts: Partial<ScheduleWorld['contracts']>) {
  const world = await createScheduleWorld({ seed: 'turns', contracts })
  worlds.push(world)
  world.mineTo(70)
  const ask = createTurns({ spec: specOf(world.sim), schedule: world.schedule })
  return { world, ask }
}
const [alice, bob, poster] = [1, 2, 3].map((number) => operator(number).committer) as [
  `0x${string}`,
  `0x${string}`,
  `0x${string}`,
]

describe('the turn of a proposer', () => {
  test('is always, on an open schedule', async () => {
    const { ask } = await open({ checker: 'open' })
    expect(await ask(alice)).toEqual({ type: 'mine', lookahead: new Uint8Array(0) })
  })

  test('is the operator’s to the end of his epoch, on a whitelist', async () => {
    const { world, ask } = await open({ checker: 'whitelist', whitelistOperator: () => alice })
    expect(await ask(alice)).toEqual({
      type: 'mine',
      lookahead: new Uint8Array(0),
      latest: world.timestampOf(95),
    })
    expect(await ask(bob)).toEqual({ type: 'wait', reason: `slot 71: it is the turn of ${alice}` })
  })

  test('is the committer’s and the poster’s to the end of the window, once the lookahead is proven', async () => {
    let isStored = false
    const { world, ask } = await open({
      operatorAt: () => operator(1).root,
      committerAt: () => alice,
      poster: () => poster,
      isStored: (epoch) => isStored && epoch === 2n,
    })
    const reason = 'the lookahead of epoch 2 has to be proven to the schedule contract first'
    expect(await ask(alice)).toEqual({ type: 'wait', reason })
    isStored = true
    world.sim.mine()
    const lookahead = encodeLookahead(lookaheadOf(world.sim, world.sim.head(), 2))
    // Everyone has opted in: each slot is a window.
    for (const account of [alice, poster])
      expect(await ask(account)).toEqual({ type: 'mine', lookahead, latest: world.timestampOf(72) })
    expect(await ask(bob)).toEqual({
      type: 'wait',
      reason: expect.stringMatching(
        new RegExp(`^slot 72: it belongs to validator \\d+, for whom ${poster} posts$`),
      ),
    })
  })

  test('is anyone’s who brings the lookahead, where the open fallback decides', async () => {
    const { world, ask } = await open({ operatorAt: () => ZERO_HASH, isStored: (epoch) => epoch === 2n })
    const lookahead = encodeLookahead(lookaheadOf(world.sim, world.sim.head(), 2))
    expect(await ask(bob)).toEqual({ type: 'mine', lookahead, latest: world.timestampOf(95) })
  })

  test('is anyone’s when the oldest forced inclusion is overdue, and not a second before', async () => {
    let savedAt = 0
    const { world, ask } = await open({
      checker: 'whitelist',
      whitelistOperator: () => alice,
      queue: () => ({ head: 0, savedAt: [savedAt] }),
    })
    savedAt = Number(world.timestampOf(71)) - FORCED_DELAY * MULTIPLIER
    expect(await ask(bob)).toMatchObject({ type: 'wait' })
    world.sim.mine()
    expect(await ask(bob)).toEqual({ type: 'mine', lookahead: new Uint8Array(0) })
  })
})
