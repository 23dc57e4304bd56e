/** Whether every rule a chain needs from its genesis to today is there: a chain is followed whole or not at all. */
import { CriticalError } from '../primitives/errors.ts'
import { forkAt, type RollupSpec } from '../spec/rollupSpec.ts'

/** Rules of the chain are missing in this version. */
export class UnsupportedChainError extends CriticalError {
  override readonly name = 'UnsupportedChainError'
}

/** Throws UnsupportedChainError with the range that cannot be derived. */
export function assertFollowable(spec: RollupSpec): void {
  const refuse = (what: string) => {
    throw new UnsupportedChainError(
      `${spec.name} cannot be followed by this version: ${what}. Single proposals of other ranges can be replayed (plumbline replay)`,
    )
  }
  const [first] = spec.forks
  if (forkAt(spec, { number: 1n, timestamp: 0n }) === undefined && first?.activation.type === 'block') {
    refuse(`blocks before ${first.activation.number} follow rules older than Ontake's`)
  } // Its blocks are executed, but no block of a live chain has been compared, nor is what L1 proves of them looked at.
  if (spec.forks.some(({ name }) => name === 'unzen'))
    refuse('its blocks since Unzen, with their zk gas, have not been compared with a live chain')
}
