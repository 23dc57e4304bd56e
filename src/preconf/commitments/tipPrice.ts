/**
 * The tip that a promise costs, and which earlier prices still hold. Whoever was quoted a price may use it for a while, whatever it is
 * by then: no quote is remembered, it is enough to know every price of that while, and those are on the disk before they are told.
 */
import { maxBigint, minBigint } from '../../primitives/bigint.ts'
import { bigintToBytes, bytesToBigint } from '../../primitives/bytes.ts'
import type { Store } from '../../store/store.ts'

export type TipPrice = {
  /** Wei per gas. */
  current(): bigint
  /** The lowest price that somebody who asks at this time (milliseconds) may have been quoted. Wei per gas. */
  honouredAt(time: number): bigint
  /** Raises the price after a block that is more than half full, lowers it after another one. Of L2's blocks; L1's do not move it. */
  noteBlock(gasUsed: bigint, gasLimit: bigint): Promise<void>
}

export type TipPriceOptions = {
  /** On L1 the price itself; on L2 never less. Wei per gas. */
  readonly tipMin: bigint
  /** How long a quoted price holds. */
  readonly quoteSeconds: number
}

/** An eighth a block, as EIP-1559 moves base fees. */
const STEP = 8n
/** A quote ends with a whole second. */
const ROUNDING_MS = 1000

type Price = { readonly since: number; readonly tip: bigint }

export async function createTipPrice(
  deps: {
    /** With PROMISES_SCHEMA. */
    readonly store: Store
    /** Milliseconds since 1970. */
    readonly now: () => number
    /** Of the transactions that are promised: each has prices of its own. */
    readonly layer: 'l1' | 'l2'
  },
  { tipMin, quoteSeconds }: TipPriceOptions,
): Promise<TipPrice> {
  const { store, now, layer } = deps
  const heldMs = quoteSeconds * 1000 + ROUNDING_MS
  const rows = await store.all('SELECT since, tip FROM tip_prices WHERE layer = ? ORDER BY since', [layer])
  /** By time. Each holds until the next one. */
  let prices: readonly Price[] = rows.map((row) => ({
    since: row.since as number,
    tip: bytesToBigint(row.tip as Uint8Array),
  }))
  let last: Promise<void> = Promise.resolve()
  await change(layer === 'l1' ? tipMin : maxBigint(prices.at(-1)?.tip ?? tipMin, tipMin))

  async function change(tip: bigint): Promise<void> {
    const newest = prices.at(-1)
    if (newest?.tip === tip) return
    // A clock that was set back does not put a price before those that were told already.
    const price = { since: Math.max(Math.floor(now()), (newest?.since ?? 0) + 1), tip }
    const kept = prices.filter((_, i) => (prices[i + 1]?.since ?? price.since) >= price.since - heldMs)
    await store.write(() => [
      ['DELETE FROM tip_prices WHERE layer = ? AND since < ?', [layer, kept[0]?.since ?? price.since]],
      ['INSERT INTO tip_prices VALUES (?, ?, ?)', [layer, price.since, bigintToBytes(tip)]],
    ])
    prices = [...kept, price]
  }

  const current = () => prices.at(-1)?.tip ?? tipMin

  return {
    current,
    honouredAt(time) {
      const held = prices.filter((_, i) => (prices[i + 1]?.since ?? time) >= time - heldMs)
      return held.reduce((lowest, { tip }) => minBigint(tip, lowest), current())
    },
    noteBlock(gasUsed, gasLimit) {
      last = last
        .catch(() => {})
        .then(() => {
          const tip = current()
          // Rounds down, and never stands still above the floor.
          const step = maxBigint(tip / STEP, 1n)
          return change(gasUsed * 2n > gasLimit ? tip + step : maxBigint(tip - step, tipMin))
        })
      return last
    },
  }
}
