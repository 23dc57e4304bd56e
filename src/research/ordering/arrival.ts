/** When transactions arrived, as nobody wrote down: a choice among models, whose influence is always shown. */
import { defined } from '../../primitives/assert.ts'
import type { History, PastTransaction } from './history.ts'
import type { OrderableTransaction, OrderingContext } from './rule.ts'

export const ARRIVAL_MODELS = ['publication', 'position', 'jitter', 'first-seen'] as const
export type ArrivalModel = (typeof ARRIVAL_MODELS)[number]

export const ARRIVAL_DEFINITIONS: Readonly<Record<ArrivalModel, string>> = {
  publication:
    'L1 publication order alone: the transactions of a proposal (or batch) arrived one after the other, evenly over the time it covers, but none after its own block.',
  position:
    'The latest moment there is: just before the end of its own block. Delays by it are lower bounds.',
  jitter:
    'As position, but earlier by an exponentially distributed time of the given mean, drawn for each transaction from the seed.',
  'first-seen':
    'When the node first had it in its pool, or was asked about it; as position where it never was, and never after its own block.',
}

export function arrive(
  history: History,
  model: ArrivalModel,
  { draw, jitterMs }: { readonly draw: OrderingContext['draw']; readonly jitterMs: number },
): readonly OrderableTransaction[] {
  const latest = ({ canonicalSlot }: PastTransaction) =>
    defined(history.slots[canonicalSlot], 'the slot of a transaction').endMs - 1
  const arrivalOf = {
    publication: publicationTimes(history),
    position: latest,
    jitter: jitterTimes(draw, jitterMs, latest),
    'first-seen': ({ firstSeenMs, ...transaction }: PastTransaction) => firstSeenMs ?? latest(transaction),
  }[model]
  return history.transactions.map(({ firstSeenMs, ...transaction }) => {
    const seen = arrivalOf({ ...transaction, ...(firstSeenMs !== undefined && { firstSeenMs }) })
    return { ...transaction, arrivalMs: Math.max(0, Math.min(seen, latest(transaction))) }
  })
}

function publicationTimes({ transactions, slots, publicationOf }: History) {
  const counts = new Map<number, number>()
  const places = new Map<number, number>()
  const keyOf = ({ canonicalSlot }: PastTransaction) =>
    defined(publicationOf[canonicalSlot], 'the publication of a slot').first
  for (const transaction of transactions) {
    const key = keyOf(transaction)
    const place = counts.get(key) ?? 0
    places.set(transaction.canonicalIndex, place)
    counts.set(key, place + 1)
  }
  return (transaction: PastTransaction) => {
    const { first, last } = defined(publicationOf[transaction.canonicalSlot], 'the publication of a slot')
    const [start, end] = [slots[first]?.startMs ?? 0, slots[last]?.endMs ?? 0]
    const place = places.get(transaction.canonicalIndex) ?? 0
    return start + Math.floor(((end - start) * place) / (counts.get(first) ?? 1))
  }
}

function jitterTimes(
  draw: OrderingContext['draw'],
  meanMs: number,
  latest: (transaction: PastTransaction) => number,
) {
  // Drawn in canonical order, when the first is asked for.
  let next: (() => number) | undefined
  return (transaction: PastTransaction) => {
    next ??= draw('arrival')
    return latest(transaction) - Math.floor(-Math.log(1 - next()) * meanMs)
  }
}
