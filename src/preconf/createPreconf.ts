/**
 * What makes a node take part in promises, put together: the stream it follows and passes on, the book of promises, inclusion lists,
 * and, where it has a key, the guard, the sequencer and the service that answers requests.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChainReader } from '../chain/chain.ts'
import type { UnsafeBuilder, UnsafeChain } from '../derive/unsafe.ts'
import type { Engine, PendingBlock } from '../engine/engine.ts'
import type { FlatState } from '../engine/state/flatState.ts'
import type { L1, L1Position } from '../l1/l1.ts'
import type { L1Reads } from '../l1/reads.ts'
import type { Address } from '../primitives/hex.ts'
import { createResources } from '../primitives/resources.ts'
import type { PromiseDomain } from '../promise/domain.ts'
import { recoverCommitter } from '../promise/signature.ts'
import type { TxPool } from '../propose/txPool.ts'
import type { Schedule } from '../schedule/schedule.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import { openStore } from '../store/openStore.ts'
import type { Store } from '../store/store.ts'
import type { Logger } from '../telemetry/log.ts'
import { readPromiseDomain } from './domain.ts'
import { watchEquivocations } from './evidence/equivocations.ts'
import { watchOmissions } from './evidence/omissions.ts'
import { createEvidenceStore, type EvidenceStore } from './evidence/store.ts'
import { createFollower, type Follower } from './follow/follower.ts'
import { createLists, LISTS_SCHEMA, type Lists, signedListJson } from './lists/lists.ts'
import { createPromiseBook, PROMISES_SCHEMA, type PromiseBook } from './promises/book.ts'
import { createFirstSeen, type FirstSeen } from './promises/firstSeen.ts'
import { createPromiseFollower } from './promises/follow.ts'
import { createGroupCommit } from './promises/groupCommit.ts'
import { createHeadMarks, type HeadMarks } from './promises/headMarks.ts'
import { createL1Facts } from './promises/l1Facts.ts'
import {
  type CommitterKey,
  createSequencing,
  openCommitterKey,
  type Sequencing,
  type SigningOptions,
} from './signing.ts'
import { createHub, type Hub } from './stream/hub.ts'
import { createStreamJournal, STREAM_SCHEMA, type StreamJournal } from './stream/journal.ts'

export type PreconfDeps = {
  readonly spec: RollupSpec
  readonly chain: ChainReader
  readonly state: FlatState
  readonly engine: Engine
  readonly l1: L1 & { readonly reads: L1Reads }
  readonly schedule: Schedule
  readonly unsafe: UnsafeBuilder & UnsafeChain
  /** Whose transactions are timed; absent on a node that takes none. */
  readonly pool?: Pick<TxPool, 'onAdded'>
  /** Where derivation stands. */
  readonly sync: () => { readonly cursor?: L1Position; readonly isSynced: boolean }
  readonly logger: Logger
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export type PreconfOptions = {
  /** Of the node; everything of promises has a folder in it. */
  readonly dataDir: string
  /** Nodes whose stream is followed: http, https, ws or wss. */
  readonly sources: readonly string[]
  /** Whose signatures count where anyone may propose. */
  readonly committers: readonly Address[]
  /** How long after its window a promise is kept. 30 days by default. */
  readonly retentionSeconds?: bigint
  /** Absent on a node that signs nothing. */
  readonly signing?: SigningOptions
  /** For whom promises are signed, on a chain whose schedule names no slasher and that has one all the same. Default: as the schedule says. */
  readonly domain?: PromiseDomain
}

export type Preconf = {
  readonly domain: PromiseDomain
  readonly journal: StreamJournal
  readonly hub: Hub
  readonly evidence: EvidenceStore
  readonly book: PromiseBook
  readonly firstSeen: FirstSeen
  readonly marks: HeadMarks
  readonly lists: Lists
  readonly follower: Follower
  /** On a node that signs. */
  readonly key?: CommitterKey
  readonly sequencing?: Sequencing
  /** Sequenced here, or streamed by another. */
  pending(): PendingBlock | undefined
  /** Until the signal; throws only a CriticalError. */
  run(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** The files are a few MB; the node's caches are elsewhere. */
const CACHE_KIB = 4_096

/** TemporaryError while L1 does not answer; StoreLockedError while another process has the files. */
export async function createPreconf(deps: PreconfDeps, options: PreconfOptions): Promise<Preconf> {
  const { spec, chain, state, l1, schedule, unsafe, sync, logger, now } = deps
  const directory = join(options.dataDir, 'preconf')
  await mkdir(directory, { recursive: true })
  // Others below ask for the head that is known then.
  const { hash } = await l1.newest()
  const domain = options.domain ?? (await readPromiseDomain({ spec, reads: l1.reads }, hash))
  const { keep, close } = createResources()
  try {
    const store: Store = keep(
      await openStore({
        path: join(directory, 'preconf.db'),
        schemas: { stream: STREAM_SCHEMA, promises: PROMISES_SCHEMA, lists: LISTS_SCHEMA },
        cacheKiB: CACHE_KIB,
      }),
    )
    const cursor = () => sync().cursor
    const isDerived = () => sync().isSynced
    // A promise goes to the disk with the transaction that it is about.
    const group = createGroupCommit(store)
    const journal = createStreamJournal({ store, domain, group })
    const hub = createHub({ logger })
    const evidence = createEvidenceStore({
      store,
      domain,
      directory: join(directory, 'evidence'),
      now,
      logger,
    })
    const book = keep(createPromiseBook({ store, spec, domain, group }))
    const { signing, retentionSeconds } = options
    const findL1Transaction = signing?.l1Builder?.find
    keep(
      createPromiseFollower({
        ...{ store, chain, state, logger },
        l1: createL1Facts({ l1, cursor }),
        ...(findL1Transaction && { findL1Transaction }),
        ...(retentionSeconds !== undefined && { retentionSeconds }),
      }),
    )
    const key = signing && keep(await openCommitterKey({ ...deps, domain, journal, hub }, signing))
    const marks = keep(createHeadMarks({ store, chain, logger, now }))
    const lists = keep(
      await createLists({
        checkpointFrom: async (number) => (await marks.reached('executable', number))?.number,
        ...{ spec, store, chain, state, l1, cursor, schedule, domain, now, logger },
        engine: deps.engine,
        committers: options.committers,
        ...(key && { own: { addresses: [key.committer], signList: key.guard.signList } }),
      }),
    )
    keep(watchEquivocations({ lists, evidence, chain, logger }))
    keep(await watchOmissions({ lists, evidence, chain, logger }))
    const follower = keep(
      createFollower({
        ...{ spec, domain, chain, unsafe, schedule, journal, hub, evidence, isDerived, now, logger },
        builder: unsafe,
        engine: deps.engine,
        committers: options.committers,
        sources: options.sources,
        lists,
        ...(key && {
          own: key,
          landMs: signing.sequencer.stopBeforeMs / 2,
          sequencer: () => sequencing?.sequencer.status() ?? { canShutdown: true },
        }),
      }),
    )
    const { isSettled } = follower
    // What our sequencer gives up is not put back from the journal.
    const forgoing: PreconfDeps['unsafe'] = {
      ...unsafe,
      drop: async (block) => {
        await follower.forgo(block)
        return unsafe.drop(block)
      },
    }
    const sequencing: Sequencing | undefined =
      signing &&
      key &&
      keep(
        await createSequencing(
          { ...deps, unsafe: forgoing, domain, journal, book, store, lists, key, isSettled },
          signing,
        ),
      )
    const firstSeen = keep(
      createFirstSeen({
        ...{ store, logger, now },
        ...(deps.pool && { pool: deps.pool }),
        ...(sequencing && { building: sequencing.sequencer }),
      }),
    )
    const stops = connect({ deps, journal, hub, book, lists, committer: key?.committer })
    keep({ close: () => stops.forEach((stop) => void stop()) })
    return {
      ...{ domain, journal, hub, evidence, book, firstSeen, marks, lists, follower },
      ...(key && { key }),
      ...(sequencing && { sequencing }),
      pending: () => sequencing?.sequencer.pending() ?? follower.pending(),
      run: async (signal) => {
        await Promise.all([follower.run(signal), sequencing?.run(signal)])
      },
      close,
    }
  } catch (error) {
    await close().catch((closing) => logger.warn({ error: closing }, 'not everything was closed'))
    throw error
  }
}

/** What each part tells the others. Returns the unsubscribe functions. */
function connect(parts: {
  readonly deps: PreconfDeps
  readonly journal: StreamJournal
  readonly hub: Hub
  readonly book: PromiseBook
  readonly lists: Lists
  readonly committer: Address | undefined
}): readonly (() => void)[] {
  const { deps, journal, hub, book, lists, committer } = parts
  const { chain, logger, now } = deps
  const warn = (what: string) => (error: unknown) => logger.error({ error }, what)
  let pruned = 0n
  return [
    lists.onList((list) => hub.publish({ type: 'list', list: signedListJson(list) })),
    hub.subscribe((message) => {
      if (message.type !== 'sealed') return
      const { commitment, commitmentHash, signature } = message.block
      const signer = recoverCommitter(commitmentHash, signature)
      if (signer === undefined) return
      const isOurs = signer === committer
      book
        .noteBlock({ commitment, commitmentHash, signature, signer, isOurs, heardAt: now() })
        .catch(warn('a promised block cannot be noted'))
    }),
    chain.onChange(({ heads }) => {
      lists.refresh()
      if (heads.finalized.number === pruned) return
      pruned = heads.finalized.number
      journal.prune(pruned).catch(warn('the journal of the stream cannot be pruned'))
    }),
  ]
}
