/** Reads an archive whole: what is damaged, which blobs are missing, and where each of the others was had. */
import { createKzgPool } from '../l1/kzgPool.ts'
import { createWatch, type Watch } from '../l1/watch.ts'
import type { Hash } from '../primitives/hex.ts'
import { openBlock } from './archivedBlock.ts'
import { assertLinked, loadChunk } from './archiveReader.ts'
import { type BlobFiles, createBlobFiles } from './blobFiles.ts'
import { ArchiveDamagedError, type ChunkEntry } from './format.ts'
import { needManifest } from './manifestFile.ts'

export type NamedBlob = {
  readonly hash: Hash
  readonly l1Block: number
  /** Where it was had; null where no source had it. */
  readonly from: string | null
}

export type ArchiveReport = {
  readonly from: number
  readonly to: number
  readonly blocks: number
  /** L1 blocks with events of ours. */
  readonly blocksWithEvents: number
  readonly blobs: number
  /** How many blobs each source gave. */
  readonly blobsBySource: Readonly<Record<string, number>>
  readonly missing: readonly NamedBlob[]
  /** File by file, what is wrong with it. */
  readonly damage: readonly { readonly file: string; readonly what: string }[]
}

/** Damage is reported, not thrown; CriticalError where there is no archive at all. */
export async function checkArchive(
  dir: string,
  onProgress: (progress: { readonly block: number; readonly to: number }) => void,
  onBlob: (blob: NamedBlob) => void = () => {},
): Promise<ArchiveReport> {
  const manifest = await needManifest(dir)
  const watch = createWatch(manifest.contracts.map((address) => ({ address })))
  const found = { blocks: 0, blocksWithEvents: 0, blobs: 0 }
  const bySource = new Map<string, number>()
  const missing: ArchiveReport['missing'][number][] = []
  const damage: ArchiveReport['damage'][number][] = []
  const collect = async (work: () => Promise<void> | void): Promise<void> => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof ArchiveDamagedError)) throw error
      damage.push({ file: error.file, what: error.what })
    }
  }
  const pool = createKzgPool()
  const files = createBlobFiles(dir)
  try {
    await collect(() => assertLinked(manifest))
    for (const entry of manifest.chunks) {
      await collect(async () => {
        for await (const { number, hasEvents, blobs } of openChunk(dir, entry, watch)) {
          found.blocks++
          if (hasEvents) found.blocksWithEvents++
          for (const { hash, from } of blobs) {
            const blob = { hash, l1Block: number, from }
            found.blobs++
            onBlob(blob)
            if (!(await files.has(hash))) missing.push(blob)
            else await collect(() => checkBlob(files, pool, hash))
            if (from !== null) bySource.set(from, (bySource.get(from) ?? 0) + 1)
          }
        }
      })
      onProgress({ block: entry.to, to: manifest.chunks.at(-1)?.to ?? entry.to })
    }
  } finally {
    await pool.close()
  }
  const [first, last] = [manifest.chunks[0], manifest.chunks.at(-1)]
  return {
    ...{ from: first?.from ?? 0, to: last?.to ?? 0 },
    ...found,
    blobsBySource: Object.fromEntries([...bySource].sort(([a], [b]) => (a < b ? -1 : 1))),
    missing,
    damage,
  }
}

async function* openChunk(dir: string, entry: ChunkEntry, watch: Watch) {
  const { file, blocks } = await loadChunk(dir, entry)
  for (const archived of blocks) {
    const { block, logs, blobs } = await openBlock(archived, watch, file)
    yield { number: Number(block.number), hasEvents: logs.length > 0, blobs }
  }
}

async function checkBlob(
  files: BlobFiles,
  pool: ReturnType<typeof createKzgPool>,
  hash: Hash,
): Promise<void> {
  const blob = await files.read(hash)
  const [actual] = blob ? await pool.identify([{ blob }]) : []
  if (actual !== hash)
    throw new ArchiveDamagedError({
      file: files.fileOf(hash),
      what: `its bytes hash to ${actual ?? 'nothing: they are no blob'}`,
    })
}
