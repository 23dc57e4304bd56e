/** Astria's shared sequencer: CometBFT's proposer, and a mempool with groups. */
import type { Address } from '../../../primitives/hex.ts'
import type { OrderableTransaction, OrderingRule } from '../rule.ts'
import { byArrival, fillSlots } from '../slots.ts'
import { createRoundRobin } from './roundRobin.ts'

export const astria: OrderingRule = {
  id: 'astria',
  title: 'Shared sequencer, Astria',
  definition:
    'Proposer: CometBFT’s round robin by stake. Order: group (lower first), then nonce − account nonce (lower first), then time first seen. With auction=1 the highest bid (tip × gas; the earlier of equals) comes first and pays that tip: a first-price auction for the top of the block.',
  source: 'Astria sequencer (mempool priority) and auctioneer',
  isRandom: false,
  parameters: [{ name: 'auction', default: 0, definition: '1: the highest bid goes on top.' }],
  order(transactions, context) {
    const nextLeader = createRoundRobin(context.sequencers)
    const hasAuction = context.parameter('auction') === 1
    return fillSlots(transactions, context, {
      turnOf: () => ({ sequencer: nextLeader() }),
      arrange(ready, _slot, nextNonces) {
        const ordered = [...ready].sort(
          (a, b) =>
            (a.group ?? 0) - (b.group ?? 0) ||
            distance(a, nextNonces) - distance(b, nextNonces) ||
            byArrival(a, b),
        )
        return hasAuction ? putWinnerFirst(ordered, nextNonces) : ordered
      },
    })
  },
}

function distance({ sender, nonce }: OrderableTransaction, nextNonces: ReadonlyMap<Address, bigint>): number {
  return Number(nonce - (nextNonces.get(sender) ?? nonce))
}

/** Only what can execute first can bid for it. */
function putWinnerFirst(
  ordered: readonly OrderableTransaction[],
  nextNonces: ReadonlyMap<Address, bigint>,
): readonly OrderableTransaction[] {
  const bidOf = ({ tip, gas }: OrderableTransaction) => tip * gas
  let winner: OrderableTransaction | undefined
  for (const bidder of [...ordered].sort(byArrival))
    if (distance(bidder, nextNonces) === 0 && bidOf(bidder) > (winner ? bidOf(winner) : 0n)) winner = bidder
  return winner === undefined ? ordered : [winner, ...ordered.filter((each) => each !== winner)]
}
