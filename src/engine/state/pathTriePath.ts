/**
 * Positions in a trie. A position is its trie's id, the nibbles from the root down to it, and their count:
 * id (4 bytes) ‖ nibbles in pairs ‖ count (1 byte), as a latin1 string like flat keys. A branch is stored under its position.
 */
import { FLAT_KEY_BYTES, type FlatKey, STORAGE_ID_BYTES } from './flatKeys.ts'

export type TriePosition = string

/** Nibbles of a flat key's hash. */
const KEY_NIBBLES = 2 * (FLAT_KEY_BYTES - STORAGE_ID_BYTES)

const BYTE_STRINGS: readonly string[] = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))

export function toNibbles(key: FlatKey): Uint8Array {
  const nibbles = new Uint8Array(KEY_NIBBLES)
  for (let i = 0; i < KEY_NIBBLES / 2; i++) {
    const byte = key.charCodeAt(STORAGE_ID_BYTES + i)
    nibbles[2 * i] = byte >> 4
    nibbles[2 * i + 1] = byte & 15
  }
  return nibbles
}

/** The position `depth` nibbles down the path of `key`. */
export function positionOnPath(key: FlatKey, depth: number): TriePosition {
  const whole = STORAGE_ID_BYTES + (depth >> 1)
  const half = depth & 1 ? BYTE_STRINGS[key.charCodeAt(whole) & 0xf0] : ''
  return key.slice(0, whole) + half + BYTE_STRINGS[depth]
}

/** The position below one on the path of `key`, `depth` nibbles down, that `nibbles` lead to. */
export function positionBeside(key: FlatKey, depth: number, nibbles: Uint8Array): TriePosition {
  const path = toNibbles(key)
  path.set(nibbles, depth)
  const length = depth + nibbles.length
  let position = key.slice(0, STORAGE_ID_BYTES)
  for (let i = 0; i < length; i += 2)
    position += BYTE_STRINGS[((path[i] ?? 0) << 4) | (i + 1 < length ? (path[i + 1] ?? 0) : 0)]
  return position + BYTE_STRINGS[length]
}

/** First and last flat key below a position: 36 bytes each. */
export function keyRange(position: TriePosition): readonly [first: Uint8Array, last: Uint8Array] {
  const depth = position.charCodeAt(position.length - 1)
  const path = Buffer.from(position.slice(0, -1), 'latin1')
  const first = Buffer.alloc(FLAT_KEY_BYTES)
  const last = Buffer.alloc(FLAT_KEY_BYTES, 0xff)
  first.set(path)
  last.set(path)
  if (depth & 1) last[path.length - 1] = (path[path.length - 1] ?? 0) | 0x0f
  return [first, last]
}
