/** Fee suggestions and history. Shares of the base fee (treasury, coinbase) do not show here: the sender pays it all. */
import { z } from 'zod'
import type { ChainReader } from '../../chain/chain.ts'
import { toQuantity } from '../../primitives/hex.ts'
import { nextBlobBaseFee } from '../blobFee.ts'
import { type FeeSearch, type FoundFees, paidTips, readFees } from '../caller/feesJob.ts'
import { withinTime } from '../caller/withinTime.ts'
import type { RpcDeps } from '../deps.ts'
import { invalidParams, RpcError } from '../errors.ts'
import type { Json } from '../json.ts'
import { COST, type RpcLimits } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { type BlockParameter, blockNumberParam, indexParam } from '../params.ts'
import { findHeader, readCurrent } from '../resolve.ts'
import { feeHistory } from '../schemas/state.ts'
import { quantity } from '../schemas/words.ts'

/** geth's bounds. */
const HISTORY_BLOCKS_MAX = 1024
const PERCENTILES_MAX = 100
/** Suggested tip: the 60th percentile of what the last 20 blocks paid, as geth's oracle; 0.001 gwei on an idle chain. */
const ORACLE_BLOCKS = 20n
const ORACLE_PERCENTILE = 60
const IDLE_TIP_WEI = 1_000_000n

/** Wallets ask for fewer. */
const BLOCKS_AT_ONCE = 32n

type FeeDeps = Pick<RpcDeps, 'execution' | 'chain' | 'nextBaseFee' | 'caller'> & {
  readonly limits: RpcLimits
}

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
      cost: COST.logs,
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
      handle: ({ blockCount, newestBlock, rewardPercentiles }, { client }) =>
        readFeeHistory(
          deps,
          Math.min(blockCount, HISTORY_BLOCKS_MAX),
          newestBlock,
          rewardPercentiles,
          client?.address,
        ),
    }),
  }
}

async function readFeeHistory(
  deps: FeeDeps,
  blockCount: number,
  newestBlock: BlockParameter,
  percentiles: readonly number[] | undefined,
  client: string | undefined,
): Promise<Json> {
  if (blockCount === 0) return { oldestBlock: '0x0', baseFeePerGas: [], gasUsedRatio: [] }
  const newest = (await findHeader(deps.chain, newestBlock)).header.number
  const wanted = BigInt(blockCount)
  const oldest = newest + 1n > wanted ? newest + 1n - wanted : 0n
  const search: FeeSearch = { oldest, newest, ...(percentiles && { percentiles }) }
  const found = await searchFees(deps, search, client)
  if (found === undefined) throw invalidParams('the range was reorganised away')
  const { baseFees, gasRatios, blobFees, blobGasRatios, blobFeeAfter, rewards } = found
  return {
    oldestBlock: toQuantity(oldest),
    baseFeePerGas: [...baseFees, await nextBaseFeeAfter(deps, newest)].map(toQuantity),
    gasUsedRatio: gasRatios,
    baseFeePerBlobGas: [...blobFees, blobFeeAfter].map(toQuantity),
    blobGasUsedRatio: blobGasRatios,
    ...(percentiles === undefined ? {} : { reward: rewards.map((tips) => tips.map(toQuantity)) }),
  }
}

/** Few blocks are read at once; many in a call process, where decoding them holds up nothing. */
async function searchFees(
  deps: FeeDeps,
  search: FeeSearch,
  client: string | undefined,
): Promise<FoundFees | undefined> {
  if (search.newest - search.oldest < BLOCKS_AT_ONCE) return readFees(deps, search)
  const runJob = withinTime(deps.caller, deps.limits.callTimeoutMs, client)
  return readCurrent(deps.chain, { type: 'number', number: search.newest }, ({ header, hash }) =>
    runJob('fees', search, { number: header.number, hash }),
  )
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

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
