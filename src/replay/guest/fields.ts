/** Fields of a guest input: Rust's serde writes integers as JSON numbers or as hex, depending on the type and the version. */
import { z } from 'zod'
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import { hexToBytes } from '../../primitives/hex.ts'
import { BYTES_PER_BLOB } from '../../protocol/blobCodec.ts'

export const quantity = z
  .union([z.number().int().nonnegative(), z.string().regex(/^(0x[0-9a-fA-F]+|[0-9]+)$/)])
  .transform((value) => BigInt(value))

export const hash = fixedHex(32).transform((text) => text as Hash)
export const address = fixedHex(20).transform((text) => text as Address)
export const hex = z
  .string()
  .regex(/^0x([0-9a-fA-F]{2})*$/)
  .transform((text) => text.toLowerCase() as Hex)
export const bytes = hex.transform(hexToBytes)

/** A byte array as JSON numbers. */
export const byteArray = z
  .array(z.number().int().min(0).max(255))
  .transform((numbers) => Uint8Array.from(numbers))
export const blob = byteArray.refine(
  (value) => value.length === BYTES_PER_BLOB,
  `a blob is ${BYTES_PER_BLOB} bytes`,
)

function fixedHex(size: number) {
  return z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]{${2 * size}}$`), `expected ${size} bytes in hex`)
    .transform((text) => text.toLowerCase())
}
