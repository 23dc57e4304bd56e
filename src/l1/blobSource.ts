/** Where blobs come from. Nothing a source says is believed: blobs.ts finds out what each blob is. */
import type { Hash } from '../primitives/hex.ts'
import { createBeacon } from './beacon.ts'
import type { Source } from './failover.ts'
import { type HttpBody, parseJson } from './http.ts'
import { createHttpSource, type HttpSource, type HttpSourceOptions } from './httpSource.ts'
import { BYTES_PER_BLOB, BYTES_PER_COMMITMENT } from './kzg.ts'
import { readBytes, readList, readObject } from './rpcJson.ts'

export type FoundBlob = {
  readonly blob: Uint8Array
  /** Believed to belong to the blob; makes checking it cheaper. */
  readonly commitment?: Uint8Array
  /** The source says that the blob has this versioned hash. If not, it lied. */
  readonly claimedHash?: Hash
}

export type BlobSource = Source & {
  /** Those of the blobs that the source has. Throws TemporaryError, or WrongDataError for an answer that is none. */
  find(slot: bigint, hashes: readonly Hash[], signal?: AbortSignal): Promise<readonly FoundBlob[]>
}

export function createBeaconBlobSource(source: HttpSource): BlobSource {
  const beacon = createBeacon(source)
  return { ...source, find: (slot, hashes, signal) => beacon.blobs(slot, hashes, signal) }
}

/**
 * A blob archive that knows blobs by versioned hash: `/blobs/{hash}` answers with `data`, or, as Blobscan does, with
 * references to where the data lies, beside its own `/blobs/{hash}/data`.
 */
export function createBlobServerSource(
  options: HttpSourceOptions,
  health: { readonly pauseScale?: number } = {},
): BlobSource {
  const source = createHttpSource(options, health)
  const findOne = async (hash: Hash, signal?: AbortSignal): Promise<FoundBlob | null> => {
    const json = await source.getJson(`/blobs/${hash}`, signal)
    if (json === null) return null
    const entry = readObject(json, 'the blob')
    const data =
      typeof entry.data === 'string'
        ? readBytes(entry.data, 'a blob')
        : await fetchReferred(source, hash, entry, signal)
    if (data === null) return null
    const commitment =
      entry.commitment === undefined
        ? undefined
        : readBytes(entry.commitment, 'a commitment', BYTES_PER_COMMITMENT)
    return { blob: data, claimedHash: hash, ...(commitment ? { commitment } : {}) }
  }
  return {
    ...source,
    async find(_slot, hashes, signal) {
      const found = await Promise.all(hashes.map((hash) => findOne(hash, signal)))
      return found.filter((blob) => blob !== null)
    },
  }
}

/** References tried for one blob; archives keep it in two or three places. */
const REFERENCES_MAX = 4

async function fetchReferred(
  source: HttpSource,
  hash: Hash,
  entry: { readonly dataStorageReferences?: unknown },
  signal?: AbortSignal,
): Promise<Uint8Array | null> {
  const own = await source.get(`/blobs/${hash}/data`, { signal })
  if (own) return decodeData(own)
  const references = readList(entry.dataStorageReferences ?? [], 'the storage references')
  for (const reference of references.slice(0, REFERENCES_MAX)) {
    const { url } = readObject(reference, 'a storage reference')
    if (typeof url !== 'string' || !/^https?:\/\//.test(url)) continue
    const body = await source.get(url, { signal })
    if (body) return decodeData(body)
  }
  return null
}

/** Raw bytes, hex text, or hex as a JSON string. */
function decodeData({ bytes }: HttpBody): Uint8Array {
  if (bytes.length === BYTES_PER_BLOB) return bytes
  const text = Buffer.from(bytes).toString('utf8').trim()
  return readBytes(text.startsWith('"') ? parseJson(bytes) : text, 'a blob')
}
