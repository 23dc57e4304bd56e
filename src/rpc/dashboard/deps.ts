/**
 * What the dashboard reads. It asks nothing that a method of the RPC does not ask too, and changes nothing. The faces of
 * preconfirmation are as small as the page needs them; a node that takes no part in it leaves them out.
 */
import type { L1 } from '../../l1/l1.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { RpcDeps } from '../deps.ts'

export type DashboardDeps = {
  readonly rpc: Pick<RpcDeps, 'spec' | 'chain' | 'sync' | 'schedule' | 'pool' | 'clientVersion'>
  /** L1 blocks behind the L1 head past which the node is not ready. */
  readonly lagMax: bigint
  /** For the times of L1 blocks and the slots without one; absent: the page says that they are not known. */
  readonly l1?: Pick<L1, 'ancestor'>
  readonly preconf?: PreconfView
  readonly logger: Logger
  /** Milliseconds since 1970; `Date.now` by default. */
  readonly now?: () => number
}

/** Each part only where the node takes that part. */
export type PreconfView = {
  readonly sequencer?: () => SequencerView
  readonly follower?: () => FollowerView
  readonly promises?: PromisesView
  readonly lists?: ListsView
}

/** This node as one that builds blocks. */
export type SequencerView = {
  /** The account it signs with. */
  readonly committer: Address
  readonly state: 'waiting' | 'building' | 'posting' | 'stopped'
  /** One sentence: what it does now, or why nothing. */
  readonly sentence: string
  /** Nothing that it has signed is left to be posted. */
  readonly canShutdown: boolean
}

/** This node as one that listens to a sequencer's stream. Block numbers; each head is at or behind the one before it. */
export type FollowerView = {
  /** Heard of. */
  readonly received: bigint
  /** Executed here. */
  readonly executed: bigint
  readonly sources: readonly {
    /** Without credentials. */
    readonly name: string
    readonly isConnected: boolean
    /** Milliseconds since 1970. */
    readonly lastMessageAt?: number
  }[]
  /** Sentences for an operator. Empty when all is well. */
  readonly problems: readonly string[]
}

export type PromiseOutcome = 'pending' | 'kept' | 'broken' | 'expired'

export type PromiseRow = {
  readonly requestHash: Hash
  /** 1 inclusion on L1, 4 inclusion on L2, 5 execution on L2. */
  readonly commitmentType: number
  readonly transactionHash?: Hash
  /** Last slot in which it may be kept. */
  readonly slot: bigint
  readonly signer: Address
  /** When it was signed; milliseconds since 1970. */
  readonly signedAt: number
  readonly outcome: PromiseOutcome
  /** Why it is not kept: one sentence, which says who broke it. */
  readonly reason?: string
}

export type PromisesView = {
  /** The numbers of `based_preconfScorecard`. */
  scorecard(): Promise<Readonly<Record<PromiseOutcome, number>>>
  /** The newest first. */
  recent(limit: number): Promise<readonly PromiseRow[]>
}

export type ListRow = {
  readonly slot: bigint
  readonly signer: Address
  readonly hash: Hash
  readonly transactions: number
  /** Of `based_getInclusionList`; `pending` until the window has ended. */
  readonly verdict: 'satisfied' | 'violated' | 'unknown' | 'pending'
  /** The one left out. */
  readonly violatedBy?: Hash
}

export type ListsView = {
  /** The newest slot first. */
  recent(limit: number): Promise<readonly ListRow[]>
}
