/** A transaction that no block can take under Unzen: the sequencer lets go of it, says so, and goes on with the others. D-92. */
import { afterEach, expect, test } from 'vitest'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
import { createWorld, type RunningSequencer, type World } from '../../support/sequencerWorld.ts'
import { hashingCreation } from '../../support/zkHeavy.ts'

const SLOTS_PER_EPOCH = 4

let world: World
let running: RunningSequencer | undefined
afterEach(async () => {
  await running?.stop()
  await world?.close()
})

test('what fits no block leaves the pool with its reason, and whoever comes behind it is in the block', async () => {
  world = await createWorld({ seed: 'zk gas', operators: [1, 2], slotsPerEpoch: SLOTS_PER_EPOCH })
  const first = world.sim.head().beacon.slot + 2
  const warnings: { readonly fields: object; readonly message: string }[] = []
  const logger = {
    ...silentLogger,
    warn: (fields: object, message: string) => void warnings.push({ fields, message }),
  }
  running = await world.start(1, { deps: { logger } })
  await world.until(first, 1000)
  const heavy = await world.transfer(1, { ...hashingCreation, maxPriorityFeePerGas: 5n * 10n ** 9n })
  const next = await world.transfer(1)
  const other = await world.transfer(2)
  for (const raw of [heavy, next, other]) await world.pool.add(raw)
  await world.clock.wait(4000)

  const hash = keccak256Hex(heavy)
  expect(world.pool.get(hash)).toBeUndefined()
  // Its nonce is missing now: it waits for another one.
  expect(world.pool.get(keccak256Hex(next))).toBeDefined()
  expect(warnings).toEqual([
    {
      fields: { hash, reason: 'its zk gas is more than any block has beside the anchor transaction' },
      message: 'a transaction is dropped from the pool: no block can take it',
    },
  ])
  const sealed = running.sealed().flatMap(({ transactions }) => transactions)
  expect(sealed).toContainEqual(other)
  expect(sealed).not.toContainEqual(heavy)
  expect(sealed).not.toContainEqual(next)
})
