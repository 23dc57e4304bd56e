/**
 * Verified blobs. Sources are asked in order for what is still missing; each blob's versioned hash is computed from its own
 * bytes. What no source has is "not yet", never "empty".
 */
import { LRUCache } from 'lru-cache'
import { CriticalError, type LyingProviderError, TemporaryError } from '../primitives/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Logger } from '../telemetry/log.ts'
import type { BlobSource, FoundBlob } from './blobSource.ts'
import { demoteSource } from './failover.ts'
import { HttpStatusError } from './http.ts'
import type { KzgPool } from './kzgPool.ts'
import { check, WrongDataError } from './wrongData.ts'

/**
 * No source has the blobs now: too new, pruned, or of a block that a reorg has removed. The caller checks that the block is
 * still canonical, and tries again if it is.
 */
export class BlobUnavailableError extends TemporaryError {
  override readonly name = 'BlobUnavailableError'
  readonly slot: bigint
  readonly versionedHashes: readonly Hash[]
  readonly sources: readonly { readonly name: string; readonly reason: string }[]

  constructor(data: {
    slot: bigint
    versionedHashes: readonly Hash[]
    sources: readonly { readonly name: string; readonly reason: string }[]
    cause?: unknown
  }) {
    const reasons = data.sources.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
    super(
      `${data.versionedHashes.length} blob(s) of slot ${data.slot} are not to be had yet ` +
        `(${reasons || 'no blob source is configured'}); blobs older than 18 days need a blob archive`,
      { cause: data.cause },
    )
    this.slot = data.slot
    this.versionedHashes = data.versionedHashes
    this.sources = data.sources
  }
}

export type BlobReader = {
  /** In the order of the hashes; a hash may repeat. Throws BlobUnavailableError. */
  read(slot: bigint, hashes: readonly Hash[], signal?: AbortSignal): Promise<readonly Uint8Array[]>
  status(): readonly { readonly name: string; readonly demotions: number; readonly lastError?: string }[]
}

/** Verified blobs kept, in bytes: a few L1 blocks full of them. */
const CACHE_BYTES_MAX = 64 * 1024 * 1024

export function createBlobReader(deps: {
  /** In order of preference. */
  readonly sources: readonly BlobSource[]
  readonly pool: KzgPool
  readonly log: Logger
  readonly cacheBytesMax?: number
  /** Told which source each verified blob came from. */
  readonly onFound?: (hash: Hash, source: string) => void
  /** Ends requests that outlive their caller. */
  readonly closed: AbortSignal
}): BlobReader {
  const { sources, pool, log, closed } = deps
  const cache = new LRUCache<Hash, Uint8Array>({
    maxSize: deps.cacheBytesMax ?? CACHE_BYTES_MAX,
    sizeCalculation: (blob) => blob.length,
  })
  /** Searches under way, by slot and hash, so that reading ahead and reading cost one request. */
  const searches = new Map<string, Promise<ReadonlyMap<Hash, Uint8Array>>>()

  const search = async (slot: bigint, hashes: readonly Hash[]): Promise<ReadonlyMap<Hash, Uint8Array>> => {
    const found = new Map<Hash, Uint8Array>()
    const reasons: { name: string; reason: string }[] = []
    let lie: LyingProviderError | undefined
    for (const source of rankSources(sources)) {
      const missing = hashes.filter((hash) => !found.has(hash))
      if (missing.length === 0) break
      source.health.begin()
      try {
        const blobs = await source.find(slot, missing, closed)
        source.health.succeed()
        const verified = await identify(pool, missing, blobs)
        for (const [hash, blob] of verified) {
          found.set(hash, blob)
          cache.set(hash, blob)
          deps.onFound?.(hash, source.name)
        }
        if (verified.size < missing.length) reasons.push({ name: source.name, reason: 'not there' })
      } catch (error) {
        if (closed.aborted || error instanceof CriticalError) throw error
        const reason = error instanceof Error ? error.message : String(error)
        reasons.push({ name: source.name, reason })
        if (error instanceof WrongDataError) lie = demoteSource(source, error, log)
        else if (error instanceof TemporaryError) source.health.fail(reason, retryAfterOf(error))
        else throw error
      }
    }
    const missing = hashes.filter((hash) => !found.has(hash))
    if (missing.length > 0)
      throw new BlobUnavailableError({ slot, versionedHashes: missing, sources: reasons, cause: lie })
    return found
  }

  const searchShared = (slot: bigint, hashes: readonly Hash[]) => {
    const key = `${slot} ${hashes.join()}`
    let shared = searches.get(key)
    if (shared === undefined) {
      shared = search(slot, hashes).finally(() => searches.delete(key))
      // Each caller hears of a failure; a caller that has left does not make it unhandled.
      shared.catch(() => {})
      searches.set(key, shared)
    }
    return shared
  }

  return {
    async read(slot, hashes, signal) {
      signal?.throwIfAborted()
      const held = new Map(hashes.flatMap((hash) => withHash(hash, cache.get(hash))))
      const missing = [...new Set(hashes)].filter((hash) => !held.has(hash))
      if (missing.length > 0) {
        const found = await untilAborted(searchShared(slot, missing), signal)
        for (const [hash, blob] of found) held.set(hash, blob)
      }
      return hashes.map((hash) => held.get(hash) as Uint8Array)
    },
    status: () => sources.map(({ name, health }) => ({ name, ...health.status() })),
  }
}

/** The wanted blobs among those found. Throws WrongDataError if the source claimed something false. */
async function identify(
  pool: KzgPool,
  wanted: readonly Hash[],
  blobs: readonly FoundBlob[],
): Promise<ReadonlyMap<Hash, Uint8Array>> {
  const hashes = await pool.identify(blobs)
  const verified = new Map<Hash, Uint8Array>()
  for (const [i, { blob, claimedHash }] of blobs.entries()) {
    const hash = hashes[i] ?? null
    check(
      hash !== null,
      `a blob of ${blob.length} bytes for ${claimedHash ?? 'one of those asked for'} is no valid blob`,
    )
    check(claimedHash === undefined || claimedHash === hash, `the blob given for ${claimedHash} is ${hash}`)
    if (wanted.includes(hash)) verified.set(hash, blob)
  }
  // Without a claim there is still one: as many blobs as were asked for, but not those.
  check(
    verified.size === wanted.length || blobs.length < wanted.length || blobs.some((each) => each.claimedHash),
    `${wanted.length} blobs were asked for; among the ${blobs.length} given are only ${verified.size} of them`,
  )
  return verified
}

/** Healthy ones first; a paused or demoted source is asked last rather than not at all. */
function rankSources(sources: readonly BlobSource[]): readonly BlobSource[] {
  const rank = ({ health }: BlobSource) => (health.isDemoted() ? 2 : health.waitMs() > 0 ? 1 : 0)
  return sources
    .map((source) => ({ source, rank: rank(source) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ source }) => source)
}

function retryAfterOf(error: TemporaryError): number | undefined {
  return error instanceof HttpStatusError ? error.retryAfterMs : undefined
}

function withHash(hash: Hash, blob: Uint8Array | undefined): [Hash, Uint8Array][] {
  return blob === undefined ? [] : [[hash, blob]]
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
