/** What a committer may sign once: the position of a promise, and what L1 says about it at that moment. */
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import type { PromiseDomain } from '../../promise/domain.ts'

/**
 * `block`, `execution` and `stream` (types 2, 5 and 6) speak of an L2 block, `list` (3) of a window, `inclusion` (4) and
 * `l1Inclusion` (1) of a transaction in a slot.
 */
export type PositionKind = 'block' | 'execution' | 'stream' | 'list' | 'inclusion' | 'l1Inclusion'

export type Position = {
  readonly kind: PositionKind
  readonly l2ChainId: bigint
  /** Of what speaks of a block its number; otherwise the end of the window, or the slot's timestamp, in seconds. */
  readonly number: bigint
  /** Hash of the block's parent; of the transaction; of a list zero. */
  readonly parent: Hash
  /** Of an execution the transaction's place in the block, of a stream message its sequence; otherwise 0. */
  readonly index: number
}

export type L1View = {
  /** Of the L1 head, in seconds. Time itself, for the guard: no clock of this machine can shorten a wait. */
  readonly timestamp: bigint
  /** Highest L2 block derived from L1. Every parent that a promise names must be this block or descend from it. */
  readonly landed: { readonly number: bigint; readonly timestamp: bigint }
  /** Highest L2 block derived from finalized L1. Nothing up to it is ever signed again, nor for a window that ended by its time. */
  readonly finalizedNumber: bigint
  /** Of that block, in seconds. */
  readonly finalizedTimestamp: bigint
  /**
   * Whether L1 has put another L2 block in the place of this one; a block that has not landed yet is not removed.
   * Answered from the node's own data: other requests wait meanwhile.
   */
  isRemoved(blockHash: Hash, blockNumber: bigint): Promise<boolean>
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
  /** Of the content: a position has one. */
  readonly hash: Hash
  /** What the key signs, where that is more than the content: which request is answered. */
  readonly signedHash?: Hash
}

export type Claim =
  | { readonly type: 'recorded'; readonly signature?: Hex }
  | { readonly type: 'refused'; readonly refusal: Refusal }

/** Kinds that speak of an L2 block: what settles it settles them all, and one number has one parent. */
export const BLOCK_KINDS = ['block', 'execution', 'stream'] as const satisfies readonly PositionKind[]

export function isBlockKind(kind: PositionKind): boolean {
  return (BLOCK_KINDS as readonly PositionKind[]).includes(kind)
}

/** Commit-Boost's own domain is left out: whoever slashes knows one of them only, and two would be two signatures. */
export function nameDomain({
  l1ChainId,
  slasher,
  signingId,
}: Pick<PromiseDomain, 'l1ChainId' | 'slasher' | 'signingId'>): string {
  return `${l1ChainId}:${slasher}:${signingId}`
}
