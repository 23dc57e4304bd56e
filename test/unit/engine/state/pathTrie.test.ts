import { createMPT } from '@ethereumjs/mpt'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeRow, encodeRow } from '../../../../src/engine/state/pathTrieRow.ts'
import { MissingStateError } from '../../../../src/engine/state/source.ts'
import { bytesToHex } from '../../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256 } from '../../../../src/primitives/keccak.ts'
import { createRandom, type Random } from '../../../support/stateBlocks.ts'
import { createTestTrie } from '../../../support/stateTrie.ts'

type Family = {
  readonly key: (random: Random) => Uint8Array
  readonly value: (random: Random) => Uint8Array
}

/** Keys as they come, keys that make extensions everywhere, and keys so alike that nodes become shorter than their hashes. */
const FAMILIES: Readonly<Record<string, Family>> = {
  hashed: {
    key: (random) => keccak256(Uint8Array.of(random(4), random(250))),
    value: (random) => new Uint8Array(1 + random(110)).fill(1 + random(255)),
  },
  'long shared prefixes': {
    key: (random) => {
      const key = new Uint8Array(32).fill([0x00, 0x11, 0x1f][random(3)]!)
      for (let n = random(3); n >= 0; n--)
        key[[3, 4, 17, 30, 31][random(5)]!] = [0x00, 0x10, 0x11, 0x12, 0xf1][random(5)]!
      return key
    },
    value: (random) => new Uint8Array(1 + random(40)).fill(random(256)),
  },
  'near-equal with one-byte values': {
    key: (random) => {
      const key = new Uint8Array(32)
      key[31] = random(256)
      key[30] = random(3)
      return key
    },
    value: (random) => Uint8Array.of(1 + random(120)),
  },
}

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

for (const [name, family] of Object.entries(FAMILIES)) {
  for (const seed of [11, 12, 13]) {
    test(`roots and rows of ${name} keys, through growth and deletion, seed ${seed}`, async () => {
      const random = createRandom(seed)
      const trie = createTestTrie()
      const oracle = await createMPT()
      for (let round = 0; round < 90; round++) {
        const deletePercent = [5, 40, 95][Math.floor(round / 30)]!
        const changes = new Map<string, Uint8Array | null>()
        for (let n = 1 + random(24); n > 0; n--) {
          const key = latin1(family.key(random))
          const existing = [...trie.leaves.keys()]
          if (random(100) < deletePercent && existing.length > 0)
            changes.set(existing[random(existing.length)]!, null)
          else if (deletePercent < 95) changes.set(key, family.value(random))
        }
        for (const [key, value] of changes) {
          const keyBytes = Buffer.from(key, 'latin1')
          if (value === null) await oracle.del(keyBytes)
          else await oracle.put(keyBytes, value)
        }
        expect(await trie.update(changes)).toBe(bytesToHex(oracle.root()))
      }
      // A trie that was never anything else has the same rows: none is stale, none is missing.
      const fresh = createTestTrie()
      await fresh.update(trie.leaves)
      expect(new Map([...trie.rows].sort())).toEqual(new Map([...fresh.rows].sort()))
      await trie.update(new Map([...trie.leaves.keys()].map((key) => [key, null])))
      expect(trie.root).toBe(EMPTY_TRIE_ROOT)
      expect(trie.rows.size).toBe(0)
    })
  }
}

describe('any small batch after any other', () => {
  // Six nibbles at most differ, from an alphabet of three: splits and collapses in every arrangement.
  const key = fc
    .array(fc.constantFrom(0, 1, 15), { minLength: 6, maxLength: 6 })
    .map((nibbles) =>
      latin1(
        Uint8Array.from({ length: 32 }, (_, i) =>
          i >= 14 && i < 17 ? (nibbles[2 * (i - 14)]! << 4) | nibbles[2 * (i - 14) + 1]! : 7,
        ),
      ),
    )
  const change = fc.tuple(key, fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 }), { nil: null }))

  test('has the root that @ethereumjs/mpt computes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { maxLength: 8 }), { maxLength: 8 }), async (batches) => {
        const trie = createTestTrie()
        const oracle = await createMPT()
        for (const batch of batches) {
          const changes = new Map(batch)
          for (const [text, value] of changes) {
            if (value === null) await oracle.del(Buffer.from(text, 'latin1'))
            else await oracle.put(Buffer.from(text, 'latin1'), value)
          }
          expect(await trie.update(changes)).toBe(bytesToHex(oracle.root()))
        }
      }),
      { seed: 20, numRuns: 250 },
    )
  })
})

describe('what is missing or wrong', () => {
  async function filled() {
    const random = createRandom(5)
    const trie = createTestTrie()
    const changes = new Map<string, Uint8Array>()
    while (changes.size < 300)
      changes.set(latin1(FAMILIES.hashed!.key(random)), FAMILIES.hashed!.value(random))
    await trie.update(changes)
    return trie
  }

  test('every branch on the way to a change is needed', async () => {
    const trie = await filled()
    for (const position of [...trie.rows.keys()]) {
      const row = trie.rows.get(position)!
      trie.rows.delete(position)
      const all = new Map([...trie.leaves.keys()].map((key) => [key, Uint8Array.of(1)]))
      await expect(trie.update(all)).rejects.toThrow(MissingStateError)
      trie.rows.set(position, row)
    }
  })

  test('a branch with one byte changed is no branch of this trie', async () => {
    const trie = await filled()
    for (const [position, row] of [...trie.rows]) {
      const wrong = row.slice()
      wrong[wrong.length - 1]! ^= 0x10
      trie.rows.set(position, wrong)
      const all = new Map([...trie.leaves.keys()].map((key) => [key, Uint8Array.of(1)]))
      await expect(trie.update(all)).rejects.toThrow(MissingStateError)
      trie.rows.set(position, row)
    }
  })

  test('a leaf that the trie holds and the flat rows do not, or not with this value', async () => {
    const trie = await filled()
    for (const [key, value] of [...trie.leaves].slice(0, 100)) {
      for (const damage of ['absent', 'other']) {
        if (damage === 'absent') trie.leaves.delete(key)
        else trie.leaves.set(key, Uint8Array.of(99, 99))
        for (const change of [Uint8Array.of(1), null]) {
          if (damage === 'absent' && change === null) continue
          await expect(trie.update(new Map([[key, change]]))).rejects.toThrow(MissingStateError)
        }
        trie.leaves.set(key, value)
      }
    }
  })

  test('a leaf that the flat rows hold and the trie does not', async () => {
    const trie = await filled()
    const key = latin1(keccak256(Uint8Array.of(200, 200, 200)))
    trie.leaves.set(key, Uint8Array.of(1))
    await expect(trie.update(new Map([[key, Uint8Array.of(2)]]))).rejects.toThrow(MissingStateError)
  })
})

test('a row that ends early or late is refused', () => {
  const slot = (kind: 1 | 2, fill: number, extension: number[] = []) => ({
    kind,
    reference: new Uint8Array(32).fill(fill),
    extension: Uint8Array.from(extension),
  })
  const empty = { kind: 0 as const, reference: new Uint8Array(0), extension: new Uint8Array(0) }
  const slots = [slot(1, 1), ...new Array(13).fill(empty), slot(2, 3), slot(2, 2, [1, 2, 15])]
  const row = encodeRow(slots)
  expect(decodeRow(row)).toEqual(slots)
  expect(() => decodeRow(row.subarray(0, -1))).toThrow(/ends early/)
  expect(() => decodeRow(Uint8Array.of(...row, 0))).toThrow(/left over/)
})
