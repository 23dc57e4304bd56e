/** A signer that is away at the end of a window: what is promised lands all the same. */
import { afterEach, expect, test } from 'vitest'
import { createWorld, type World } from '../../support/sequencerWorld.ts'

const SLOTS_PER_EPOCH = 4

let world: World
afterEach(() => world?.close())

test('a block that is not signed in time to land is given up, and the batch lands without it', async () => {
  world = await createWorld({ seed: 'away', operators: [1, 2], slotsPerEpoch: SLOTS_PER_EPOCH })
  const first = world.sim.head().beacon.slot + 2
  const end = first + SLOTS_PER_EPOCH - 1
  const sign = world.createSigner(1)
  const asked: number[] = []
  const one = await world.start(1, {
    deps: {
      async sign(commitment) {
        // From a block before the one that would be marked on.
        if (world.clock.now() < world.timeOf(end) - 27_000) return sign(commitment)
        asked.push(world.clock.now())
        throw new Error('connection refused')
      },
    },
  })
  await world.until(end, 1000)
  await one.stop()
  expect(one.sealed().length).toBeGreaterThan(2)
  expect(one.sealed().filter(({ commitment }) => commitment.isEndOfWindow)).toEqual([])
  // Half of the time that is left for landing.
  expect(asked.length).toBeGreaterThan(10)
  expect(Math.max(...asked)).toBeLessThan(world.timeOf(end) - 12_000)
  const { latest, safe } = world.chain.heads()
  expect(safe.hash).toBe(one.sealed().at(-1)!.hash)
  expect(latest).toEqual(safe)
  expect(world.proposals().at(-1)!.timestamp).toBeLessThanOrEqual(BigInt(world.timeOf(end) / 1000))
})
