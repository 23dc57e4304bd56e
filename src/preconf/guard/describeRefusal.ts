/** A refusal of the guard as a sentence for an operator. */
import { assertNever } from '../../primitives/assert.ts'
import type { Refusal } from './position.ts'

export function describeRefusal(refusal: Refusal): string {
  switch (refusal.reason) {
    case 'waiting':
      return `the guard waits for an L2 block on L1 later than ${refusal.until} (seconds); its status says why`
    case 'otherContent':
      return `something else was signed there already: ${refusal.earlier.hash}`
    case 'parentNotRemoved':
      return `${refusal.earlier.hash} was signed at this number on the parent ${refusal.earlier.position.parent}, which L1 has not removed`
    case 'settled':
      return `everything up to ${refusal.watermark} is settled`
    case 'windowTooFar':
      return `windows that end after ${refusal.latest} (seconds) are not signed for yet`
    default:
      return assertNever(refusal)
  }
}
