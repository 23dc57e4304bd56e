/** Why a request is refused. Codes and sentences are stable: docs/commitments.md lists them, and clients match on them. */

type Kind =
  /** Ask for something else. */
  | 'invalid'
  /** The same may be asked for again later. */
  | 'unavailable'

const REFUSALS = {
  malformedRequest: ['invalid', 'Invalid commitment request'],
  oversized: ['invalid', 'Request too large'],
  malformedPayload: ['invalid', 'Payload is not the encoding of (uint64 slot, bytes signed_tx)'],
  typeNotOffered: ['invalid', 'Commitment type not offered'],
  wrongSlasher: ['invalid', 'Slasher is not the one of this chain'],
  slotPast: ['invalid', 'Slot is past'],
  slotTooFar: ['invalid', 'Slot is too far ahead'],
  notOurWindow: ['invalid', 'No delegation for slot'],
  windowNotOpen: ['invalid', 'Window of the slot has not begun'],
  notEnoughTime: ['invalid', 'Not enough time to satisfy request'],
  malformedTransaction: ['invalid', 'Invalid transaction'],
  unsupportedTransaction: ['invalid', 'Transaction type not supported'],
  blobTransaction: ['invalid', 'Blob transactions are not promised'],
  wrongChain: ['invalid', 'Transaction is for another chain'],
  wrongSignature: ['invalid', 'Transaction signature does not name a sender'],
  gasOutOfRange: ['invalid', 'Transaction gas out of range'],
  underpriced: ['invalid', 'Transaction pays less than the quoted tip'],
  nonceTooLow: ['invalid', 'Nonce too low'],
  nonceGap: ['invalid', 'Nonce too high'],
  unfunded: ['invalid', 'Insufficient funds for gas * price + value'],
  alreadyPromised: ['invalid', 'Another promise binds already'],
  notExecutable: ['invalid', 'Transaction cannot be executed'],
  windowFull: ['unavailable', 'No room left to promise in'],
  builderRefused: ['unavailable', 'L1 block builder does not take it'],
  syncing: ['unavailable', 'Not ready to promise'],
  signingRefused: ['unavailable', 'Signature refused'],
  busy: ['unavailable', 'Too many requests are being answered'],
  notFound: ['invalid', 'Commitment not found'],
  rateLimited: ['unavailable', 'Too many requests'],
} as const satisfies Readonly<Record<string, readonly [Kind, string]>>

export type RefusalCode = keyof typeof REFUSALS

export const REFUSAL_CODES = Object.keys(REFUSALS) as readonly RefusalCode[]

/** Not a failure of ours; the message goes to the asker. */
export class CommitmentRefusedError extends Error {
  override readonly name = 'CommitmentRefusedError'
  readonly code: RefusalCode

  constructor(code: RefusalCode, detail?: string) {
    const [, sentence] = REFUSALS[code]
    const { stackTraceLimit } = Error
    // An answer rather than a failure: where it comes from nobody asks, and a stack costs more than the rest of it.
    Error.stackTraceLimit = 0
    super(detail === undefined ? sentence : `${sentence}: ${detail}`)
    Error.stackTraceLimit = stackTraceLimit
    this.code = code
  }

  /** The very same may be asked for again later. */
  get isTemporary(): boolean {
    return REFUSALS[this.code][0] === 'unavailable'
  }
}
