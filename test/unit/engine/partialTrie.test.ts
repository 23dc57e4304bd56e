import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMPT } from '@ethereumjs/mpt'
import { describe, expect, test } from 'vitest'
import {
  decodePath,
  deleteValue,
  encodePath,
  readValue,
  rootHash,
  type Trie,
  type TrieNode,
  toNibbles,
  writeValue,
} from '../../../src/engine/state/partialTrie.ts'
import { MissingStateError } from '../../../src/engine/state/source.ts'
import { bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256 } from '../../../src/primitives/keccak.ts'
import { SHARED_FIXTURES } from '../../support/engineFixtures.ts'
import { createRandom, type Random } from '../../support/stateBlocks.ts'

const SUITE = join(SHARED_FIXTURES, 'suites/ethereum-tests/TrieTests')

type TrieTest = {
  readonly in: readonly (readonly [string, string | null])[] | Readonly<Record<string, string | null>>
  readonly root: string
}

const toBytes = (text: string) =>
  text.startsWith('0x') ? hexToBytes(text) : new Uint8Array(Buffer.from(text, 'utf8'))

function readSuite(file: string): [string, TrieTest][] {
  return Object.entries(JSON.parse(readFileSync(join(SUITE, file), 'utf8')))
}

const stepsOf = ({ in: steps }: TrieTest): [Uint8Array, Uint8Array | null][] =>
  (Array.isArray(steps) ? steps : Object.entries(steps)).map(([key, value]) => [
    toBytes(key),
    value === null ? null : toBytes(value),
  ])

function apply(steps: readonly (readonly [Uint8Array, Uint8Array | null])[], isHashed: boolean): Trie {
  let trie: Trie = null
  for (const [key, value] of steps) {
    const path = toNibbles(isHashed ? keccak256(key) : key)
    trie = value === null ? deleteValue(trie, path, 'test') : writeValue(trie, path, value, 'test')
  }
  return trie
}

describe.skipIf(!existsSync(SUITE))('ethereum/tests TrieTests', () => {
  for (const file of [
    'hex_encoded_securetrie_test.json',
    'trieanyorder_secureTrie.json',
    'trietest_secureTrie.json',
  ])
    test(file, () => {
      const suite = readSuite(file)
      expect(suite.length).toBeGreaterThan(0)
      for (const [name, trieTest] of suite)
        expect(rootHash(apply(stepsOf(trieTest), true)), name).toBe(trieTest.root)
    })

  test('plain tries whose keys have one length, as all of ours do', () => {
    const cases = ['trieanyorder.json', 'trietest.json']
      .flatMap(readSuite)
      .filter(([, trieTest]) => new Set(stepsOf(trieTest).map(([key]) => key.length)).size === 1)
    expect(cases.map(([name]) => name)).toMatchInlineSnapshot(`
      [
        "singleItem",
        "hex",
        "branchingTests",
        "jeff",
      ]
    `)
    for (const [name, trieTest] of cases)
      expect(rootHash(apply(stepsOf(trieTest), false)), name).toBe(trieTest.root)
  })
})

/** performance-2.md §2.1: each reaches other shapes of the trie. */
const FAMILIES: Readonly<Record<string, { key: (index: number) => Uint8Array; valueBytes: number }>> = {
  'hashed keys': { key: (i) => keccak256(Uint8Array.of(i >> 8, i)), valueBytes: 40 },
  'long shared prefixes, for extensions': {
    key: (i) => {
      const key = new Uint8Array(32).fill(0x11)
      key[29 - (i % 7) * 4] = i % 5
      key[31] = i
      key[30] = i >> 8
      return key
    },
    valueBytes: 40,
  },
  'near-equal keys and small values, for nodes embedded in their parents': {
    key: (i) => {
      const key = new Uint8Array(32).fill(0xab)
      key[31] = i
      key[30] = i >> 8
      return key
    },
    valueBytes: 1,
  },
}

const randomValue = (random: Random, bytes: number) =>
  Uint8Array.from({ length: bytes }, (_, i) => (i === 0 ? 1 + random(255) : random(256)))

test.each(Object.entries(FAMILIES))(
  'equals @ethereumjs/mpt on %s',
  { timeout: 120_000 },
  async (_, family) => {
    for (const seed of [1, 2]) {
      const random = createRandom(seed)
      const oracle = await createMPT()
      const model = new Map<number, Uint8Array>()
      let trie: Trie = null
      for (let step = 0; step < 1500; step++) {
        // First it grows, then it shrinks to nothing.
        const deletes = step < 700 ? 25 : 95
        const index = random(400)
        const key = family.key(index)
        const path = toNibbles(key)
        if (random(100) < deletes) {
          trie = deleteValue(trie, path, 'test')
          await oracle.del(key)
          model.delete(index)
        } else {
          const value = randomValue(random, family.valueBytes)
          trie = writeValue(trie, path, value, 'test')
          await oracle.put(key, value)
          model.set(index, value)
        }
        if (step % 25 === 0) expect(rootHash(trie)).toBe(bytesToHex(oracle.root()))
      }
      expect(rootHash(trie)).toBe(bytesToHex(oracle.root()))
      for (let index = 0; index < 400; index++)
        expect(readValue(trie, toNibbles(family.key(index)), 'test')).toEqual(model.get(index) ?? null)
      for (const index of model.keys()) trie = deleteValue(trie, toNibbles(family.key(index)), 'test')
      expect(rootHash(trie)).toBe(EMPTY_TRIE_ROOT)
    }
  },
)

const KEYS = [0x00, 0x01, 0x10, 0x7f, 0xf0].map((first) => {
  const key = new Uint8Array(32)
  key[0] = first
  return toNibbles(key)
})
const LARGE = new Uint8Array(40).fill(7)

function trieOf(keys: readonly Uint8Array[]): TrieNode {
  let trie: Trie = null
  for (const key of keys) trie = writeValue(trie, key, LARGE, 'test')
  return trie!
}

/** The node at `path` replaced by its hash. */
function withHashAt(node: TrieNode, path: readonly number[]): TrieNode {
  const [nibble, ...rest] = path
  if (nibble === undefined) return { type: 'hash', hash: hexToBytes(rootHash(node)) }
  if (node.type !== 'branch') throw new Error('the test walks branches only')
  return {
    type: 'branch',
    children: node.children.map((child, i) => (i === nibble ? withHashAt(child!, rest) : child)),
  }
}

describe('a part known by its hash alone', () => {
  const whole = trieOf(KEYS)
  const partial = withHashAt(whole, [0x1])

  test('keeps the root', () => {
    expect(rootHash(partial)).toBe(rootHash(whole))
    expect(rootHash(withHashAt(whole, []))).toBe(rootHash(whole))
  })

  test('is missing to reads, writes and deletes, and nothing else is', () => {
    const below = KEYS[2]!
    for (const operate of [readValue, deleteValue])
      expect(() => operate(partial, below, 'test trie')).toThrow(MissingStateError)
    expect(() => writeValue(partial, below, LARGE, 'test trie')).toThrow(/of the test trie is missing/)
    expect(readValue(partial, KEYS[3]!, 'test')).toEqual(LARGE)
    expect(rootHash(writeValue(partial, KEYS[3]!, Uint8Array.of(1), 'test'))).toBe(
      rootHash(writeValue(whole, KEYS[3]!, Uint8Array.of(1), 'test')),
    )
  })

  test('is missing when a branch collapses into it', () => {
    const two = trieOf([KEYS[0]!, KEYS[2]!])
    const collapsing = withHashAt(two, [0x1])
    expect(() => deleteValue(collapsing, KEYS[0]!, 'test')).toThrow(MissingStateError)
    expect(rootHash(deleteValue(two, KEYS[0]!, 'test'))).toBe(rootHash(trieOf([KEYS[2]!])))
  })

  test('a deleted key that was never there changes nothing', () => {
    expect(deleteValue(whole, toNibbles(new Uint8Array(32).fill(0x33)), 'test')).toBe(whole)
  })
})

test('a child that moves up when its branch collapses does not keep its old hash', () => {
  const three = trieOf([KEYS[0]!, KEYS[1]!, KEYS[3]!])
  // Hashing first fills the caches that must not be carried over.
  rootHash(three)
  expect(rootHash(deleteValue(three, KEYS[0]!, 'test'))).toBe(rootHash(trieOf([KEYS[1]!, KEYS[3]!])))
})

test('hex-prefix paths survive both ways, and malformed ones are refused', () => {
  for (const length of [0, 1, 2, 63, 64])
    for (const isLeaf of [true, false]) {
      const path = Uint8Array.from({ length }, (_, i) => i % 16)
      expect(decodePath(encodePath(path, isLeaf))).toEqual({ isLeaf, path })
    }
  for (const bytes of ['0x', '0x40', '0x05', '0xff01']) expect(decodePath(hexToBytes(bytes))).toBeNull()
})
