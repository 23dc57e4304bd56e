/** Wrong, missing and oddly arranged blobs. Only the bytes, hashed again, tell. */
import { concatBytes } from '../../../../src/primitives/bytes.ts'
import type { ServedBlob } from '../beaconApi.ts'
import { toServed } from '../beaconApi.ts'
import { BYTES_PER_BLOB, payloadToBlobs } from '../blob.ts'
import type { Random } from '../random.ts'
import type { BlobFault, Remedy } from './fault.ts'

const foreign = () => toServed(payloadToBlobs(new TextEncoder().encode('a blob nobody asked for'))[0]!)

export const BLOB_FAULTS: readonly BlobFault[] = [
  each('blob-bit-flipped', 'refute', (blob, random) => ({
    ...blob,
    bytes: flipCanonicalBit(blob.bytes, random),
  })),
  each('blob-short', 'refute', (blob) => ({ ...blob, bytes: blob.bytes.slice(0, BYTES_PER_BLOB - 32) })),
  each('blob-short-by-one-byte', 'refute', (blob) => ({
    ...blob,
    bytes: blob.bytes.slice(0, BYTES_PER_BLOB - 1),
  })),
  each('blob-long', 'refute', (blob) => ({ ...blob, bytes: concatBytes(blob.bytes, new Uint8Array(32)) })),
  each('blob-without-bytes', 'refute', (blob) => ({ ...blob, bytes: new Uint8Array(0) })),
  each('blob-zeroed', 'refute', (blob) => ({ ...blob, bytes: new Uint8Array(BYTES_PER_BLOB) })),
  each('blob-not-canonical', 'refute', (blob) => {
    const bytes = blob.bytes.slice()
    bytes.fill(0xff, 0, 32)
    return { ...blob, bytes }
  }),
  each('blob-foreign-bytes', 'refute', (blob) => ({ ...blob, bytes: foreign().bytes })),
  each('blob-foreign-with-its-commitment', 'refute', (blob) => ({
    ...foreign(),
    versionedHash: blob.versionedHash,
  })),
  // Only the older routes and blob servers carry commitments; the bytes are right.
  each('blob-foreign-commitment', 'tolerate', (blob) => ({ ...blob, commitment: foreign().commitment })),
  // All are there, each under another's commitment: only who looks at the bytes finds them.
  all('blobs-bytes-swapped', 'tolerate', (blobs) =>
    blobs.map((blob, i) => ({ ...blob, bytes: blobs[(i + 1) % blobs.length]!.bytes })),
  ),
  all('blobs-reversed', 'tolerate', (blobs) => [...blobs].reverse()),
  all('blobs-doubled', 'tolerate', (blobs) => blobs.flatMap((blob) => [blob, blob])),
  all('blobs-all-the-first', 'refute', (blobs) => blobs.map(() => blobs[0]!)),
  all('blobs-one-extra', 'tolerate', (blobs) => [...blobs, foreign()]),
  all('blobs-one-missing', 'wait', (blobs) => blobs.slice(1)),
  all('blobs-none', 'wait', () => []),
]

function each(
  name: string,
  remedy: Remedy,
  alter: (blob: ServedBlob, random: Random) => ServedBlob,
): BlobFault {
  return {
    type: 'blobs',
    name,
    remedy,
    alter: (blobs, { random }) => blobs.map((blob) => alter(blob, random)),
  }
}

function all(
  name: string,
  remedy: Remedy,
  alter: (blobs: readonly ServedBlob[]) => readonly ServedBlob[],
): BlobFault {
  return { type: 'blobs', name, remedy, alter }
}

/** Never in the byte that could make a field element too large. */
function flipCanonicalBit(bytes: Uint8Array, random: Random): Uint8Array {
  const out = bytes.slice()
  const at = 32 * random.below(bytes.length / 32) + 1 + random.below(31)
  out[at] = out[at]! ^ (1 << random.below(8))
  return out
}
