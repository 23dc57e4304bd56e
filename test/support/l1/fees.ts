/** What a block asks of transactions and what they cost in it. EIP-1559, EIP-4844, EIP-7691. All in wei. */
import { minBigint } from '../../../src/primitives/bigint.ts'
import type { BlockHeader } from '../../../src/primitives/header.ts'
import { BYTES_PER_BLOB } from './blob.ts'
import type { TransactionFields } from './transaction.ts'

export const INITIAL_BASE_FEE = 10n ** 9n
export const GAS_PER_BLOB = BigInt(BYTES_PER_BLOB)
/** EIP-7691. */
export const BLOBS_PER_BLOCK_MAX = 9
const TARGET_BLOB_GAS = 6n * GAS_PER_BLOB

/** Divisions round down. */
export function nextBaseFee(parent: BlockHeader): bigint {
  const baseFee = parent.baseFeePerGas ?? INITIAL_BASE_FEE
  const target = parent.gasLimit / 2n
  if (parent.gasUsed === target) return baseFee
  if (parent.gasUsed < target) return baseFee - (baseFee * (target - parent.gasUsed)) / target / 8n
  const rise = (baseFee * (parent.gasUsed - target)) / target / 8n
  return baseFee + (rise > 0n ? rise : 1n)
}

export function nextExcessBlobGas(parent: BlockHeader): bigint {
  const total = (parent.excessBlobGas ?? 0n) + (parent.blobGasUsed ?? 0n)
  return total < TARGET_BLOB_GAS ? 0n : total - TARGET_BLOB_GAS
}

/** Per blob gas in a block with that excess: `fake_exponential` with Prague's update fraction. */
export function blobBaseFee(excessBlobGas: bigint): bigint {
  const denominator = 5_007_716n
  let sum = 0n
  let term = denominator
  for (let i = 1n; term > 0n; i++) {
    sum += term
    term = (term * excessBlobGas) / (denominator * i)
  }
  return sum / denominator
}

export function effectiveGasPrice(tx: TransactionFields, baseFee: bigint): bigint {
  if (tx.type === 0) return tx.maxFeePerGas
  return minBigint(baseFee + tx.maxPriorityFeePerGas, tx.maxFeePerGas)
}

/** What the sender must have before. */
export function maxCost(tx: TransactionFields): bigint {
  const blobGas = BigInt(tx.blobHashes.length) * GAS_PER_BLOB
  return tx.gas * tx.maxFeePerGas + tx.value + blobGas * tx.maxFeePerBlobGas
}

const ZERO_BYTE_GAS = 4n
const NONZERO_BYTE_GAS = 16n

/** EIP-2028. */
export function intrinsicGas({ input }: { readonly input: Uint8Array }): bigint {
  let gas = 21_000n
  for (const byte of input) gas += byte === 0 ? ZERO_BYTE_GAS : NONZERO_BYTE_GAS
  return gas
}
