/** How much a source's bytes are, decoded and inflated: derivation needs only what they say. D-8, D-20, D-31. */
import { bytesToBigint } from '../../primitives/bytes.ts'
import { decodeBlobs } from '../../protocol/blobCodec.ts'
import { inflateRlpItem } from '../../protocol/inflate.ts'
import type { DerivationSource, Proposal } from '../../protocol/protocol.ts'
import { isOfInbox } from '../../spec/rollupSpec.ts'

export type SourceBytes = { readonly payload: number | null; readonly inflated: number | null }

/** Version word and size word of a manifest. */
const MANIFEST_HEADER_BYTES = 64
const U64_MASK = (1n << 64n) - 1n

/** Null: nothing came out of its bytes. `blobs` are whole, in the order of the source's hashes. */
export function measureSource(
  { fork }: Pick<Proposal, 'fork'>,
  { blobSlice, calldata }: DerivationSource,
  blobs: readonly Uint8Array[],
): SourceBytes {
  const payload = blobs.length === 0 ? calldata : payloadOf(blobs)
  if (payload === undefined) return { payload: null, inflated: null }
  const compressed = isOfInbox(fork)
    ? manifestOf(payload, blobSlice.offset)
    : payload.subarray(blobSlice.offset, blobSlice.offset + (blobSlice.size ?? payload.length))
  const inflated =
    compressed === undefined || compressed.length === 0
      ? undefined
      : inflateRlpItem(compressed, {
          inflate: 'manifestInflate',
          trailingBytes: 'manifestTrailingBytes',
          keepsTruncated: fork === 'genesis' || fork === 'ontake',
        })
  return { payload: payload.length, inflated: inflated?.type === 'ok' ? inflated.value.length : null }
}

function payloadOf(blobs: readonly Uint8Array[]): Uint8Array | undefined {
  const decoded = decodeBlobs(blobs)
  return decoded.type === 'ok' ? decoded.value : undefined
}

function manifestOf(payload: Uint8Array, offset: number): Uint8Array | undefined {
  const start = offset + MANIFEST_HEADER_BYTES
  if (payload.length < start) return undefined
  const size = bytesToBigint(payload.subarray(offset + 32, start)) & U64_MASK
  return size > BigInt(payload.length - start) ? undefined : payload.subarray(start, start + Number(size))
}
