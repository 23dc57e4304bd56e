import { verifyMerkleProof } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { expect, test } from 'vitest'
import { hexToBytes } from '../../../src/primitives/hex.ts'
import { orderedTrieProofs, orderedTrieRoot } from '../../../src/primitives/orderedTrie.ts'

/** Lengths on both sides of 32 bytes, so that leaves lie in their parents and beside them. */
const valuesOf = (count: number) =>
  Array.from({ length: count }, (_, i) =>
    Uint8Array.from({ length: 1 + ((i * 7) % 60) }, () => (i % 250) + 1),
  )

test.each([1, 2, 3, 16, 17, 127, 128, 129, 300])(
  'the library accepts the proof of every value of %i, and of no other',
  async (count) => {
    const values = valuesOf(count)
    const root = hexToBytes(orderedTrieRoot(values))
    const indexes = values.map((_, index) => index)
    const proofs = orderedTrieProofs(values, indexes)
    for (const index of indexes) {
      const proven = await verifyMerkleProof(RLP.encode(index), [...proofs[index]!], { root })
      expect(proven).toEqual(values[index])
    }
    expect(() => orderedTrieProofs(values, [count])).toThrow(RangeError)
  },
)
