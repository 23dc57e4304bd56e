/**
 * The nouns every rule family shares, and the family itself as a record of pure functions.
 *
 * A protocol never fetches, waits, reads a clock or throws on bad L1 data: bad data is a default source plus a named fault.
 * What a rule needs of L1 and of executed L2 state the driver hands over.
 */
import type { Address, Hash, Hex } from '../primitives/hex.ts'
import type { ForkName, RollupSpec } from '../spec/rollupSpec.ts'

/** What derivation uses of an L1 block. */
export type L1BlockRef = {
  readonly number: bigint
  readonly hash: Hash
  readonly parentHash: Hash
  /** Seconds. */
  readonly timestamp: bigint
  readonly stateRoot: Hash
}

/** A log of one of our contracts in a canonical L1 block, taken from a verified receipt or hash chain. */
export type L1Log = {
  readonly address: Address
  readonly topics: readonly Hash[]
  readonly data: Hex
  readonly blockNumber: bigint
  readonly blockHash: Hash
  readonly transactionHash: Hash
  /** Position in the block, over all its transactions. */
  readonly logIndex: number
}

/** Where a source's bytes lie. */
export type BlobSlice = {
  /** Versioned hashes, in order. */
  readonly blobHashes: readonly Hash[]
  /** Start in the concatenated decoded payloads, in bytes (not in raw blob bytes). */
  readonly offset: number
  /** Length in bytes, where the event says it (Ontake, Pacaya); Shasta's slice carries its own size, before Ontake it is all. */
  readonly size?: number
  /** L1 block time at which the blobs were posted, in seconds; their beacon slot follows from it. */
  readonly timestamp: bigint
  /**
   * Pacaya only: the earlier L1 block that carried the blobs, where the event names one. Its time is then not known here:
   * `timestamp` is the proposal's, and whoever fetches the blobs must look this block's up.
   */
  readonly createdInBlock?: bigint
}

/** One origin of transactions inside a proposal: forced inclusions first, the proposer's own last. */
export type DerivationSource = {
  readonly isForcedInclusion: boolean
  /** Without blob hashes the bytes are `calldata`. */
  readonly blobSlice: BlobSlice
  readonly calldata?: Uint8Array
  /** keccak256 of `calldata` where the event has no more of it than that: whoever decodes the source must find it first. */
  readonly calldataHash?: Hash
}

/** One accepted proposal, whatever its fork named it (block, batch or proposal). */
export type Proposal = {
  readonly fork: ForkName
  /** Block id (Ontake and before), batch id (Pacaya) or proposal id (Shasta). */
  readonly id: bigint
  readonly proposer: Address
  /** Timestamp of the L1 block that holds the event, in seconds. */
  readonly timestamp: bigint
  /** Shasta: the L1 block before the event's. Older: the anchor block the event names. */
  readonly originBlockNumber: bigint
  readonly originBlockHash: Hash
  /** Share of the base fee that goes to the coinbase, percent in [0, 100]. */
  readonly basefeeSharingPctg: number
  readonly sources: readonly DerivationSource[]
  /** Proposal hash (Shasta) or meta hash (older). */
  readonly hash: Hash
  /** Shasta only: each proposal names its parent, which makes history a hash chain. */
  readonly parentHash?: Hash
  readonly l1: {
    readonly blockNumber: bigint
    readonly blockHash: Hash
    readonly transactionHash: Hash
    readonly logIndex: number
  }
  /** Fork-specific parts of the event, read only by the fork's own functions. */
  readonly details: unknown
}

/** A transaction as its proposer listed it; whether it executes is the filter's decision. */
export type ListedTransaction = {
  /** EIP-2718 bytes (legacy: the RLP list). Not yet known to be a valid transaction. */
  readonly raw: Uint8Array
  /** Where it stood in the inflated payload of its source, in bytes; for provenance. */
  readonly offset: number
}

/** A block as the source asks for it, before the rules look at it. */
export type ManifestBlock = {
  /** Seconds. */
  readonly timestamp: bigint
  readonly coinbase: Address
  readonly anchorBlockNumber: bigint
  /** Shasta: without the anchor transaction's gas. */
  readonly gasLimit: bigint
  readonly transactions: readonly ListedTransaction[]
}

/** Why a source (or its content) was replaced by the default. Each name has a rule in docs/derivation.md and a test. */
export type SourceFault = {
  readonly name: string
  /** Rule number in docs/derivation.md, such as `D-12`. */
  readonly rule: string
  readonly detail: string
}

/** A source after decoding. A fault means the content is the default; bytes that are merely not there yet never get here. */
export type DecodedSource = {
  readonly blocks: readonly ManifestBlock[]
  readonly fault?: SourceFault
}

/** A source after validation against its parent: what will be built, in order. */
export type CheckedSource = {
  readonly blocks: readonly ManifestBlock[]
  readonly fault?: SourceFault
}

/** What a rule may know of the L2 block before. Rolling: the previous block of the same source, or of the one before. */
export type ParentContext = {
  readonly number: bigint
  readonly hash: Hash
  readonly timestamp: bigint
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  readonly baseFeePerGas: bigint
  readonly difficulty: bigint
  /** Timestamp of the block before the parent, in seconds; 0 for genesis. */
  readonly grandparentTimestamp: bigint
  /** Newest L1 block the chain has been told about. */
  readonly anchorBlockNumber: bigint
  /** Nonce of the golden-touch account in the parent's state. */
  readonly anchorNonce: bigint
  /** Older base-fee curve: storage slot 253 of the anchor contract in the parent's state, as one word. */
  readonly feeSlot?: bigint
  /** Before Ontake: the base fee the anchor contract asks of the next block, from the parent's state. Wei per gas. */
  readonly contractBaseFee?: bigint
}

/** Everything that fixes an L2 block except what execution finds out. */
export type PayloadAttributes = {
  readonly fork: ForkName
  readonly number: bigint
  readonly parentHash: Hash
  readonly coinbase: Address
  /** Including the anchor transaction's gas. */
  readonly gasLimit: bigint
  /** Seconds. */
  readonly timestamp: bigint
  readonly mixHash: Hash
  readonly extraData: Uint8Array
  /** Wei per gas. */
  readonly baseFeePerGas: bigint
  /** Percent of the base fee that the coinbase receives; the treasury gets the rest. */
  readonly basefeeSharingPctg: number
  readonly anchorBlockNumber: bigint
  /** Signed by the golden-touch key; always the block's first transaction. */
  readonly anchorTransaction: Uint8Array
  /** Listed, not filtered. */
  readonly transactions: readonly ListedTransaction[]
}

/** A rule family. Every function is pure and total on L1 data. */
export type Protocol = {
  /**
   * The proposal in a log. Null for a log that is none (another event, or the activation pseudo-proposal).
   * The contract's own encoder made the log, so bytes that are not its ABI mean a wrong address or our bug: CriticalError.
   */
  readonly decodeProposal: (input: {
    readonly spec: RollupSpec
    readonly log: L1Log
    readonly l1Block: L1BlockRef
  }) => Proposal | null
  /** Blobs are whole (131,072 bytes), verified and in the order of the slice's hashes. */
  readonly decodeSource: (input: {
    readonly spec: RollupSpec
    readonly proposal: Proposal
    readonly sourceIndex: number
    readonly blobs: readonly Uint8Array[]
  }) => DecodedSource
  readonly checkSource: (input: {
    readonly spec: RollupSpec
    readonly proposal: Proposal
    readonly sourceIndex: number
    readonly decoded: DecodedSource
    readonly parent: ParentContext
  }) => CheckedSource
  readonly buildAttributes: (input: {
    readonly spec: RollupSpec
    readonly proposal: Proposal
    /** Index of the block within the proposal, over all its sources. */
    readonly blockIndex: number
    readonly block: ManifestBlock
    readonly parent: ParentContext
    /** The canonical L1 block with number `block.anchorBlockNumber`. */
    readonly anchorBlock: L1BlockRef
  }) => PayloadAttributes
}
