/** What a sequencer says while it builds, and whom it asks for a signature: the joint to preconf/, which signs, keeps and publishes. */

import type { UnsafeMetadata } from '../../derive/unsafe.ts'
import type { ExecutedTransaction, PendingBlock } from '../../engine/engine.ts'
import type { BlockHeader } from '../../primitives/header.ts'
import type { Hash, Hex } from '../../primitives/hex.ts'
import type { BlockCommitment } from '../../promise/blockCommitment.ts'

/** A sealed block as it is published: whoever has its parent makes it again. */
export type SealedBlock = {
  readonly metadata: UnsafeMetadata
  /** Listed ones, the anchor transaction left out. */
  readonly transactions: readonly Uint8Array[]
  readonly hash: Hash
  readonly header: BlockHeader
  readonly commitment: BlockCommitment
  readonly commitmentHash: Hash
  /** r ‖ s ‖ v. */
  readonly signature: Hex
}

export type BuildEvent =
  /** A block is begun; its anchor transaction is in. */
  | {
      readonly type: 'opened'
      readonly number: bigint
      readonly parentHash: Hash
      readonly metadata: UnsafeMetadata
      readonly pending: PendingBlock
    }
  /** The transactions added since the last one; never empty. */
  | {
      readonly type: 'frag'
      readonly number: bigint
      readonly parentHash: Hash
      readonly sequence: number
      readonly transactions: readonly ExecutedTransaction[]
    }
  /** Signed, and the latest block. */
  | { readonly type: 'sealed'; readonly block: SealedBlock; readonly frags: number }
  /** It will not be: the chain moved, or the guard refused. */
  | {
      readonly type: 'abandoned'
      readonly number: bigint
      readonly parentHash: Hash
      readonly reason: string
    }

export type SealAnswer =
  | { readonly type: 'signed'; readonly hash: Hash; readonly signature: Hex }
  | { readonly type: 'refused'; readonly reason: string }

/** Handed in by preconf/: the guard behind a key. */
export type SealSigner = (commitment: BlockCommitment) => Promise<SealAnswer>

export type IncludeResult =
  | {
      readonly type: 'included'
      readonly number: bigint
      readonly parentHash: Hash
      /** Position in the block. */
      readonly index: number
      readonly transaction: ExecutedTransaction
      /** Timestamp of the window's last slot, in seconds. */
      readonly windowEnd: bigint
    }
  /** `later`: not in this block, but it may be in another one. */
  | { readonly type: 'refused' | 'later'; readonly reason: string }

/** What the rest of the node may ask of a sequencer. */
export type SequencerFace = {
  /** The block under way; undefined outside our window and between blocks. */
  pending(): PendingBlock | undefined
  /** Executes a transaction in the block under way, at once. */
  include(raw: Uint8Array): Promise<IncludeResult>
  onEvent(listener: (event: BuildEvent) => void): () => void
}
