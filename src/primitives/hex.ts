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

/** Throws a RangeError unless `hex` is `0x` followed by an even number of hex digits. */
export function hexToBytes(hex: string): Uint8Array {
  if (!/^0x(?:[0-9a-fA-F]{2})*$/.test(hex))
    throw new RangeError(`not a byte string in hex: ${hex.slice(0, 20)}`)
  // A copy with its own ArrayBuffer: Buffer.from may hand out a slice of a shared pool.
  return new Uint8Array(Buffer.from(hex.slice(2), 'hex'))
}

/** Minimal hex quantity as in JSON-RPC: `0x0`, `0x1f`. */
export function toQuantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`
}
