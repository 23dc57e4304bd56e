/** Chunks on the disk: lines, compressed, under a name with their hash. */
import { createHash } from 'node:crypto'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { writeWhole } from '../primitives/files.ts'
import { ArchiveDamagedError, type ArchivedBlock, type ChunkEntry, parseBlock } from './format.ts'

const compress = promisify(gzip)
const decompress = promisify(gunzip)

/** L1 blocks in a chunk; chunks begin at multiples of it, so that two archives of overlapping ranges share files. */
export const CHUNK_BLOCKS = 1000

/**
 * Bytes of a chunk after decompression. A header is 1.3 KB of hexadecimals; a block with a proposal about 20 KB, one with many proofs
 * some 100.
 */
const CHUNK_BYTES_MAX = 1024 * 1024 * 1024

export function chunkFileOf({ from, to, sha256 }: Pick<ChunkEntry, 'from' | 'to' | 'sha256'>): string {
  const pad = (number: number) => String(number).padStart(9, '0')
  return join('l1', `${pad(from)}-${pad(to)}-${sha256.slice(0, 16)}.ndjson.gz`)
}

export async function writeChunk(
  dir: string,
  range: Pick<ChunkEntry, 'from' | 'to' | 'parentHash' | 'lastHash'>,
  blocks: readonly ArchivedBlock[],
): Promise<ChunkEntry> {
  const lines = blocks.map((block) => `${JSON.stringify(block)}\n`).join('')
  const bytes = await compress(lines)
  const entry = { ...range, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length }
  await writeWhole(join(dir, chunkFileOf(entry)), bytes)
  return entry
}

export function hasChunk(dir: string, entry: ChunkEntry): Promise<boolean> {
  return access(join(dir, chunkFileOf(entry))).then(
    () => true,
    () => false,
  )
}

/** Throws ArchiveDamagedError. */
export async function readChunk(dir: string, entry: ChunkEntry): Promise<readonly ArchivedBlock[]> {
  const file = chunkFileOf(entry)
  const damaged = (what: string, cause?: unknown) => new ArchiveDamagedError({ file, what, cause })
  const bytes = await readFile(join(dir, file)).catch((cause: unknown) => {
    throw damaged('it cannot be read', cause)
  })
  if (createHash('sha256').update(bytes).digest('hex') !== entry.sha256)
    throw damaged('its bytes are not those that were written')
  const text = await decompress(bytes, { maxOutputLength: CHUNK_BYTES_MAX }).catch((cause: unknown) => {
    throw damaged('it cannot be decompressed', cause)
  })
  const lines = text.toString('utf8').split('\n').slice(0, -1)
  if (lines.length !== entry.to - entry.from + 1)
    throw damaged(`it has ${lines.length} blocks for ${entry.from} to ${entry.to}`)
  return lines.map((line) => parseBlock(line, file))
}
