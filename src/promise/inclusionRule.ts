/**
 * Whether a window kept an inclusion list: FOCIL's conditional rule (EIP-7805, consensus-specs heze) over the L2 blocks of a window. A listed
 * transaction is in one of them, in any place, or it could not have been appended to the last one. A verdict and evidence, never a
 * rule of derivation. The slasher judges alike (contracts/src/l1/preconf/OmissionJudge.sol), from what proofs can show.
 */
import type { Address, Hash } from '../primitives/hex.ts'
import { UNZEN_ZK_SCHEDULE } from '../spec/zkSchedule.ts'

/** What the rule asks about a listed transaction. */
export type ListedTransaction = {
  readonly hash: Hash
  readonly sender: Address
  readonly nonce: bigint
  readonly gasLimit: bigint
  /** Of the limit, what is left once the intrinsic gas is paid: the most that code can use. */
  readonly gasToRun: bigint
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

/** A window's blocks, as the rule sees them for one transaction. */
export type WindowFacts = {
  /** The transaction is in one of them. */
  readonly isIncluded: boolean
  /** Gas limit less gas used, of the last block. */
  readonly gasLeft: bigint
  /** Wei per gas, of the last block. */
  readonly baseFeePerGas: bigint
  /** The sender's, in the state after the last block. One that does not exist has nonce and balance 0. */
  readonly account: AccountFacts
  /** Whether it runs behind the last block's transactions within the zk gas of a block. Asked last: it can take executing it. */
  readonly fitsZkGas: () => Promise<boolean>
}

export type Excuse =
  | 'feeTooLow'
  | 'gasTooHigh'
  | 'senderHasCode'
  | 'nonceTooLow'
  | 'nonceTooHigh'
  | 'balanceTooLow'
  | 'zkGasTooHigh'

export type Inclusion =
  | { readonly type: 'included' }
  | { readonly type: 'excused'; readonly excuse: Excuse }
  | { readonly type: 'violated' }

/** The excuses are tried in the order of the filter, D-72, and D-92 at the end. */
export async function judgeInclusion(transaction: ListedTransaction, facts: WindowFacts): Promise<Inclusion> {
  if (facts.isIncluded) return { type: 'included' }
  if (transaction.maxFeePerGas < facts.baseFeePerGas) return { type: 'excused', excuse: 'feeTooLow' }
  if (transaction.gasLimit > facts.gasLeft) return { type: 'excused', excuse: 'gasTooHigh' }
  const { account } = facts
  if (account.hasCode) return { type: 'excused', excuse: 'senderHasCode' }
  if (transaction.nonce < account.nonce) return { type: 'excused', excuse: 'nonceTooLow' }
  if (transaction.nonce > account.nonce) return { type: 'excused', excuse: 'nonceTooHigh' }
  if (transaction.maxCostWei > account.balance) return { type: 'excused', excuse: 'balanceTooLow' }
  if (!(await facts.fitsZkGas())) return { type: 'excused', excuse: 'zkGasTooHigh' }
  return { type: 'violated' }
}

/**
 * Whether a transaction's zk gas fits behind the last block's transactions whatever it runs, which is all that the slasher can tell: it
 * executes nothing (OmissionJudge.sol, which has Unzen's numbers too; D-92). Each unit of gas counts as the dearest there is, so of a
 * transfer with 21,000 gas, or a little more, it is certain.
 * @param zkGasUsed Of the last block; 0 before Unzen, where none is counted.
 */
export function certainlyFitsZkGas(
  { gasToRun }: Pick<ListedTransaction, 'gasToRun'>,
  zkGasUsed: bigint,
): boolean {
  const { transaction, unlisted, blockMax } = UNZEN_ZK_SCHEDULE
  return zkGasUsed === 0n || zkGasUsed + BigInt(transaction) + BigInt(unlisted) * gasToRun <= BigInt(blockMax)
}
