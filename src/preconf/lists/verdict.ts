/** What came of an inclusion list, as far as L1 and L2 say it. */
import type { BlockRef } from '../../chain/chain.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { Inclusion } from '../../promise/inclusionRule.ts'

export type ListedOutcome = {
  readonly transaction: Hash
  readonly outcome:
    | Inclusion
    /** No block could hold it, or no proof could show that one could: it binds nobody. */
    | { readonly type: 'unjudged'; readonly reason: string }
}

/** How firmly: by blocks that are preconfirmed only, by blocks derived from L1, by a finalized L1. Only the last is for good. */
export type VerdictFinality = 'preconfirmed' | 'landed' | 'final'

type Judged = {
  readonly finality: VerdictFinality
  readonly outcomes: readonly ListedOutcome[]
  /** Of the window: the state after it is what was asked. */
  readonly lastBlock: BlockRef
}

export type ListVerdict =
  /** The window is not over, or L1 is not derived that far. */
  | { readonly type: 'pending' }
  /** Its committer signed another list for the window: neither counts, and the two are evidence. */
  | { readonly type: 'ignored' }
  /** The window brought no block, which is no omission. */
  | { readonly type: 'noBlocks'; readonly finality: VerdictFinality }
  | ({ readonly type: 'satisfied' } & Judged)
  /** Left out, but the committer's own L1 slot was missed, and the block with it may have been lost with it. */
  | ({ readonly type: 'slotMissed' } & Judged)
  | ({ readonly type: 'violated' } & Judged)
  /** It cannot be judged here: the sentence says why. */
  | { readonly type: 'unjudged'; readonly finality: VerdictFinality; readonly reason: string }

/** Nothing that L1 can still do changes it. */
export function isFinal(verdict: ListVerdict): boolean {
  if (verdict.type === 'pending') return false
  return verdict.type === 'ignored' || verdict.finality === 'final'
}
