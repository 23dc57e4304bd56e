/** The commitments service: one implementation behind REST and JSON-RPC. preconf.md §1; docs/commitments.md. */
import type { Hash, Hex } from '../../primitives/hex.ts'
import type { CommitmentRequest, SignedCommitment } from '../../promise/commitment.ts'

export type CommitmentAnswer = {
  readonly signed: SignedCommitment
  /** Of an execution: as `eth_getTransactionReceipt` answers it, for a block without a hash so far. */
  readonly receipt?: unknown
}

export type SlotOffer = {
  readonly slot: bigint
  readonly offerings: readonly { readonly chainId: bigint; readonly commitmentTypes: readonly bigint[] }[]
}

export type FeeQuote = {
  readonly commitmentType: bigint
  /** abi.encode of the tuple (bytes32 request_hash, uint64 price_gwei), the price rounded up. */
  readonly feePayload: Hex
  /** Most that the transaction costs its sender at this tip and the highest base fee until the quote ends, value left out. */
  readonly priceWei: bigint
  /** Wei per gas: a transaction that leaves this much over the base fee is not refused as underpriced until `validUntil`. */
  readonly tipWei: bigint
  /** Seconds since 1970. */
  readonly validUntil: bigint
}

/** Every method throws CommitmentRefusedError for what the asker can mend or has to wait for. */
export type Commitments = {
  /** The same request again has the same answer, after a restart too. */
  request(request: CommitmentRequest): Promise<CommitmentAnswer>
  /** Of an answered request; undefined for another one. */
  result(requestHash: Hash): Promise<CommitmentAnswer | undefined>
  /** Ours, from now to 64 slots ahead. */
  slots(): Promise<readonly SlotOffer[]>
  fee(request: CommitmentRequest): Promise<FeeQuote>
}
