/**
 * ethereum/tests TrieTests (MIT) against the trie by path. Our keys are always hashes, so of the six files the three for the
 * secure trie apply; trietest and trieanyorder have keys of any length, and trietestnextprev is about walking in key order.
 */
import { describe, expect, test } from 'vitest'
import { keccak256 } from '../../src/primitives/keccak.ts'
import { hasSharedFixture, readSharedText } from '../support/fixtures.ts'
import { createTestTrie } from '../support/stateTrie.ts'

const DIRECTORY = 'suites/ethereum-tests/TrieTests'
const FILES = {
  'trieanyorder_secureTrie.json': 7,
  'trietest_secureTrie.json': 3,
  'hex_encoded_securetrie_test.json': 3,
}

type TrieTest = {
  readonly in: Readonly<Record<string, string | null>> | readonly (readonly [string, string | null])[]
  readonly root: string
}

const hashedKey = (text: string) => Buffer.from(keccak256(toBytes(text))).toString('latin1')
const toBytes = (text: string) =>
  text.startsWith('0x') ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text, 'utf8')

describe.skipIf(!hasSharedFixture(DIRECTORY))('TrieTests', () => {
  for (const [file, count] of Object.entries(FILES)) {
    const cases: Readonly<Record<string, TrieTest>> = hasSharedFixture(DIRECTORY)
      ? JSON.parse(readSharedText(`${DIRECTORY}/${file}`))
      : {}

    test(`${file} has ${count} cases`, () => {
      expect(Object.keys(cases)).toHaveLength(count)
    })

    for (const [name, { in: input, root }] of Object.entries(cases)) {
      const steps: readonly (readonly [string, string | null])[] = Array.isArray(input)
        ? input
        : Object.entries(input)
      const changes = steps.map(
        ([key, value]) => [hashedKey(key), value === null ? null : toBytes(value)] as const,
      )

      test(`${file}: ${name}, one by one`, async () => {
        const trie = createTestTrie()
        for (const change of changes) await trie.update(new Map([change]))
        expect(trie.root).toBe(root)
      })

      test(`${file}: ${name}, in one batch`, async () => {
        expect(await createTestTrie().update(new Map(changes))).toBe(root)
      })
    }
  }
})
