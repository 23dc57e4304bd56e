/** Hex strings are identities (hashes, addresses): lower case, `0x`-prefixed, comparable with `===`, usable as map keys. */

export type Hex = `0x${string}`
/** 32 bytes, lower case. */
export type Hash = Hex
/** 20 bytes, lower case (no EIP-55 checksum; that is for display only). */
export type Address = Hex

export const ZERO_HASH: Hash = `0x${'00'.repeat(32)}`
export const ZERO_ADDRESS: Address = `0x${'00'.repeat(20)}`

export function bytesToHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
}

/** Throws a RangeError unless `hex` is `0x` followed by an even number of hex digits. The bytes have a buffer of their own. */
export function hexToBytes(hex: string): Uint8Array {
  const size = (hex.length - 2) / 2
  if (hex.startsWith('0x') && Number.isInteger(size)) {
    const bytes = new Uint8Array(size)
    if (size <= SHORT_BYTES) {
      let digits = 0
      for (let i = 0; i < size; i++) {
        const high = DIGITS[hex.charCodeAt(2 * i + 2)] ?? NO_DIGIT
        const low = DIGITS[hex.charCodeAt(2 * i + 3)] ?? NO_DIGIT
        digits |= high | low
        bytes[i] = (high << 4) | low
      }
      if (digits < NO_DIGIT) return bytes
      throw new RangeError(`not a byte string in hex: ${hex.slice(0, 20)}`)
    }
    // Node stops at the first character that is no hex digit, so a short count is the validity check.
    if (Buffer.from(bytes.buffer).write(hex.slice(2), 'hex') === size) return bytes
  }
  throw new RangeError(`not a byte string in hex: ${hex.slice(0, 20)}`)
}

/** Up to so many, a loop is faster than a call into Node. */
const SHORT_BYTES = 32
const NO_DIGIT = 16
/** Values of hex digits by character code. */
const DIGITS = new Uint8Array(128).fill(NO_DIGIT)
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  DIGITS[digit.charCodeAt(0)] = value
  DIGITS[digit.toUpperCase().charCodeAt(0)] = value
}

/** Minimal hex quantity as in JSON-RPC: `0x0`, `0x1f`. */
export function toQuantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`
}
