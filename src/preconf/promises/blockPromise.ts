/** A block commitment with its signer, as a sequencer seals it or the stream brings it. */
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import type { BlockCommitment } from '../../promise/blockCommitment.ts'

export type SignedBlockCommitment = {
  readonly commitment: BlockCommitment
  readonly commitmentHash: Hash
  readonly signer: Address
  readonly signature: Hex
  readonly isOurs: boolean
  /** Milliseconds since 1970. */
  readonly heardAt: number
}
