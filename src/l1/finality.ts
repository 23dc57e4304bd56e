/** The newest L1 block that is final, on the word of the best witness there is. It never moves back. */
import { CriticalError, TemporaryError } from '../primitives/errors.ts'
import type { Logger } from '../telemetry/log.ts'
import { createBeacon } from './beacon.ts'
import { askInOrder } from './failover.ts'
import type { HttpSource } from './httpSource.ts'
import type { L1Position } from './l1.ts'
import type { L1Reader } from './reader.ts'

export type Finality = {
  /**
   * Asks again at most every `intervalMs`; in between, and when no witness answers, the last answer stands.
   * Not yet checked against the chain we follow.
   */
  read(signal?: AbortSignal): Promise<L1Position | null>
  /** Whether the consensus layer itself has been heard. */
  isFromConsensus(): boolean
}

export function createFinality(deps: {
  readonly beacons: readonly HttpSource[]
  /** Its `finalized` tag serves where there is no beacon node. */
  readonly reader: Pick<L1Reader, 'headerByTag'>
  readonly intervalMs: number
  readonly log: Logger
}): Finality {
  const { beacons, reader, intervalMs, log } = deps
  let newest: L1Position | null = null
  let askedAt = Number.NEGATIVE_INFINITY
  let fromConsensus = false

  const ask = async (signal?: AbortSignal): Promise<L1Position | null> => {
    if (beacons.length === 0) {
      const header = await reader.headerByTag('finalized', signal)
      // Before anything is final, servers answer the genesis block, or nothing.
      return header && { number: header.number, hash: header.hash }
    }
    const answer = await askInOrder({
      sources: beacons,
      what: 'the finality checkpoint',
      rounds: 1,
      log,
      signal,
      ask: (source) => createBeacon(source).finalized(signal),
    })
    if (answer) fromConsensus = true
    return answer
  }

  return {
    async read(signal) {
      if (performance.now() - askedAt < intervalMs) return newest
      askedAt = performance.now()
      try {
        const answer = await ask(signal)
        if (answer && (newest === null || answer.number > newest.number)) newest = answer
        else if (answer && newest && answer.number === newest.number && answer.hash !== newest.hash)
          log.warn({ was: newest, now: answer }, 'two finalized L1 blocks of one height; the first is kept')
      } catch (error) {
        signal?.throwIfAborted()
        if (error instanceof CriticalError || !(error instanceof TemporaryError)) throw error
        log.warn({ error: error.message }, 'L1 finality could not be read; it stays where it was')
      }
      return newest
    },
    isFromConsensus: () => fromConsensus,
  }
}
