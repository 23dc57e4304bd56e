/** Before the first promise: the guard's wait, what lands meanwhile, and an L1 that fails in between. */
import { expect, test } from 'vitest'
import type { GuardStatus } from '../../../src/preconf/guard/quiet.ts'
import { waitForGuard } from '../../../src/preconf/waitForGuard.ts'
import { CriticalError, TemporaryError } from '../../../src/primitives/errors.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'

const READY: GuardStatus = { type: 'ready', sentence: 'the guard signs' }
const WAITING: GuardStatus = {
  type: 'waiting',
  for: 'landedBlock',
  until: 1n,
  cause: 'new',
  sentence: 'the guard waits',
}

/** Each look at guard and poster takes the next answer; an error is thrown. */
function run(answers: {
  readonly guard: readonly (GuardStatus | Error)[]
  readonly inFlight: readonly (boolean | Error)[]
}) {
  const next = <T>(list: readonly (T | Error)[], state: { at: number }): T => {
    const answer = list[state.at++]
    if (answer instanceof Error || answer === undefined) throw answer ?? new Error('asked too often')
    return answer
  }
  const [guardAt, posterAt] = [{ at: 0 }, { at: 0 }]
  const done: string[] = []
  const said: (string | undefined)[] = []
  const head = { number: 1n, hash: `0x${'11'.repeat(32)}` as const, timestamp: 1n, isPrague: true }
  const stopping = new AbortController()
  const finished = waitForGuard(
    {
      guard: { status: async () => next(answers.guard, guardAt) },
      poster: {
        poll: async () => {
          const isInFlight = next(answers.inFlight, posterAt)
          return { head, unconfirmed: 0, events: [], ...(isInFlight && { inFlight: {} as never }) }
        },
        keep: async () => {
          done.push('keep')
          return undefined
        },
      },
      proposer: {
        step: async () => {
          done.push('step')
          return { type: 'waiting', detail: '', unconfirmed: 0, landed: 0, reverted: 0 }
        },
      },
      logger: silentLogger,
      pause: async (signal) => {
        signal.throwIfAborted()
        done.push('pause')
      },
      say: (reason) => said.push(reason),
    },
    stopping.signal,
  )
  return { finished, done, said }
}

test('proposes without promises until the guard signs, and waits for what is in flight then', async () => {
  const { finished, done, said } = run({ guard: [WAITING, READY, READY], inFlight: [true, false] })
  await finished
  expect(done).toEqual(['step', 'pause', 'keep', 'pause'])
  expect(said).toEqual(['the guard waits', 'a batch without promises is on its way to L1', undefined])
})

test.each([
  new TemporaryError('no answer'),
  new TypeError('a block that is null'),
  new Error('server error'),
])('an L1 that fails (%s) is asked again, and does not end the node', async (error) => {
  const { finished, said } = run({ guard: [error, READY, READY], inFlight: [error, false] })
  await finished
  expect(said.at(-1)).toBeUndefined()
  expect(said[0]).toContain(error.message)
})

test('what only an operator can mend ends it', async () => {
  const { finished } = run({ guard: [new CriticalError('the guard is closed')], inFlight: [] })
  await expect(finished).rejects.toThrow('the guard is closed')
})
