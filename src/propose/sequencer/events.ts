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
  /**
   * Signed, its draft on the disk: to be published once its signature is there as well, which `kept` says. The latest block in a moment,
   * unless something comes first.
   */
  | {
      readonly type: 'signed'
      readonly block: SealedBlock
      readonly frags: number
      readonly kept: Promise<void>
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
  /** `needsLanding`: nothing else will be signed on this parent until L1 has moved on by a block that nobody promised. */
  | { readonly type: 'refused'; readonly reason: string; readonly needsLanding: boolean }

/** Handed in by preconf/: the guard behind a key. */
export type SealSigner = (commitment: BlockCommitment) => Promise<SealAnswer>

export type IncludeResult =
  | {
      readonly type: 'included'
      readonly number: bigint
      readonly parentHash: Hash
      /** Position in the block. */
      readonly index: number
      /** Logs of the block before the transaction's own. */
      readonly firstLogIndex: number
      readonly transaction: ExecutedTransaction
      /** Timestamp of the window's last slot, in seconds. */
      readonly windowEnd: bigint
      /** Resolves once all that the block holds up to here is on disk: promise nothing before. Rejects if it cannot be kept. */
      readonly kept: Promise<void>
    }
  /** `later`: not in this block, but it may be in another one. */
  | { readonly type: 'refused' | 'later'; readonly reason: string }

/** A promise about a block, by whomever. */
export type KnownCommitment = { readonly hash: Hash; readonly commitment: BlockCommitment }

/** Of the block that was promised under a hash: of our own and of other sequencers' that were taken. */
export type CommitmentOf = (blockHash: Hash) => Promise<KnownCommitment | undefined>

/** The block under way, by its place. */
export type BuildPosition = { readonly number: bigint; readonly parentHash: Hash }

/** What had been kept of a block under way. */
export type ResumableBlock = {
  readonly metadata: UnsafeMetadata
  /** Seconds. */
  readonly windowEnd: bigint
  readonly isEndOfWindow: boolean
  /** It was to take no more: it is sealed as it was kept. */
  readonly isClosed: boolean
  /** Listed ones, in order. */
  readonly transactions: readonly Uint8Array[]
  /** Transactions in each frag that was begun to be published, in order of the sequence; together at most `transactions`. */
  readonly frags: readonly number[]
}

/**
 * What outlives a stop of a block under way. Each call is durable when it resolves, and harmless when it is made again with the same
 * content. Calls for a block are made one at a time; the next one may be opened while a block is closed, drafted and sealed. Opening a block anew at the same place replaces what was kept there.
 */
export type BuildJournal = {
  opened(
    block: BuildPosition & {
      readonly metadata: UnsafeMetadata
      readonly windowEnd: bigint
      readonly isEndOfWindow: boolean
    },
  ): Promise<void>
  /** Transactions that the block holds; `from` is the index of the first among the listed ones. */
  added(
    block: BuildPosition & { readonly from: number; readonly transactions: readonly Uint8Array[] },
  ): Promise<void>
  /** A frag is about to be published; its transactions may have been `added` before. */
  frag(
    frag: BuildPosition & {
      readonly sequence: number
      readonly from: number
      readonly transactions: readonly Uint8Array[]
    },
  ): Promise<void>
  /**
   * The block takes no more: what was kept of it, the last frag included, is all of it, and makes it again to the last bit. Before its
   * signature is asked for.
   */
  closed(
    block: BuildPosition & {
      readonly isEndOfWindow: boolean
      /** Of what was in no frag so far. */
      readonly lastFrag?: {
        readonly sequence: number
        readonly from: number
        readonly transactions: readonly Uint8Array[]
      }
    },
  ): Promise<void>
  /** The whole block, with its hash and commitment, before its signature is of any use to anybody. */
  draft(block: Omit<SealedBlock, 'signature' | 'commitmentHash'>): Promise<void>
  sealed(block: SealedBlock): Promise<void>
  /** The block under way on this parent, as long as no draft of it was kept. */
  resume(parentHash: Hash): Promise<ResumableBlock | undefined>
  /** Of a block of ours that was opened on this parent, whatever became of it: what was said of it keeps another from being heard. */
  begun(parentHash: Hash): Promise<UnsafeMetadata | undefined>
}

/** What the rest of the node may ask of a sequencer. */
export type SequencerFace = {
  /** The block under way on the latest one; undefined outside our window and between blocks. */
  pending(): PendingBlock | undefined
  /** The newest block that there is anything of: one begun on a block that is about to be the latest comes before `pending`. */
  newest(): PendingBlock | undefined
  /** Executes a transaction in the block under way, at once. */
  include(raw: Uint8Array): Promise<IncludeResult>
  onEvent(listener: (event: BuildEvent) => void): () => void
}
