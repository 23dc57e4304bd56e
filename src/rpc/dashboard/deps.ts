/**
 * What the dashboard reads. It asks nothing that a method of the RPC does not ask too, and changes nothing. A
 * node that takes no part in preconfirmations leaves their part out.
 */
import type { L1 } from '../../l1/l1.ts'
import type { FollowerStatus } from '../../preconf/follow/status.ts'
import type { Lists } from '../../preconf/lists/lists.ts'
import type { PromiseBook } from '../../preconf/promises/book.ts'
import type { SequencerStatus } from '../../propose/sequencer/sequencer.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { RollupRpcDeps } from '../deps.ts'

export type DashboardDeps = {
  readonly rpc: Pick<RollupRpcDeps, 'spec' | 'chain' | 'sync' | 'schedule' | 'pool' | 'clientVersion'>
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
  /** This node as one that builds blocks. */
  readonly sequencer?: () => SequencerStatus
  /** This node as one that listens to a stream. */
  readonly follower?: () => FollowerStatus
  /** Promises given and heard of: what `based_preconfScorecard` counts. */
  readonly promises?: Pick<PromiseBook, 'recent' | 'scores'>
  readonly lists?: Pick<Lists, 'ofSlot'>
}
