/** One operator an epoch, who hands over before its end. */
import { defined } from '../../../primitives/assert.ts'
import type { Address } from '../../../primitives/hex.ts'
import type { OrderingRule } from '../rule.ts'
import { byTip, fillSlots, sortBy } from '../slots.ts'

export const whitelistRotation: OrderingRule = {
  id: 'whitelist-rotation',
  title: 'Whitelist rotation',
  definition:
    'One operator an epoch, drawn with equal chances; in the last handover-slots of an epoch the next one orders already. Epochs count from the beginning of the range; a slot belongs to the epoch in which it ends. Within: highest tip first.',
  source: 'Taiko PreconfWhitelist and Catalyst’s handover window',
  isRandom: true,
  parameters: [
    { name: 'epoch-ms', default: 384_000, definition: 'Length of an epoch, ms: 32 slots of 12 s.' },
    { name: 'handover-ms', default: 48_000, definition: 'Length of the handover window, ms: 4 slots.' },
  ],
  order(transactions, context) {
    const { sequencers, draw, parameter } = context
    const next = draw('whitelist-rotation')
    const operators: Address[] = []
    const operatorOf = (epoch: number): Address => {
      while (operators.length <= epoch)
        operators.push(defined(sequencers[Math.floor(next() * sequencers.length)], 'a sequencer').address)
      return defined(operators[epoch], 'the operator of an epoch')
    }
    // The last moment of the slot is in its epoch, and so is one that ends with it.
    const epochAt = (ms: number) => Math.floor((ms - 1 + parameter('handover-ms')) / parameter('epoch-ms'))
    return fillSlots(transactions, context, {
      turnOf: ({ endMs }) => ({ sequencer: operatorOf(epochAt(endMs)) }),
      arrange: sortBy(byTip),
    })
  },
}
