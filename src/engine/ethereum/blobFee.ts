/** What blobs cost, and how that follows from the blobs before. EIP-4844, EIP-7691, EIP-7892, EIP-7918. */
import type { BlockHeader } from '../../primitives/header.ts'
import type { BlobParameters } from '../../spec/ethereumSpec.ts'
import { GAS_PER_BLOB } from '../rules/filter.ts'

/** MIN_BASE_FEE_PER_BLOB_GAS, in wei. */
const BLOB_BASE_FEE_MIN = 1n
/** EIP-7918: gas whose price at the execution base fee a blob's price should not be below. */
const BLOB_BASE_COST = 1n << 13n

/** Wei per blob gas. */
export function blobBaseFee(
  excessBlobGas: bigint,
  { baseFeeUpdateFraction }: Pick<BlobParameters, 'baseFeeUpdateFraction'>,
): bigint {
  return fakeExponential(BLOB_BASE_FEE_MIN, excessBlobGas, baseFeeUpdateFraction)
}

/**
 * Of a block with `parameters` on `parent`.
 * @param hasReservePrice From Osaka: while blobs are cheaper than EIP-7918's floor, the excess rises even below the target.
 */
export function nextExcessBlobGas(
  parent: Pick<BlockHeader, 'excessBlobGas' | 'blobGasUsed' | 'baseFeePerGas'>,
  parameters: BlobParameters,
  hasReservePrice: boolean,
): bigint {
  const { excessBlobGas = 0n, blobGasUsed = 0n, baseFeePerGas = 0n } = parent
  const { target, max } = parameters
  const targetGas = BigInt(target) * GAS_PER_BLOB
  const total = excessBlobGas + blobGasUsed
  if (total < targetGas) return 0n
  const isBelowReserve =
    hasReservePrice && BLOB_BASE_COST * baseFeePerGas > GAS_PER_BLOB * blobBaseFee(excessBlobGas, parameters)
  // Rounds down, as in the EIP.
  if (isBelowReserve) return excessBlobGas + (blobGasUsed * BigInt(max - target)) / BigInt(max)
  return total - targetGas
}

/** EIP-4844: factor · e^(numerator / denominator) by its Taylor series in integers. */
function fakeExponential(factor: bigint, numerator: bigint, denominator: bigint): bigint {
  let sum = 0n
  let term = factor * denominator
  // Terms fall to zero once i passes numerator / denominator, and both are bounded by the rules of the header.
  for (let i = 1n; term > 0n; i++) {
    sum += term
    term = (term * numerator) / (denominator * i)
  }
  return sum / denominator
}
