/** Whoever's proposal lands on L1 has ordered it: the based rule without turns. */
import type { OrderableTransaction, OrderingRule } from '../rule.ts'
import { firstNonces } from '../slots.ts'

export const totalAnarchy: OrderingRule = {
  id: 'total-anarchy',
  title: 'Based, total anarchy',
  definition:
    'L1 inclusion order: of each proposal in the order of its L1 transaction, the transactions in the order of its list. A nonce that was used before is left out, as is whatever did not execute in this order.',
  source: 'Taiko (before its preconfirmation whitelist), Surge; the rollup’s own derivation',
  isRandom: false,
  parameters: [],
  order(transactions, { slots }) {
    const nextNonces = firstNonces(transactions)
    const bySlot = new Map<number, OrderableTransaction[]>()
    for (const transaction of [...transactions].sort((a, b) => a.canonicalIndex - b.canonicalIndex)) {
      const { sender, nonce, canonicalSlot, isDropped } = transaction
      if (isDropped) continue
      if (nonce < (nextNonces.get(sender) ?? nonce)) continue
      nextNonces.set(sender, nonce + 1n)
      const slot = bySlot.get(canonicalSlot)
      if (slot) slot.push(transaction)
      else bySlot.set(canonicalSlot, [transaction])
    }
    return slots.map(({ index, proposer }) => ({
      slot: index,
      ...(proposer !== undefined && { sequencer: proposer }),
      transactions: bySlot.get(index) ?? [],
    }))
  },
}
