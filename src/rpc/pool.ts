/** What the RPC needs of a transaction pool; the pool itself lives with the proposer. */
import type { Address, Hash } from '../primitives/hex.ts'

export type TxPool = {
  /** Takes a signed transaction (EIP-2718 bytes) and answers its hash. Throws the pool's TransactionRejectedError when it may not enter. */
  add(raw: Uint8Array): Promise<Hash>
  get(hash: Hash): PooledTransaction | undefined
  /** The nonce after the sender's executable pooled transactions; undefined when none is pooled. */
  pendingNonce(sender: Address): bigint | undefined
  status(): { readonly pending: number; readonly queued: number }
}

export type PooledTransaction = { readonly raw: Uint8Array; readonly hash: Hash; readonly sender: Address }
