/** A storage value as a leaf: RLP of its bytes without leading zeros. Yellow Paper §4.1. */
import { CriticalError } from '../../primitives/errors.ts'
import { decodeRlp } from '../../primitives/rlp.ts'

export function decodeStorageValue(leaf: Uint8Array): Uint8Array {
  const value = decodeRlp(leaf, 0)
  if (!(value instanceof Uint8Array) || value.length > 32)
    throw new CriticalError('a storage leaf does not hold a word')
  return value
}
