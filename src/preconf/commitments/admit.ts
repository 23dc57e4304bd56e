/** Whether an L2 transaction could be executed and pays its price. What needs no state first, the signature after that, accounts last. */
import { decodeTransaction } from '../../engine/transaction.ts'
import { minBigint } from '../../primitives/bigint.ts'
import type { Address } from '../../primitives/hex.ts'
import { admitTransaction, type PoolRules } from '../../propose/pool/admission.ts'
import { type RejectionReason, TransactionRejectedError } from '../../propose/pool/errors.ts'
import type { PooledTransaction } from '../../propose/pool/transaction.ts'
import { CommitmentRefusedError, type RefusalCode } from './errors.ts'

export type NextBlock = {
  /** Wei per gas. */
  readonly baseFeePerGas: bigint
  /** Gas for listed transactions. */
  readonly gasLimit: bigint
}

export type Account = { readonly nonce: bigint; readonly balance: bigint }

const BLOB_TRANSACTION = 3

/** Of the checks that need no state. */
const CODES: Partial<Readonly<Record<RejectionReason, RefusalCode>>> = {
  invalidSender: 'wrongSignature',
  wrongChainId: 'wrongChain',
  typeNotSupported: 'unsupportedTransaction',
  oversized: 'oversized',
  gasAboveTransactionLimit: 'gasOutOfRange',
  gasAboveBlockLimit: 'gasOutOfRange',
  intrinsicGasTooLow: 'gasOutOfRange',
  floorGasTooLow: 'gasOutOfRange',
}

/** Throws CommitmentRefusedError. */
export function admitRaw(
  raw: Uint8Array,
  input: {
    readonly rules: PoolRules
    readonly next: NextBlock
    /** Wei per gas that it has to leave over the base fee. */
    readonly tip: bigint
  },
): PooledTransaction {
  const { rules, next, tip } = input
  if (raw[0] === BLOB_TRANSACTION) throw new CommitmentRefusedError('blobTransaction')
  const decoded = decodeTransaction(raw)
  if (decoded.type === 'undecodable') throw new CommitmentRefusedError('malformedTransaction', decoded.detail)
  const { chainId, maxFeePerGas, maxPriorityFeePerGas } = decoded.transaction
  if (chainId !== rules.chainId)
    throw new CommitmentRefusedError('wrongChain', `have ${chainId ?? 'none'}, want ${rules.chainId}`)
  const paid = minBigint(maxPriorityFeePerGas, maxFeePerGas - next.baseFeePerGas)
  if (paid < tip)
    throw new CommitmentRefusedError(
      'underpriced',
      `${paid} wei per gas over the base fee of ${next.baseFeePerGas}, ${tip} wanted`,
    )
  try {
    return admitTransaction(raw, { ...rules, gasLimit: next.gasLimit, arrival: 0 })
  } catch (error) {
    if (!(error instanceof TransactionRejectedError)) throw error
    throw new CommitmentRefusedError(CODES[error.reason] ?? 'malformedTransaction', error.message)
  }
}

/**
 * @param nonce The one that comes next.
 * @param owedWei What other promises to the sender may cost him.
 */
export function checkAccount(
  transaction: Pick<PooledTransaction, 'nonce' | 'cost'>,
  { nonce, balance }: Account,
  owedWei: bigint,
): void {
  if (transaction.nonce < nonce)
    throw new CommitmentRefusedError('nonceTooLow', `next nonce ${nonce}, tx nonce ${transaction.nonce}`)
  if (transaction.nonce > nonce)
    throw new CommitmentRefusedError('nonceGap', `next nonce ${nonce}, tx nonce ${transaction.nonce}`)
  if (balance < transaction.cost + owedWei)
    throw new CommitmentRefusedError(
      'unfunded',
      `balance ${balance}, tx cost ${transaction.cost}${owedWei > 0n ? `, promised before ${owedWei}` : ''}`,
    )
}

/** What is known of a sender; an account that does not exist has nothing. */
export async function readAccount(
  state: { account(address: Address): Account | null | Promise<Account | null> },
  sender: Address,
): Promise<Account> {
  return (await state.account(sender)) ?? { nonce: 0n, balance: 0n }
}
