/** An admitted transaction as the EVM runs it. */
import { minBigint } from '../primitives/bigint.ts'
import type { AdmittedTransaction } from './admission.ts'
import { GAS_PER_BLOB } from './rules/filter.ts'
import type { EvmMessage } from './runMessage.ts'
import type { Transaction } from './transaction.ts'

/** Wei per gas: the base fee and as much of the tip as the max fee leaves. EIP-1559. */
export function effectiveGasPrice(transaction: Transaction, baseFeePerGas: bigint): bigint {
  const { maxFeePerGas, maxPriorityFeePerGas } = transaction
  return minBigint(baseFeePerGas + maxPriorityFeePerGas, maxFeePerGas)
}

export function messageOf(
  { transaction, sender }: AdmittedTransaction,
  gasPrice: bigint,
  options: { readonly isCharged: boolean; readonly blobBaseFee?: bigint },
): EvmMessage {
  const { to, value, data, gasLimit, accessList, authorizations, blobs } = transaction
  const blobGas = GAS_PER_BLOB * BigInt(blobs?.versionedHashes.length ?? 0)
  return {
    sender,
    to,
    value,
    data,
    gasLimit,
    gasPrice,
    accessList,
    isCharged: options.isCharged,
    blobFee: blobGas * (options.blobBaseFee ?? 0n),
    ...(authorizations !== undefined && { authorizations }),
    ...(blobs !== undefined && { blobVersionedHashes: blobs.versionedHashes }),
  }
}
