/** Values of Ethereum's JSON-RPC (execution-apis, schemas/base-types). Malformed ones are WrongDataError: no honest server sends them. */
import { bytesToHex, type Hex, hexToBytes } from '../primitives/hex.ts'
import { check, WrongDataError } from './wrongData.ts'

export type JsonObject = Readonly<Record<string, unknown>>

export function readObject(value: unknown, what: string): JsonObject {
  check(typeof value === 'object' && value !== null && !Array.isArray(value), `${what} is not an object`)
  return value as JsonObject
}

export function readList(value: unknown, what: string): readonly unknown[] {
  check(Array.isArray(value), `${what} is not a list`)
  return value
}

/** At most 256 bits. */
export function readQuantity(value: unknown, what: string): bigint {
  check(typeof value === 'string' && /^0x[0-9a-fA-F]{1,64}$/.test(value), `${what} is not a quantity`)
  return BigInt(value)
}

export function readBytes(value: unknown, what: string, size?: number): Uint8Array {
  try {
    check(typeof value === 'string', `${what} is not a byte string`)
    const bytes = hexToBytes(value)
    check(size === undefined || bytes.length === size, `${what} has ${bytes.length} bytes instead of ${size}`)
    return bytes
  } catch (cause) {
    if (cause instanceof RangeError) throw new WrongDataError(`${what} is not a byte string`, { cause })
    throw cause
  }
}

/** A byte string of `size` bytes, as lower-case hex. */
export function readHex(value: unknown, what: string, size: number): Hex {
  return bytesToHex(readBytes(value, what, size))
}
