/**
 * Which listed transactions execute; the others are skipped without a trace (docs/derivation.md D-72..D-89).
 *
 * The order is revm's, with everything that needs no state before the sender's account is read. That is more than taste: the
 * witness of a block holds only accounts its maker had to read, and a transaction refused by its fee alone proves nothing
 * about its sender.
 */
import { maxBigint } from '../../primitives/bigint.ts'
import { SIGNATURE_S_MAX } from '../crypto.ts'
import type { Transaction } from '../transaction.ts'
import type { EvmRules } from './evmRules.ts'
import { intrinsicGas } from './intrinsicGas.ts'

export type Refusal = { readonly rule: string; readonly reason: string }

export type BlockLimits = {
  readonly chainId: bigint
  readonly rules: EvmRules
  /** Wei per gas. */
  readonly baseFeePerGas: bigint
  /** Gas limit of the block less what its transactions have used. */
  readonly gasLeft: bigint
  /** Wei per blob gas; only where blob transactions execute. */
  readonly blobBaseFee?: bigint
}

/** EIP-3860. */
export const INITCODE_BYTES_MAX = 49_152
const UINT64_MAX = 2n ** 64n - 1n
const UINT256_MAX = 2n ** 256n - 1n
/** EIP-4844. */
export const GAS_PER_BLOB = 131_072n
const BLOB_HASH_VERSION = 1

/** What the bytes and the block say alone. Null when the sender may be looked up. */
export function checkStateless(transaction: Transaction, limits: BlockLimits): Refusal | null {
  const { rules } = limits
  const { type, chainId, maxFeePerGas, maxPriorityFeePerGas, gasLimit } = transaction
  if (chainId !== undefined && chainId !== limits.chainId)
    return refuse('D-75', `chain id ${chainId} is not ${limits.chainId}`)
  if (!rules.transactionTypes.includes(type))
    return refuse('D-76', `transaction type ${type} does not execute here`)
  if (rules.transactionGasMax !== undefined && gasLimit > rules.transactionGasMax)
    return refuse('D-87', `gas limit ${gasLimit} is above ${rules.transactionGasMax} per transaction`)
  if (maxPriorityFeePerGas > maxFeePerGas)
    return refuse('D-77', `priority fee ${maxPriorityFeePerGas} is above the max fee ${maxFeePerGas}`)
  if (maxFeePerGas < limits.baseFeePerGas)
    return refuse('D-78', `max fee ${maxFeePerGas} is below the base fee ${limits.baseFeePerGas}`)
  const typed = checkTypeFields(transaction, limits)
  if (typed !== null) return typed
  if (rules.meteredInitcode && transaction.to === null && transaction.data.length > INITCODE_BYTES_MAX)
    return refuse('D-85', `initcode of ${transaction.data.length} bytes`)
  if (transaction.nonce === UINT64_MAX) return refuse('D-88', 'nonce is at its maximum')
  if (gasLimit * maxFeePerGas > UINT256_MAX)
    return refuse('D-89', 'gas limit times max fee overflows 256 bits')
  const { gas, floor } = intrinsicGas(transaction, rules)
  const needed = maxBigint(gas, floor)
  if (gasLimit < needed) return refuse('D-79', `gas limit ${gasLimit} is below the intrinsic ${needed}`)
  if (gasLimit > limits.gasLeft)
    return refuse('D-80', `gas limit ${gasLimit} is above the ${limits.gasLeft} left in the block`)
  // A signature that cannot be anyone's; recovery itself comes after the cheap checks.
  const { s, yParity } = transaction.signature
  if (yParity === null || (rules.lowSignatures && s > SIGNATURE_S_MAX))
    return refuse('D-74', 'invalid signature values')
  if (type === 0 && chainId !== undefined && !rules.signaturesNameChain)
    return refuse('D-74', 'the signature names a chain')
  return null
}

function checkTypeFields(transaction: Transaction, limits: BlockLimits): Refusal | null {
  const { blobs, authorizations } = transaction
  if (authorizations?.length === 0) return refuse('D-76', 'no authorizations')
  if (blobs === undefined) return null
  const { versionedHashes, maxFeePerBlobGas } = blobs
  if (versionedHashes.length === 0) return refuse('D-76', 'no blobs')
  if (versionedHashes.length > limits.rules.blobsPerTransactionMax)
    return refuse('D-76', `${versionedHashes.length} blobs`)
  if (versionedHashes.some((hash) => hash[0] !== BLOB_HASH_VERSION))
    return refuse('D-76', 'a blob hash of unknown version')
  if (maxFeePerBlobGas < (limits.blobBaseFee ?? 0n))
    return refuse('D-78', `max blob fee ${maxFeePerBlobGas} is below the blob base fee`)
  return null
}

/** What the filter asks of an account; an absent one has zeros. */
export type SenderAccount = {
  readonly nonce: bigint
  /** Wei. */
  readonly balance: bigint
  /** Code other than a delegation (EIP-7702). EIP-3607. */
  readonly hasCode: boolean
}

/** The anchor transaction pays nothing, so its balance is not asked for (D-70). */
export function checkSender(
  transaction: Transaction,
  account: SenderAccount,
  options: { readonly checksBalance: boolean },
): Refusal | null {
  const { nonce } = transaction
  if (account.hasCode) return refuse('D-81', 'the sender has code')
  if (nonce < account.nonce) return refuse('D-82', `nonce ${nonce} is below ${account.nonce}`)
  if (nonce > account.nonce) return refuse('D-83', `nonce ${nonce} is above ${account.nonce}`)
  if (!options.checksBalance) return null
  const cost = upfrontCost(transaction)
  if (account.balance < cost) return refuse('D-84', `balance ${account.balance} is below the cost ${cost}`)
  return null
}

/** Wei the sender must own: the whole gas limit at the highest fee, blobs likewise, and the value. */
function upfrontCost(transaction: Transaction): bigint {
  const { gasLimit, maxFeePerGas, value, blobs } = transaction
  const blobCost =
    blobs === undefined ? 0n : GAS_PER_BLOB * BigInt(blobs.versionedHashes.length) * blobs.maxFeePerBlobGas
  return gasLimit * maxFeePerGas + blobCost + value
}

export function refuse(rule: string, reason: string): Refusal {
  return { rule, reason }
}
