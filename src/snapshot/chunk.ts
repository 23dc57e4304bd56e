/** A chunk: records one after the other, each behind its length in two bytes, compressed with gzip. */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { SnapshotError } from './errors.ts'
import { type ChunkEntry, RECORD_BYTES_MAX, RECORD_HEAD_BYTES } from './manifest.ts'

/** Level 6 takes thrice as long for 2 % less (bench/snapshot.ts's rows: hashes do not shrink). */
const GZIP_LEVEL = 1

const deflate = promisify(gzip)

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The same bytes for the same records, as long as zlib is the same. */
export async function packChunk(raw: Uint8Array): Promise<Uint8Array> {
  return deflate(raw, { level: GZIP_LEVEL })
}

/** Throws a SnapshotError that names the chunk unless it is, byte for byte, what the manifest says. */
export async function unpackChunk(entry: ChunkEntry, bytes: Uint8Array): Promise<Uint8Array> {
  checkChunkFile(entry, bytes)
  const raw = await inflate(entry, bytes)
  if (raw.length !== entry.rawBytes)
    throw new SnapshotError(
      'chunkWrongSize',
      `${entry.file} unpacks to ${raw.length} bytes, ${entry.rawBytes} are said`,
    )
  return raw
}

export function checkChunkFile(entry: ChunkEntry, bytes: Uint8Array): void {
  if (bytes.length !== entry.bytes)
    throw new SnapshotError(
      'chunkWrongSize',
      `${entry.file} has ${bytes.length} bytes, ${entry.bytes} are said; fetch it again`,
    )
  if (sha256(bytes) !== entry.sha256)
    throw new SnapshotError(
      'chunkWrongHash',
      `${entry.file} is not the file of the manifest (its sha256 differs); fetch it again`,
    )
}

/** zlib stops reading behind the end of its stream, and bytes there would be nobody's. */
function inflate(entry: ChunkEntry, bytes: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    gunzip(bytes, { maxOutputLength: entry.rawBytes, info: true }, (error, result) => {
      const { buffer, engine } = (result ?? {}) as unknown as {
        buffer?: Buffer
        engine?: { bytesWritten: number }
      }
      if (error || buffer === undefined || engine?.bytesWritten !== bytes.length)
        reject(
          new SnapshotError(
            'chunkNotInflatable',
            `${entry.file} does not unpack to ${entry.rawBytes} bytes`,
            { cause: error ?? undefined },
          ),
        )
      else resolve(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength))
    })
  })
}

export function joinRecords(records: readonly Uint8Array[]): Uint8Array {
  const raw = new Uint8Array(records.reduce((sum, { length }) => sum + RECORD_HEAD_BYTES + length, 0))
  let at = 0
  for (const record of records) {
    const { length } = record
    if (length === 0 || length > RECORD_BYTES_MAX)
      throw new RangeError(`a record of ${length} bytes does not fit a chunk`)
    raw[at] = length >> 8
    raw[at + 1] = length & 255
    raw.set(record, at + RECORD_HEAD_BYTES)
    at += RECORD_HEAD_BYTES + length
  }
  return raw
}

/** Views into `raw`. Throws a SnapshotError unless the records fill the chunk. */
export function splitRecords(entry: ChunkEntry, raw: Uint8Array): readonly Uint8Array[] {
  const records: Uint8Array[] = []
  for (let at = 0; at < raw.length; ) {
    const length = ((raw[at] ?? 0) << 8) | (raw[at + 1] ?? 0)
    const from = at + RECORD_HEAD_BYTES
    at = from + length
    if (length === 0 || at > raw.length)
      throw new SnapshotError(
        'recordMalformed',
        `record ${records.length} of ${entry.file} does not fit in it`,
      )
    records.push(raw.subarray(from, at))
  }
  if (records.length !== entry.count)
    throw new SnapshotError(
      'chunkWrongCount',
      `${entry.file} holds ${records.length} records, ${entry.count} are said`,
    )
  return records
}
