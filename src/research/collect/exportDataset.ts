/**
 * Writes a dataset: L1 is walked once for what only the whole range tells, and again for the rows, chunk by chunk. What dataset.json names
 * is not written again; what it does not name is not there.
 */
import { mkdir } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { defined } from '../../primitives/assert.ts'
import { retryTemporary } from '../../primitives/async.ts'
import { CriticalError, type TemporaryError } from '../../primitives/errors.ts'
import { PROVED_TOPIC } from '../../protocol/shasta/inboxEvents.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import {
  type ChunkRange,
  chunkRanges,
  type DatasetFile,
  describeFile,
  fileOf,
  writeChunk,
} from '../dataset/chunk.ts'
import type { Format } from '../dataset/column.ts'
import { openDuckDb } from '../dataset/duckdb.ts'
import { bestFormat } from '../dataset/files.ts'
import type { Label } from '../dataset/labels.ts'
import {
  createManifest,
  type DatasetManifest,
  isSameExport,
  readManifest,
  writeManifest,
} from '../dataset/manifest.ts'
import { CHUNKED_TABLES, WHOLE_RANGE_TABLES } from '../dataset/tables.ts'
import { writeDuckDb } from '../dataset/views.ts'
import { chunkedRows, proposerRows, windowRows } from '../dataset/wholeRange.ts'
import { createChunkCollector, RETRY } from './collectChunk.ts'
import type { Elections } from './elections.ts'
import { createFactFinder, type Facts } from './facts.ts'
import { type L1Source, readL1Blocks } from './l1Source.ts'
import type { NodeData } from './nodeData.ts'
import { notesOf } from './notes.ts'

export type ExportDeps = {
  readonly spec: RollupSpec
  readonly source: L1Source
  readonly node: NodeData
  /** Who was elected, where L1 can still be asked; otherwise only proposals tell of windows. */
  readonly elections?: Elections
  readonly signal: AbortSignal
  readonly onRetry: (error: TemporaryError) => void
  readonly onProgress: (progress: ExportProgress) => void
}

export type ExportInput = {
  readonly dir: string
  /** First and last L1 block. */
  readonly range: ChunkRange
  readonly chunkSize: number
  readonly formats: readonly Format[]
  readonly labels: readonly Label[]
  /** Seconds; null where it is not known. */
  readonly forcedInclusionDelay: number | null
  readonly code: DatasetManifest['code']
}

export type ExportProgress = {
  readonly phase: 'events' | 'rows'
  readonly l1Block: number
  readonly chunksDone: number
  readonly chunks: number
}

export type ExportResult = {
  readonly rows: number
  readonly files: number
  /** Chunks that an earlier run had finished. */
  readonly chunksKept: number
}

/** Throws CriticalError where the folder holds another dataset; what was written when it ends early is taken up by the next run. */
export async function exportDataset(deps: ExportDeps, input: ExportInput): Promise<ExportResult> {
  const { dir, range } = input
  if (deps.node.derivedTo < range.to)
    throw new CriticalError(
      `the node has derived L1 up to block ${deps.node.derivedTo}; end the range there, or wait for it`,
    )
  await mkdir(dir, { recursive: true })
  const chunks = chunkRanges(range.from, range.to, input.chunkSize)
  const facts = await findFacts(deps, range, chunks)
  const wanted = wantedManifest(deps.spec, input, facts)
  const kept = await keptFiles(input, wanted, chunks)
  const { connection, close } = await openDuckDb()
  try {
    const written = await writeChunks(deps, input, { wanted, facts, chunks, kept, connection })
    const whole = await writeWholeRange(deps, input, connection, written.flat())
    const files = [...written.flat(), ...whole]
    const notes = await notesOf(deps, input, connection, files)
    await writeDuckDb(dir, files, bestFormat(input.formats))
    await writeManifest(dir, { ...wanted, isComplete: true, files: [...files], notes: [...notes] })
    const best = bestFormat(input.formats)
    const rows = files
      .filter(({ file }) => file.endsWith(`.${best}`))
      .reduce((sum, each) => sum + each.rows, 0)
    return { rows, files: files.length, chunksKept: kept.length }
  } finally {
    close()
  }
}

async function findFacts(
  { spec, source, signal, onRetry, onProgress }: ExportDeps,
  range: ChunkRange,
  chunks: readonly ChunkRange[],
): Promise<Facts> {
  const finder = createFactFinder(spec, new Set(chunks.map(({ to }) => to)))
  for await (const event of readL1Blocks(source.l1, range, { signal, onRetry })) {
    const proves = event.logs.some(
      ({ address, topics }) => address === spec.l1.inbox && topics[0] === PROVED_TOPIC,
    )
    const ask = () => source.transactions(event.block, signal)
    finder.note(event, proves ? await retryTemporary(ask, { ...RETRY, signal, onRetry }) : undefined)
    onProgress({
      phase: 'events',
      l1Block: Number(event.block.number),
      chunksDone: 0,
      chunks: chunks.length,
    })
  }
  return finder.facts()
}

function wantedManifest(spec: RollupSpec, input: ExportInput, { ends }: Facts): DatasetManifest {
  const { range, chunkSize, formats, code, labels, forcedInclusionDelay } = input
  return createManifest({
    network: spec.name,
    l1ChainId: String(spec.l1.chainId),
    l2ChainId: String(spec.l2.chainId),
    inbox: spec.l1.inbox,
    range: { ...range, toHash: defined(ends.get(range.to), 'the last block of the range').hash },
    chunkSize,
    formats: [...formats],
    code,
    forcedInclusionDelay,
    labels: [...labels],
  })
}

/** The files of each chunk, from the first on, that an earlier run has finished; all of them as dataset.json has them. */
async function keptFiles(
  { dir, formats }: ExportInput,
  wanted: DatasetManifest,
  chunks: readonly ChunkRange[],
): Promise<readonly (readonly DatasetFile[])[]> {
  const known = await readManifest(dir)
  if (known === undefined) return []
  if (!isSameExport(known, wanted))
    throw new CriticalError(
      `${dir} holds a dataset of another range, other options or another version; give --export.dir an empty folder`,
    )
  const kept: (readonly DatasetFile[])[] = []
  for (const chunk of chunks) {
    const files: DatasetFile[] = []
    for (const table of CHUNKED_TABLES)
      for (const format of formats) {
        const name = fileOf(wanted.network, table.name, chunk, format)
        const entry = known.files.find(({ file }) => file === name)
        if (entry !== undefined && (await isThere(dir, entry))) files.push(entry)
      }
    if (files.length !== CHUNKED_TABLES.length * formats.length) break
    kept.push(files)
  }
  return kept
}

async function isThere(dir: string, { file, sha256 }: DatasetFile): Promise<boolean> {
  return describeFile(join(dir, file)).then(
    (found) => found.sha256 === sha256,
    () => false,
  )
}

async function writeChunks(
  deps: ExportDeps,
  input: ExportInput,
  work: {
    readonly wanted: DatasetManifest
    readonly facts: Facts
    readonly chunks: readonly ChunkRange[]
    readonly kept: readonly (readonly DatasetFile[])[]
    readonly connection: DuckDBConnection
  },
): Promise<readonly (readonly DatasetFile[])[]> {
  const { dir, formats, range, forcedInclusionDelay } = input
  const { wanted, facts, chunks, kept, connection } = work
  const written = [...kept]
  const target = { dir, network: wanted.network, formats }
  const first = chunks[kept.length]
  if (first === undefined) return written
  const collectorOf = (chunk: ChunkRange) =>
    createChunkCollector({ ...deps, facts, forcedInclusionDelay }, chunk)
  let chunk = first
  let collector = collectorOf(chunk)
  for await (const event of readL1Blocks(deps.source.l1, { from: first.from, to: range.to }, deps)) {
    await collector.add(event)
    const l1Block = Number(event.block.number)
    if (l1Block === chunk.to) {
      written.push(await writeChunk(connection, target, chunk, CHUNKED_TABLES, await collector.finish()))
      await writeManifest(dir, { ...wanted, files: written.flat() })
      chunk = chunks[written.length] ?? chunk
      collector = collectorOf(chunk)
    }
    deps.onProgress({ phase: 'rows', l1Block, chunksDone: written.length, chunks: chunks.length })
  }
  return written
}

async function writeWholeRange(
  { spec, elections }: ExportDeps,
  { dir, formats, range, labels }: ExportInput,
  connection: DuckDBConnection,
  files: readonly DatasetFile[],
): Promise<readonly DatasetFile[]> {
  const input = { connection, files, format: bestFormat(formats), prefix: `${dir}${sep}`, labels }
  const [blocks, proposals] = elections
    ? await Promise.all([chunkedRows(input, 'l1_blocks'), chunkedRows(input, 'proposals')])
    : [[], []]
  const elected = await elections?.(blocks, proposals)
  const windows = elected?.windows ?? (await windowRows(input))
  const proposers = await proposerRows(input, elected?.stakes)
  const target = { dir, network: spec.name, formats }
  return writeChunk(connection, target, range, WHOLE_RANGE_TABLES, (table) =>
    table === 'windows' ? windows : proposers,
  )
}
