/** Tries built leaf by leaf: the rows are those of a trie that grew, the roots those of @ethereumjs/mpt. INV-7. */
import { createMPT } from '@ethereumjs/mpt'
import { describe, expect, test } from 'vitest'
import { createTrieBuilder } from '../../../../src/engine/state/pathTrieBuild.ts'
import { bytesToHex } from '../../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256 } from '../../../../src/primitives/keccak.ts'
import { createRandom, type Random } from '../../../support/stateBlocks.ts'
import { createTestTrie } from '../../../support/stateTrie.ts'

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

/** Keys as they come; keys that make extensions everywhere; keys so alike that nodes are shorter than their hashes. */
const FAMILIES: Readonly<Record<string, (random: Random) => Uint8Array>> = {
  hashed: (random) => keccak256(Uint8Array.of(random(4), random(250))),
  'long shared prefixes': (random) => {
    const key = new Uint8Array(32).fill([0x00, 0x11, 0x1f][random(3)]!)
    for (let n = random(3); n >= 0; n--)
      key[[3, 4, 17, 30, 31][random(5)]!] = [0x00, 0x10, 0x11, 0x12, 0xf1][random(5)]!
    return key
  },
  'near-equal': (random) => {
    const key = new Uint8Array(32)
    key[31] = random(256)
    key[30] = random(3)
    return key
  },
}

for (const [name, keyOf] of Object.entries(FAMILIES)) {
  describe(`${name} keys`, () => {
    test.each([0, 1, 2, 3, 17, 300])('%i leaves', async (count) => {
      const random = createRandom(count + name.length)
      const leaves = new Map<string, Uint8Array>()
      for (let i = 0; i < count; i++)
        leaves.set(
          latin1(keyOf(random)),
          new Uint8Array(1 + random(name === 'near-equal' ? 2 : 60)).fill(1 + random(120)),
        )
      const oracle = await createMPT()
      const grown = createTestTrie()
      for (const [key, value] of leaves) await oracle.put(Buffer.from(key, 'latin1'), value)
      if (leaves.size > 0) await grown.update(new Map(leaves))
      const rows = new Map<string, Uint8Array>()
      const emit = (position: string, row: Uint8Array) => {
        expect(rows.has(position)).toBe(false)
        rows.set(position, row)
      }
      let builder = createTrieBuilder(emit)
      for (const [index, [key, value]] of [...leaves].sort(([a], [b]) => (a < b ? -1 : 1)).entries()) {
        builder.add(`\0\0\0\0${key}`, value)
        // Interrupted anywhere, it goes on from what it has saved.
        if (index % 7 === 3) builder = createTrieBuilder(emit, JSON.parse(JSON.stringify(builder.save())))
      }
      expect(bytesToHex(builder.finish())).toBe(
        leaves.size === 0 ? EMPTY_TRIE_ROOT : bytesToHex(oracle.root()),
      )
      expect(rows).toEqual(grown.rows)
    })
  })
}

test('leaves out of order are refused', () => {
  const builder = createTrieBuilder(() => {})
  builder.add(`\0\0\0\0${'b'.repeat(32)}`, Uint8Array.of(1))
  expect(() => builder.add(`\0\0\0\0${'a'.repeat(32)}`, Uint8Array.of(1))).toThrow('out of order')
})
