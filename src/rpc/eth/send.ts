/** `eth_sendRawTransaction` and the pool's figures. */
import { type Hash, toQuantity } from '../../primitives/hex.ts'
import { TransactionRejectedError } from '../../propose/pool/errors.ts'
import { RpcError } from '../errors.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { bytesParam } from '../params.ts'
import { requirePool, type TxPool } from '../pool.ts'
import { poolStatus } from '../schemas/state.ts'
import { hash } from '../schemas/words.ts'

export function sendMethods(pool: TxPool | undefined): Methods {
  return {
    eth_sendRawTransaction: defineMethod({
      cost: COST.call,
      summary: 'Takes a signed transaction into the pool; its hash.',
      params: { transaction: bytesParam },
      result: hash,
      handle: ({ transaction }) => send(requirePool(pool), transaction),
    }),
    txpool_status: defineMethod({
      cost: COST.constant,
      summary: 'How many transactions wait: executable ones, and those behind a gap.',
      params: {},
      result: poolStatus,
      handle: () => {
        const { pending, queued } = pool?.status() ?? { pending: 0, queued: 0 }
        return { pending: toQuantity(pending), queued: toQuantity(queued) }
      },
    }),
  }
}

async function send(pool: TxPool, raw: Uint8Array): Promise<Hash> {
  try {
    return await pool.add(raw)
  } catch (error) {
    if (error instanceof TransactionRejectedError)
      throw new RpcError({ code: 'transactionRejected', message: error.message })
    throw error
  }
}
