/**
 * L1 from an archive: the same stream, ancestors, transactions and blobs as from providers, offline, and proven again. Completeness
 * is that of the archive: Shasta's proposals are held against their hash chain; that no other event was left out was proven when it
 * was fetched.
 */
import { decodeTransaction } from '../engine/transaction.ts'
import type { BlobSource } from '../l1/blobSource.ts'
import { createBlobReader } from '../l1/blobs.ts'
import { hashChainOf, watchedContracts } from '../l1/inbox.ts'
import { createKzgPool } from '../l1/kzgPool.ts'
import type { FollowInput, L1, L1Call, L1Event, L1Header, L1Position } from '../l1/l1.ts'
import type { L1Reads } from '../l1/reads.ts'
import { slotOf } from '../l1/slot.ts'
import { createWatch } from '../l1/watch.ts'
import { defined } from '../primitives/assert.ts'
import { sleep } from '../primitives/async.ts'
import { CriticalError, TemporaryError } from '../primitives/errors.ts'
import { bytesToHex, type Hash } from '../primitives/hex.ts'
import type { L1Log } from '../protocol/protocol.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import { type Logger, silentLogger } from '../telemetry/log.ts'
import { openHeader } from './archivedBlock.ts'
import { createArchiveReader } from './archiveReader.ts'
import { createBlobFileSource, createBlobFiles } from './blobFiles.ts'
import { ArchiveDamagedError, MANIFEST_FILE, type Manifest } from './format.ts'
import { needManifest } from './manifestFile.ts'

export type ArchiveL1Options = {
  readonly dir: string
  readonly spec: RollupSpec
  /** More places of blobs, asked after the archive: folders of other archivers, servers. */
  readonly blobSources?: readonly BlobSource[]
  /** KZG threads; 0 computes on the caller's thread. */
  readonly kzgThreads?: number
  readonly logger?: Logger
}

/** Nothing is added to an archive while it is read; whoever leaves the stream at its end waits this long. */
const IDLE_MS = 500

/** CriticalError where there is no archive, or one of another chain. */
export async function openArchiveL1(options: ArchiveL1Options): Promise<L1 & { readonly reads: L1Reads }> {
  const { dir, spec } = options
  const log = options.logger ?? silentLogger
  const manifest = await needManifest(dir)
  assertOfChain(manifest, spec, dir)
  const first = defined(manifest.chunks[0], 'the first chunk').from
  const last = defined(manifest.chunks.at(-1), 'the last chunk')
  const head: L1Position = { number: BigInt(last.to), hash: last.lastHash }
  const reader = createArchiveReader(dir, manifest, createWatch(watchedContracts(spec)))
  const closing = new AbortController()
  const pool = createKzgPool(options.kzgThreads)
  const blobs = createBlobReader({
    sources: [createBlobFileSource(createBlobFiles(dir), dir), ...(options.blobSources ?? [])],
    pool,
    log,
    closed: closing.signal,
  })
  const chunkEnds = new Set(manifest.chunks.map(({ to }) => BigInt(to)))
  let finalized: L1Position | undefined

  const headerAt = async (number: bigint): Promise<L1Header> => {
    if (number === 0n && first > 0) return openHeader({ header: manifest.genesis }, MANIFEST_FILE)
    const opened = await reader.block(Number(number))
    if (opened === undefined)
      throw new CriticalError(
        `the archive ${dir} holds L1 blocks ${first} to ${last.to}, and block ${number} is needed; ` +
          'fetch an archive that begins earlier or ends later',
      )
    return opened.block
  }
  const assertOurs = async ({ number, hash }: L1Position): Promise<void> => {
    const ours = await headerAt(number)
    if (ours.hash !== hash)
      throw new CriticalError(
        `L1 block ${number} is ${ours.hash} in the archive ${dir}, but ${hash} was derived from; use a data directory of its own`,
      )
  }

  async function* follow({ cursor, signal }: FollowInput): AsyncGenerator<L1Event> {
    await assertOurs(cursor)
    const links = createLinkCheck(spec)
    for (let number = cursor.number + 1n; number <= head.number; number++) {
      if (signal.aborted) return
      const { block, logs } = defined(await reader.block(Number(number)), 'a block inside the archive')
      links(block, logs)
      yield { type: 'block', block, logs }
      if (chunkEnds.has(number)) {
        finalized = { number, hash: block.hash }
        yield { type: 'finalized', block: finalized }
      }
    }
    yield { type: 'caughtUp', head }
    while (!signal.aborted) await sleep(IDLE_MS, signal).catch(() => {})
  }

  return {
    async start(_signal, firstBlock = BigInt(manifest.eventsFrom)) {
      if (firstBlock < BigInt(manifest.eventsFrom))
        throw new CriticalError(
          `the archive ${dir} has the events of L1 blocks from ${manifest.eventsFrom} on, and those of ${firstBlock} are needed`,
        )
      const number = firstBlock > 0n ? firstBlock - 1n : 0n
      return { number, hash: (await headerAt(number)).hash }
    },
    newest: async () => head,
    follow,
    async ancestor(descendant, number) {
      await assertOurs(descendant)
      return headerAt(number)
    },
    async transaction({ hash, blockNumber, blockHash }) {
      await assertOurs({ number: blockNumber, hash: blockHash })
      const opened = await reader.block(Number(blockNumber))
      const found = opened?.transactions.find((each) => each.hash === hash)
      if (found === undefined)
        throw new CriticalError(`the archive ${dir} lacks transaction ${hash} of L1 block ${blockNumber}`)
      return callOf(found.raw)
    },
    async blobs(slice, signal) {
      try {
        return await blobs.read(slotOf(spec.l1, slice.timestamp), slice.blobHashes, signal)
      } catch (error) {
        // Waiting brings nothing: what is not in the archive now will not come by itself.
        if (error instanceof TemporaryError && !signal?.aborted)
          throw new CriticalError(`the archive ${dir} cannot be gone on with: ${error.message}`, {
            cause: error,
          })
        throw error
      }
    },
    reads: NO_READS,
    status: () => ({
      head,
      ...(finalized && { finalized }),
      trust: 'trusted-hash',
      providers: blobs.status(),
    }),
    async close() {
      closing.abort(new Error('the archive is closed'))
      await pool.close()
    },
  }
}

/** The state of contracts is not archived: who may propose when, and what is owed, cannot be asked of an archive. */
const NO_READS: L1Reads = {
  call: () => Promise.reject(new TemporaryError('an archive of L1 holds no contract state')),
  logData: () => Promise.reject(new TemporaryError('an archive of L1 is read in order, not searched')),
  storage: () => Promise.reject(new TemporaryError('an archive of L1 holds no contract state')),
  body: async () => null,
  finalized: async () => null,
  askBeacons: async () => [],
  demoteBeacon: () => {},
}

function callOf(raw: Uint8Array): L1Call {
  const decoded = decodeTransaction(raw)
  if (decoded.type === 'undecodable')
    throw new CriticalError(`an L1 transaction cannot be decoded by this version: ${decoded.detail}`)
  const { to, data } = decoded.transaction
  return { to: to && bytesToHex(to), input: data }
}

function assertOfChain(manifest: Manifest, spec: RollupSpec, dir: string): void {
  if (BigInt(manifest.chainId) !== spec.l1.chainId)
    throw new CriticalError(
      `${dir} is of L1 chain ${manifest.chainId}, but ${spec.name} lives on L1 chain ${spec.l1.chainId}`,
    )
  const missing = watchedContracts(spec).find(({ address }) => !manifest.contracts.includes(address))
  if (missing)
    throw new CriticalError(`${dir} does not keep the events of ${missing.address}, which ${spec.name} needs`)
}

/** Shasta's proposals must follow each other: one that was left out, or put in, breaks the chain of their hashes. */
function createLinkCheck(spec: RollupSpec) {
  const chain = hashChainOf(spec)
  let previous: { readonly id: bigint; readonly hash: Hash } | undefined
  return (block: L1Header, logs: readonly L1Log[]): void => {
    for (const log of logs) {
      if (log.address !== chain.address || log.topics[0] !== chain.topic) continue
      const link = chain.linkOf(log, block)
      if (link === null) continue
      if (previous && (link.parentHash !== previous.hash || link.id !== previous.id + 1n))
        throw new ArchiveDamagedError({
          file: MANIFEST_FILE,
          what: `proposal ${link.id} of L1 block ${block.number} does not follow proposal ${previous.id}: one was left out`,
        })
      previous = link
    }
  }
}
