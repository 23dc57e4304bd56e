/**
 * A guard with a gap in its memory waits for a block that lands, and a sole proposer has to land it himself: until the guard is ready,
 * batches are proposed without promises, and what is on its way by then is waited for.
 */
import { CriticalError } from '../primitives/errors.ts'
import type { Poster } from '../propose/poster.ts'
import type { Proposer } from '../propose/proposer.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Guard } from './guard/guard.ts'

export type WaitForGuardDeps = {
  readonly guard: Pick<Guard, 'status'>
  readonly poster: Pick<Poster, 'poll' | 'keep'>
  readonly proposer: Pick<Proposer, 'step'>
  readonly logger: Logger
  /** Between two looks. */
  readonly pause: (signal: AbortSignal) => Promise<void>
  /** Why nothing is promised yet; undefined from the end on. */
  readonly say: (reason: string | undefined) => void
}

/** Until the guard signs, or the signal. An L1 that does not answer is waited for; throws only a CriticalError, and at the signal. */
export async function waitForGuard(deps: WaitForGuardDeps, signal: AbortSignal): Promise<void> {
  const { guard, poster, proposer, logger, pause, say } = deps
  let said: string | undefined

  /** Whether promises may begin. */
  const look = async (): Promise<boolean> => {
    const status = await guard.status()
    if (status.type === 'ready') {
      // What is on its way lands where the first promised block would be.
      if ((await poster.poll(signal)).inFlight === undefined) return true
      say('a batch without promises is on its way to L1')
      await poster.keep(signal)
      return false
    }
    // Its sentence counts down.
    if (status.for !== said) logger.warn({}, status.sentence)
    said = status.for
    say(status.sentence)
    await proposer.step(signal)
    return false
  }

  while (!signal.aborted) {
    try {
      if (await look()) return say(undefined)
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof CriticalError) throw error
      const reason = error instanceof Error ? error.message : String(error)
      logger.debug({ reason }, 'whether the guard may sign is not known now')
      say(`L1 does not say whether the guard may sign: ${reason}`)
    }
    await pause(signal)
  }
}
