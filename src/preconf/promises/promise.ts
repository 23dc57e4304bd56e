/** A promise as the book keeps it: what was signed for whom, and what came of it. */
import type { BlockRef } from '../../chain/chain.ts'
import type { L1Position } from '../../l1/l1.ts'
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import type { Commitment } from '../../promise/commitment.ts'

/** Why a promise was not kept. */
export type BreakReason =
  /** The L1 slot of the window's owner stayed empty, so nothing could land in time. */
  | 'missedSlot'
  /** It had landed, and a reorganisation of L1 took it away. */
  | 'l1Reorg'
  /** The signer promised, or landed, something else at the same place. */
  | 'equivocation'
  /** It landed as promised, after its time. */
  | 'late'
  /** Somebody else's block took the place, or that of its parent. */
  | 'otherBlock'
  /** Its time passed and nothing came. */
  | 'notIncluded'

/** Which L2 block it came to be in, and the L1 block that brought that one. */
export type Landing = { readonly block: BlockRef; readonly l1: L1Position }

/** `isFinal` is false while a reorganisation of L1 can still change it. */
export type Settlement =
  | { readonly outcome: 'pending' }
  | ({ readonly outcome: 'kept'; readonly isFinal: boolean } & Partial<Landing>)
  | ({
      readonly outcome: 'broken'
      readonly isFinal: boolean
      readonly reason: BreakReason
      /** Who broke it, where that is known: the signer, or whoever proposed what came instead. */
      readonly by?: Address
    } & Partial<Landing>)
  /** Nothing is owed any more: by the end of the window the transaction could not be executed (nonce used, money gone, fee cap too low). */
  | { readonly outcome: 'expired'; readonly isFinal: boolean }

export type Outcome = Settlement['outcome']

export type NewPromise = {
  /** What is signed: the hash of the commitment. */
  readonly hash: Hash
  readonly commitment: Commitment
  readonly signer: Address
  /** This node's own key. */
  readonly isOurs: boolean
  /** When it was asked for, or a block commitment heard of; milliseconds since 1970. */
  readonly requestedAt: number
  /** Last L1 slot in which it may be kept. */
  readonly slot: bigint
  /** Timestamp of that slot, in seconds. */
  readonly deadline: bigint
  /** Timestamp of the last slot of the signer's window, in seconds. */
  readonly windowEnd: bigint
  /** Of types 1, 4 and 5. */
  readonly transactionHash?: Hash
  readonly sender?: Address
  /** Of types 2 and 5, the place in the chain. */
  readonly blockNumber?: bigint
  readonly parentHash?: Hash
  /** Of type 5: as `eth_getTransactionReceipt` answers it, for a block without a hash so far. */
  readonly receipt?: unknown
  /** Known at once for a promise that was heard of. */
  readonly signature?: Hex
}

export type StoredPromise = NewPromise & {
  /** When it was signed; milliseconds since 1970. */
  readonly answeredAt?: number
  /** It was in the chain before, and a reorganisation of L1 took it away. */
  readonly hadLanded: boolean
  readonly settlement: Settlement
}
