/**
 * Payload bytes in EIP-4844 blobs, in the encoding of the OP stack (version 0), which the Taiko stack shares. D-8, D-10..D-14.
 *
 * A blob is 1,024 rounds of four field elements. A field element is one byte of six payload bits and 31 payload bytes; the 24 spare bits
 * of a round carry three more bytes x, y, z, which follow the bytes of its first, second and third element. The first element begins
 * with the version and the payload's length instead of data.
 */
import { assert } from '../primitives/assert.ts'
import { concatBytes } from '../primitives/bytes.ts'
import { type Decoded, decodedFault } from './faults.ts'

const BYTES_PER_FIELD_ELEMENT = 32
const FIELD_ELEMENTS_PER_BLOB = 4096
export const BYTES_PER_BLOB = FIELD_ELEMENTS_PER_BLOB * BYTES_PER_FIELD_ELEMENT

const ROUNDS = FIELD_ELEMENTS_PER_BLOB / 4
const BYTES_PER_ROUND = 4 * 31 + 3
/** Of the first element's 31 bytes, one holds the version and three the length. */
const PREFIX_BYTES = 4
const ENCODING_VERSION = 0

/** Payload bytes that fit one blob: 130,044. */
export const PAYLOAD_BYTES_PER_BLOB = ROUNDS * BYTES_PER_ROUND - PREFIX_BYTES

const ZEROS = new Uint8Array(BYTES_PER_BLOB)

/** The payload of a whole blob. Throws (a bug of ours) unless it has 131,072 bytes: that much its versioned hash has proven. */
export function decodeBlob(blob: Uint8Array): Decoded<Uint8Array> {
  assert(blob.length === BYTES_PER_BLOB, `a blob of ${blob.length} bytes reached the decoder`)
  if (blob[1] !== ENCODING_VERSION) return decodedFault('blobVersion', `encoding version ${blob[1]}`)
  const length = (at(blob, 2) << 16) | (at(blob, 3) << 8) | at(blob, 4)
  if (length > PAYLOAD_BYTES_PER_BLOB)
    return decodedFault('blobLength', `length ${length} of at most ${PAYLOAD_BYTES_PER_BLOB}`)

  // Round 0 is read whatever the length; later rounds only until the length is covered.
  const rounds = Math.max(1, Math.ceil((length + PREFIX_BYTES) / BYTES_PER_ROUND))
  // `bytes` includes the prefix, so that all rounds look alike.
  const bytes = new Uint8Array(rounds * BYTES_PER_ROUND)
  let from = 0
  let to = 0
  for (let round = 0; round < rounds; round++) {
    const a = at(blob, from)
    const b = at(blob, from + 32)
    const c = at(blob, from + 64)
    const d = at(blob, from + 96)
    // The two highest bits of an element must be zero. Of the very first element the reference decoders never check them
    // (kona, op-node, taiko-client), so neither may we: a blob we alone refused would split us from the chain.
    if (((round === 0 ? b | c | d : a | b | c | d) & 0xc0) !== 0)
      return decodedFault('blobFieldElement', `high bits set in round ${round}`)
    // The payload bytes of four elements and the three headers between them lie as the decoded round does: the
    // headers' places are those of x, y and z.
    bytes.set(blob.subarray(from + 1, from + 1 + BYTES_PER_ROUND), to)
    bytes[to + 31] = (a & 0x3f) | ((b & 0x30) << 2)
    bytes[to + 63] = (b & 0x0f) | ((d & 0x0f) << 4)
    bytes[to + 95] = (c & 0x3f) | ((d & 0x30) << 2)
    from += 4 * BYTES_PER_FIELD_ELEMENT
    to += BYTES_PER_ROUND
  }
  const end = PREFIX_BYTES + length
  if (!isZero(bytes, end, bytes.length))
    return decodedFault('blobTrailingData', `data after the ${length} bytes of payload`)
  if (!isZero(blob, from, blob.length))
    return decodedFault('blobTrailingBytes', `bytes set after the last round, from ${from}`)
  return { type: 'ok', value: bytes.subarray(PREFIX_BYTES, end) }
}

/** The payloads of a source's blobs, concatenated in order. The first faulty blob faults them all. */
export function decodeBlobs(blobs: readonly Uint8Array[]): Decoded<Uint8Array> {
  const payloads: Uint8Array[] = []
  for (const blob of blobs) {
    const payload = decodeBlob(blob)
    if (payload.type === 'fault') return payload
    payloads.push(payload.value)
  }
  const [only] = payloads
  return { type: 'ok', value: payloads.length === 1 && only !== undefined ? only : concatBytes(...payloads) }
}

/** Whole blobs holding `payload`, every one but the last full. At least one, also for an empty payload. */
export function encodeBlobs(payload: Uint8Array): Uint8Array[] {
  const blobs: Uint8Array[] = []
  for (let from = 0; from === 0 || from < payload.length; from += PAYLOAD_BYTES_PER_BLOB)
    blobs.push(encodeBlob(payload.subarray(from, from + PAYLOAD_BYTES_PER_BLOB)))
  return blobs
}

/** One whole blob. Throws a RangeError for more than 130,044 bytes. */
export function encodeBlob(payload: Uint8Array): Uint8Array {
  if (payload.length > PAYLOAD_BYTES_PER_BLOB)
    throw new RangeError(`${payload.length} bytes do not fit a blob (${PAYLOAD_BYTES_PER_BLOB})`)
  const rounds = Math.ceil((payload.length + PREFIX_BYTES) / BYTES_PER_ROUND)
  const bytes = new Uint8Array(rounds * BYTES_PER_ROUND)
  bytes.set([ENCODING_VERSION, payload.length >> 16, (payload.length >> 8) & 0xff, payload.length & 0xff])
  bytes.set(payload, PREFIX_BYTES)

  const blob = new Uint8Array(BYTES_PER_BLOB)
  let from = 0
  let to = 0
  for (let round = 0; round < rounds; round++) {
    const x = at(bytes, from + 31)
    const y = at(bytes, from + 63)
    const z = at(bytes, from + 95)
    blob.set(bytes.subarray(from, from + BYTES_PER_ROUND), to + 1)
    blob[to] = x & 0x3f
    blob[to + 32] = (y & 0x0f) | ((x & 0xc0) >> 2)
    blob[to + 64] = z & 0x3f
    blob[to + 96] = ((z & 0xc0) >> 2) | ((y & 0xf0) >> 4)
    from += BYTES_PER_ROUND
    to += 4 * BYTES_PER_FIELD_ELEMENT
  }
  return blob
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] as number
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  return Buffer.compare(bytes.subarray(from, to), ZEROS.subarray(0, to - from)) === 0
}
