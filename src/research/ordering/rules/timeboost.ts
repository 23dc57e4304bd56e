/** Arbitrum's Timeboost: first come, first served, behind whoever bought the express lane of the minute. */
import { concatBytes } from '../../../primitives/bytes.ts'
import { type Address, bytesToHex, hexToBytes } from '../../../primitives/hex.ts'
import { keccak256 } from '../../../primitives/keccak.ts'
import type { OrderableTransaction, OrderedSlot, OrderingContext, OrderingRule } from '../rule.ts'
import { fillSlots, onlySequencer, tipsOf } from '../slots.ts'

const WEI_PER_GWEI = 10n ** 9n

export const timeboost: OrderingRule = {
  id: 'timeboost',
  title: 'Timeboost, Arbitrum',
  definition:
    'As it arrived; while a round has a controller, everyone else’s arrival counts 200 ms later. Rounds of 60 s; the auction closes 15 s before, sealed bids, second price (the reserve where nobody else bids), ties to the higher keccak256(bidder ‖ round). Bids are a model: what a sender’s transactions that arrived in the 60 s before the close would tip, times an even draw from 0.5 to 1.5. Reserve 0.001 ETH.',
  source: 'Arbitrum Timeboost (ExpressLaneAuction, Nitro’s sequencer)',
  isRandom: true,
  parameters: [
    { name: 'delay-ms', default: 200, definition: 'What others wait while a round has a controller, ms.' },
    { name: 'round-ms', default: 60_000, definition: 'Length of a round, ms.' },
    { name: 'closing-ms', default: 15_000, definition: 'The auction closes so long before its round, ms.' },
    { name: 'reserve-gwei', default: 1_000_000, definition: 'Lowest price of a round, gwei.' },
  ],
  order(transactions, context) {
    const roundMs = context.parameter('round-ms')
    const rounds = sellRounds(transactions, context)
    const roundAt = (ms: number) => Math.floor(ms / roundMs)
    const readyMs = (transaction: OrderableTransaction) => {
      const controller = rounds.get(roundAt(transaction.arrivalMs))?.payer
      const waits = controller !== undefined && controller !== transaction.sender
      return transaction.arrivalMs + (waits ? context.parameter('delay-ms') : 0)
    }
    const sequencer = onlySequencer(context)
    const paid = new Set<number>()
    return fillSlots(transactions, context, {
      // The price of a round is paid in the first slot that begins in it.
      turnOf({ startMs }) {
        const round = roundAt(startMs)
        const payment = paid.has(round) ? undefined : rounds.get(round)
        paid.add(round)
        return { sequencer, ...(payment && { payment }) }
      },
      arrange: (ready) =>
        [...ready].sort((a, b) => readyMs(a) - readyMs(b) || a.canonicalIndex - b.canonicalIndex),
      readyMs,
    })
  },
}

type Sale = NonNullable<OrderedSlot['payment']>

function sellRounds(
  transactions: readonly OrderableTransaction[],
  { slots, draw, parameter }: OrderingContext,
): ReadonlyMap<number, Sale> {
  const roundMs = parameter('round-ms')
  const endMs = slots.at(-1)?.endMs ?? 0
  const next = draw('timeboost bids')
  const sales = new Map<number, Sale>()
  // The auction that closes next after it arrived is the one it tells of.
  const roundOf = ({ arrivalMs }: OrderableTransaction) =>
    Math.floor((arrivalMs + parameter('closing-ms')) / roundMs) + 1
  const seenByRound = groupBy(transactions, roundOf)
  const rounds = [...seenByRound].filter(([round]) => round * roundMs < endMs).sort(([a], [b]) => a - b)
  for (const [round, seen] of rounds) {
    const bids = [...groupBy(seen, ({ sender }) => sender)].map(([payer, own]) => ({
      payer,
      wei: (tipsOf(own) * BigInt(Math.floor((0.5 + next()) * 1_000))) / 1_000n,
    }))
    const sale = sellSecondPrice(bids, round, BigInt(parameter('reserve-gwei')) * WEI_PER_GWEI)
    if (sale !== undefined) sales.set(round, sale)
  }
  return sales
}

function groupBy<K>(
  transactions: readonly OrderableTransaction[],
  keyOf: (transaction: OrderableTransaction) => K,
): Map<K, OrderableTransaction[]> {
  const groups = new Map<K, OrderableTransaction[]>()
  for (const transaction of transactions) {
    const key = keyOf(transaction)
    const group = groups.get(key)
    if (group) group.push(transaction)
    else groups.set(key, [transaction])
  }
  return groups
}

/** The highest bid at or above the reserve wins, and pays the second or the reserve. Undefined: no bid is high enough. */
export function sellSecondPrice(bids: readonly Sale[], round: number, reserve: bigint): Sale | undefined {
  const rank = (bidder: Address) =>
    bytesToHex(keccak256(concatBytes(hexToBytes(bidder), new TextEncoder().encode(String(round)))))
  const [winner, second] = bids
    .filter(({ wei }) => wei >= reserve)
    .sort((a, b) => (a.wei === b.wei ? (rank(a.payer) > rank(b.payer) ? -1 : 1) : a.wei > b.wei ? -1 : 1))
  return winner && { payer: winner.payer, wei: second?.wei ?? reserve }
}
