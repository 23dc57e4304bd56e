/** Why the pool refuses a transaction. The sentences are geth's: wallets and libraries match on them. */

const MESSAGES = {
  undecodable: 'invalid transaction',
  alreadyKnown: 'already known',
  invalidSender: 'invalid sender',
  wrongChainId: 'invalid sender: invalid chain id for signer',
  unprotected: 'only replay-protected (EIP-155) transactions allowed over RPC',
  typeNotSupported: 'transaction type not supported',
  invalidBlobs: 'invalid blobs',
  oversized: 'oversized data',
  initCodeTooLarge: 'max initcode size exceeded',
  gasAboveTransactionLimit: 'transaction gas limit too high',
  gasAboveBlockLimit: 'exceeds block gas limit',
  feeCapTooLarge: 'max fee per gas higher than 2^256-1',
  tipTooLarge: 'max priority fee per gas higher than 2^256-1',
  tipAboveFeeCap: 'max priority fee per gas higher than max fee per gas',
  nonceAtMaximum: 'nonce has max value',
  intrinsicGasTooLow: 'intrinsic gas too low',
  floorGasTooLow: 'insufficient gas for floor data gas cost',
  underpriced: 'transaction underpriced',
  replacementUnderpriced: 'replacement transaction underpriced',
  nonceTooLow: 'nonce too low',
  insufficientFunds: 'insufficient funds for gas * price + value',
  futureReplacesPending: 'future transaction tries to replace pending',
  poolFull: 'txpool is full',
} as const

export type RejectionReason = keyof typeof MESSAGES

/** The sender's mistake, or a full pool. Its name is what the RPC knows it by. */
export class TransactionRejectedError extends Error {
  override readonly name = 'TransactionRejectedError'
  readonly reason: RejectionReason

  constructor(reason: RejectionReason, detail?: string) {
    super(detail === undefined ? MESSAGES[reason] : `${MESSAGES[reason]}: ${detail}`)
    this.reason = reason
  }
}
