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
    // Node stops at the first character that is no hex digit, so a short count is the validity check.
    if (Buffer.from(bytes.buffer).write(hex.slice(2), 'hex') === size) return bytes
  }
  throw new RangeError(`not a byte string in hex: ${hex.slice(0, 20)}`)
}

/** Minimal hex quantity as in JSON-RPC: `0x0`, `0x1f`. */
export function toQuantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`
}
