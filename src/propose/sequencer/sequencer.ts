/**
 * Orders L2 while our key holds the window: a block every two seconds, promised when it is sealed, and landed in batches before the
 * window ends. docs/sequencing.md says what it does when; preconf.md §5.5.
 */
import type { ChainReader } from '../../chain/chain.ts'
import type { UnsafeBuilder, UnsafeChain } from '../../derive/unsafe.ts'
import type { Engine } from '../../engine/engine.ts'
import type { FlatState } from '../../engine/state/flatState.ts'
import type { L1 } from '../../l1/l1.ts'
import { sleep } from '../../primitives/async.ts'
import { CriticalError } from '../../primitives/errors.ts'
import type { Address } from '../../primitives/hex.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { InboxReader } from '../inbox.ts'
import type { Poster } from '../poster.ts'
import type { AskTurn } from '../turn.ts'
import type { TxPool } from '../txPool.ts'
import type { BuildEvent, BuildJournal, CommitmentOf, SealSigner, SequencerFace } from './events.ts'
import { createGroupReader } from './groups.ts'
import { createL1Views } from './l1View.ts'
import { createPostStep } from './post.ts'
import { createProduceStep, type ProduceStatus } from './produce.ts'
import { createShared } from './shared.ts'
import { createShown } from './shown.ts'
import { describeStatus, type SequencerStatus } from './status.ts'
import { createWindows } from './window.ts'

export type { SequencerStatus } from './status.ts'

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
  readonly pool: Pick<TxPool, 'pendingByPrice' | 'remove'>
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
  /** One look at L1, and at most one batch without promises, on what L1 has. Answers a sentence. */
  readonly postUnpromised: (signal: AbortSignal) => Promise<string>
  /** False, with a sentence, until the node follows L1 at its head and kept blocks are applied again. */
  readonly ready: () => { readonly isReady: boolean; readonly reason?: string }
  readonly logger: Logger
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

export type Sequencer = SequencerFace & {
  /** Until the signal; throws only a CriticalError. */
  run(signal: AbortSignal): Promise<void>
  status(): SequencerStatus
  /** Why nothing can be promised until a batch without promises has landed; undefined while that is not so. */
  held(): string | undefined
}

/** Milliseconds between looks at whether there is a block to make, and after a failure. */
const IDLE_MS = 200
const FAILURE_PAUSE_MS = 1000
/** Blocks in which an answer of `include` is looked for: the one under way, the next if that is just full, and whatever comes in its place. */
const INCLUDE_ATTEMPTS = 3

/** RangeError for options that cannot be kept. */
export function createSequencer(deps: SequencerDeps, options: SequencerOptions): Sequencer {
  if (options.blockMs < 1000)
    throw new RangeError('blockMs is at least 1000: a block has a second of its own')
  if (options.fragMs <= 0 || options.fragMs > options.blockMs)
    throw new RangeError('fragMs is above 0 and at most blockMs')
  const { chain, logger, now = Date.now, wait = sleep } = deps
  const shared = createShared()
  const listeners = new Set<(event: BuildEvent) => void>()
  const shown = createShown()
  let produced: ProduceStatus = { type: 'idle', detail: 'not started' }
  let posting = 'L1 has not been looked at yet'

  const emit = (event: BuildEvent) => {
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        logger.error({ event: event.type, error: String(error) }, 'a listener of the sequencer failed')
      }
    }
  }

  const windows = createWindows(deps, options)
  const rooms = {
    ...{ ...deps, now, wait, shared, windows, emit, show: shown },
    readView: createL1Views(deps),
    readGroups: createGroupReader(chain),
  }
  const produce = createProduceStep(rooms, options)
  const post = createPostStep(rooms, options)

  const noteProduced = (status: ProduceStatus): void => {
    const { type, detail } = status
    if (type !== 'building' && gistOf(detail) !== gistOf(produced.detail))
      logger.info({ state: type, detail }, 'sequencing')
    produced = status
    if (type !== 'building') shown.clear()
  }

  const runProducing = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      try {
        noteProduced(await produce(signal))
        if (produced.type !== 'building') await wait(IDLE_MS, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof CriticalError) throw error
        noteProduced({ ...produced, type: 'waiting', detail: describeError(error) })
        await wait(FAILURE_PAUSE_MS, signal)
      }
    }
  }

  const notePosting = (detail: string): void => {
    if (gistOf(detail) !== gistOf(posting)) logger.info({ detail }, 'posting')
    posting = detail
  }

  const runPosting = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      try {
        notePosting(await post(signal))
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof CriticalError) throw error
        notePosting(describeError(error))
      }
      await wait(options.postIntervalMs, signal)
    }
  }

  return {
    pending: () => shown.pending(chain.heads().latest.hash),
    newest: shown.newest,
    async include(raw) {
      for (let attempt = 1; ; attempt++) {
        const open = await shown.taking()
        if (open === undefined) return { type: 'later', reason: produced.detail }
        const result = await open.include(raw)
        if (result.type !== 'later' || shown.isOpen(open) || attempt === INCLUDE_ATTEMPTS) return result
      }
    },
    onEvent(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async run(signal) {
      const ending = new AbortController()
      const both = AbortSignal.any([signal, ending.signal])
      const endBoth = (error: unknown) => {
        ending.abort()
        throw error
      }
      const results = await Promise.allSettled([
        runProducing(both).catch(endBoth),
        runPosting(both).catch(endBoth),
      ])
      shown.clear()
      for (const result of results)
        if (result.status === 'rejected' && result.reason instanceof CriticalError) throw result.reason
    },
    held: () => shared.held?.reason,
    status() {
      const { latest, safe } = chain.heads()
      const blocks = Number(latest.number - safe.number)
      return describeStatus({
        produced,
        posting,
        isBuilding: shown.isOpen(),
        unlanded: { blocks, batches: blocks === 0 ? 0 : shared.groups.length },
        secondsPerSlot: deps.spec.l1.secondsPerSlot,
      })
    },
  }
}

/** A sentence that counts says nothing new with each number. */
function gistOf(sentence: string): string {
  return sentence.replace(/\d+/g, '#')
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
