/** `eth_sendRawTransaction`, and the same with the receipt as its answer. */
import { z } from 'zod'
import type { Hash } from '../../primitives/hex.ts'
import { TransactionRejectedError } from '../../propose/pool/errors.ts'
import { blobBaseFeeOf } from '../blobFee.ts'
import type { RpcDeps } from '../deps.ts'
import { RpcError } from '../errors.ts'
import { type Json, receiptJsonAt } from '../json.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { bytesParam, indexParam } from '../params.ts'
import { requirePool, type TxPool } from '../pool.ts'
import { receipt } from '../schemas/receipt.ts'
import { hash } from '../schemas/words.ts'

const timeoutParam = z
  .union([indexParam, z.number().int().nonnegative()], { error: 'a number of milliseconds wanted' })
  .optional()
  .transform((timeout) => Math.min(timeout || SYNC_TIMEOUT_MS, SYNC_TIMEOUT_MAX_MS))

/** How long a caller waits for a receipt by default, and at most, in milliseconds. EIP-7966. */
const SYNC_TIMEOUT_MS = 20_000
const SYNC_TIMEOUT_MAX_MS = 60_000

export function sendMethods(deps: Pick<RpcDeps, 'execution' | 'chain' | 'pool'>): Methods {
  const { pool } = deps
  return {
    eth_sendRawTransaction: defineMethod({
      cost: COST.call,
      summary: 'Takes a signed transaction into the pool; its hash.',
      params: { transaction: bytesParam },
      result: hash,
      handle: ({ transaction }) => send(requirePool(pool), transaction),
    }),
    eth_sendRawTransactionSync: defineMethod({
      cost: COST.logs,
      summary: 'Takes a signed transaction into the pool, and answers its receipt once a block has it.',
      params: { transaction: bytesParam, timeoutMs: timeoutParam },
      result: receipt,
      handle: async ({ transaction, timeoutMs }, { signal }) => {
        const hash = await send(requirePool(pool), transaction)
        return waitForReceipt(deps, hash, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]))
      },
    }),
  }
}

/** Throws EIP-7966's error, which names the transaction, when it is in no block by then. */
async function waitForReceipt(
  deps: Pick<RpcDeps, 'execution' | 'chain'>,
  hash: Hash,
  signal: AbortSignal,
): Promise<Json> {
  for (;;) {
    let wake = () => {}
    const changed = new Promise<void>((resolve) => {
      wake = resolve
    })
    const unsubscribe = deps.chain.onChange(wake)
    signal.addEventListener('abort', wake, { once: true })
    try {
      const found = await findReceipt(deps, hash)
      if (found !== null) return found
      if (signal.aborted)
        throw new RpcError({
          code: 'notIncludedYet',
          message: 'no block has the transaction yet',
          data: hash,
        })
      await changed
    } finally {
      unsubscribe()
      signal.removeEventListener('abort', wake)
    }
  }
}

async function findReceipt(
  { chain, execution }: Pick<RpcDeps, 'execution' | 'chain'>,
  hash: Hash,
): Promise<Json | null> {
  const position = await chain.transactionPosition(hash)
  const block = position && (await chain.blockByNumber(position.blockNumber))
  // A reorg between the two reads leaves the position pointing at another transaction.
  if (position === undefined || block?.transactions[position.index]?.hash !== hash) return null
  return receiptJsonAt(block, position.index, blobBaseFeeOf(execution, block.header))
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
