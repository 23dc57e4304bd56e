/**
 * Keys of flat rows: storage id (4 bytes, big-endian, 0 for accounts) ‖ keccak-256 of the address or slot.
 * In memory a key is the latin1 string of its 36 bytes: one character a byte, usable in maps, ordered like the bytes.
 */
import { LRUCache } from 'lru-cache'
import { type Hex, hexToBytes } from '../../primitives/hex.ts'
import { keccak256 } from '../../primitives/keccak.ts'

export type FlatKey = string

export const STORAGE_ID_BYTES = 4
export const FLAT_KEY_BYTES = STORAGE_ID_BYTES + 32
export const STORAGE_ID_MAX = 2 ** (8 * STORAGE_ID_BYTES) - 1
/** Trie of the accounts; storage tries have ids from 1. */
export const ACCOUNTS_ID = idToString(0)

export function idToString(id: number): string {
  return String.fromCharCode(id >>> 24, (id >>> 16) & 255, (id >>> 8) & 255, id & 255)
}

export function toLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

export function fromLatin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

/** Block numbers inside keys: 8 bytes, big-endian, so that keys sort by number. */
export function blockKey(blockNumber: bigint): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(blockNumber)
  return bytes
}

export type KeyHasher = (preimage: Hex) => string

/** keccak-256 of addresses and slots as latin1, remembered: the same few contracts and slots come in every block. */
export function createKeyHasher(rememberedMax: number): KeyHasher {
  const remembered = new LRUCache<Hex, string>({ max: rememberedMax })
  return (preimage) => {
    const known = remembered.get(preimage)
    if (known !== undefined) return known
    const hash = toLatin1(keccak256(hexToBytes(preimage)))
    remembered.set(preimage, hash)
    return hash
  }
}
