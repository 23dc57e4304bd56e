/** Byte strings and the big-endian integers inside them. */

export const EMPTY_BYTES = new Uint8Array(0)

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}

/** So many are always a safe integer. */
const SAFE_BYTES = 6
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER)
const WORD_BYTES = 32

/** Big-endian bytes as an unsigned integer; no bytes are zero. */
export function bytesToBigint(bytes: Uint8Array): bigint {
  const { length } = bytes
  if (length <= SAFE_BYTES) {
    let value = 0
    for (let i = 0; i < length; i++) value = value * 256 + (bytes[i] as number)
    return BigInt(value)
  }
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`)
}

/** Big-endian, exactly `size` bytes. Throws a RangeError if `value` is negative or does not fit. */
export function bigintToFixedBytes(value: bigint, size: number): Uint8Array {
  if (value >= 0n && value <= SAFE_MAX) {
    const bytes = new Uint8Array(size)
    let rest = Number(value)
    for (let i = size - 1; i >= 0 && rest > 0; i--) {
      bytes[i] = rest
      rest = Math.floor(rest / 256)
    }
    if (rest === 0) return bytes
  }
  const hex = value.toString(16)
  if (value < 0n || hex.length > 2 * size) throw new RangeError(`${value} does not fit ${size} bytes`)
  if (size !== WORD_BYTES) return new Uint8Array(Buffer.from(hex.padStart(2 * size, '0'), 'hex'))
  const word = new Uint8Array(WORD_BYTES)
  const view = new DataView(word.buffer)
  // Each is cut to its 64 bits.
  for (let i = 0; i < 4; i++) view.setBigUint64(24 - 8 * i, value >> BigInt(64 * i))
  return word
}

/** Big-endian without leading zeros; zero is no bytes, as RLP writes it. Throws a RangeError if negative. */
export function bigintToBytes(value: bigint): Uint8Array {
  if (value === 0n) return EMPTY_BYTES
  if (value > 0n && value <= SAFE_MAX) {
    let size = 0
    for (let rest = Number(value); rest > 0; rest = Math.floor(rest / 256)) size++
    return bigintToFixedBytes(value, size)
  }
  return bigintToFixedBytes(value, (value.toString(16).length + 1) >> 1)
}

/** The 32-byte word of the EVM and of Solidity's ABI. */
export function toWord(value: bigint): Uint8Array {
  return bigintToFixedBytes(value, 32)
}

/** Bytes without leading zeros, as storage values and RLP integers are kept. */
export function trimLeadingZeros(bytes: Uint8Array): Uint8Array {
  let start = 0
  while (start < bytes.length && bytes[start] === 0) start++
  return start === 0 ? bytes : bytes.slice(start)
}
