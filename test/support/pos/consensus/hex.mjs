/** Hex strings as the Engine and Beacon APIs write them. */

export const toHex = (bytes) => `0x${Buffer.from(bytes).toString('hex')}`

export const fromHex = (hex) => new Uint8Array(Buffer.from(hex.slice(2), 'hex'))

/** A JSON-RPC quantity. */
export const toQuantity = (value) => `0x${BigInt(value).toString(16)}`
