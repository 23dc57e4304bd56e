/**
 * Payload → blob bytes, the codec that OP-stack and Shasta chains share: rounds of four field elements, 127 bytes of payload each.
 * The six low bits of each element's first byte carry three more bytes per round. Written apart from src/, as a second opinion.
 */

const ROUNDS = 1024
const BYTES_PER_ROUND = 4 * 31 + 3
export const MAX_BLOB_PAYLOAD_BYTES = ROUNDS * BYTES_PER_ROUND - 4

export function encodeBlobBytes(payload: Uint8Array): Uint8Array {
  if (payload.length > MAX_BLOB_PAYLOAD_BYTES)
    throw new RangeError(`${payload.length} bytes do not fit a blob`)
  // Version byte and 24-bit length are the first four bytes of the first element's data, so they travel as payload does.
  const stream = new Uint8Array(4 + payload.length)
  new DataView(stream.buffer).setUint32(0, payload.length)
  stream.set(payload, 4)

  const out = new Uint8Array(ROUNDS * 4 * 32)
  for (let round = 0; round * BYTES_PER_ROUND < stream.length; round++) {
    const chunk = new Uint8Array(BYTES_PER_ROUND)
    chunk.set(stream.subarray(round * BYTES_PER_ROUND, (round + 1) * BYTES_PER_ROUND))
    encodeRound(chunk, out.subarray(round * 4 * 32, (round + 1) * 4 * 32))
  }
  return out
}

/** Data of elements 0 to 3 with one more byte after each of the first three. */
function encodeRound(chunk: Uint8Array, out: Uint8Array): void {
  const [x, y, z] = [chunk[31]!, chunk[63]!, chunk[95]!]
  out.set(chunk.subarray(0, 31), 1)
  out.set(chunk.subarray(32, 63), 33)
  out.set(chunk.subarray(64, 95), 65)
  out.set(chunk.subarray(96, 127), 97)
  out[0] = x & 0x3f
  out[32] = (y & 0x0f) | ((x & 0xc0) >> 2)
  out[64] = z & 0x3f
  out[96] = ((z & 0xc0) >> 2) | ((y & 0xf0) >> 4)
}
