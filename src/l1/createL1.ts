/** The room put together: providers, beacon nodes and blob servers as one verified L1. */
import { CriticalError, TemporaryError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import { type Logger, silentLogger } from '../telemetry/log.ts'
import { ANCESTOR_DEPTH_MAX, findAncestor, findL1Genesis } from './ancestry.ts'
import { type BlobSource, createBeaconBlobSource, createBlobServerSource } from './blobSource.ts'
import { createBlobReader } from './blobs.ts'
import { createFinality } from './finality.ts'
import { followL1 } from './follow.ts'
import { createHeads } from './heads.ts'
import { createHttpSource, type HttpSourceOptions } from './httpSource.ts'
import { hashChainOf, watchedContracts } from './inbox.ts'
import { createKzgPool } from './kzgPool.ts'
import type { HeadTrust, L1, L1Position } from './l1.ts'
import { countMissedSlots } from './missedSlots.ts'
import { createL1Provider } from './provider.ts'
import { createL1Reader } from './reader.ts'
import { createL1Reads, type L1Reads } from './reads.ts'
import type { RpcEndpointOptions } from './rpcEndpoint.ts'
import { slotOf } from './slot.ts'
import { startWhenReachable } from './start.ts'
import { createWatch } from './watch.ts'

export type L1Options = {
  readonly spec: RollupSpec
  /** JSON-RPC providers, in order of preference. */
  readonly endpoints: readonly RpcEndpointOptions[]
  /** Beacon nodes, in order of preference: finality and blobs. Without one, finality is the provider's word. */
  readonly beacons?: readonly HttpSourceOptions[]
  /** Blob archives (also Blobscan), asked after the beacon nodes. */
  readonly blobServers?: readonly HttpSourceOptions[]
  readonly logger?: Logger
  /** An L1 block that the operator vouches for; a chain without it is refused. */
  readonly trustedBlock?: L1Position
  /** How many providers must name the same head. Default 1. */
  readonly quorum?: number
  /** keccak-256 of the inbox's code (a proxy's own code, usually). */
  readonly inboxCodeHash?: Hash
  /** For a development L1 with a wrong transactions root (anvil): takes its transaction hashes unproven. Default false. */
  readonly trustsTransactionHashes?: boolean
  readonly pollIntervalMs?: number
  readonly finalityIntervalMs?: number
  /** Default `hash-chain`. */
  readonly historyProof?: HistoryProof
  /** KZG threads; 0 computes on the caller's thread. */
  readonly kzgThreads?: number
  readonly blobCacheBytesMax?: number
  /** More places of blobs, asked last. */
  readonly blobSources?: readonly BlobSource[]
  /** Told which source each verified blob came from. */
  readonly onBlob?: (hash: Hash, source: string) => void
  /** Attempts to reach L1 before `createL1` gives up with a TemporaryError. Default: without end. */
  readonly startAttempts?: number
  /** Multiplies the pauses of failing sources; tests use a small one. */
  readonly pauseScale?: number
  /** Ends the waiting for an L1 that cannot be reached. */
  readonly signal?: AbortSignal
}

/**
 * How logs older than the tip are proven.
 *  - `receipts`: by the receipts of every block whose bloom may hold one. All of a log is proven.
 *  - `hash-chain`: proposals by their hash chain, other events by receipts. Of a proposal in history, its transaction's hash and
 *    its log's index are the provider's word; nothing is derived from them.
 *  - `proposals-only`: the same, but that no other event was hidden is not proven. On a full L1 the bloom of up to every fifth
 *    block may hold one, and its receipts are about 2 MB.
 */
export type HistoryProof = 'receipts' | 'hash-chain' | 'proposals-only'

const POLL_INTERVAL_MS = 2_000
const FINALITY_INTERVAL_MS = 12_000

/**
 * Resolves once L1 has been reached and is the one of the spec. An L1 that cannot be reached is waited for;
 * CriticalError if a chain id, the inbox or the beacon genesis is another than the spec says.
 */
export async function createL1(options: L1Options): Promise<L1 & { readonly reads: L1Reads }> {
  const { spec } = options
  const log = options.logger ?? silentLogger
  const pauses = options.pauseScale === undefined ? {} : { pauseScale: options.pauseScale }
  if ((options.quorum ?? 1) > options.endpoints.length)
    throw new CriticalError(
      `a quorum of ${options.quorum} L1 providers is asked for, but only ${options.endpoints.length} are configured`,
    )
  const closing = new AbortController()
  const provider = createL1Provider({
    endpoints: options.endpoints,
    chainId: spec.l1.chainId,
    log,
    ...pauses,
  })
  const watch = createWatch(watchedContracts(spec))
  const reader = createL1Reader({
    provider,
    watch,
    trustsTransactionHashes: options.trustsTransactionHashes,
  })
  const beacons = (options.beacons ?? []).map((beacon) => createHttpSource(beacon, pauses))
  await startWhenReachable({
    spec,
    provider,
    reader,
    beacons,
    inboxCodeHash: options.inboxCodeHash,
    attemptsMax: options.startAttempts,
    pauseScale: options.pauseScale,
    log,
    signal: options.signal,
  })

  const pool = createKzgPool(options.kzgThreads)
  const blobs = createBlobReader({
    sources: [
      ...beacons.map(createBeaconBlobSource),
      ...(options.blobServers ?? []).map((server) => createBlobServerSource(server, pauses)),
      ...(options.blobSources ?? []),
    ],
    pool,
    log,
    closed: closing.signal,
    ...(options.blobCacheBytesMax === undefined ? {} : { cacheBytesMax: options.blobCacheBytesMax }),
    ...(options.onBlob === undefined ? {} : { onFound: options.onBlob }),
  })
  const finality = createFinality({
    beacons,
    reader,
    intervalMs: options.finalityIntervalMs ?? FINALITY_INTERVAL_MS,
    log,
  })
  let head: L1Position | undefined
  let finalized: L1Position | undefined
  const proof = options.historyProof ?? 'hash-chain'
  const heads = createHeads({
    provider,
    reader,
    quorum: options.quorum ?? 1,
    secondsPerSlot: spec.l1.secondsPerSlot,
    log,
  })
  const followDeps = {
    provider,
    reader,
    watch,
    ...(proof === 'receipts' ? {} : { chain: hashChainOf(spec) }),
    proveAllEvents: proof !== 'proposals-only',
    heads,
    finality,
    trusted: options.trustedBlock,
    pollIntervalMs: options.pollIntervalMs ?? POLL_INTERVAL_MS,
    onHead: (position: L1Position) => {
      head = position
    },
    onFinalized: (position: L1Position) => {
      finalized = position
    },
    finalizedBefore: () => finalized,
    log,
  }
  const trust = (): HeadTrust => {
    if (finality.isFromConsensus()) return 'consensus-finalized'
    if (options.trustedBlock) return 'trusted-hash'
    return (options.quorum ?? 1) > 1 ? 'provider-quorum' : 'single-provider'
  }

  return {
    start: async (signal, firstBlock = spec.l1.startBlock) => {
      const number = firstBlock > 0n ? firstBlock - 1n : 0n
      const [header] = (await reader.headersByNumber(number, number, signal)) ?? []
      if (header === undefined) throw new TemporaryError(`no L1 provider has block ${number} yet`)
      return { number: header.number, hash: header.hash }
    },
    newest: async (signal) => {
      const found = await heads.read(signal)
      if (found === null) throw new TemporaryError('no L1 provider names the head of L1')
      head ??= { number: found.number, hash: found.hash }
      return head
    },
    follow: (input) =>
      countMissedSlots(
        followL1(followDeps, { ...input, signal: AbortSignal.any([input.signal, closing.signal]) }),
        reader,
        spec.l1.secondsPerSlot,
      ),
    ancestor: (descendant, number, signal) =>
      number === 0n && descendant.number > ANCESTOR_DEPTH_MAX
        ? findL1Genesis(provider, signal)
        : findAncestor(reader, descendant, number, signal),
    transaction: async (at, signal) => {
      const found = await reader.transaction(at, signal)
      if (found === null)
        throw new TemporaryError(`no L1 provider has transaction ${at.hash} of block ${at.blockNumber}`)
      return found
    },
    reads: createL1Reads({ provider, reader, finality, beacons, log }),
    blobs: (slice, signal) => blobs.read(slotOf(spec.l1, slice.timestamp), slice.blobHashes, signal),
    status: () => ({
      ...(head ? { head } : {}),
      ...(finalized ? { finalized } : {}),
      trust: trust(),
      providers: [...provider.status(), ...blobs.status()],
    }),
    async close() {
      closing.abort(new Error('the L1 connection is closed'))
      await pool.close()
    },
  }
}
