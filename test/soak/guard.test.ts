/** Attempts to obtain a second signature, by seed: a hundred thousand in `make soak`, some in every run. */
import { expect, test } from 'vitest'
import { createRandom } from '../support/l1/random.ts'
import { attempt, type Step } from '../unit/preconf/guard/attempts.ts'

const ATTEMPTS = process.env.SOAK === '1' ? 100_000 : 1_000
/** A step is several attempts. */
const STEPS_A_SEED = Math.min(ATTEMPTS / 5, 2_000)
const KINDS = ['block', 'execution', 'inclusion', 'l1Inclusion', 'list', 'stream']
const REASONS = ['otherContent', 'parentNotRemoved', 'settled', 'waiting', 'windowTooFar']
/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 7_200_000

test(
  `none of ${ATTEMPTS} attempts gets a second content signed, and every honest request is served`,
  async () => {
    let attempts = 0
    const kinds = new Set<string>()
    const reasons = new Set<string>()
    for (let seed = 0; attempts < ATTEMPTS; seed++) {
      const random = createRandom(`guard/${seed}`)
      const steps = Array.from(
        { length: STEPS_A_SEED },
        (): Step => [random.below(100), random.below(99), random.below(4)],
      )
      const outcome = await attempt(steps)
      attempts += outcome.attempts
      for (const kind of Object.keys(outcome.kinds)) kinds.add(kind)
      for (const reason of Object.keys(outcome.refused)) reasons.add(reason)
      expect(outcome.honest.asked).toBeGreaterThan(0)
      expect(outcome.honest.served).toBe(outcome.honest.asked)
    }
    expect(attempts).toBeGreaterThanOrEqual(ATTEMPTS)
    expect([...kinds].sort()).toEqual(KINDS)
    expect([...reasons].sort()).toEqual(REASONS)
  },
  TIMEOUT_MS,
)
