/** What the RPC works against: faces only, so that it neither starts nor stops what it reads. */
import type { ChainReader } from '../chain/chain.ts'
import type { InboxStatus } from '../derive/inboxStatus.ts'
import type { FlatState } from '../engine/state/flatState.ts'
import type { StateChanges } from '../engine/state/source.ts'
import type { L1Position, L1Status } from '../l1/l1.ts'
import type { BlockHeader } from '../primitives/header.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Schedule } from '../schedule/schedule.ts'
import type { ExecutionSpec } from '../spec/executionSpec.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import type { JobKind, Jobs } from './caller/jobs.ts'
import type { ReadPending } from './pending.ts'
import type { TxPool } from './pool.ts'
import type { PreconfRpc } from './preconf/deps.ts'
import type { BuildBlock } from './testing/buildBlock.ts'

export type RpcDeps = {
  readonly execution: ExecutionSpec
  /** Absent on a chain that is no rollup: nothing of `based_`, no dashboard. */
  readonly spec?: RollupSpec
  readonly chain: ChainReader
  readonly state: Pick<FlatState, 'at' | 'proof'>
  /** Blocks behind the head whose tries are kept. Default: the state's own. */
  readonly proofWindowBlocks?: number
  readonly caller: Caller
  /** Wei per gas of a block built now on `parent`. */
  readonly nextBaseFee: (parent: BlockHeader, grandparent: BlockHeader | undefined) => bigint
  /** Absent on a node that takes no transactions. */
  readonly pool?: TxPool
  /** Only on a chain that is served for suites. */
  readonly buildBlock?: BuildBlock
  /** Absent on a node that neither sequences nor follows a sequencer. */
  readonly pending?: ReadPending
  /** Absent on a node that takes no part in promises. */
  readonly preconf?: PreconfRpc
  readonly sync: () => SyncStatus
  /** Absent on a node without an L1 to ask, as in tests. */
  readonly schedule?: Schedule
  /** As in `plumbline/v0.1.0`. */
  readonly clientVersion: string
}

/** On a node of a rollup. */
export type RollupRpcDeps = RpcDeps & { readonly spec: RollupSpec }

/** Executes what callers ask for, under a wall clock. */
export type Caller = {
  /**
   * Runs on the state at `place`. Throws CallStoppedError at `timeoutMs` (milliseconds, waiting included), CallerBusyError when too many wait,
   * StaleStateError when the block is no longer there, MissingStateError when its state is not kept. `client` is who asks: where many
   * wait, everybody's next comes before anybody's second.
   */
  run<K extends JobKind>(
    kind: K,
    params: Jobs[K]['params'],
    place: StatePlace,
    timeoutMs: number,
    client?: string,
  ): Promise<Jobs[K]['result']>
  close(): Promise<void>
}

/** The state after a block of the chain, and what a block under way has changed since. */
export type StatePlace = {
  readonly number: bigint
  readonly hash: Hash
  readonly laidOver?: StateChanges
}

/** Where derivation stands. */
export type SyncStatus = {
  /** The L1 block up to which everything is derived. */
  readonly cursor?: L1Position
  readonly l1: L1Status
  /** First L1 block of this run, for the share of the way done. */
  readonly startL1Block: bigint
  /** True once the L1 head has been reached, until the node falls behind again. */
  readonly isSynced: boolean
  /** Sentences for an operator: what keeps this node from answering well. Empty when all is well. */
  readonly problems: readonly string[]
  /** Sentences too: what only some questions suffer from, such as who may propose. The node is ready all the same. */
  readonly warnings?: readonly string[]
  /** What the inbox has said since this process began. */
  readonly inbox?: InboxStatus
}
