/** What blocks say of fees, for `eth_feeHistory`: bodies are decoded where nothing waits for it. */
import type { ChainReader, StoredBlock } from '../../chain/chain.ts'
import { GAS_PER_BLOB } from '../../engine/rules/filter.ts'
import type { BlockHeader } from '../../primitives/header.ts'
import type { ExecutionSpec } from '../../spec/executionSpec.ts'
import { blobBaseFeeOf, blobParametersOf, nextBlobBaseFee } from '../blobFee.ts'

export type FeeSearch = {
  readonly oldest: bigint
  readonly newest: bigint
  /** Rising, 0 to 100. */
  readonly percentiles?: readonly number[]
}

/** One entry a block. Fees in wei per gas; ratios are parts of the limit. */
export type FoundFees = {
  readonly baseFees: readonly bigint[]
  readonly gasRatios: readonly number[]
  /** Zeros where there are no blobs, as for blocks before EIP-4844. */
  readonly blobFees: readonly bigint[]
  readonly blobGasRatios: readonly number[]
  /** Of a block after the newest. */
  readonly blobFeeAfter: bigint
  /** Empty where no percentiles are asked for. */
  readonly rewards: readonly (readonly bigint[])[]
}

/** Undefined when a block of the range is not there. */
export async function readFees(
  {
    chain,
    execution,
  }: {
    readonly chain: Pick<ChainReader, 'headerByNumber' | 'blockByNumber'>
    readonly execution: ExecutionSpec
  },
  { oldest, newest, percentiles }: FeeSearch,
): Promise<FoundFees | undefined> {
  const baseFees: bigint[] = []
  const gasRatios: number[] = []
  const blobFees: bigint[] = []
  const blobGasRatios: number[] = []
  const rewards: bigint[][] = []
  let blobFeeAfter = 0n
  for (let number = oldest; number <= newest; number++) {
    const block = percentiles === undefined ? undefined : await chain.blockByNumber(number)
    const header = block?.header ?? (await chain.headerByNumber(number))?.header
    if (header === undefined || (percentiles !== undefined && block === undefined)) return undefined
    baseFees.push(header.baseFeePerGas ?? 0n)
    gasRatios.push(Number(header.gasUsed) / Number(header.gasLimit))
    blobFees.push(blobBaseFeeOf(execution, header) ?? 0n)
    blobGasRatios.push(blobGasRatio(execution, header))
    blobFeeAfter = nextBlobBaseFee(execution, header) ?? 0n
    if (block !== undefined && percentiles !== undefined) rewards.push(tipPercentiles(block, percentiles))
  }
  return { baseFees, gasRatios, blobFees, blobGasRatios, blobFeeAfter, rewards }
}

function blobGasRatio(execution: ExecutionSpec, header: BlockHeader): number {
  const max = blobParametersOf(execution, header)?.max
  if (max === undefined || header.blobGasUsed === undefined) return 0
  return Number(header.blobGasUsed) / Number(GAS_PER_BLOB * BigInt(max))
}

/** Tips at percentiles of the block's gas, the cheapest first. An empty block answers zeros. */
function tipPercentiles(block: StoredBlock, percentiles: readonly number[]): bigint[] {
  const paid = paidTips(block).sort((a, b) => ascending(a.tip, b.tip))
  const gasTotal = paid.reduce((sum, { gasUsed }) => sum + gasUsed, 0n)
  return percentiles.map((percentile) => {
    // Rounds down, as geth does.
    const threshold = Math.floor((Number(gasTotal) * percentile) / 100)
    let gas = 0n
    for (const { tip, gasUsed } of paid) {
      gas += gasUsed
      if (Number(gas) >= threshold) return tip
    }
    return 0n
  })
}

/** Of the listed transactions: the anchor transaction pays nothing and would only drag the figures down. */
export function paidTips(block: StoredBlock): { tip: bigint; gasUsed: bigint }[] {
  const baseFee = block.header.baseFeePerGas ?? 0n
  return block.transactions
    .filter(({ listedIndex }) => listedIndex !== undefined)
    .map(({ effectiveGasPrice, gasUsed }) => ({
      tip: effectiveGasPrice > baseFee ? effectiveGasPrice - baseFee : 0n,
      gasUsed,
    }))
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
