/** Blobs on the disk, each under the versioned hash that commits to it; and folders that other archivers wrote. */
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { BlobSource } from '../l1/blobSource.ts'
import { BYTES_PER_BLOB } from '../l1/kzg.ts'
import { createSourceHealth } from '../l1/sourceHealth.ts'
import { writeWhole } from '../primitives/files.ts'
import type { Hash } from '../primitives/hex.ts'
import { ArchiveDamagedError } from './format.ts'

const compress = promisify(gzip)
const decompress = promisify(gunzip)

export type BlobFiles = {
  has(hash: Hash): Promise<boolean>
  /** Undefined if there is none. Not yet hashed. Throws ArchiveDamagedError for a file that cannot be decompressed. */
  read(hash: Hash): Promise<Uint8Array | undefined>
  write(hash: Hash, blob: Uint8Array): Promise<void>
  fileOf(hash: Hash): string
}

export function createBlobFiles(dir: string): BlobFiles {
  const fileOf = (hash: Hash) => join('blobs', hash.slice(4, 6), `${hash}.gz`)
  return {
    fileOf,
    has: (hash) =>
      access(join(dir, fileOf(hash))).then(
        () => true,
        () => false,
      ),
    async read(hash) {
      const bytes = await readFile(join(dir, fileOf(hash))).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw error
      })
      if (bytes === undefined) return undefined
      return decompress(bytes, { maxOutputLength: BYTES_PER_BLOB }).catch((cause: unknown) => {
        throw new ArchiveDamagedError({ file: fileOf(hash), what: 'it cannot be decompressed', cause })
      })
    },
    async write(hash, blob) {
      await writeWhole(join(dir, fileOf(hash)), await compress(blob))
    },
  }
}

/** The archive's blobs as one more source; what it gives is hashed like any other's. */
export function createBlobFileSource(files: BlobFiles, name: string): BlobSource {
  return {
    name,
    health: createSourceHealth(),
    async find(_slot, hashes) {
      const found = await Promise.all(
        hashes.map(async (hash) => {
          const blob = await files.read(hash)
          return blob === undefined ? [] : [{ blob, claimedHash: hash }]
        }),
      )
      return found.flat()
    },
  }
}
