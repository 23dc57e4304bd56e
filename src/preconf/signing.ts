/**
 * The half of a node that promises. First the guard behind the committer's key; then, once stream and lists are there, the sequencer
 * and the service that answers requests. While the guard's memory may have a gap, batches are proposed without promises: what lands
 * so is what the guard waits for.
 */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { sleep } from '../primitives/async.ts'
import type { Address } from '../primitives/hex.ts'
import { closeAll } from '../primitives/resources.ts'
import type { PromiseDomain } from '../promise/domain.ts'
import type { InboxReader } from '../propose/inbox.ts'
import { chooseGasLimit } from '../propose/plan.ts'
import type { PoolRules } from '../propose/pool/admission.ts'
import type { Poster } from '../propose/poster.ts'
import { createProposer, DEFAULT_BUILDER_OPTIONS, DEFAULT_PROPOSER_OPTIONS } from '../propose/proposer.ts'
import type { SealSigner } from '../propose/sequencer/events.ts'
import { createSequencer, type Sequencer, type SequencerOptions } from '../propose/sequencer/sequencer.ts'
import { createTurns } from '../propose/turn.ts'
import type { TxPool } from '../propose/txPool.ts'
import { gasLimitWithoutAnchor } from '../protocol/shasta/rules.ts'
import type { Store } from '../store/store.ts'
import type { L1Builder } from './commitments/l1Builder.ts'
import {
  type CommitmentsOptions,
  type CommitmentsService,
  createCommitments,
  DEFAULT_COMMITMENTS_OPTIONS,
} from './commitments/service.ts'
import type { PreconfDeps } from './createPreconf.ts'
import { describeRefusal } from './guard/describeRefusal.ts'
import { type Guard, type GuardSigner, openGuard } from './guard/guard.ts'
import { createL1View } from './guard/l1View.ts'
import type { Lists } from './lists/lists.ts'
import type { PromiseBook } from './promises/book.ts'
import type { Hub } from './stream/hub.ts'
import type { StreamJournal } from './stream/journal.ts'
import { createPublisher, type Publisher } from './stream/publisher.ts'
import { waitForGuard } from './waitForGuard.ts'

export type SigningOptions = {
  /** Of the committer; a remote one has to sign for this domain. */
  readonly signer: (domain: PromiseDomain) => Promise<GuardSigner>
  /** The guard's database, on a local disk. */
  readonly guardPath: string
  /** In no backup of it. */
  readonly counterPath: string
  /** Longest window that is promised for, in seconds. */
  readonly windowSeconds: bigint
  readonly pool: TxPool
  readonly rules: PoolRules
  readonly inbox: InboxReader
  readonly poster: Poster
  readonly sequencer: Omit<SequencerOptions, 'committer'>
  readonly commitments?: Partial<CommitmentsOptions>
  /** Only for an operator who builds his own L1 blocks. */
  readonly l1Builder?: L1Builder
  /** By default on the wall clock. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

export type CommitterKey = {
  readonly committer: Address
  readonly guard: Guard
  readonly sign: SealSigner
  readonly publisher: Publisher
  close(): Promise<void>
}

/** StoreLockedError while another process signs with these files. */
export async function openCommitterKey(
  deps: PreconfDeps & {
    readonly domain: PromiseDomain
    readonly journal: StreamJournal
    readonly hub: Hub
  },
  options: SigningOptions,
): Promise<CommitterKey> {
  const { spec, chain, l1, domain, journal, hub, logger } = deps
  const signer = await options.signer(domain)
  const committer = signer.address
  for (const path of [options.guardPath, options.counterPath]) await mkdir(dirname(path), { recursive: true })
  const view = createL1View({ chain, l1 })
  const guard = await openGuard({
    path: options.guardPath,
    counterPath: options.counterPath,
    domain,
    signers: [signer],
    slots: spec.l1,
    windowSeconds: options.windowSeconds,
    isJournalNew: await journal.isNew(),
    readL1: view.read,
  }).catch((error: unknown) => {
    view.close()
    throw error
  })
  // After the guard has noted that it was new.
  await journal.note()
  const sign: SealSigner = async (commitment) => {
    const answer = await guard.signBlock(committer, commitment)
    if (answer.type === 'signed') return answer
    const { refusal } = answer
    const reason = describeRefusal(refusal)
    return { type: 'refused', reason, needsLanding: refusal.reason !== 'windowTooFar' }
  }
  const publisher = createPublisher({
    ...{ journal, hub, logger },
    sign: async (message) => {
      const answer = await guard.signStream(committer, { ...message, l2ChainId: spec.l2.chainId })
      if (answer.type === 'signed') return answer
      return { type: 'refused', reason: describeRefusal(answer.refusal) }
    },
  })
  return {
    ...{ committer, guard, sign, publisher },
    close: () => closeAll([guard, view]),
  }
}

export type Sequencing = {
  readonly sequencer: Sequencer
  readonly commitments: CommitmentsService
  /** Until the signal; throws only a CriticalError. */
  run(signal: AbortSignal): Promise<void>
  close(): void
}

export async function createSequencing(
  deps: PreconfDeps & {
    readonly domain: PromiseDomain
    readonly journal: StreamJournal
    readonly book: PromiseBook
    readonly store: Store
    readonly lists: Lists
    readonly key: CommitterKey
    /** What was kept is back in the chain. */
    readonly isSettled: () => boolean
  },
  options: SigningOptions,
): Promise<Sequencing> {
  const { spec, chain, state, engine, l1, schedule, unsafe, journal, lists, key, logger, now } = deps
  const { inbox, pool, poster } = options
  const wait = options.wait ?? sleep
  const { committer } = key
  const turn = createTurns({ spec, schedule })
  const ready = () => {
    if (!deps.sync().isSynced) return { isReady: false, reason: 'the node is not at the head of L1' }
    if (!deps.isSettled()) return { isReady: false, reason: 'the blocks that were kept are being put back' }
    return { isReady: true }
  }
  /** Why no promise is signed yet. */
  let guardWaits: string | undefined = 'the guard has not been asked yet'
  let commitments: CommitmentsService | undefined
  const { proposer: address, coinbase, blobsMax, anchorLag, gasLimitTarget } = options.sequencer
  /** Of batches without promises. */
  const proposer = createProposer(
    {
      ...{ spec, engine, chain, state, l1, inbox, pool, poster, turn, logger },
      ready: () => ready().isReady,
    },
    {
      ...DEFAULT_PROPOSER_OPTIONS,
      builder: {
        ...DEFAULT_BUILDER_OPTIONS,
        proposer: address,
        coinbase,
        blobsMax,
        anchorLag,
        gasLimitTarget,
      },
    },
  )
  const sequencer = createSequencer(
    {
      ...{ spec, engine, chain, state, l1, inbox, pool, poster, schedule, turn, journal, unsafe, logger },
      ...{ ready, now, wait },
      builder: unsafe,
      postUnpromised: async (signal) => (await proposer.step(signal)).detail,
      sign: key.sign,
      commitmentOf: journal.commitmentOf,
      listed: (windowEnd) => [...(commitments?.owed(windowEnd) ?? []), ...lists.listed(windowEnd)],
    },
    { ...options.sequencer, committer },
  )
  const stop = sequencer.onEvent(key.publisher.note)
  commitments = await createCommitments(
    {
      ...{ spec, schedule, sequencer, pool, chain, logger, now },
      ready: () => {
        const reason = guardWaits ?? sequencer.held()
        return reason === undefined ? ready() : { isReady: false, reason }
      },
      ...{ domain: deps.domain, guard: key.guard, book: deps.book, store: deps.store, rules: options.rules },
      ...(options.l1Builder && { l1Builder: options.l1Builder }),
      next: async () => {
        const { parent, baseFeePerGas } = await unsafe.latest()
        const gasLimit = chooseGasLimit(gasLimitWithoutAnchor(parent.header), gasLimitTarget)
        return { baseFeePerGas, gasLimit, state: state.source() }
      },
    },
    {
      ...DEFAULT_COMMITMENTS_OPTIONS,
      ...options.commitments,
      keys: [committer],
      takesOpenWindows: options.sequencer.takesOpenWindows,
      stopBeforeMs: options.sequencer.stopBeforeMs,
      blockMs: options.sequencer.blockMs,
    },
  )

  const proposeUntilGuardSigns = (signal: AbortSignal): Promise<void> =>
    waitForGuard(
      {
        ...{ guard: key.guard, poster, proposer, logger },
        pause: (until) => wait(options.sequencer.postIntervalMs, until),
        say: (reason) => {
          guardWaits = reason
        },
      },
      signal,
    )

  return {
    sequencer,
    commitments,
    run: async (signal) => {
      try {
        await proposeUntilGuardSigns(signal)
      } catch (error) {
        if (signal.aborted) return
        throw error
      }
      await sequencer.run(signal)
    },
    close: () => {
      stop()
      commitments.close()
    },
  }
}
