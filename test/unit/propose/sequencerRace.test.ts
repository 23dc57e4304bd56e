/** What L1 brings between two looks of one step: the sequencer and the driver work side by side. */
import { afterEach, expect, test } from 'vitest'
import { createUnsafeBuilder } from '../../../src/derive/unsafe.ts'
import { createWorld, type RunningSequencer, type World } from '../../support/sequencerWorld.ts'

const SLOTS_PER_EPOCH = 8

let world: World
let running: RunningSequencer
afterEach(async () => {
  await running?.stop()
  await world?.close()
})

test('a batch that lands while the next block is planned takes nothing of what was promised behind it', async () => {
  world = await createWorld({ seed: 'race', operators: [1, 2], slotsPerEpoch: SLOTS_PER_EPOCH })
  const { spec, chain, node, l1, clock } = world
  const first = world.sim.head().beacon.slot + 2
  const { driver, state, engine } = node
  const builder = createUnsafeBuilder({ spec, chain, state, engine, l1, between: driver.between })
  let waits = 0
  running = await world.start(1, {
    options: { batchMs: 12_000 },
    deps: {
      builder: {
        ...builder,
        // The driver has its turn first: it derives the L1 block that comes half a second into the slot.
        async latest() {
          const intoSlot = (clock.now() - world.timeOf(0)) % 12_000
          if (intoSlot < 500) {
            waits++
            await clock.wait(600 - intoSlot)
          }
          return builder.latest()
        },
      },
    },
  })
  const removed: bigint[] = []
  chain.onChange((change) => removed.push(...change.removed.map(({ number }) => number)))
  await world.until(first + SLOTS_PER_EPOCH - 1, 1000)
  expect(removed).toEqual([])
  expect(waits).toBeGreaterThan(2)
  expect(world.proposals().length).toBeGreaterThan(2)
  const { safe } = chain.heads()
  expect(running.sealed().at(-1)!.hash).toBe(safe.hash)
})
