/** `eth_capabilities`: how far back each kind of answer reaches. https://github.com/ethereum/execution-apis, src/eth/capabilities.yaml. */
import { z } from 'zod'
import { NODE_WINDOW_BLOCKS_DEFAULT } from '../../engine/state/flatStateOnStore.ts'
import { maxBigint } from '../../primitives/bigint.ts'
import { toQuantity } from '../../primitives/hex.ts'
import type { RpcDeps } from '../deps.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { hash, quantity } from '../schemas/words.ts'

const resource = z
  .strictObject({
    disabled: z.boolean(),
    oldestBlock: quantity.optional(),
    deleteStrategy: z.strictObject({ type: z.literal('window'), retentionBlocks: quantity }).optional(),
  })
  .meta({ id: 'Capability' })

/** From genesis, or the block of the snapshot that the chain began with, everything is kept for ever but the tries of old blocks, without which there are no proofs (docs/state.md). */
export function capabilityMethods({
  chain,
  proofWindowBlocks = NODE_WINDOW_BLOCKS_DEFAULT,
}: Pick<RpcDeps, 'chain' | 'proofWindowBlocks'>): Methods {
  return {
    eth_capabilities: defineMethod({
      cost: COST.constant,
      summary:
        'From which block on the node answers about state, transactions, logs, receipts, blocks and proofs.',
      params: {},
      result: z.strictObject({
        head: z.strictObject({ number: quantity, hash }),
        ...{ state: resource, tx: resource, logs: resource, receipts: resource },
        ...{ blocks: resource, stateproofs: resource },
      }),
      handle: async () => {
        const { number, hash } = chain.heads().latest
        const first = (await chain.firstBlock?.()) ?? 0n
        const everything = { disabled: false, oldestBlock: toQuantity(first) }
        const window = BigInt(proofWindowBlocks)
        return {
          head: { number: toQuantity(number), hash },
          ...{
            state: everything,
            tx: everything,
            logs: everything,
            receipts: everything,
            blocks: everything,
          },
          stateproofs: {
            disabled: false,
            oldestBlock: toQuantity(maxBigint(first, number - window)),
            // The head, and as many behind it.
            deleteStrategy: { type: 'window', retentionBlocks: toQuantity(window + 1n) },
          },
        }
      },
    }),
  }
}
