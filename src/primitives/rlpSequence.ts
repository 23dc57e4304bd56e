/** Consecutive RLP items, as a file of blocks holds them. */
import { RlpError } from './rlp.ts'

/** Each item's own bytes, in order. Throws RlpError where a length does not fit; what is inside the items is not looked at. */
export function* splitRlpSequence(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const size = itemSize(bytes, at)
    if (at + size > bytes.length) throw new RlpError(`an item of ${size} bytes at ${at} is cut off`)
    yield bytes.subarray(at, at + size)
    at += size
  }
}

function itemSize(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number
  if (first < 0x80) return 1
  const [short, long] = first < 0xc0 ? [0x80, 0xb7] : [0xc0, 0xf7]
  if (first <= long) return 1 + first - short
  const lengthBytes = first - long
  let length = 0
  for (let i = 1; i <= lengthBytes; i++) length = length * 256 + (bytes[at + i] ?? 0)
  return 1 + lengthBytes + length
}
