/** What a committer may sign once: the position of a promise, and what L1 says about it at that moment. */
import { type Address, type Hash, type Hex, ZERO_HASH } from '../../primitives/hex.ts'
import type { BlockCommitment } from '../../promise/blockCommitment.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import type { InclusionList } from '../../promise/inclusionList.ts'

export type Position = {
  readonly kind: 'block' | 'list'
  readonly l2ChainId: bigint
  /** Of a block its number, of a list the end of its window. */
  readonly number: bigint
  /** Of a block its parent's hash, of a list zero. */
  readonly parent: Hash
}

export type L1View = {
  /** Of the L1 head, in seconds. Time itself, for the guard: no clock of this machine can shorten a wait. */
  readonly timestamp: bigint
  /** Highest L2 block derived from L1. Every parent that a promise names must be this block or descend from it. */
  readonly landed: { readonly number: bigint; readonly timestamp: bigint }
  /** Highest L2 block derived from finalized L1. */
  readonly finalizedNumber: bigint
  /**
   * Whether L1 has put another L2 block in the place of this one; a block that has not landed yet is not removed.
   * Answered from the node's own data: other requests wait meanwhile.
   */
  isRemoved(blockHash: Hash): Promise<boolean>
}

export type SignedPosition = { readonly position: Position; readonly hash: Hash }

export type Refusal =
  /** L1 must pass this time first, and for blocks an L2 block of a later time must land. Seconds. */
  | { readonly reason: 'waiting'; readonly until: bigint }
  | { readonly reason: 'otherContent'; readonly earlier: SignedPosition }
  /** The earlier one was signed for this number on another parent, which L1 has not removed. */
  | { readonly reason: 'parentNotRemoved'; readonly earlier: SignedPosition }
  /** Everything up to here is settled: by L1, or by what was imported. */
  | { readonly reason: 'settled'; readonly watermark: bigint }
  /** The window may not end later than this. Seconds. */
  | { readonly reason: 'windowTooFar'; readonly latest: bigint }

export type ClaimRequest = {
  readonly key: Address
  readonly position: Position
  /** Timestamp of the last L1 slot of the promise's window, in seconds. */
  readonly windowEnd: bigint
  readonly hash: Hash
}

export type Claim =
  | { readonly type: 'recorded'; readonly signature?: Hex }
  | { readonly type: 'refused'; readonly refusal: Refusal }

export function positionOfBlock(commitment: BlockCommitment): Position {
  const { l2ChainId, blockNumber, parentBlockHash } = commitment
  return { kind: 'block', l2ChainId, number: blockNumber, parent: parentBlockHash }
}

export function positionOfList({ l2ChainId, windowEnd }: InclusionList): Position {
  return { kind: 'list', l2ChainId, number: windowEnd, parent: ZERO_HASH }
}

/** Commit-Boost's own domain is left out: whoever slashes knows one of them only, and two would be two signatures. */
export function nameDomain({
  l1ChainId,
  slasher,
  signingId,
}: Pick<PromiseDomain, 'l1ChainId' | 'slasher' | 'signingId'>): string {
  return `${l1ChainId}:${slasher}:${signingId}`
}
