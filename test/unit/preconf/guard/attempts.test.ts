import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRandom } from '../../../support/l1/random.ts'
import { attempt, type Step } from './attempts.ts'

test('no sequence of requests, restarts, restores, losses and imports gets two contents of one position signed', async () => {
  const step = fc.tuple(fc.nat(99), fc.nat(98), fc.nat(3))
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      await attempt(steps)
    }),
    { numRuns: 25 },
  )
})

test('of thousands of attempts none succeeds, and every honest request is served', async () => {
  const random = createRandom('guard')
  const steps = Array.from(
    { length: 1_000 },
    (): Step => [random.below(100), random.below(99), random.below(4)],
  )
  const { attempts, signed, kinds, refused, honest } = await attempt(steps)
  expect(attempts).toBeGreaterThan(2_000)
  expect(signed).toBeGreaterThan(100)
  expect(Object.keys(kinds).sort()).toEqual([
    'block',
    'execution',
    'inclusion',
    'l1Inclusion',
    'list',
    'stream',
  ])
  expect(Object.keys(refused).sort()).toEqual([
    'otherContent',
    'parentNotRemoved',
    'settled',
    'waiting',
    'windowTooFar',
  ])
  expect(honest.asked).toBeGreaterThan(20)
  expect(honest.served).toBe(honest.asked)
})
