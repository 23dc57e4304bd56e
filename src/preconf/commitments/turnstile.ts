/** Lets in as many at a time as a bound says, and refuses the rest at once: a queue that grows helps nobody in it. */
import { CommitmentRefusedError } from './errors.ts'

/** Throws CommitmentRefusedError `busy`. */
export type Turnstile = <T>(work: () => Promise<T>) => Promise<T>

export function createTurnstile(max: number): Turnstile {
  let inside = 0
  return async (work) => {
    if (inside >= max) throw new CommitmentRefusedError('busy')
    inside++
    try {
      return await work()
    } finally {
      inside--
    }
  }
}
