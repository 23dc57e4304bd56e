/** Fills an archive from L1: what derivation needs of a range, verified as a node verifies it, block by block, so that it may be stopped. */
import { BlobUnavailableError } from '../l1/blobs.ts'
import { watchedContracts } from '../l1/inbox.ts'
import type { L1, L1Header, L1Position } from '../l1/l1.ts'
import type { L1Body } from '../l1/reader.ts'
import type { L1Reads } from '../l1/reads.ts'
import { createWatch, type Watch } from '../l1/watch.ts'
import { retryTemporary } from '../primitives/async.ts'
import { CriticalError, TemporaryError } from '../primitives/errors.ts'
import { encodeHeader } from '../primitives/header.ts'
import { bytesToHex, type Hash } from '../primitives/hex.ts'
import type { BlobSlice, L1Log, Proposal } from '../protocol/protocol.ts'
import { decodeProposal } from '../protocol/protocols.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import { archiveBlock, archiveHeader } from './archivedBlock.ts'
import { type BlobFiles, createBlobFiles } from './blobFiles.ts'
import { CHUNK_BLOCKS, hasChunk, readChunk, writeChunk } from './chunkFile.ts'
import {
  ARCHIVE_FORMAT,
  type ArchivedBlob,
  type ArchivedBlock,
  type ChunkEntry,
  type Manifest,
} from './format.ts'
import { readManifest, writeManifest } from './manifestFile.ts'
import { endUnderWay, noteUnderWay, resumeUnderWay } from './underWay.ts'

export type FetchDeps = {
  readonly spec: RollupSpec
  readonly l1: L1 & { readonly reads: Pick<L1Reads, 'body' | 'finalized'> }
  /** Which source gave a blob, as createL1's `onBlob` told it. */
  readonly sourceOf: (hash: Hash) => string | undefined
  readonly onProgress: (progress: FetchProgress) => void
  readonly onRetry: (error: TemporaryError) => void
  readonly signal: AbortSignal
}

export type FetchProgress = {
  readonly block: number
  readonly to: number
  readonly blobs: number
  readonly missingBlobs: number
}

export type FetchInput = {
  readonly dir: string
  /** First and last L1 block whose events are wanted. */
  readonly from: number
  readonly to: number
}

export type FetchResult = {
  readonly blocks: number
  readonly blobs: number
  readonly missingBlobs: number
  /** False: the signal ended it; the next run goes on from the last block that was done. */
  readonly isWhole: boolean
}

/** Attempts for the blobs of one proposal before they count as missing: sources pause between them. */
const BLOB_ATTEMPTS = 3
const RETRY = { delayMs: 500, delayMaxMs: 12_000 }

/**
 * An archive that exists is mended where files of it are gone or blobs were missing, and extended at its end; what it has is not
 * fetched again. CriticalError for a range that would leave a gap, or whose end is not final yet: what may be reorganised away does
 * not belong in an archive.
 */
export async function fetchArchive(deps: FetchDeps, { dir, from, to }: FetchInput): Promise<FetchResult> {
  await assertFinal(deps, to)
  const found = await readManifest(dir)
  // One with no chunk yet may as well begin elsewhere.
  const known = found?.chunks.length === 0 && found.eventsFrom !== from ? undefined : found
  if (known) assertExtends(known, deps.spec, from, dir)
  const manifest = known ?? (await beginManifest(deps, from))
  if (known === undefined) {
    // What is under way rests on where the archive begins: of blocks before, only headers are kept.
    await endUnderWay(dir)
    await writeManifest(dir, manifest)
  }
  const archive: Archive = {
    dir,
    files: createBlobFiles(dir),
    watch: createWatch(watchedContracts(deps.spec)),
    manifest,
    counts: { blocks: 0, blobs: 0, missingBlobs: 0 },
  }
  for (const entry of archive.manifest.chunks) {
    if (await isChunkWhole(archive, entry)) continue
    const cursor = { number: BigInt(entry.from) - 1n, hash: entry.parentHash }
    const isMended = await fetchChunks(deps, archive, cursor, entry.to, async (mended) => {
      if (mended.lastHash !== entry.lastHash)
        throw new CriticalError(`L1 block ${entry.to} is another one now than when ${dir} was fetched`)
      const chunks = archive.manifest.chunks.map((each) => (each === entry ? mended : each))
      archive.manifest = { ...archive.manifest, chunks }
    })
    if (!isMended) return { ...archive.counts, isWhole: false }
  }
  const first = nextBlock(archive.manifest, deps.spec)
  if (first > to) return { ...archive.counts, isWhole: true }
  const cursor = await positionBefore(deps, archive.manifest, first)
  const isWhole = await fetchChunks(deps, archive, cursor, to, async (entry) => {
    archive.manifest = { ...archive.manifest, chunks: [...archive.manifest.chunks, entry] }
  })
  return { ...archive.counts, isWhole }
}

type Archive = {
  readonly dir: string
  readonly files: BlobFiles
  readonly watch: Watch
  manifest: Manifest
  readonly counts: { blocks: number; blobs: number; missingBlobs: number }
}

/** From the block after `cursor` to `to`; false if the signal ended it first. */
async function fetchChunks(
  deps: FetchDeps,
  archive: Archive,
  cursor: L1Position,
  to: number,
  keep: (entry: ChunkEntry) => Promise<void>,
): Promise<boolean> {
  const { counts, dir } = archive
  let chunk = beginChunk(cursor)
  const add = (block: ArchivedBlock, at: L1Position): void => {
    chunk.blocks.push(block)
    chunk.at = { number: at.number, hash: at.hash }
  }
  /** Where a chunk ends with the last block. True at the end of the range. */
  const flushAtEnd = async (): Promise<boolean> => {
    const { from, parentHash, blocks, at } = chunk
    const last = Number(at.number)
    if (blocks.length > 0 && (last === to || (last + 1) % CHUNK_BLOCKS === 0)) {
      await keep(await writeChunk(dir, { from, to: last, parentHash, lastHash: at.hash }, blocks))
      await writeManifest(dir, archive.manifest)
      await endUnderWay(dir)
      chunk = beginChunk(at)
    }
    return last === to
  }
  const hasBlob = ({ hash }: ArchivedBlob) => archive.files.has(hash)
  for (const { block, at } of await resumeUnderWay(dir, cursor, to, hasBlob)) add(block, at)
  if (await flushAtEnd()) return true
  const step = async (): Promise<boolean> => {
    // After an error the stream is rebuilt from the last block that is in the archive or in memory.
    const { at } = chunk
    const events = deps.l1.follow({ cursor: at, knownAncestors: async () => [at], signal: deps.signal })
    for await (const event of events) {
      if (event.type === 'reorg')
        throw new CriticalError('L1 was reorganised below a block that was final; nothing more is archived')
      if (event.type !== 'block') continue
      const { block } = event
      const archived = await archiveEvent(deps, archive, event)
      await noteUnderWay(dir, archived)
      add(archived, block)
      counts.blocks++
      deps.onProgress({ block: Number(block.number), to, ...counts })
      if (await flushAtEnd()) return true
    }
    return false
  }
  try {
    return await retryTemporary(step, { ...RETRY, onRetry: deps.onRetry, signal: deps.signal })
  } catch (error) {
    if (deps.signal.aborted) return false
    throw error
  }
}

async function archiveEvent(
  deps: FetchDeps,
  { manifest, files, watch, counts }: Archive,
  { block, logs }: { readonly block: L1Header; readonly logs: readonly L1Log[] },
): Promise<ArchivedBlock> {
  if (Number(block.number) < manifest.eventsFrom || logs.length === 0) return archiveHeader(block)
  const blobs = await keepBlobs(deps, files, block, logs)
  const missing = blobs.filter(({ from }) => from === null).length
  counts.blobs += blobs.length - missing
  counts.missingBlobs += missing
  return archiveBlock(block, await bodyOf(deps, block), watch, blobs)
}

/** Whether its file is there and names no blob that is not. */
async function isChunkWhole({ dir, files }: Archive, entry: ChunkEntry): Promise<boolean> {
  if (!(await hasChunk(dir, entry))) return false
  const blobs = (await readChunk(dir, entry)).flatMap(({ blobs = [] }) => blobs)
  for (const { hash } of blobs) if (!(await files.has(hash))) return false
  return true
}

type OpenChunk = { readonly from: number; readonly parentHash: Hash; blocks: ArchivedBlock[]; at: L1Position }

const beginChunk = ({ number, hash }: L1Position): OpenChunk => ({
  from: Number(number) + 1,
  parentHash: hash,
  blocks: [],
  at: { number, hash },
})

/** What the first blocks refer to: an anchor block, as old as a rule allows, and its parent. */
function lookBack(spec: RollupSpec): number {
  return Number(spec.shasta.anchorMaxOffset) + 1
}

function nextBlock({ chunks, eventsFrom }: Manifest, spec: RollupSpec): number {
  const last = chunks.at(-1)
  return last ? last.to + 1 : Math.max(1, eventsFrom - lookBack(spec))
}

async function beginManifest({ spec, l1, signal }: FetchDeps, from: number): Promise<Manifest> {
  const genesis = await l1.ancestor(await l1.newest(signal), 0n, signal)
  return {
    format: ARCHIVE_FORMAT,
    chainId: String(spec.l1.chainId),
    contracts: watchedContracts(spec).map(({ address }) => address),
    eventsFrom: from,
    genesis: bytesToHex(encodeHeader(genesis.header)),
    chunks: [],
  }
}

function assertExtends(
  { chainId, eventsFrom, chunks }: Manifest,
  spec: RollupSpec,
  from: number,
  dir: string,
): void {
  if (BigInt(chainId) !== spec.l1.chainId)
    throw new CriticalError(`${dir} is an archive of L1 chain ${chainId}, not of ${spec.l1.chainId}`)
  const last = chunks.at(-1)
  if (from < eventsFrom)
    throw new CriticalError(
      `${dir} begins at L1 block ${eventsFrom}; what is before it needs an archive of its own`,
    )
  if (last && from > last.to + 1)
    throw new CriticalError(
      `${dir} ends at L1 block ${last.to}; an archive has no gaps, so go on from ${last.to + 1}`,
    )
}

async function assertFinal({ l1, signal }: FetchDeps, to: number): Promise<void> {
  const finalized = await l1.reads.finalized(signal)
  if (finalized === null) throw new TemporaryError('no L1 source says which block is final')
  if (finalized.number < BigInt(to))
    throw new CriticalError(`L1 is final up to block ${finalized.number}; --to ${to} must not be above it`)
}

async function positionBefore(
  { l1, signal }: FetchDeps,
  { chunks }: Manifest,
  first: number,
): Promise<L1Position> {
  const last = chunks.at(-1)
  return last ? { number: BigInt(last.to), hash: last.lastHash } : l1.start(signal, BigInt(first))
}

async function bodyOf({ l1, signal }: FetchDeps, block: L1Header): Promise<L1Body> {
  const body = await l1.reads.body(block, signal)
  if (body === null) throw new TemporaryError(`no L1 provider has the receipts of block ${block.number}`)
  return body
}

/** Fetches the blobs that the block's proposals name; those that no source has are listed as missing. */
async function keepBlobs(
  deps: FetchDeps,
  files: BlobFiles,
  block: L1Header,
  logs: readonly L1Log[],
): Promise<readonly ArchivedBlob[]> {
  const kept: ArchivedBlob[] = []
  for (const log of logs) {
    const proposal = decodeProposal({ spec: deps.spec, log, l1Block: block })
    for (const { blobSlice } of proposal?.sources ?? [])
      for (const hash of blobSlice.blobHashes)
        if (!kept.some((blob) => blob.hash === hash))
          kept.push({ hash, from: await keepBlob(deps, files, proposal, blobSlice, hash) })
  }
  return kept
}

async function keepBlob(
  { l1, sourceOf, signal }: FetchDeps,
  files: BlobFiles,
  proposal: Proposal | null,
  slice: BlobSlice,
  hash: Hash,
): Promise<string | null> {
  const at = proposal?.l1
  const timestamp =
    slice.createdInBlock === undefined || at === undefined
      ? slice.timestamp
      : (await l1.ancestor({ number: at.blockNumber, hash: at.blockHash }, slice.createdInBlock, signal))
          .timestamp
  for (let attempt = 1; ; attempt++) {
    try {
      const [blob] = await l1.blobs({ ...slice, timestamp, blobHashes: [hash] }, signal)
      if (blob) await files.write(hash, blob)
      return sourceOf(hash) ?? 'a cache'
    } catch (error) {
      if (!(error instanceof BlobUnavailableError)) throw error
      if (attempt === BLOB_ATTEMPTS) return null
    }
  }
}
