/** What a transaction of L1 paid, from its bytes, its receipt's gas and its block's header. */
import { GAS_PER_BLOB } from '../../engine/rules/filter.ts'
import { decodeTransaction } from '../../engine/transaction.ts'
import type { L1Header } from '../../l1/l1.ts'
import { minBigint } from '../../primitives/bigint.ts'
import { blobGasPrice } from './blobSchedule.ts'
import type { L1Transaction } from './l1Source.ts'

/** Wei, and wei per gas. The last two are null where L1's blob schedule is not known. */
export type L1Fee = {
  readonly gasPrice: bigint
  readonly executionFee: bigint
  readonly blobGasUsed: bigint
  readonly blobGasPrice: bigint | null
  readonly blobFee: bigint | null
}

/** Undefined for bytes of a kind that this version does not know. */
export function l1FeeOf(
  chainId: bigint,
  { header }: Pick<L1Header, 'header'>,
  { raw, gasUsed }: L1Transaction,
): L1Fee | undefined {
  const decoded = decodeTransaction(raw)
  if (decoded.type !== 'transaction') return undefined
  const { type, maxFeePerGas, maxPriorityFeePerGas, blobs } = decoded.transaction
  const gasPrice =
    type < 2 ? maxFeePerGas : minBigint((header.baseFeePerGas ?? 0n) + maxPriorityFeePerGas, maxFeePerGas)
  const blobGasUsed = BigInt(blobs?.versionedHashes.length ?? 0) * GAS_PER_BLOB
  const price = blobGasPrice(chainId, header)
  return {
    ...{ gasPrice, executionFee: gasUsed * gasPrice, blobGasUsed, blobGasPrice: price },
    blobFee: blobGasUsed === 0n ? 0n : price === null ? null : blobGasUsed * price,
  }
}
