/** Swaps in logs of constant-product and concentrated-liquidity pools: which way, and how much. */
import type { Row } from '../dataset/column.ts'
import { numberOf, optionalText, textOf } from './fields.ts'

/** `Swap(address,uint256,uint256,uint256,uint256,address)` of Uniswap v2 and its copies. */
const V2_SWAP = '0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822'
/** `Swap(address,address,int256,int256,uint160,uint128,int24)` of Uniswap v3 and its copies. */
const V3_SWAP = '0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67'

const WORD_DIGITS = 64

export type Swap = {
  readonly pool: string
  readonly transactionIndex: number
  readonly logIndex: number
  readonly transactionHash: string
  /** Whether token 0 went into the pool. */
  readonly isZeroForOne: boolean
  readonly amountIn: bigint
  readonly amountOut: bigint
}

/** Null for another log, and for a swap of both tokens in or none out. */
export function readSwap(log: Row): Swap | null {
  const topic = optionalText(log, 'topic0')
  const words = wordsOf(textOf(log, 'data'))
  const amounts = topic === V2_SWAP ? readV2(words) : topic === V3_SWAP ? readV3(words) : null
  if (amounts === null || amounts.amountIn <= 0n || amounts.amountOut <= 0n) return null
  return {
    pool: textOf(log, 'address'),
    transactionIndex: numberOf(log, 'transaction_index'),
    logIndex: numberOf(log, 'log_index'),
    transactionHash: textOf(log, 'transaction_hash'),
    ...amounts,
  }
}

type Amounts = Pick<Swap, 'isZeroForOne' | 'amountIn' | 'amountOut'>

function readV2(words: readonly bigint[]): Amounts | null {
  const [in0, in1, out0, out1] = words
  if (in0 === undefined || in1 === undefined || out0 === undefined || out1 === undefined) return null
  if (in0 > 0n === in1 > 0n) return null
  return in0 > 0n
    ? { isZeroForOne: true, amountIn: in0, amountOut: out1 }
    : { isZeroForOne: false, amountIn: in1, amountOut: out0 }
}

/** What the pool received is positive, what it gave negative. */
function readV3(words: readonly bigint[]): Amounts | null {
  const [amount0, amount1] = words.map((word) => BigInt.asIntN(256, word))
  if (amount0 === undefined || amount1 === undefined) return null
  return amount0 > 0n
    ? { isZeroForOne: true, amountIn: amount0, amountOut: -amount1 }
    : { isZeroForOne: false, amountIn: amount1, amountOut: -amount0 }
}

function wordsOf(data: string): readonly bigint[] {
  const words: bigint[] = []
  for (let at = 2; at + WORD_DIGITS <= data.length; at += WORD_DIGITS)
    words.push(BigInt(`0x${data.slice(at, at + WORD_DIGITS)}`))
  return words
}
