/** How much the pool holds. geth's defaults (`--txpool.*`), counted in slots of 32 KiB. */
import type { PooledTransaction } from './transaction.ts'

export type PoolLimits = {
  /** Pending transactions every account may have, however full the pool. */
  readonly accountSlots: number
  /** Pending transactions of all accounts. */
  readonly globalSlots: number
  /** Queued transactions of one account. */
  readonly accountQueue: number
  /** Queued transactions of all accounts. */
  readonly globalQueue: number
  /** Queued transactions of an account that has been quiet for longer are dropped. Milliseconds. */
  readonly queuedLifetimeMs: number
  /** Recent blocks whose transactions can return after a reorg. */
  readonly reinjectBlocks: number
}

export const DEFAULT_POOL_LIMITS: PoolLimits = {
  accountSlots: 16,
  globalSlots: 4096 + 1024,
  accountQueue: 64,
  globalQueue: 1024,
  queuedLifetimeMs: 3 * 60 * 60 * 1000,
  // Not geth's (64): an L1 reorg takes away all L2 blocks of each of its blocks.
  reinjectBlocks: 1024,
}

/** Bytes of a slot. geth: txSlotSize. */
const SLOT_BYTES = 32 * 1024
/** Bytes of the largest transaction. geth: txMaxSize. */
export const TRANSACTION_BYTES_MAX = 4 * SLOT_BYTES

export function slotsOf(transaction: PooledTransaction): number {
  return Math.ceil(transaction.raw.length / SLOT_BYTES)
}
