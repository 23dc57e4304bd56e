/** Tries, headers and receipts against the EthereumJS libraries and captured chains. */
import { createMPT } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { Bloom } from '@ethereumjs/vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BlockHeader, encodeHeader, headerHash } from '../../../src/primitives/header.ts'
import { bytesToHex, type Hash, hexToBytes } from '../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256 } from '../../../src/primitives/keccak.ts'
import { orderedTrieRoot } from '../../../src/primitives/orderedTrie.ts'
import { bloomMayContain, encodeReceipt, type Log, logsBloom } from '../../../src/primitives/receipt.ts'
import { decodeRlp } from '../../../src/primitives/rlp.ts'
import {
  HEKLA,
  hasFixture,
  type Json,
  ONTAKE,
  readJsonFixture,
  SHASTA_HEADER,
  SURGE,
  toHeader,
} from '../../support/protocolFixtures.ts'

async function libraryRoot(values: readonly Uint8Array[]): Promise<Hash> {
  const trie = await createMPT()
  for (const [index, value] of values.entries()) await trie.put(RLP.encode(index), value)
  return bytesToHex(trie.root())
}

describe('orderedTrieRoot equals the general trie', () => {
  test.each([1, 2, 15, 16, 17, 127, 128, 129, 255, 256, 257, 700])('%i values', async (count) => {
    const values = Array.from({ length: count }, (_, i) =>
      keccak256(Uint8Array.of(i & 255, i >> 8)).subarray(0, 1 + (i % 32)),
    )
    expect(orderedTrieRoot(values)).toBe(await libraryRoot(values))
  })

  test('any values', async () => {
    const values = fc.array(fc.uint8Array({ minLength: 1, maxLength: 80 }), { minLength: 1, maxLength: 300 })
    await fc.assert(
      fc.asyncProperty(values, async (list) => {
        expect(orderedTrieRoot(list)).toBe(await libraryRoot(list))
      }),
      { numRuns: 30 },
    )
  })

  test('no values', () => {
    expect(orderedTrieRoot([])).toBe(EMPTY_TRIE_ROOT)
  })
})

describe('headers of captured chains', () => {
  const children = (json: Json): readonly (readonly [Json, Json])[] => {
    const inputs: Json[] = json.inputs ?? [json]
    return inputs.flatMap((input) => {
      const chain = [input.block.header, input.parent_header, ...input.ancestor_headers]
      return chain.slice(1).map((parent, i) => [chain[i], parent] as const)
    })
  }

  test.each([SURGE, HEKLA, ONTAKE].filter(hasFixture))(
    '%s: every parent hash is the hash of the parent',
    (path) => {
      const pairs = children(readJsonFixture(path))
      expect(pairs.length).toBeGreaterThan(9)
      for (const [child, parent] of pairs) expect(headerHash(toHeader(parent))).toBe(child.parent_hash)
    },
  )

  test.skipIf(!hasFixture(SURGE))('L1 headers of Prague link too', () => {
    const headers = readJsonFixture(SURGE).taiko.l1_ancestor_headers.map(toHeader) as BlockHeader[]
    expect(headers).toHaveLength(45)
    for (const [i, header] of headers.slice(1).entries())
      expect(header.parentHash).toBe(headerHash(headers[i]!))
    expect((decodeRlp(encodeHeader(headers[0]!), 1) as Uint8Array[]).length).toBe(21)
  })

  test.skipIf(!hasFixture(ONTAKE))('the L1 header that a mainnet block is anchored to', () => {
    const { l1_header, block_proposed } = readJsonFixture(ONTAKE).taiko
    expect(headerHash(toHeader(l1_header))).toBe(block_proposed.Ontake.meta.anchorBlockHash)
  })

  test.skipIf(!hasFixture(SHASTA_HEADER))('a Shasta header has 17 items', () => {
    const header = toHeader(readJsonFixture(SHASTA_HEADER).header)
    expect(decodeRlp(encodeHeader(header), 1)).toHaveLength(17)
    expect(headerHash(header)).toMatch(/^0x48be678d.*de29$/)
  })

  test('fork fields end at the first that is absent', () => {
    const base: BlockHeader = {
      parentHash: EMPTY_TRIE_ROOT,
      ommersHash: EMPTY_TRIE_ROOT,
      coinbase: `0x${'00'.repeat(20)}`,
      stateRoot: EMPTY_TRIE_ROOT,
      transactionsRoot: EMPTY_TRIE_ROOT,
      receiptsRoot: EMPTY_TRIE_ROOT,
      logsBloom: new Uint8Array(256),
      difficulty: 0n,
      number: 0n,
      gasLimit: 0n,
      gasUsed: 0n,
      timestamp: 0n,
      extraData: new Uint8Array(0),
      mixHash: EMPTY_TRIE_ROOT,
      nonce: new Uint8Array(8),
    }
    const items = (header: BlockHeader) => (decodeRlp(encodeHeader(header), 1) as Uint8Array[]).length
    expect(items(base)).toBe(15)
    expect(items({ ...base, baseFeePerGas: 0n })).toBe(16)
    expect(items({ ...base, baseFeePerGas: 0n, withdrawalsRoot: EMPTY_TRIE_ROOT })).toBe(17)
    expect(items({ ...base, withdrawalsRoot: EMPTY_TRIE_ROOT })).toBe(15)
  })
})

const LOG: Log = {
  address: `0x${'11'.repeat(20)}`,
  topics: [`0x${'22'.repeat(32)}`, `0x${'33'.repeat(32)}`],
  data: Uint8Array.of(1, 2, 3),
}

describe('receipts', () => {
  const receipt = { succeeded: true, cumulativeGasUsed: 21_000n, logs: [LOG] }

  test('a legacy receipt is a list, a typed one begins with its type', () => {
    const legacy = encodeReceipt({ ...receipt, type: 0 })
    const typed = encodeReceipt({ ...receipt, type: 2 })
    expect(typed[0]).toBe(2)
    expect(typed.subarray(1)).toEqual(legacy)
    const [status, gas, bloom, logs] = decodeRlp(legacy, 4) as Uint8Array[]
    expect([status, gas]).toEqual([Uint8Array.of(1), Uint8Array.of(0x52, 0x08)])
    expect(bloom).toEqual(logsBloom([LOG]))
    expect(logs).toEqual([[hexToBytes(LOG.address), LOG.topics.map(hexToBytes), LOG.data]])
  })

  test('a failed one has an empty status', () => {
    const [status] = decodeRlp(
      encodeReceipt({ type: 0, succeeded: false, cumulativeGasUsed: 0n, logs: [] }),
      3,
    ) as Uint8Array[]
    expect(status).toEqual(new Uint8Array(0))
  })
})

describe('bloom', () => {
  test('is the library’s', () => {
    const topic = fc.uint8Array({ minLength: 32, maxLength: 32 })
    const log = fc.record({
      address: fc.uint8Array({ minLength: 20, maxLength: 20 }),
      topics: fc.array(topic, { maxLength: 4 }),
    })
    fc.assert(
      fc.property(fc.array(log, { maxLength: 20 }), (logs) => {
        const reference = new Bloom()
        for (const { address, topics } of logs) for (const item of [address, ...topics]) reference.add(item)
        const ours = logsBloom(
          logs.map(({ address, topics }) => ({
            address: bytesToHex(address),
            topics: topics.map(bytesToHex),
            data: new Uint8Array(0),
          })),
        )
        expect(bytesToHex(ours)).toBe(bytesToHex(reference.bitvector))
        for (const { address, topics } of logs)
          for (const item of [address, ...topics]) expect(bloomMayContain(ours, item)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  test('an empty bloom contains nothing', () => {
    expect(bloomMayContain(new Uint8Array(256), hexToBytes(LOG.address))).toBe(false)
  })
})
