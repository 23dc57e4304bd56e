/** The composition root: every room of a node is made here, given its neighbours, started and stopped. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type OpenL1Options, openL1 } from './archive/openL1.ts'
import type { ChainReader } from './chain/chain.ts'
import { createChain } from './chain/sqliteChain.ts'
import { type CommitDeps, commitFlush } from './derive/commit.ts'
import { createDriver, type DriverProgress } from './derive/driver.ts'
import { checkIdentity, isInitialised, writeGenesis } from './derive/genesis.ts'
import { type InboxStatus, inboxWarnings, noteInbox } from './derive/inboxStatus.ts'
import { createSecondLook } from './derive/secondLook.ts'
import { readCursor } from './derive/steps.ts'
import { createUnsafeBuilder, type UnsafeBuilder, type UnsafeChain } from './derive/unsafe.ts'
import type { Engine } from './engine/engine.ts'
import type { Genesis } from './engine/genesis.ts'
import type { FlatState } from './engine/state/flatState.ts'
import { createFlatState } from './engine/state/flatStateOnStore.ts'
import { createEngine, type EngineOptions } from './engine/vm.ts'
import type { L1, L1Position } from './l1/l1.ts'
import type { L1Reads } from './l1/reads.ts'
import { createPreconf, type Preconf, type PreconfOptions } from './preconf/createPreconf.ts'
import { retryTemporary, sleep } from './primitives/async.ts'
import { createResources } from './primitives/resources.ts'
import type { TxPool } from './propose/txPool.ts'
import { callerOptionsOf, createProcessCaller } from './rpc/caller/processCaller.ts'
import type { SyncStatus } from './rpc/deps.ts'
import { engineMethods } from './rpc/engine/methods.ts'
import { operatorMethods } from './rpc/engine/operator.ts'
import { type EngineServer, startEngineServer } from './rpc/engine/server.ts'
import { signListMethods } from './rpc/engine/signList.ts'
import { DEFAULT_LIMITS } from './rpc/limits.ts'
import type { Methods } from './rpc/method.ts'
import { createNextBaseFee } from './rpc/nextBaseFee.ts'
import type { PreconfRpc } from './rpc/preconf/deps.ts'
import { type RpcOptions, type RpcServer, startRpc } from './rpc/server.ts'
import { createSchedule } from './schedule/createSchedule.ts'
import type { Schedule } from './schedule/schedule.ts'
import { assertNotLoading, beginWithSnapshot } from './snapshot/begin.ts'
import { CHAIN_STORE_SCHEMAS } from './snapshot/chainStore.ts'
import type { Trust } from './snapshot/load.ts'
import type { SnapshotSource } from './snapshot/source.ts'
import type { RollupSpec } from './spec/rollupSpec.ts'
import { openStore } from './store/openStore.ts'
import type { Store } from './store/store.ts'
import type { Logger } from './telemetry/log.ts'
import { createMetrics, type Metrics } from './telemetry/metrics.ts'

const RETRY = { delayMs: 500, delayMaxMs: 12_000 }

export const VERSION = '0.1.0'
const CLIENT_VERSION = `plumbline/v${VERSION}`

export type NodeOptions = {
  readonly spec: RollupSpec
  /** Read only when the data directory is empty. */
  readonly genesis: () => Promise<Genesis>
  /** Where a node without a chain begins instead of at genesis. */
  readonly checkpoint?: { readonly source: SnapshotSource; readonly trust: Trust }
  readonly dataDir: string
  readonly dbCacheKiB: number
  readonly proofWindowBlocks: number
  readonly workers: number
  /** What blocks run on. Default: our interpreter, unchecked. */
  readonly engine?: Pick<EngineOptions, 'loop' | 'isChecked'>
  readonly l1: Omit<OpenL1Options, 'spec' | 'logger' | 'signal'>
  readonly rpc: RpcOptions
  /** The authenticated port; `secret` has 32 bytes. */
  readonly authrpc?: { readonly host: string; readonly port: number; readonly secret: Uint8Array }
  readonly logger: Logger
  /** Ends the waiting for an L1 that cannot be reached. */
  readonly signal: AbortSignal
  /** A pool for nodes that take transactions; made once chain and state are there. */
  readonly createPool?: (rooms: Rooms) => Promise<TxPool>
  /** What a node that takes part in promises follows and signs with; asked after the pool. */
  readonly preconf?: (rooms: Rooms) => Promise<Omit<PreconfOptions, 'dataDir'>>
  /** Milliseconds since 1970. For an L1 that keeps another time than the wall clock. */
  readonly now?: () => number
}

/** What a proposer, a pool or a test may use of a running node. */
export type Rooms = {
  readonly spec: RollupSpec
  readonly chain: ChainReader
  readonly state: FlatState
  readonly engine: Engine
  readonly l1: L1
  /** Who may propose when. */
  readonly schedule: Schedule
  /** Blocks that L1 has not said yet. */
  readonly unsafe: UnsafeBuilder & UnsafeChain
  readonly sync: () => SyncStatus
}

export type Node = Rooms & {
  readonly preconf?: Preconf
  readonly rpc: RpcServer
  readonly authrpc?: EngineServer
  /** Blobs fetched and verified since the start. */
  readonly blobs: () => number
  /** Derives until the signal; the step under way is finished. Throws what only an operator can mend. */
  run(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

export async function startNode(options: NodeOptions): Promise<Node> {
  const { spec, logger, signal } = options
  await mkdir(options.dataDir, { recursive: true })
  const { keep, close } = createResources()
  try {
    const database = join(options.dataDir, 'chain.db')
    const store = keep(
      await openStore({
        path: database,
        schemas: CHAIN_STORE_SCHEMAS,
        cacheKiB: options.dbCacheKiB,
      }),
    )
    if (await isInitialised(store)) await checkIdentity(store, spec)
    const l1 = keep(await openL1({ ...options.l1, spec, logger, signal }))
    await beginAt(options, store, l1)
    const state = await createFlatState({ store, options: { nodeWindowBlocks: options.proofWindowBlocks } })
    const chain = await createChain(store)
    if (!(await isInitialised(store))) {
      const genesis = await options.genesis()
      await writeGenesis({ store, chain, state }, { spec, genesis, l1: await l1.start(signal) })
      logger.info({ hash: genesis.hash, stateRoot: genesis.stateRoot }, 'wrote genesis')
    }
    const engine = keep(createEngine({ spec, workers: options.workers, ...options.engine }))
    const metrics = createMetrics({ version: VERSION, commit: 'unknown' })
    const now = options.now ?? Date.now
    const schedule = createSchedule({
      ...{ spec, l1, logger },
      reads: l1.reads,
      now: () => BigInt(Math.floor(now() / 1000)),
    })
    const status = await createStatus({ store, l1, chain, schedule, metrics })
    const driver = createDriver({
      spec,
      l1,
      engine,
      state,
      chain,
      store,
      logger,
      wait: (ms, until) => sleep(ms, until).catch(() => {}),
      onDisagreement: createSecondLook({ spec, chain, state }),
      onProgress: status.note,
    })
    const { extend, drop, between } = driver
    keep({ close: () => flushState(between, { store, chain, state }, logger) })
    const builder = createUnsafeBuilder({ spec, chain, state, engine, l1, between })
    const unsafe = { ...builder, extend, drop, between }
    const rooms: Rooms = { spec, chain, state, engine, l1, schedule, unsafe, sync: status.read }
    const pool = await options.createPool?.(rooms)
    const preconf =
      options.preconf && keep(await joinPreconf({ ...rooms, l1, ...(pool && { pool }) }, now, options))
    const execution = { type: 'rollup', spec } as const
    const caller = keep(createProcessCaller({ execution, database, ...callerOptionsOf(options.rpc) }))
    const rpcDeps: Parameters<typeof startRpc>[0] = {
      execution,
      spec,
      chain,
      state,
      proofWindowBlocks: options.proofWindowBlocks,
      caller,
      nextBaseFee: createNextBaseFee(spec),
      ...(pool && { pool }),
      ...(preconf && { pending: preconf.pending, preconf: rpcOf(preconf) }),
      l1,
      sync: status.read,
      schedule,
      clientVersion: CLIENT_VERSION,
      logger,
      metrics,
      observe: ({ method, code, seconds }) => {
        metrics.rpcRequestsTotal.inc({ method, code })
        metrics.rpcDurationSeconds.observe({ method }, seconds)
      },
    }
    const rpc = keep(await startRpc(rpcDeps, options.rpc))
    const authrpc =
      options.authrpc &&
      keep(
        await startAuthrpc(
          { ...rooms, now, logger, pool, preconf, forOperators: operatorMethods(rpcDeps, options.rpc) },
          options.authrpc,
        ),
      )
    return {
      ...rooms,
      ...(preconf && { preconf }),
      ...(authrpc && { authrpc }),
      rpc,
      blobs: status.blobs,
      run: (until) => runBoth(until, driver.run, preconf?.run),
      close,
    }
  } catch (error) {
    await close().catch((closing) => logger.warn({ error: closing }, 'not everything was closed'))
    throw error
  }
}

/** What stays in memory is computed again at the next start. */
function flushState(between: UnsafeChain['between'], deps: CommitDeps, logger: Logger): Promise<void> {
  return between(() => commitFlush(deps)).catch((error: unknown) =>
    logger.warn({ error }, 'branches of the state were not flushed'),
  )
}

/** With a snapshot, where one is asked for and there is no chain yet. */
async function beginAt(
  { checkpoint, spec, logger, signal }: NodeOptions,
  store: Store,
  l1: Parameters<typeof beginWithSnapshot>[0]['l1'],
): Promise<void> {
  if (checkpoint === undefined) return assertNotLoading(store)
  if (await isInitialised(store)) {
    logger.info({}, 'there is a chain already: --sync.checkpoint is not used')
    return
  }
  const beginning = await beginWithSnapshot(
    { store, spec, l1, ...checkpoint },
    {
      signal,
      onConfirmed: (confirmed) =>
        logger.info(confirmed, 'L1 has the block of the snapshot; loading its state'),
      onProgress: ({ chunks, chunksTotal, bytes, bytesTotal }) =>
        logger.info({ chunks, chunksTotal, bytes, bytesTotal }, 'loading the snapshot'),
    },
  )
  logger.info(beginning, 'loaded the snapshot; nothing before its block is known here')
}

async function joinPreconf(
  rooms: Rooms & { readonly l1: L1 & { readonly reads: L1Reads }; readonly pool?: TxPool },
  now: () => number,
  { preconf, dataDir, logger, signal }: NodeOptions,
): Promise<Preconf> {
  const chosen = await preconf?.(rooms)
  return retryTemporary(
    () => createPreconf({ ...rooms, now, logger }, { dataDir, sources: [], committers: [], ...chosen }),
    { ...RETRY, signal, onRetry: ({ message }) => logger.warn({ error: message }, 'promises wait for L1') },
  )
}

function startAuthrpc(
  deps: Rooms & {
    readonly now: () => number
    readonly logger: Logger
    readonly pool: TxPool | undefined
    readonly preconf: Preconf | undefined
    readonly forOperators: Methods
  },
  { secret, ...place }: NonNullable<NodeOptions['authrpc']>,
): Promise<EngineServer> {
  const { spec, chain, state, schedule, pool, preconf, forOperators, logger, now } = deps
  const engine = { chain, state, nextBaseFee: createNextBaseFee(spec), ...(pool && { pool }) }
  const methods = {
    ...forOperators,
    ...engineMethods(engine),
    ...(preconf && signListMethods({ ...engine, spec, schedule, lists: preconf.lists })),
  }
  return startEngineServer({ methods, limits: DEFAULT_LIMITS, secret, logger, now }, place)
}

function rpcOf({ sequencing, ...preconf }: Preconf): PreconfRpc {
  if (sequencing === undefined) return preconf
  const { commitments, sequencer } = sequencing
  return { ...preconf, commitments, sequencer: sequencer.status }
}

/** What ends one of them ends the other. */
async function runBoth(signal: AbortSignal, ...runs: readonly (Node['run'] | undefined)[]): Promise<void> {
  const ending = new AbortController()
  const both = AbortSignal.any([signal, ending.signal])
  const outcomes = await Promise.allSettled(runs.map((run) => run?.(both).finally(() => ending.abort())))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

/** Where derivation stands, for the RPC, the metrics and the progress line. */
async function createStatus(deps: {
  readonly store: Store
  readonly l1: L1
  readonly chain: ChainReader
  readonly schedule: Schedule
  readonly metrics: Metrics
}) {
  const { store, l1, chain, schedule, metrics } = deps
  let cursor: L1Position = await readCursor(store)
  const startL1Block = cursor.number
  let isSynced = false
  let problem: string | undefined
  let blobs = 0
  let inbox: InboxStatus = {}

  chain.onChange(({ removed, heads }) => {
    if (removed.length > 0) metrics.l2ReorgDepth.observe(removed.length)
    const types = {
      unsafe: heads.latest,
      safe: heads.safe,
      finalized: heads.finalized,
      executable: heads.executable,
    }
    for (const [type, { number }] of Object.entries(types)) {
      metrics.refsNumber.set({ layer: 'l2', type: type as keyof typeof types }, Number(number))
    }
  })

  return {
    read: (): SyncStatus => ({
      cursor,
      l1: l1.status(),
      startL1Block,
      isSynced,
      problems: problem === undefined ? [] : [problem],
      warnings: [...schedule.problems(), ...inboxWarnings(inbox)],
      inbox,
    }),
    blobs: () => blobs,
    note(progress: DriverProgress): void {
      switch (progress.type) {
        case 'step':
          problem = undefined
          cursor = progress.l1
          inbox = noteInbox(inbox, progress.notes)
          if (progress.notes.some(({ item }) => item.type === 'upgraded')) schedule.refresh('settings')
          blobs += progress.blobs
          metrics.l1MissedSlotsTotal.inc(progress.missedSlots)
          metrics.derivedBlocksTotal.inc(progress.blocks)
          metrics.batchesTotal.inc({ validity: 'default' }, progress.faults)
          metrics.batchesTotal.inc({ validity: 'valid' }, progress.sources - progress.faults)
          metrics.refsNumber.set({ layer: 'l1', type: 'current' }, Number(cursor.number))
          metrics.derivationIdle.set(0)
          return
        case 'caughtUp':
          isSynced = true
          problem = undefined
          cursor = progress.l1
          schedule.refresh()
          metrics.derivationIdle.set(1)
          metrics.refsNumber.set({ layer: 'l1', type: 'head' }, Number(progress.l1.number))
          return
        case 'reorg':
          // Until what came in place of it is derived.
          isSynced = false
          cursor = progress.l1
          // It may have undone an upgrade.
          schedule.refresh('settings')
          metrics.l1ReorgDepth.observe(Number(progress.l1Depth))
          metrics.pipelineResetsTotal.inc({ reason: 'l1Reorg' })
          return
        case 'retry':
          isSynced = false
          problem = `derivation is paused: ${progress.error.message}`
          metrics.pipelineResetsTotal.inc({ reason: progress.error.name })
          return
      }
    },
  }
}
