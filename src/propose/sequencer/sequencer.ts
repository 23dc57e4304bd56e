/**
 * Orders L2 while our key holds the window: a block every two seconds, promised when it is sealed, and landed in batches before the
 * window ends. docs/sequencing.md says what it does when; preconf.md §5.5.
 */
import type { ChainReader } from '../../chain/chain.ts'
import type { UnsafeBuilder, UnsafeChain } from '../../derive/unsafe.ts'
import type { Engine } from '../../engine/engine.ts'
import type { FlatState } from '../../engine/state/flatState.ts'
import type { L1 } from '../../l1/l1.ts'
import type { Address } from '../../primitives/hex.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { InboxReader } from '../inbox.ts'
import type { Poster } from '../poster.ts'
import type { AskTurn } from '../turn.ts'
import type { TxPool } from '../txPool.ts'
import type { BuildJournal, CommitmentOf, SealSigner, SequencerFace } from './events.ts'

export type SequencerOptions = {
  /** Account that calls the inbox: coinbase of forced blocks. */
  readonly proposer: Address
  /** Whose signature counts: the owner's committer, or the operator of a whitelist. */
  readonly committer: Address
  /** Receives tips and its share of base fees. */
  readonly coinbase: Address
  /** Milliseconds from one block to the next; at least 1000, since every block has a second of its own. */
  readonly blockMs: number
  /** Milliseconds from one frag to the next. */
  readonly fragMs: number
  /** Milliseconds before the window's end at which its last block is sealed; at most half of the window. */
  readonly stopBeforeMs: number
  /** Age in milliseconds at which a batch is closed and posted. */
  readonly batchMs: number
  /** Blobs a batch may fill. */
  readonly blobsMax: number
  /** Blocks a batch may have; the protocol's own limit holds as well. */
  readonly blocksMax: number
  /** L1 blocks by which anchors stay behind the L1 head: a reorg up to this depth leaves our blocks as they are. */
  readonly anchorLag: bigint
  /** Gas limit to move towards, without the anchor's. */
  readonly gasLimitTarget: bigint
  /** Milliseconds without a new L1 block after which nothing more is promised. */
  readonly l1StaleMs: number
  /** Milliseconds between looks at L1 for posting. */
  readonly postIntervalMs: number
  /** Places of the inbox's ring that are left to others. */
  readonly ringMargin: bigint
  /** Seconds after the window's end up to which forced inclusions that fall due are taken along. */
  readonly forcedMargin: bigint
  /** Take windows in which anyone may propose; only where no other sequencer does. */
  readonly takesOpenWindows: boolean
}

/** `proposer`, `committer` and `coinbase` have no default. */
export const DEFAULT_SEQUENCER_OPTIONS = {
  blockMs: 2000,
  fragMs: 200,
  stopBeforeMs: 24_000,
  batchMs: 24_000,
  blobsMax: 6,
  blocksMax: 192,
  anchorLag: 2n,
  gasLimitTarget: 30_000_000n,
  l1StaleMs: 60_000,
  postIntervalMs: 1000,
  ringMargin: 2n,
  forcedMargin: 24n,
  takesOpenWindows: false,
} as const satisfies Partial<SequencerOptions>

export type SequencerDeps = {
  readonly spec: RollupSpec
  readonly engine: Engine
  readonly chain: ChainReader
  readonly state: Pick<FlatState, 'at'>
  readonly l1: Pick<L1, 'ancestor' | 'blobs' | 'status'>
  readonly inbox: InboxReader
  readonly pool: Pick<TxPool, 'pendingByPrice'>
  readonly poster: Poster
  readonly schedule: Pick<Schedule, 'currentSlot' | 'at' | 'forcedInclusions'>
  /** For the proposer's account: until when it may post, and what `propose` has to bring along. */
  readonly turn: AskTurn
  readonly builder: UnsafeBuilder
  readonly unsafe: UnsafeChain
  readonly journal: BuildJournal
  /** The guard behind the committer's key. */
  readonly sign: SealSigner
  readonly commitmentOf: CommitmentOf
  /** Raw transactions that must come first in our windows if they are valid: our own inclusion list of the window. */
  readonly listed: (windowEnd: bigint) => readonly Uint8Array[]
  /** False, with a sentence, until the node follows L1 at its head and kept blocks are applied again. */
  readonly ready: () => { readonly isReady: boolean; readonly reason?: string }
  readonly logger: Logger
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

export type SequencerStatus = {
  /** `idle`: not our window. `building`: blocks are being made. `waiting`: our window, but something has to happen first. */
  readonly type: 'idle' | 'waiting' | 'building' | 'done'
  /** A sentence for an operator. */
  readonly detail: string
  /** What became of the last look at L1. */
  readonly posting: string
  /** Ours that runs, or comes next as far as it is known. Slots, and the timestamp of the last in seconds. */
  readonly window?: { readonly firstSlot: bigint; readonly lastSlot: bigint; readonly end: bigint }
  /** Promised blocks that L1 does not have yet, and the proposals they will take. */
  readonly unlanded: { readonly blocks: number; readonly batches: number }
  /** Stopping the node now breaks no promise and misses no window. */
  readonly canShutdown: boolean
  /** Seconds: while `canShutdown`, until when (absent: no window of ours is known); else when it will be possible at the latest. */
  readonly until?: bigint
}

export type Sequencer = SequencerFace & {
  /** Until the signal; throws only a CriticalError. */
  run(signal: AbortSignal): Promise<void>
  status(): SequencerStatus
}

/** RangeError for options that cannot be kept. */
export type CreateSequencer = (deps: SequencerDeps, options: SequencerOptions) => Sequencer
