/** Where a snapshot is read from: a directory, or a server that has the same files under one address. */
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CriticalError } from '../primitives/errors.ts'
import { checkChunkFile } from './chunk.ts'
import { SnapshotError } from './errors.ts'
import { createHttpSnapshot, type HttpSnapshotOptions } from './httpSource.ts'
import { type ChunkEntry, MANIFEST_BYTES_MAX, MANIFEST_FILE } from './manifest.ts'

export type SnapshotSource = {
  /** What messages call it; never contains a key. */
  readonly name: string
  manifest(signal?: AbortSignal): Promise<Uint8Array>
  /** The file as the manifest describes it, size and sum. Throws a SnapshotError that names it. */
  chunk(entry: ChunkEntry, signal?: AbortSignal): Promise<Uint8Array>
}

/** There is no snapshot at that place. */
export class NoSnapshotError extends CriticalError {
  override readonly name = 'NoSnapshotError'
}

/** `place`: a directory, its manifest, or an http(s) URL of either. */
export function openSnapshot(place: string, http: HttpSnapshotOptions = {}): SnapshotSource {
  return /^https?:\/\//.test(place) ? createHttpSnapshot(place, http) : createDirectorySnapshot(place)
}

function createDirectorySnapshot(place: string): SnapshotSource {
  const directory = basename(place) === MANIFEST_FILE ? dirname(place) : place
  return {
    name: directory,
    async manifest() {
      const path = join(directory, MANIFEST_FILE)
      const size = await sizeOf(path)
      if (size === undefined)
        throw new NoSnapshotError(
          `there is no snapshot at ${directory}: it has no ${MANIFEST_FILE} (one that was not finished has none)`,
        )
      if (size > MANIFEST_BYTES_MAX)
        throw new SnapshotError(
          'manifestTooLarge',
          `its ${MANIFEST_FILE} has ${size} bytes, at most ${MANIFEST_BYTES_MAX} are read`,
        )
      return readFile(path)
    },
    async chunk(entry) {
      // The name was compared with the only one it can have (manifest.ts).
      const path = join(directory, entry.file)
      const size = await sizeOf(path)
      if (size === undefined) throw new SnapshotError('chunkMissing', `${entry.file} is not there`)
      if (size !== entry.bytes)
        throw new SnapshotError(
          'chunkWrongSize',
          `${entry.file} has ${size} bytes, ${entry.bytes} are said; fetch it again`,
        )
      const bytes = await readFile(path)
      checkChunkFile(entry, bytes)
      return bytes
    },
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() ? found.size : undefined
}
