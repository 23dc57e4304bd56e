/**
 * Whether a window kept an inclusion list: FOCIL's conditional rule (EIP-7805, consensus-specs heze) over the L2 blocks of a window. A listed
 * transaction is in one of them, in any place, or it could not have been appended to the last one. A verdict and evidence, never a
 * rule of derivation. The slasher judges alike (contracts/src/l1/preconf/OmissionJudge.sol), from what proofs can show.
 */
import type { Address, Hash } from '../primitives/hex.ts'

/** What the rule asks about a listed transaction. */
export type ListedTransaction = {
  readonly hash: Hash
  readonly sender: Address
  readonly nonce: bigint
  readonly gasLimit: bigint
  /** Wei per gas. */
  readonly maxFeePerGas: bigint
  /** Value and the most that gas can cost, in wei. */
  readonly maxCostWei: bigint
}

export type AccountFacts = {
  readonly nonce: bigint
  /** Wei. */
  readonly balance: bigint
  readonly hasCode: boolean
}

/** A window's blocks, as the rule sees them. */
export type WindowFacts = {
  /** Transactions of all blocks of the window. */
  readonly included: ReadonlySet<Hash>
  /** Gas limit less gas used, of the last block. */
  readonly gasLeft: bigint
  /** Wei per gas, of the last block. */
  readonly baseFeePerGas: bigint
  /** In the state after the last block. An account that does not exist has nonce and balance 0. */
  readonly accountOf: (sender: Address) => AccountFacts
}

export type Excuse =
  | 'feeTooLow'
  | 'gasTooHigh'
  | 'senderHasCode'
  | 'nonceTooLow'
  | 'nonceTooHigh'
  | 'balanceTooLow'

export type Inclusion =
  | { readonly type: 'included' }
  | { readonly type: 'excused'; readonly excuse: Excuse }
  | { readonly type: 'violated' }

/** The excuses are tried in the order of the filter, D-72. */
export function judgeInclusion(transaction: ListedTransaction, facts: WindowFacts): Inclusion {
  if (facts.included.has(transaction.hash)) return { type: 'included' }
  if (transaction.maxFeePerGas < facts.baseFeePerGas) return { type: 'excused', excuse: 'feeTooLow' }
  if (transaction.gasLimit > facts.gasLeft) return { type: 'excused', excuse: 'gasTooHigh' }
  const account = facts.accountOf(transaction.sender)
  if (account.hasCode) return { type: 'excused', excuse: 'senderHasCode' }
  if (transaction.nonce < account.nonce) return { type: 'excused', excuse: 'nonceTooLow' }
  if (transaction.nonce > account.nonce) return { type: 'excused', excuse: 'nonceTooHigh' }
  if (transaction.maxCostWei > account.balance) return { type: 'excused', excuse: 'balanceTooLow' }
  return { type: 'violated' }
}
