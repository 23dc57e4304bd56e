/** Whole nodes of the stepped devnet, in this process: some follow, some sequence, each on a directory of its own. */
import { join } from 'node:path'
import type { PrivateKeyAccount } from 'viem/accounts'
import type { Genesis } from '../../engine/genesis.ts'
import { type Node, startNode } from '../../node.ts'
import { createLocalSigner } from '../../preconf/keys/localSigner.ts'
import { defined } from '../../primitives/assert.ts'
import { type Address, type Hex, hexToBytes } from '../../primitives/hex.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import type { BlobProver } from '../../propose/blobProver.ts'
import { createInboxReader } from '../../propose/inbox.ts'
import { createFileJournal } from '../../propose/journal.ts'
import type { RpcRequest } from '../../propose/l1Rpc.ts'
import { createPoster, DEFAULT_POSTER_OPTIONS, type Poster } from '../../propose/poster.ts'
import { DEFAULT_SEQUENCER_OPTIONS } from '../../propose/sequencer/sequencer.ts'
import type { TxPool } from '../../propose/txPool.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import type { Logger } from '../../telemetry/log.ts'
import { createNodePool, poolRulesOf } from '../nodePool.ts'
import type { SteppedClock } from './clock.ts'
import { L1_CHAIN_ID, SECONDS_PER_SLOT } from './steppedL1.ts'

export type Operator = { readonly account: PrivateKeyAccount; readonly key: Hex; readonly address: Address }

export type RunningNode = {
  readonly name: string
  readonly node: Node
  readonly pool: TxPool
  /** What it says is wrong now; a sentence. */
  says(): string | undefined
  isStopped(): boolean
  /** At once: nothing is landed first. */
  stop(): Promise<void>
}

export type NodeWishes = {
  readonly name: string
  readonly beaconUrl?: string
  readonly blobServers?: readonly string[]
  /** Nodes whose streams it hears; absent: L1 alone. */
  readonly follows?: readonly string[]
  /** Of its RPC and stream, where others have to know it before it runs. Default: any free one. */
  readonly port?: number
  /** It sequences with this key. */
  readonly operator?: Operator
}

export type NodePlace = {
  readonly dataDir: string
  readonly spec: RollupSpec
  readonly genesis: Genesis
  readonly clock: SteppedClock
  readonly l1Url: string
  readonly beaconUrl: string
  readonly rpc: RpcRequest
  readonly prover: BlobProver
  readonly slotsPerEpoch: number
  /** Whom promises are made to, where the schedule does not say it. */
  readonly domain?: PromiseDomain
  readonly logger: Logger
}

const SLOT_MS = SECONDS_PER_SLOT * 1_000
/** Three blocks a slot: enough to see promises, few enough to be quick. */
export const BLOCK_MS = SLOT_MS / 3
/** A batch lands every other slot. */
const BATCH_MS = 2 * SLOT_MS
/** Slots of a window's length besides. */
const GUARD_LEAD_SLOTS = 4
const GAS_LIMIT_TARGET = 30_000_000n
/** Real milliseconds between looks at the L1 in this machine. */
const POLL_MS = 120
/** Multiplies the pauses of sources that fail: time stands still meanwhile. */
const PAUSE_SCALE = 0.01

export function openPoster(place: NodePlace, operator: Operator, name: string): Poster {
  return createPoster(
    {
      ...{ rpc: place.rpc, account: operator.account, prover: place.prover, logger: place.logger },
      journal: createFileJournal(join(place.dataDir, `${name}-posts`)),
    },
    { ...DEFAULT_POSTER_OPTIONS, chainId: L1_CHAIN_ID, inbox: place.spec.l1.inbox },
  )
}

export async function startWorldNode(place: NodePlace, wishes: NodeWishes): Promise<RunningNode> {
  const { spec, logger, clock, domain } = place
  const { name, operator, follows } = wishes
  const stopping = new AbortController()
  const limits = { requestsPerSecond: 10_000, timeoutMs: 60_000 }
  let pool: TxPool | undefined
  const node = await startNode({
    spec,
    genesis: async () => place.genesis,
    dataDir: join(place.dataDir, name),
    dbCacheKiB: 8 * 1024,
    proofWindowBlocks: 64,
    workers: 0,
    l1: {
      endpoints: [{ name: 'l1', url: place.l1Url, limits }],
      beacons: [{ name: 'beacon', url: wishes.beaconUrl ?? place.beaconUrl, limits }],
      blobServers: (wishes.blobServers ?? []).map((url) => ({ name: 'archive', url, limits })),
      trustsTransactionHashes: true,
      pollIntervalMs: POLL_MS,
      finalityIntervalMs: 0,
      kzgThreads: 0,
      pauseScale: PAUSE_SCALE,
    },
    rpc: { host: '127.0.0.1', port: wishes.port ?? 0, vhosts: ['127.0.0.1'] },
    logger,
    signal: stopping.signal,
    now: clock.now,
    createPool: async (rooms) => {
      pool = await createNodePool(rooms, logger, GAS_LIMIT_TARGET)
      return pool
    },
    ...((follows !== undefined || operator !== undefined) && {
      preconf: async () => ({
        sources: follows ?? [],
        committers: [],
        ...(domain && { domain }),
        ...(operator && { signing: signingOf(place, operator, name, defined(pool, 'the pool')) }),
      }),
    }),
  })
  const running = node.run(stopping.signal)
  let failure: unknown
  running.catch((error: unknown) => {
    failure = error
  })
  return {
    name,
    node,
    pool: defined(pool, 'the pool'),
    says: () => (failure === undefined ? node.sync().problems[0] : String(failure)),
    isStopped: () => stopping.signal.aborted,
    async stop() {
      if (stopping.signal.aborted) return
      stopping.abort(new Error('stopped'))
      await running.catch(() => {})
      await node.close()
    },
  }
}

function signingOf(place: NodePlace, operator: Operator, name: string, pool: TxPool) {
  const windowSeconds = BigInt(place.slotsPerEpoch * SECONDS_PER_SLOT)
  return {
    signer: async () => createLocalSigner(hexToBytes(operator.key)),
    guardPath: join(place.dataDir, `${name}-guard`, 'guard.db'),
    counterPath: join(place.dataDir, `${name}-guard.generation`),
    // A window may be taken over early, and the L1 head be behind by missed slots.
    windowSeconds: windowSeconds + BigInt(GUARD_LEAD_SLOTS * SECONDS_PER_SLOT),
    pool,
    inbox: createInboxReader(place.rpc, place.spec.l1.inbox),
    poster: openPoster(place, operator, name),
    rules: poolRulesOf(place.spec),
    wait: place.clock.wait,
    sequencer: {
      ...DEFAULT_SEQUENCER_OPTIONS,
      proposer: operator.address,
      coinbase: operator.address,
      blockMs: BLOCK_MS,
      fragMs: BLOCK_MS,
      stopBeforeMs: BATCH_MS,
      batchMs: BATCH_MS,
      postIntervalMs: 1_000,
      blobsMax: 1,
      anchorLag: 1n,
      gasLimitTarget: GAS_LIMIT_TARGET,
      forcedMargin: BigInt(2 * SECONDS_PER_SLOT),
    },
  }
}
