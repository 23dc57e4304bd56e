/** A transaction as the pool keeps it. */
import type { Address, Hash } from '../../primitives/hex.ts'

export type PooledTransaction = {
  /** EIP-2718 bytes. */
  readonly raw: Uint8Array
  readonly hash: Hash
  readonly sender: Address
  readonly nonce: bigint
  /** Gas limit. */
  readonly gas: bigint
  /** Wei per gas. Before EIP-1559 both fees are the gas price. */
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  /** The most it can take from its sender, in wei: gas · maxFeePerGas + value, and what its blobs may cost. */
  readonly cost: bigint
  /** Order in which the pool saw it. */
  readonly arrival: number
}
