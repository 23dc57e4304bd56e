/**
 * The folder of base-org/blob-archiver, read as it is: one JSON file a beacon block, named by the block's root, with its sidecars.
 * No name says which versioned hash a blob has, so the folder is gone through once, by the sidecars' commitments.
 * https://github.com/base-org/blob-archiver/blob/17c8a8adccba7c6a064c7ec5744db88da15279f6/common/storage/file.go
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { z } from 'zod'
import type { BlobSource, FoundBlob } from '../l1/blobSource.ts'
import { createSourceHealth } from '../l1/sourceHealth.ts'
import { versionedHashOf } from '../l1/versionedHash.ts'
import { CriticalError } from '../primitives/errors.ts'
import { type Hash, hexToBytes } from '../primitives/hex.ts'

const decompress = promisify(gunzip)

/** The archiver's own limit is a beacon block's: 72 sidecars in hexadecimals are 19 MB. */
const FILE_BYTES_MAX = 64 * 1024 * 1024
const BLOCK_FILE = /^0x[0-9a-f]{64}$/

const sidecars = z.object({
  blob_sidecars: z.object({
    data: z.array(
      z.object({
        blob: z.string().regex(/^0x([0-9a-fA-F]{2})*$/),
        kzg_commitment: z.string().regex(/^0x[0-9a-fA-F]{96}$/),
      }),
    ),
  }),
})

/** CriticalError, when it is first asked, for a folder that cannot be read or a file in it that is none of the archiver's. */
export function createBlobArchiverFolder(dir: string): BlobSource {
  let index: Promise<ReadonlyMap<Hash, string>> | undefined
  return {
    name: dir,
    health: createSourceHealth(),
    async find(_slot, hashes) {
      index ??= buildIndex(dir)
      const fileOf = await index
      const files = new Set(hashes.flatMap((hash) => fileOf.get(hash) ?? []))
      const found: FoundBlob[] = []
      for (const file of files) {
        for (const { blob, commitment, hash } of await readSidecars(dir, file)) {
          if (hashes.includes(hash)) found.push({ blob: hexToBytes(blob), commitment, claimedHash: hash })
        }
      }
      return found
    },
  }
}

async function buildIndex(dir: string): Promise<ReadonlyMap<Hash, string>> {
  const index = new Map<Hash, string>()
  const names = await readdir(dir).catch((cause: unknown) => {
    throw new CriticalError(`the blob folder ${dir} cannot be read: ${String(cause)}`, { cause })
  })
  for (const file of names.filter((name) => BLOCK_FILE.test(name)).sort())
    for (const { hash } of await readSidecars(dir, file)) if (!index.has(hash)) index.set(hash, file)
  return index
}

async function readSidecars(dir: string, file: string) {
  const path = join(dir, file)
  try {
    const bytes = await readFile(path)
    const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b
    const text = isCompressed ? await decompress(bytes, { maxOutputLength: FILE_BYTES_MAX }) : bytes
    const { data } = sidecars.parse(JSON.parse(text.toString('utf8'))).blob_sidecars
    return data.map(({ blob, kzg_commitment }) => {
      const commitment = hexToBytes(kzg_commitment.toLowerCase())
      return { blob, commitment, hash: versionedHashOf(commitment) }
    })
  } catch (cause) {
    throw new CriticalError(`${path} is no file of the blob archiver: ${String(cause)}`, { cause })
  }
}
