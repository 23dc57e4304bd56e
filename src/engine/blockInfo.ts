/** A block as the EVM sees it, from its header. */
import type { BlockHeader } from '../primitives/header.ts'
import { blobParametersAt } from '../spec/ethereumSpec.ts'
import type { ExecutionSpec } from '../spec/executionSpec.ts'
import { blobBaseFee } from './ethereum/blobFee.ts'
import type { EvmBlockInfo } from './evm.ts'
import { rulesAt } from './rules/rulesAt.ts'

/** EIP-4844's floor: what a rollup's blocks say of blobs that there never are. */
const BLOB_BASE_FEE_MIN = 1n

/** `blobFee`: wei per blob gas, where a caller says so. */
export function blockInfoOf(execution: ExecutionSpec, header: BlockHeader, blobFee?: bigint): EvmBlockInfo {
  const { excessBlobGas, timestamp, baseFeePerGas = 0n } = header
  const info = { ...header, baseFeePerGas }
  if (!rulesAt(execution, header).usesKzg) return info
  if (blobFee !== undefined) return { ...info, blobBaseFee: blobFee }
  const blobs = execution.type === 'ethereum' ? blobParametersAt(execution.spec, timestamp) : undefined
  if (blobs === undefined || excessBlobGas === undefined) return { ...info, blobBaseFee: BLOB_BASE_FEE_MIN }
  return { ...info, blobBaseFee: blobBaseFee(excessBlobGas, blobs) }
}
