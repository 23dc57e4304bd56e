/** What the RPC needs of a transaction pool; the pool itself lives with the proposer. */
import type { Address, Hash } from '../primitives/hex.ts'
import { RpcError } from './errors.ts'

export type TxPool = {
  /** Takes a signed transaction (EIP-2718 bytes) and answers its hash. Throws the pool's TransactionRejectedError when it may not enter. */
  add(raw: Uint8Array): Promise<Hash>
  get(hash: Hash): PooledTransaction | undefined
  /** The nonce after the sender's executable pooled transactions; undefined when none is pooled. */
  pendingNonce(sender: Address): bigint | undefined
  /** Called with each transaction that becomes known; returns the unsubscribe function. */
  onAdded(listener: (transaction: PooledTransaction) => void): () => void
  status(): { readonly pending: number; readonly queued: number }
  /** By sender, each sender's by nonce: what could be in the next block, and what waits for an earlier nonce. */
  content(): ReadonlyMap<Address, PoolContent>
  contentOf(sender: Address): PoolContent
}

export type PoolContent = {
  readonly pending: readonly QueuedTransaction[]
  readonly queued: readonly QueuedTransaction[]
}

export type PooledTransaction = { readonly raw: Uint8Array; readonly hash: Hash; readonly sender: Address }
export type QueuedTransaction = PooledTransaction & {
  readonly nonce: bigint
  /** Wei per gas. */
  readonly maxFeePerGas: bigint
}

/** Throws the answer of a node that takes no transactions. */
export function requirePool(pool: TxPool | undefined): TxPool {
  if (pool !== undefined) return pool
  throw new RpcError({
    code: 'methodNotSupported',
    message: 'this node takes no transactions: it has no pool',
  })
}
