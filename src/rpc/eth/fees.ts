/** Fee suggestions and history. Shares of the base fee (treasury, coinbase) do not show here: the sender pays it all. */
import { z } from 'zod'
import type { ChainReader, StoredBlock } from '../../chain/chain.ts'
import { GAS_PER_BLOB } from '../../engine/rules/filter.ts'
import type { BlockHeader } from '../../primitives/header.ts'
import { toQuantity } from '../../primitives/hex.ts'
import type { ExecutionSpec } from '../../spec/executionSpec.ts'
import { blobBaseFeeOf, blobParametersOf, nextBlobBaseFee } from '../blobFee.ts'
import type { RpcDeps } from '../deps.ts'
import { invalidParams, RpcError } from '../errors.ts'
import type { Json } from '../json.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { type BlockParameter, blockNumberParam, indexParam } from '../params.ts'
import { findHeader } from '../resolve.ts'
import { feeHistory } from '../schemas/state.ts'
import { quantity } from '../schemas/words.ts'

/** geth's bounds. */
const HISTORY_BLOCKS_MAX = 1024
const PERCENTILES_MAX = 100
/** Suggested tip: the 60th percentile of what the last 20 blocks paid, as geth's oracle; 0.001 gwei on an idle chain. */
const ORACLE_BLOCKS = 20n
const ORACLE_PERCENTILE = 60
const IDLE_TIP_WEI = 1_000_000n

type FeeDeps = Pick<RpcDeps, 'execution' | 'chain' | 'nextBaseFee'>

export function feeMethods(deps: FeeDeps): Methods {
  const { chain } = deps
  return {
    eth_gasPrice: defineMethod({
      cost: COST.proof,
      summary: 'A price per gas that gets a legacy transaction into the next block, in wei.',
      params: {},
      result: quantity,
      handle: async () =>
        toQuantity((await nextBaseFeeAfter(deps, chain.heads().latest.number)) + (await suggestTip(chain))),
    }),
    eth_maxPriorityFeePerGas: defineMethod({
      cost: COST.proof,
      summary: 'A usual tip per gas, in wei.',
      params: {},
      result: quantity,
      handle: async () => toQuantity(await suggestTip(chain)),
    }),
    eth_baseFee: defineMethod({
      cost: COST.read,
      summary: 'The base fee per gas of the next block, in wei.',
      params: {},
      result: quantity,
      handle: async () => toQuantity(await nextBaseFeeAfter(deps, chain.heads().latest.number)),
    }),
    eth_blobBaseFee: defineMethod({
      cost: COST.read,
      summary:
        'The price per blob gas of the next block, in wei; a rollup has no blobs and answers an error.',
      params: {},
      result: quantity,
      handle: async () => {
        const { header } = await findHeader(chain, { type: 'tag', tag: 'latest' })
        const fee = nextBlobBaseFee(deps.execution, header)
        if (fee === undefined)
          throw new RpcError({ code: 'methodNotSupported', message: 'this chain has no blob transactions' })
        return toQuantity(fee)
      },
    }),
    eth_feeHistory: defineMethod({
      cost: COST.trace,
      summary: 'Base fees, how full blocks were, and percentiles of the tips paid.',
      params: {
        blockCount: z.union([indexParam, z.number().int().nonnegative()], {
          error: 'a number of blocks wanted',
        }),
        newestBlock: blockNumberParam,
        rewardPercentiles: z
          .array(z.number().min(0).max(100))
          .max(PERCENTILES_MAX)
          .refine((list) => list.every((value, i) => i === 0 || value >= (list[i - 1] ?? 0)), {
            message: 'percentiles must rise',
          })
          .optional(),
      },
      result: feeHistory,
      handle: ({ blockCount, newestBlock, rewardPercentiles }) =>
        readFeeHistory(deps, Math.min(blockCount, HISTORY_BLOCKS_MAX), newestBlock, rewardPercentiles),
    }),
  }
}

async function readFeeHistory(
  deps: FeeDeps,
  blockCount: number,
  newestBlock: BlockParameter,
  percentiles: readonly number[] | undefined,
): Promise<Json> {
  if (blockCount === 0) return { oldestBlock: '0x0', baseFeePerGas: [], gasUsedRatio: [] }
  const newest = (await findHeader(deps.chain, newestBlock)).header.number
  const wanted = BigInt(blockCount)
  const oldest = newest + 1n > wanted ? newest + 1n - wanted : 0n
  const baseFeePerGas: string[] = []
  const gasUsedRatio: number[] = []
  // Zeros where there are no blobs, as for blocks before EIP-4844.
  const baseFeePerBlobGas: string[] = []
  const blobGasUsedRatio: number[] = []
  let blobFeeAfter = 0n
  const reward: string[][] = []
  for (let number = oldest; number <= newest; number++) {
    const { header } = await findHeader(deps.chain, { type: 'number', number })
    baseFeePerGas.push(toQuantity(header.baseFeePerGas ?? 0n))
    gasUsedRatio.push(Number(header.gasUsed) / Number(header.gasLimit))
    baseFeePerBlobGas.push(toQuantity(blobBaseFeeOf(deps.execution, header) ?? 0n))
    blobGasUsedRatio.push(blobGasRatio(deps.execution, header))
    blobFeeAfter = nextBlobBaseFee(deps.execution, header) ?? 0n
    if (percentiles === undefined) continue
    const block = await deps.chain.blockByNumber(number)
    if (block === undefined) throw invalidParams('the range was reorganised away')
    reward.push(tipPercentiles(block, percentiles).map(toQuantity))
  }
  baseFeePerGas.push(toQuantity(await nextBaseFeeAfter(deps, newest)))
  return {
    oldestBlock: toQuantity(oldest),
    baseFeePerGas,
    gasUsedRatio,
    baseFeePerBlobGas: [...baseFeePerBlobGas, toQuantity(blobFeeAfter)],
    blobGasUsedRatio,
    ...(percentiles === undefined ? {} : { reward }),
  }
}

function blobGasRatio(execution: ExecutionSpec, header: BlockHeader): number {
  const max = blobParametersOf(execution, header)?.max
  if (max === undefined || header.blobGasUsed === undefined) return 0
  return Number(header.blobGasUsed) / Number(GAS_PER_BLOB * BigInt(max))
}

async function nextBaseFeeAfter(
  deps: Pick<RpcDeps, 'chain' | 'nextBaseFee'>,
  number: bigint,
): Promise<bigint> {
  const parent = await findHeader(deps.chain, { type: 'number', number })
  const grandparent =
    number === 0n ? undefined : await findHeader(deps.chain, { type: 'number', number: number - 1n })
  return deps.nextBaseFee(parent.header, grandparent?.header)
}

/** Wei per gas. */
export async function suggestTip(chain: ChainReader): Promise<bigint> {
  const latest = chain.heads().latest.number
  const tips: bigint[] = []
  for (let number = latest; number >= 0n && number > latest - ORACLE_BLOCKS; number--) {
    const block = await chain.blockByNumber(number)
    if (block !== undefined) tips.push(...paidTips(block).map(({ tip }) => tip))
  }
  tips.sort(ascending)
  return tips[Math.floor(((tips.length - 1) * ORACLE_PERCENTILE) / 100)] ?? IDLE_TIP_WEI
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
function paidTips(block: StoredBlock): { tip: bigint; gasUsed: bigint }[] {
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
