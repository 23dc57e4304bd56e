import { CriticalError } from '../primitives/errors.ts'

/** A block belongs to a fork whose rules are not all there; guessing them would follow another chain. */
export class UnsupportedForkError extends CriticalError {
  override readonly name = 'UnsupportedForkError'

  constructor(data: { blockNumber: bigint; fork: string; missing: string }) {
    super(
      `block ${data.blockNumber} belongs to the fork ${data.fork}, which is not supported yet: ${data.missing}. ` +
        'Proposals before the fork can still be derived and replayed',
    )
  }
}
