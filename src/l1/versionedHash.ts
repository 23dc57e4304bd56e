/** EIP-4844: version byte 0x01, then the last 31 bytes of sha256(commitment). */
import { createHash } from 'node:crypto'
import type { Hash } from '../primitives/hex.ts'

const VERSIONED_HASH_VERSION_KZG = '01'

export function versionedHashOf(commitment: Uint8Array): Hash {
  const digest = createHash('sha256').update(commitment).digest('hex')
  return `0x${VERSIONED_HASH_VERSION_KZG}${digest.slice(2)}`
}
