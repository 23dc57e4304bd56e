/** A deriving node without its outer shell: store, state, chain, engine and driver over the L1 in this process. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHAIN_LOGICAL_TABLES } from '../../../src/chain/schema.ts'
import { createChain } from '../../../src/chain/sqliteChain.ts'
import { commitFlush } from '../../../src/derive/commit.ts'
import { createDriver, type DriverProgress } from '../../../src/derive/driver.ts'
import { isInitialised, writeGenesis } from '../../../src/derive/genesis.ts'
import { readCursor } from '../../../src/derive/steps.ts'
import { buildGenesis } from '../../../src/engine/genesis.ts'
import { createFlatState, type FlatStateOptions } from '../../../src/engine/state/flatStateOnStore.ts'
import { STATE_LOGICAL_TABLES } from '../../../src/engine/state/schema.ts'
import { createEngine, type EngineOptions } from '../../../src/engine/vm.ts'
import { createL1, type L1Options } from '../../../src/l1/createL1.ts'
import type { L1 } from '../../../src/l1/l1.ts'
import { CHAIN_STORE_SCHEMAS } from '../../../src/snapshot/chainStore.ts'
import { createDevnetSpec } from '../../../src/spec/devnet.ts'
import type { RollupSpec } from '../../../src/spec/rollupSpec.ts'
import { logicalDump } from '../../../src/store/dump.ts'
import { openStore } from '../../../src/store/openStore.ts'
import type { Store } from '../../../src/store/store.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
import type { SimulatedL1 } from '../l1/simulatedL1.ts'

const LOGICAL_TABLES = [...CHAIN_LOGICAL_TABLES, ...STATE_LOGICAL_TABLES]

const GENESIS_FILE = join(import.meta.dirname, '../../../contracts/artifacts/devnet-genesis.json')
const genesisJson = JSON.parse(readFileSync(GENESIS_FILE, 'utf8'))
export const genesis = buildGenesis(genesisJson)
export const L2_CHAIN_ID = BigInt(genesisJson.config.chainId)

/** The spec of a devnet on a simulated L1. */
export function specOf(sim: SimulatedL1): RollupSpec {
  return createDevnetSpec({
    l1ChainId: sim.config.chainId,
    l2ChainId: L2_CHAIN_ID,
    inbox: sim.config.inbox,
    startBlock: 1n,
    genesisTime: sim.config.genesisTime,
    secondsPerSlot: sim.config.secondsPerSlot,
    genesis: { hash: genesis.hash, stateRoot: genesis.stateRoot },
  })
}

/**
 * One verified view of a simulated L1; nodes can share it, since it keeps nothing of theirs.
 * Options take the place of the one honest provider and its beacon node.
 */
export function connectL1(sim: SimulatedL1, options: Partial<L1Options> = {}): ReturnType<typeof createL1> {
  return createL1({
    spec: specOf(sim),
    endpoints: [{ name: 'sim', request: sim.request, limits: { requestsPerSecond: 1_000_000 } }],
    beacons: [
      {
        name: 'sim-beacon',
        url: 'http://beacon.test',
        fetch: sim.fetch,
        limits: { requestsPerSecond: 1_000_000 },
      },
    ],
    pollIntervalMs: 1,
    finalityIntervalMs: 0,
    kzgThreads: 0,
    pauseScale: 0.001,
    ...options,
  })
}

/** Temporary errors in a row after which a test is told why, rather than that it took too long. */
const RETRIES_MAX = 500

export type HarnessOptions = {
  readonly sim: SimulatedL1
  readonly l1: L1
  /** File of the database, or `:memory:`. */
  readonly path: string
  /** Wraps the store, for stops at numbered points. */
  readonly wrapStore?: (store: Store) => Store
  readonly state?: FlatStateOptions
  /** Instead of the devnet's. */
  readonly spec?: RollupSpec
  readonly onDisagreement?: Parameters<typeof createDriver>[0]['onDisagreement']
  /** Threads that recover senders. Default: none. */
  readonly workers?: number
  readonly engine?: Pick<EngineOptions, 'isChecked' | 'loop'>
}

export type Harness = Awaited<ReturnType<typeof openHarness>>

export async function openHarness(options: HarnessOptions) {
  const opened = await openStore({ path: options.path, schemas: CHAIN_STORE_SCHEMAS })
  try {
    return await start(options, opened)
  } catch (error) {
    await opened.close()
    throw error
  }
}

async function start(options: HarnessOptions, opened: Store) {
  const { sim, l1 } = options
  const { spec = specOf(sim), onDisagreement } = options
  const store = options.wrapStore?.(opened) ?? opened
  const state = await createFlatState({ store, ...(options.state && { options: options.state }) })
  const chain = await createChain(store)
  const engine = createEngine({ spec, workers: options.workers ?? 0, ...options.engine })
  if (!(await isInitialised(store))) {
    const start = sim.tree.block(sim.blockAt(0).hash)!
    await writeGenesis({ store, chain, state }, { spec, genesis, l1: { number: 0n, hash: start.hash } })
  }
  const progress: DriverProgress[] = []
  let onProgress = (_: DriverProgress) => {}
  const driver = createDriver({
    spec,
    l1,
    engine,
    state,
    chain,
    store,
    logger: silentLogger,
    wait: async () => {},
    ...(onDisagreement && { onDisagreement }),
    onProgress: (event) => {
      progress.push(event)
      onProgress(event)
    },
  })
  return {
    spec,
    store,
    chain,
    state,
    engine,
    driver,
    between: driver.between,
    progress,
    /** All that L1 has not said. */
    async dropUnsafe(): Promise<void> {
      const { safe, latest } = chain.heads()
      const [first] = latest.number > safe.number ? await chain.hashes(safe.number + 1n, latest.number) : []
      if (first !== undefined) await driver.drop(first)
    },
    /** Derives until the head of the simulated L1 is reached and its finality is known. */
    async sync(): Promise<void> {
      const done = new AbortController()
      let retries = 0
      let problem: Error | undefined
      onProgress = (event) => {
        if (event.type === 'step') retries = 0
        if (event.type === 'retry' && ++retries === RETRIES_MAX) {
          problem = new Error(`no step in ${RETRIES_MAX} attempts`, { cause: event.error })
          done.abort()
        }
        if (event.type !== 'caughtUp') return
        void readCursor(store).then(({ hash }) => hash === sim.head().hash && done.abort())
      }
      await driver.run(done.signal)
      if (problem) throw problem
    },
    /** Derives until it has failed so often in a row; for an L1 that cannot be followed to its end. */
    async syncUntilStuck(retriesMax: number): Promise<void> {
      const done = new AbortController()
      let retries = 0
      onProgress = (event) => {
        if (event.type === 'step') retries = 0
        if (event.type === 'retry' && ++retries === retriesMax) done.abort()
      }
      await driver.run(done.signal)
    },
    /** The content two nodes that derived the same L1 must share. */
    async dump(): Promise<string> {
      await driver.between(() => commitFlush({ store, chain, state }))
      const lines: string[] = []
      for await (const line of logicalDump(opened, LOGICAL_TABLES)) lines.push(line)
      const cursor = await readCursor(opened)
      return [...lines, `cursor ${cursor.number} ${cursor.hash}`].join('\n')
    },
    async close(): Promise<void> {
      await engine.close()
      await opened.close()
    },
  }
}
