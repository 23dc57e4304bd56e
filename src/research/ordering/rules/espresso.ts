/** Espresso's shared sequencer: a builder fills the block, and each rollup reads its own part of it. */
import type { OrderableTransaction, OrderingRule } from '../rule.ts'
import { byArrival, byTip, fillSlots } from '../slots.ts'
import { createRoundRobin } from './roundRobin.ts'

export const espresso: OrderingRule = {
  id: 'espresso',
  title: 'Shared sequencer, Espresso',
  definition:
    'Leader of a view: round robin by stake. Within: the builder’s order (as it arrived, or highest tip first with greedy=1), each rollup’s transactions together, rollups in the order of their first transaction.',
  source: 'Espresso HotShot (namespaced block payloads, leader and builder)',
  isRandom: false,
  parameters: [
    { name: 'greedy', default: 0, definition: '0: the builder takes what came first; 1: what pays most.' },
  ],
  order(transactions, context) {
    const nextLeader = createRoundRobin(context.sequencers)
    const policy = context.parameter('greedy') === 1 ? byTip : byArrival
    return fillSlots(transactions, context, {
      turnOf: () => ({ sequencer: nextLeader() }),
      arrange: (ready) => joinNamespaces([...ready].sort(policy)),
    })
  },
}

function joinNamespaces(built: readonly OrderableTransaction[]): readonly OrderableTransaction[] {
  const parts = new Map<string, OrderableTransaction[]>()
  for (const transaction of built) {
    const { namespace = '' } = transaction
    const part = parts.get(namespace)
    if (part) part.push(transaction)
    else parts.set(namespace, [transaction])
  }
  return [...parts.values()].flat()
}
