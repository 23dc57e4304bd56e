/** What we know of L2: sealed blocks, the heads, and for every block where it came from. Written only by the driver. */
import type { BlockHeader } from '../primitives/header.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { Receipt } from '../primitives/receipt.ts'
import type { Withdrawal } from '../primitives/withdrawal.ts'
import type { L1BlockRef, SourceFault } from '../protocol/protocol.ts'
import type { ForkName } from '../spec/rollupSpec.ts'
import type { StoreTransaction } from '../store/store.ts'

export type BlockRef = { readonly number: bigint; readonly hash: Hash }

/** Four clocks, never blurred. Each is at or behind the one before it. */
export type Heads = {
  /** Last sealed block, preconfirmed or derived. */
  readonly latest: BlockRef
  /** Last block derived from L1. */
  readonly safe: BlockRef
  /** Last block derived from an L1 block that is final on the consensus layer. */
  readonly finalized: BlockRef
  /** Last block whose state is proven on L1; withdrawals up to it work. May move backwards when the inbox says so. */
  readonly executable: BlockRef
}

export type StoredTransaction = {
  readonly raw: Uint8Array
  readonly hash: Hash
  readonly sender: Address
  readonly to: Address | null
  readonly gasUsed: bigint
  readonly effectiveGasPrice: bigint
  readonly createdContract: Address | null
  readonly receipt: Receipt
  /** Index in the listed transactions of its block; undefined for the anchor transaction. */
  readonly listedIndex?: number
}

export type StoredBlock = {
  readonly hash: Hash
  readonly header: BlockHeader
  readonly transactions: readonly StoredTransaction[]
  /** Bytes of the block's RLP. */
  readonly size: number
  /** Blocks of a rollup have neither. */
  readonly ommers?: readonly BlockHeader[]
  readonly withdrawals?: readonly Withdrawal[]
}

/** Where a derived block came from. */
export type BlockOrigin = {
  readonly fork: ForkName
  readonly proposalId: bigint
  readonly sourceIndex: number
  readonly isForcedInclusion: boolean
  /** Position among the source's blocks. */
  readonly indexInSource: number
  /** The L1 block the anchor transaction told L2 about. */
  readonly anchorBlock: L1BlockRef
  /** For each listed transaction its start in the inflated payload of the source, in bytes, and its length. */
  readonly listed: readonly { readonly offset: number; readonly length: number }[]
  readonly dropped: readonly {
    readonly listedIndex: number
    readonly reason: string
    readonly rule: string
  }[]
}

/** What is said of a block that no proposal has brought yet: preconfirmed, and by L1 alone nothing so far. */
export type UnsafeOrigin = {
  readonly fork: ForkName
  /** Of the proposal that is to bring it. */
  readonly proposalId: bigint
  /** To come from the inbox's queue; always before the proposal's own blocks. */
  readonly isForcedInclusion: boolean
  readonly anchorBlock: L1BlockRef
}

/** A proposal as it was derived. */
export type StoredProposal = {
  readonly id: bigint
  readonly fork: ForkName
  readonly hash: Hash
  readonly proposer: Address
  readonly timestamp: bigint
  /** Timestamp of the last slot of the proposer's window, in seconds; absent where the schedule named none. */
  readonly windowEnd?: bigint
  readonly l1: {
    readonly blockNumber: bigint
    readonly blockHash: Hash
    readonly transactionHash: Hash
    readonly logIndex: number
  }
  /** First and last L2 block; a proposal always makes at least one. */
  readonly firstBlock: bigint
  readonly lastBlock: bigint
  readonly sources: readonly StoredSource[]
}

export type StoredSource = {
  readonly isForcedInclusion: boolean
  /** Forced inclusions only: timestamp of the L1 block that queued it, in seconds. */
  readonly savedAt?: bigint
  readonly blobHashes: readonly Hash[]
  /** Start in the concatenated decoded payloads, in bytes. */
  readonly offset: number
  readonly size?: number
  /** Present when the source, or its content, was replaced by the default. */
  readonly fault?: SourceFault
}

export type LogFilter = {
  readonly fromBlock: bigint
  readonly toBlock: bigint
  readonly addresses?: readonly Address[]
  /** By position; null matches anything, a list any of its members. At most four. */
  readonly topics?: readonly (readonly Hash[] | null)[]
}

export type FoundLog = {
  readonly blockNumber: bigint
  readonly blockHash: Hash
  readonly blockTimestamp: bigint
  readonly transactionHash: Hash
  readonly transactionIndex: number
  /** Position in the block, over all its transactions. */
  readonly logIndex: number
  readonly address: Address
  readonly topics: readonly Hash[]
  readonly data: Uint8Array
}

export type ChainReader = {
  /** As of the last commit. */
  heads(): Heads
  blockByNumber(number: bigint): Promise<StoredBlock | undefined>
  blockByHash(hash: Hash): Promise<StoredBlock | undefined>
  headerByNumber(number: bigint): Promise<{ hash: Hash; header: BlockHeader } | undefined>
  /**
   * The oldest block that is there: genesis, or the block of the snapshot that the chain began with. Of a few before that `headerByNumber` and
   * `hashes` still know. Absent: genesis.
   */
  firstBlock?(): Promise<bigint>
  /** Hashes of blocks `from` to `to`, both included, as far as they exist; in order. */
  hashes(from: bigint, to: bigint): Promise<readonly BlockRef[]>
  blockNumberOf(hash: Hash): Promise<bigint | undefined>
  /** Position of a transaction in the canonical chain. */
  transactionPosition(
    hash: Hash,
  ): Promise<{ readonly blockNumber: bigint; readonly index: number } | undefined>
  /** Logs in order. Throws LogLimitError past `limit` logs. */
  logs(filter: LogFilter, limit: number): Promise<readonly FoundLog[]>
  /** Undefined for blocks after `safe`, and genesis. */
  origin(blockNumber: bigint): Promise<BlockOrigin | undefined>
  /** Of a block after `safe`. */
  unsafeOrigin(blockNumber: bigint): Promise<UnsafeOrigin | undefined>
  /**
   * The newest with this id. Ids begin anew with a fork that counts otherwise, so of a block's origin it is asked for with `ofBlock`: the one
   * that made that block.
   */
  proposal(id: bigint, ofBlock?: bigint): Promise<StoredProposal | undefined>
  /** Called after each commit; `removed` are blocks a reorg took away, newest first. Returns the unsubscribe function. */
  onChange(listener: (change: ChainChange) => void): () => void
}

export type ChainChange = {
  readonly removed: readonly BlockRef[]
  readonly added: readonly BlockRef[]
  readonly heads: Heads
}

/** The driver's half; every write happens in the caller's transaction and becomes visible with `settle`. */
export type Chain = ChainReader & {
  /** In order, on top of what is there; genesis has no origin. */
  append(
    transaction: StoreTransaction,
    blocks: readonly { readonly block: StoredBlock; readonly origin: BlockOrigin | undefined }[],
  ): Promise<void>
  appendUnsafe(transaction: StoreTransaction, block: StoredBlock, origin: UnsafeOrigin): Promise<void>
  /** L1 has brought blocks that were appended unsafe, perhaps among listed transactions that execution drops. They follow one another. */
  settleUnsafe(
    transaction: StoreTransaction,
    blocks: readonly { readonly block: StoredBlock; readonly origin: BlockOrigin }[],
  ): Promise<void>
  writeProposal(transaction: StoreTransaction, proposal: StoredProposal): Promise<void>
  setHeads(transaction: StoreTransaction, heads: Heads): Promise<void>
  /** Deletes blocks above `number` with everything that hangs on them. */
  truncate(transaction: StoreTransaction, number: bigint): Promise<void>
  settle(): void
  discard(): void
}
