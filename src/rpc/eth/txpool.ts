/** `txpool_`: what waits, as geth shows it. https://geth.ethereum.org/docs/interacting-with-geth/rpc/ns-txpool */
import { z } from 'zod'
import { type Address, toQuantity } from '../../primitives/hex.ts'
import { type Json, pendingTransactionJson } from '../json.ts'
import { COST } from '../limits.ts'
import { defineMethod, type Methods } from '../method.ts'
import { addressParam } from '../params.ts'
import type { PoolContent, TxPool } from '../pool.ts'
import { poolStatus } from '../schemas/state.ts'
import { transaction } from '../schemas/transaction.ts'

/** Nonces are decimal here, alone in all of JSON-RPC. */
const byNonce = z.record(z.string().regex(/^[0-9]+$/), transaction)
const byAddress = z.record(z.string(), byNonce)
const linesByAddress = z.record(z.string(), z.record(z.string().regex(/^[0-9]+$/), z.string()))
const NOTHING: PoolContent = { pending: [], queued: [] }

export function txpoolMethods({ pool }: { readonly pool?: TxPool }): Methods {
  const content = () => pool?.content() ?? new Map<Address, PoolContent>()
  return {
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
    txpool_content: defineMethod({
      cost: COST.logs,
      summary: 'The transactions that wait, by sender and nonce.',
      params: {},
      result: z.strictObject({ pending: byAddress, queued: byAddress }),
      handle: () => bySender(content(), pendingTransactionJson),
    }),
    txpool_contentFrom: defineMethod({
      cost: COST.proof,
      summary: 'The transactions of one sender that wait, by nonce.',
      params: { address: addressParam },
      result: z.strictObject({ pending: byNonce, queued: byNonce }),
      handle: ({ address }) => {
        const { pending, queued } = pool?.contentOf(address) ?? NOTHING
        return {
          pending: nonces(pending, pendingTransactionJson),
          queued: nonces(queued, pendingTransactionJson),
        }
      },
    }),
    txpool_inspect: defineMethod({
      cost: COST.logs,
      summary: 'The transactions that wait, a line of text each, by sender and nonce.',
      params: {},
      result: z.strictObject({ pending: linesByAddress, queued: linesByAddress }),
      handle: () => bySender(content(), inspect),
    }),
  }
}

type Waiting = PoolContent['pending'][number]
type ByNonce<T> = Readonly<Record<string, T>>

function bySender<T>(content: ReadonlyMap<Address, PoolContent>, show: (transaction: Waiting) => T) {
  const part = (name: keyof PoolContent): Record<Address, ByNonce<T>> =>
    Object.fromEntries(
      [...content]
        .filter(([, transactions]) => transactions[name].length > 0)
        .map(([sender, transactions]) => [sender, nonces(transactions[name], show)]),
    )
  return { pending: part('pending'), queued: part('queued') }
}

function nonces<T>(transactions: readonly Waiting[], show: (transaction: Waiting) => T): ByNonce<T> {
  return Object.fromEntries(
    transactions.map((transaction) => [transaction.nonce.toString(), show(transaction)]),
  )
}

/** geth's words. */
function inspect(transaction: Waiting): string {
  const { to, value, gas, gasPrice } = pendingTransactionJson(transaction) as Json & Record<string, string>
  const decimal = (quantity: string | undefined) => BigInt(quantity ?? 0).toString()
  const recipient = to ?? 'contract creation'
  return `${recipient}: ${decimal(value)} wei + ${decimal(gas)} gas × ${decimal(gasPrice)} wei`
}
