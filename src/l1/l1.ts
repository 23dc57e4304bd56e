/** L1 as derivation sees it: a stream of verified blocks with our logs, their headers, and verified blobs. */
import type { BlockHeader } from '../primitives/header.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { BlobSlice, L1BlockRef, L1Log } from '../protocol/protocol.ts'

export type L1Position = { readonly number: bigint; readonly hash: Hash }

/** One verified step along the canonical L1 chain. */
export type L1Event =
  | {
      readonly type: 'block'
      readonly block: L1Header
      /** Logs of our contracts in this block, complete and in order. What is proven of old ones: HistoryProof in createL1.ts. */
      readonly logs: readonly L1Log[]
      /** Slots without a block between this one and its parent; absent where the parent was not read. */
      readonly missedSlots?: number
    }
  /** The chain no longer contains the cursor: continue from `ancestor`, the newest of the asked positions still canonical. */
  | { readonly type: 'reorg'; readonly ancestor: L1Position }
  /** Final on the consensus layer, by its checkpoint, never by counting blocks. */
  | { readonly type: 'finalized'; readonly block: L1Position }
  /** The stream has reached the head it follows; more will come. */
  | { readonly type: 'caughtUp'; readonly head: L1Position }

export type L1Header = L1BlockRef & { readonly header: BlockHeader }

/** On whose word the canonical head rests. */
export type HeadTrust = 'consensus-finalized' | 'trusted-hash' | 'provider-quorum' | 'single-provider'

export type L1Status = {
  readonly head?: L1Position
  readonly finalized?: L1Position
  readonly trust: HeadTrust
  readonly providers: readonly {
    readonly name: string
    readonly demotions: number
    readonly lastError?: string
  }[]
}

export type FollowInput = {
  readonly cursor: L1Position
  readonly knownAncestors: () => Promise<readonly L1Position[]>
  /** The newest L1 block the caller holds for final: a reorg below it stops the node. */
  readonly finalized?: L1Position
  readonly signal: AbortSignal
}

export type L1TransactionPlace = {
  readonly hash: Hash
  readonly blockNumber: bigint
  readonly blockHash: Hash
}

/** What a transaction calls. */
export type L1Call = {
  /** Null creates a contract. */
  readonly to: Address | null
  readonly input: Uint8Array
}

export type L1 = {
  /**
   * The block before `firstBlock`: where a cursor begins. By default before the first block that can hold an event of ours.
   * TemporaryError while it is not to be had.
   */
  start(signal?: AbortSignal, firstBlock?: bigint): Promise<L1Position>
  /** The head, asked now; `status` has one from then on. TemporaryError while no provider, or no quorum of them, names it. */
  newest(signal?: AbortSignal): Promise<L1Position>
  /**
   * Steps from the block after `cursor`. `knownAncestors` are older canonical positions, newest first, to name in a reorg event.
   * Ends only by the signal or by an error; after an error it is rebuilt, not repaired.
   */
  follow(input: FollowInput): AsyncGenerator<L1Event>
  /** The ancestor with `number` of the block `descendant`, linked by hashes; block 0 of an old L1 by what every provider says. */
  ancestor(descendant: L1Position, number: bigint, signal?: AbortSignal): Promise<L1Header>
  /**
   * A transaction of a block, by hash: its fields hash to it, so they are as true as the hash is. TemporaryError while no
   * provider has it.
   */
  transaction(at: L1TransactionPlace, signal?: AbortSignal): Promise<L1Call>
  /** Whole blobs in the order of the slice, each verified against its versioned hash. BlobUnavailableError is temporary. */
  blobs(slice: BlobSlice, signal?: AbortSignal): Promise<readonly Uint8Array[]>
  status(): L1Status
  close(): Promise<void>
}
