/** What a node means when it refuses a transaction. Its only language is English, and every client speaks its own dialect. */

export type SendError =
  /** It has this very transaction: as good as sent. */
  | 'alreadyKnown'
  /** It has another one with this nonce, and ours does not pay enough more. */
  | 'replacementUnderpriced'
  /** A transaction with this nonce is in a block. */
  | 'nonceTooLow'
  /** Below what blocks ask now. */
  | 'feeTooLow'
  | 'insufficientFunds'
  | 'other'

/** geth, reth, Nethermind, Besu, Erigon, EthereumJS, anvil. The order matters: sentences overlap. */
const PATTERNS: readonly (readonly [SendError, RegExp])[] = [
  [
    'alreadyKnown',
    /already known|alreadyknown|already imported|known transaction|already in mempool|already exists/i,
  ],
  ['replacementUnderpriced', /replacement|replacenotallowed|could not replace/i],
  [
    'nonceTooLow',
    /nonce (is )?too low|nonce_too_low|oldnonce|nonce has already been used|tx doesn't have the correct nonce/i,
  ],
  ['insufficientFunds', /insufficient (funds|balance)|insufficientfunds|upfront cost exceeds/i],
  [
    'feeTooLow',
    /underpriced|fee ?cap.* (too low|less than)|feetoolow|max fee per (blob )?gas (is )?(less|lower|too low)|below (the )?(min|base)/i,
  ],
]

export function classifySendError(error: unknown): SendError {
  const message = error instanceof Error ? error.message : String(error)
  for (const [kind, pattern] of PATTERNS) if (pattern.test(message)) return kind
  return 'other'
}
