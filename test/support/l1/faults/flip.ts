/** The smallest change there is. */
import { bytesToHex, type Hex, hexToBytes } from '../../../../src/primitives/hex.ts'
import type { Random } from '../random.ts'

export function flipBit(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length === 0) return Uint8Array.of(1)
  const out = bytes.slice()
  const at = random.below(out.length)
  out[at] = out[at]! ^ (1 << random.below(8))
  return out
}

export function flipHexBit(hex: Hex, random: Random): Hex {
  return bytesToHex(flipBit(hexToBytes(hex), random))
}
