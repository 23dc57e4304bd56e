/** Reads an archive in order, proving what it hands out: chunk by chunk, linked by hash. */
import type { Watch } from '../l1/watch.ts'
import { type OpenedBlock, openBlock, openHeader } from './archivedBlock.ts'
import { chunkFileOf, readChunk } from './chunkFile.ts'
import { ArchiveDamagedError, type ArchivedBlock, type ChunkEntry, type Manifest } from './format.ts'

export type ArchiveReader = {
  /** Blocks `from` to `to`, both included, in order; CriticalError for blocks that are not there. */
  blocks(from: number, to: number): AsyncGenerator<OpenedBlock>
  /** One block; undefined if the archive does not reach it. */
  block(number: number): Promise<OpenedBlock | undefined>
}

/** Chunks held decompressed: derivation walks through one, and looks back into the one before. */
const CHUNKS_KEPT = 3

export function createArchiveReader(dir: string, manifest: Manifest, watch: Watch): ArchiveReader {
  assertLinked(manifest)
  const kept = new Map<number, Promise<readonly ArchivedBlock[]>>()

  const load = (entry: ChunkEntry): Promise<readonly ArchivedBlock[]> => {
    const held = kept.get(entry.from)
    if (held) return held
    const loading = loadChunk(dir, entry).then(({ blocks }) => blocks)
    loading.catch(() => kept.delete(entry.from))
    kept.set(entry.from, loading)
    const [oldest] = kept.keys()
    if (kept.size > CHUNKS_KEPT && oldest !== undefined) kept.delete(oldest)
    return loading
  }
  const entryOf = (number: number) => manifest.chunks.find(({ from, to }) => from <= number && number <= to)

  const open = async (number: number): Promise<OpenedBlock | undefined> => {
    const entry = entryOf(number)
    if (entry === undefined) return undefined
    const archived = (await load(entry))[number - entry.from]
    return archived && openBlock(archived, watch, chunkFileOf(entry))
  }

  return {
    block: open,
    async *blocks(from, to) {
      for (let number = from; number <= to; number++) {
        const opened = await open(number)
        if (opened === undefined) throw new RangeError(`the archive has no L1 block ${number}`)
        yield opened
      }
    },
  }
}

/** Hashes every header once: inside the chunk they link, and its ends are those that the manifest names. */
export async function loadChunk(
  dir: string,
  entry: ChunkEntry,
): Promise<{ readonly file: string; readonly blocks: readonly ArchivedBlock[] }> {
  const file = chunkFileOf(entry)
  const blocks = await readChunk(dir, entry)
  let parentHash = entry.parentHash
  for (const [at, archived] of blocks.entries()) {
    const { number, hash, parentHash: named } = openHeader(archived, file)
    if (number !== BigInt(entry.from + at) || named !== parentHash)
      throw new ArchiveDamagedError({
        file,
        what: `block ${entry.from + at} does not follow the one before it`,
      })
    parentHash = hash
  }
  if (parentHash !== entry.lastHash)
    throw new ArchiveDamagedError({ file, what: 'its last block is not the one archive.json names' })
  return { file, blocks }
}

/** Throws ArchiveDamagedError for a gap between chunks. */
export function assertLinked({ chunks }: Manifest): void {
  for (const [at, entry] of chunks.entries()) {
    const previous = chunks[at - 1]
    if (previous && (entry.from !== previous.to + 1 || entry.parentHash !== previous.lastHash))
      throw new ArchiveDamagedError({
        file: chunkFileOf(entry),
        what: `archive.json has a gap before it: the chunk before ends at ${previous.to}`,
      })
  }
}
