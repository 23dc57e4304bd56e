/**
 * The promise book: every promise this node gave or heard of, on the disk before it is answered, with what came of it. Writes that
 * wait for each other go in one transaction, so a hundred promises cost few syncs.
 */
import type { Hash, Hex } from '../../primitives/hex.ts'
import type { SignedBlockCommitment } from './blockPromise.ts'
import type { NewPromise, StoredPromise } from './promise.ts'
import type { SignerScore } from './score.ts'

export type PromiseBook = {
  /** On the disk when it returns. The same hash again changes nothing. */
  keep(promise: NewPromise): Promise<void>
  /** @param answeredAt Milliseconds since 1970. */
  keepSignature(hash: Hash, signature: Hex, answeredAt: number): Promise<void>
  /** A block commitment, our own or one that the stream brought; its signature has been checked. */
  noteBlock(signed: SignedBlockCommitment): Promise<void>
  byRequest(requestHash: Hash): Promise<StoredPromise | undefined>
  /** Of types 1, 4 and 5, oldest first. */
  byTransaction(transactionHash: Hash): Promise<readonly StoredPromise[]>
  /** Block commitments to blocks with this number. */
  byBlock(number: bigint): Promise<readonly StoredPromise[]>
  /** Inclusions of L2 transactions that are still owed, oldest first. */
  owed(): Promise<readonly StoredPromise[]>
  /** The newest first; without block commitments. */
  recent(limit: number): Promise<readonly StoredPromise[]>
  scores(): Promise<readonly SignerScore[]>
}
