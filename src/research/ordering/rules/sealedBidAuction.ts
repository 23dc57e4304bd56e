/** The right to order a slot, sold slot by slot. */
import type { OrderingRule } from '../rule.ts'
import { byTip, fillSlots, sortBy, tipsOf } from '../slots.ts'

export const sealedBidAuction: OrderingRule = {
  id: 'sealed-bid-auction',
  title: 'Sealed-bid auction of slots',
  definition:
    'Every sequencer bids for each slot; the highest bid (the first of equals) orders it and pays the second bid, or its own with first-price=1; nothing where there is no second. Bids are a model: the tips of all that arrives during the slot, times an even draw from 0.5 to 1.5. Within: highest tip first.',
  source: 'Execution auctions; second price as in Timeboost, first price as in Astria’s auctioneer',
  isRandom: true,
  parameters: [{ name: 'first-price', default: 0, definition: '1: the winner pays its own bid.' }],
  order(transactions, context) {
    const next = context.draw('sealed-bid-auction')
    const isFirstPrice = context.parameter('first-price') === 1
    return fillSlots(transactions, context, {
      turnOf({ startMs, endMs }) {
        const tips = tipsOf(transactions.filter(({ arrivalMs }) => arrivalMs >= startMs && arrivalMs < endMs))
        const [winner, second] = context.sequencers
          .map(({ address }) => ({
            address,
            bid: (tips * BigInt(Math.floor((0.5 + next()) * 1_000_000))) / 1_000_000n,
          }))
          .sort((a, b) => (a.bid === b.bid ? 0 : a.bid > b.bid ? -1 : 1))
        if (winner === undefined) return {}
        const wei = isFirstPrice ? winner.bid : (second?.bid ?? 0n)
        return { sequencer: winner.address, payment: { payer: winner.address, wei } }
      },
      arrange: sortBy(byTip),
    })
  },
}
