/** Bytes of a span batch from front to back. Foreign: everything that is not there is a RangeError. */
import { bytesToBigint } from '../../../primitives/bytes.ts'

/** Longest unsigned varint of 64 bits. https://protobuf.dev/programming-guides/encoding/#varints */
const VARINT_BYTES_MAX = 10

export type Reader = {
  bytes(length: number): Uint8Array
  varint(): bigint
  /** A varint that counts things which take at least a bit each of what is left. */
  count(): number
  /** One RLP item, its header included. */
  rlpItem(): Uint8Array
  /** Bit i is whether the bit of value 2^i of the big-endian number is set. */
  bits(length: number): readonly boolean[]
  isAtEnd(): boolean
}

export function createReader(data: Uint8Array): Reader {
  let at = 0

  function bytes(length: number): Uint8Array {
    if (length > data.length - at) throw new RangeError(`the batch ends ${length} bytes short at byte ${at}`)
    at += length
    return data.subarray(at - length, at)
  }

  function varint(): bigint {
    let value = 0n
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const [byte = 0] = bytes(1)
      value |= BigInt(byte & 0x7f) << BigInt(7 * i)
      if (byte < 0x80) return value
    }
    throw new RangeError(`a number of the batch has no end at byte ${at}`)
  }

  return {
    bytes,
    varint,
    count() {
      const value = varint()
      if (value > BigInt(data.length - at) * 8n)
        throw new RangeError(`the batch claims ${value} of something, more than it has bits`)
      return Number(value)
    },
    rlpItem() {
      const start = at
      const [first = 0] = bytes(1)
      if (first >= 0x80) {
        const short = first >= 0xc0 ? first - 0xc0 : first - 0x80
        // Up to 55 bytes the first byte says how many, past that how many bytes say it.
        bytes(short <= 55 ? short : Number(bytesToBigint(bytes(short - 55))))
      }
      return data.subarray(start, at)
    },
    bits(length) {
      const packed = bytes(Math.ceil(length / 8))
      return Array.from({ length }, (_, i) => {
        const byte = packed[packed.length - 1 - (i >> 3)] ?? 0
        return ((byte >> (i & 7)) & 1) === 1
      })
    },
    isAtEnd: () => at === data.length,
  }
}
