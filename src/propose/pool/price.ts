/** What a pooled transaction pays, and the orders that follow from it. */
import { maxBigint, minBigint } from '../../primitives/bigint.ts'
import type { PooledTransaction } from './transaction.ts'

/** Percent by which a replacement must raise both fees. geth's `--txpool.pricebump`. */
const PRICE_BUMP_PERCENT = 10n

/** Wei per gas that the coinbase receives as a tip; negative when the fee cap is below the base fee. */
export function effectiveTip(transaction: PooledTransaction, baseFeePerGas: bigint): bigint {
  return minBigint(transaction.maxPriorityFeePerGas, transaction.maxFeePerGas - baseFeePerGas)
}

/** True if `next` raises the fee cap and the tip of `old` by the price bump, and each at all. */
export function mayReplace(old: PooledTransaction, next: PooledTransaction): boolean {
  return (
    next.maxFeePerGas >= bumped(old.maxFeePerGas) &&
    next.maxPriorityFeePerGas >= bumped(old.maxPriorityFeePerGas)
  )
}

/** Rounds down, as geth does, but never to the same fee. */
function bumped(fee: bigint): bigint {
  return maxBigint(fee + 1n, (fee * (100n + PRICE_BUMP_PERCENT)) / 100n)
}

/** Negative when `a` is worth less to a block builder than `b`: by effective tip, then fee cap, then tip. */
export function comparePrice(a: PooledTransaction, b: PooledTransaction, baseFeePerGas: bigint): number {
  return (
    compare(effectiveTip(a, baseFeePerGas), effectiveTip(b, baseFeePerGas)) ||
    compare(a.maxFeePerGas, b.maxFeePerGas) ||
    compare(a.maxPriorityFeePerGas, b.maxPriorityFeePerGas)
  )
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
