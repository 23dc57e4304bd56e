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

export function encodeRlp(item: RlpItem): Uint8Array {
  return RLP.encode(item as Uint8Array)
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
