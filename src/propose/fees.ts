/** What a blob transaction offers, and how much more when it is stuck. All in wei per gas or blob gas. */
import { maxBigint } from '../primitives/bigint.ts'
import type { Hex } from '../primitives/hex.ts'
import type { BlobFees } from './blobTransaction.ts'
import type { RpcRequest } from './l1Rpc.ts'

/** The highest the proposer is ready to pay; above them it stops posting. */
export type FeeCaps = { readonly maxFeePerGas: bigint; readonly maxFeePerBlobGas: bigint }

/** Median tips are asked of this many blocks. */
const HISTORY_BLOCKS = 4
/** A block emptier than this had room for everyone; its tips, perhaps all our own, say nothing about what is needed. */
const CONTESTED_GAS_RATIO = 0.5
/** Both base fees may double before the offer no longer suffices: six full blocks of gas, six of blobs. */
const HEADROOM = 2n
/** Pools take a replacement of a blob transaction only if all three fees double. geth: blobpool's price bump of 100 %. */
const BUMP = 2n

type FeeHistory = {
  readonly baseFeePerGas: readonly Hex[]
  readonly baseFeePerBlobGas?: readonly Hex[]
  readonly gasUsedRatio?: readonly number[]
  readonly reward?: readonly (readonly Hex[])[]
}

export async function estimateFees(rpc: RpcRequest, tipMin: bigint, signal?: AbortSignal): Promise<BlobFees> {
  const history = (await rpc(
    'eth_feeHistory',
    [`0x${HISTORY_BLOCKS.toString(16)}`, 'latest', [50]],
    signal,
  )) as FeeHistory
  const tips = (history.reward ?? [])
    .filter((_, i) => (history.gasUsedRatio?.[i] ?? 1) >= CONTESTED_GAS_RATIO)
    .map(([median]) => BigInt(median ?? 0))
  const maxPriorityFeePerGas = tips.reduce(maxBigint, tipMin)
  // The last entry is the next block's.
  const baseFee = BigInt(history.baseFeePerGas.at(-1) ?? 0)
  const blobBaseFee = BigInt(
    history.baseFeePerBlobGas?.at(-1) ?? ((await rpc('eth_blobBaseFee', [], signal)) as Hex),
  )
  return {
    maxPriorityFeePerGas,
    maxFeePerGas: HEADROOM * baseFee + maxPriorityFeePerGas,
    maxFeePerBlobGas: HEADROOM * maxBigint(blobBaseFee, 1n),
  }
}

/** Enough to replace `old`, and to be included now. */
export function bumpFees(old: BlobFees, current: BlobFees): BlobFees {
  return {
    maxFeePerGas: maxBigint(BUMP * old.maxFeePerGas, current.maxFeePerGas),
    maxPriorityFeePerGas: maxBigint(BUMP * old.maxPriorityFeePerGas, current.maxPriorityFeePerGas),
    maxFeePerBlobGas: maxBigint(BUMP * old.maxFeePerBlobGas, current.maxFeePerBlobGas),
  }
}

export function isWithinCaps(fees: BlobFees, caps: FeeCaps): boolean {
  return fees.maxFeePerGas <= caps.maxFeePerGas && fees.maxFeePerBlobGas <= caps.maxFeePerBlobGas
}
