/** Whether every rule a chain needs from its genesis to today is there: a chain is followed whole or not at all. */
import { CriticalError } from '../primitives/errors.ts'
import { forkAt, type RollupSpec } from '../spec/rollupSpec.ts'

/** Rules of the chain are missing in this version. */
export class UnsupportedChainError extends CriticalError {
  override readonly name = 'UnsupportedChainError'
}

/** Throws UnsupportedChainError with what is missing. A fork that the spec does not name is noticed later: docs/networks.md. */
export function assertFollowable(spec: RollupSpec): void {
  const refuse = (what: string) => {
    throw new UnsupportedChainError(
      `${spec.name} cannot be followed by this version: ${what}. Single proposals of it can be replayed (plumbline replay)`,
    )
  }
  if (spec.l2.genesis === undefined) refuse('its configuration names no genesis block')
  const [first] = spec.forks
  if (first?.activation.type === 'block' && forkAt(spec, { number: 1n, timestamp: 0n }) === undefined)
    refuse(`nothing is known of its blocks before ${first.activation.number}`)
}
