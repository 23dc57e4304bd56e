/** What blobs cost on the chain that is served; a rollup has none. */
import { blobBaseFee, nextExcessBlobGas } from '../engine/ethereum/blobFee.ts'
import type { BlockHeader } from '../primitives/header.ts'
import { type BlobParameters, blobParametersAt, ethereumForkAt, isForkActive } from '../spec/ethereumSpec.ts'
import type { ExecutionSpec } from '../spec/executionSpec.ts'

/** Wei per blob gas in a block; undefined where it has none. */
export function blobBaseFeeOf(execution: ExecutionSpec, header: BlockHeader): bigint | undefined {
  const parameters = blobParametersOf(execution, header)
  if (parameters === undefined || header.excessBlobGas === undefined) return undefined
  return blobBaseFee(header.excessBlobGas, parameters)
}

/** In a block right after it, under the same rules. */
export function nextBlobBaseFee(execution: ExecutionSpec, header: BlockHeader): bigint | undefined {
  const parameters = blobParametersOf(execution, header)
  if (execution.type !== 'ethereum' || parameters === undefined || header.excessBlobGas === undefined)
    return undefined
  const hasReservePrice = isForkActive(ethereumForkAt(execution.spec, header), 'osaka')
  return blobBaseFee(nextExcessBlobGas(header, parameters, hasReservePrice), parameters)
}

/** Undefined on a rollup and before Cancun. */
export function blobParametersOf(
  execution: ExecutionSpec,
  { timestamp }: Pick<BlockHeader, 'timestamp'>,
): BlobParameters | undefined {
  return execution.type === 'ethereum' ? blobParametersAt(execution.spec, timestamp) : undefined
}
