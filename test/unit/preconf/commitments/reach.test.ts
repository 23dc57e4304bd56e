/** No window is offered that the guard would not sign for. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CommitmentsWorld, createCommitmentsWorld, pay } from '../../../support/preconfCommitments.ts'

const SLOTS_PER_EPOCH = 16
/** This window and most of the next one. */
const WINDOW_SECONDS = 12n * 30n

let world: CommitmentsWorld
let window: number
beforeAll(async () => {
  world = await createCommitmentsWorld({
    ...{ seed: 'reach', slotsPerEpoch: SLOTS_PER_EPOCH, windowSeconds: WINDOW_SECONDS },
  })
  window = world.nextWindow()
  await world.until(window, 3000)
  await world.fund([31])
})
afterAll(() => world.close())

test('slots end with the last window that ends within the reach of the guard', async () => {
  const slots = (await world.service.slots()).map(({ slot }) => Number(slot))
  expect(slots.length).toBeGreaterThan(8)
  expect(Math.max(...slots)).toBe(window + SLOTS_PER_EPOCH - 1)
  const later = world.request(4, window + SLOTS_PER_EPOCH + 1, await pay(31))
  await expect(world.service.request(later)).rejects.toMatchObject({ code: 'slotTooFar' })
  await expect(world.service.fee(later)).rejects.toMatchObject({ code: 'slotTooFar' })
  // With time it comes within reach.
  await world.until(window + 3, 1000)
  expect(Math.max(...(await world.service.slots()).map(({ slot }) => Number(slot)))).toBe(
    window + 2 * SLOTS_PER_EPOCH - 1,
  )
  await world.service.request(later)
})
