/** Blob archives over a view: `/blobs/{versionedHash}` with the data inline, and `/blobscan/blobs/{versionedHash}` naming where it lies. */
import { bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { type BlobFilter, type RestApi, type ServedBlob, toServed } from './beaconApi.ts'
import type { View } from './tree.ts'

export function createBlobServer(view: View, filter: BlobFilter = (blobs) => blobs): RestApi {
  return (url) => {
    const match = /^(\/blobscan)?\/blobs\/(0x[0-9a-f]{64})(\/data)?$/i.exec(url.pathname)
    const blob = match === null ? undefined : view.blob(match[2]!.toLowerCase() as Hash)
    const [served] = blob === undefined ? [] : filter([toServed(blob)])
    if (match === null || served === undefined) return { status: 404, body: { error: 'blob not found' } }
    if (match[1] === undefined) return { status: 200, body: inline(served) }
    return match[3] === undefined ? { status: 200, body: byReference(url, served) } : { octets: served.bytes }
  }
}

function inline(blob: ServedBlob) {
  return { commitment: blob.commitment, data: bytesToHex(blob.bytes), versionedHash: blob.versionedHash }
}

function byReference(url: URL, blob: ServedBlob) {
  const data = new URL(`/blobscan/blobs/${blob.versionedHash}/data`, url)
  return {
    versionedHash: blob.versionedHash,
    commitment: blob.commitment,
    size: blob.bytes.length,
    dataStorageReferences: [{ storage: 'google', url: data.href }],
  }
}
