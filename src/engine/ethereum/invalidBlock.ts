/** A plain Ethereum block that is not what its rules say. */
import { CriticalError } from '../../primitives/errors.ts'

export class InvalidBlockError extends CriticalError {
  override readonly name = 'InvalidBlockError'
  /** Of the header, or the part of the body. */
  readonly field: string

  constructor(field: string, reason: string, blockNumber?: bigint) {
    const which = blockNumber === undefined ? 'the block' : `block ${blockNumber}`
    super(`${which} is invalid: ${field}: ${reason}`)
    this.field = field
  }
}
