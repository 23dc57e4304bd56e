/** An inclusion list as it travels: the commitment with its signature, and the transactions whose hash it carries. */
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import type { SignedCommitment } from '../../promise/commitment.ts'
import type { InclusionList } from '../../promise/inclusionList.ts'

export type SignedList = {
  readonly list: InclusionList
  /** In EIP-2718 form, in the order in which they are listed. */
  readonly transactions: readonly Uint8Array[]
  readonly signed: SignedCommitment
  /** Who signed it. */
  readonly committer: Address
  /** What was signed. */
  readonly hash: Hash
}

/** SignedCommitment in the names of the commitments API (preconf.md §1.2), and the transactions beside it. */
export type SignedListJson = {
  readonly commitment: {
    readonly commitment_type: number
    readonly payload: Hex
    readonly request_hash: Hash
    readonly slasher: Address
  }
  readonly nonce: number
  readonly signing_id: Hash
  readonly signature: Hex
  readonly transactions: readonly Hex[]
}
