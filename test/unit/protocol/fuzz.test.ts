/** Foreign bytes never make a decoder throw, and every one of them has exactly one outcome (reliability F01–F08, F17). */
import { deflateSync } from 'node:zlib'
import { RLP } from '@ethereumjs/rlp'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, toWord } from '../../../src/primitives/bytes.ts'
import { encodeRlp } from '../../../src/primitives/rlp.ts'
import { BYTES_PER_BLOB, decodeBlob, encodeBlob, encodeBlobs } from '../../../src/protocol/blobCodec.ts'
import { FAULT_RULES } from '../../../src/protocol/faults.ts'
import { PACAYA_LIST_RULES } from '../../../src/protocol/legacy/listRules.ts'
import { decodeTransactionList } from '../../../src/protocol/legacy/transactionList.ts'
import type { DecodedSource } from '../../../src/protocol/protocol.ts'
import { protocolOf } from '../../../src/protocol/protocols.ts'
import { encodeManifest } from '../../../src/protocol/shasta/encodeManifest.ts'
import { decodeManifest } from '../../../src/protocol/shasta/manifest.ts'
import { isListableTransaction } from '../../../src/protocol/transactions.ts'
import { taikoHoodi } from '../../../src/spec/networks/taikoHoodi.ts'
import {
  createBlock,
  createParent,
  createProposal,
  PROPOSED_AT,
  wrapManifest,
} from '../../support/protocolBuilders.ts'
import { LEGACY_TRANSACTION, TRANSACTIONS } from '../../support/protocolTransactions.ts'

const spec = taikoHoodi
const shasta = protocolOf('shasta')
const LIMITS = { blocksMax: 192, isForcedInclusion: false }

/** Decodes and checks; whatever the bytes, there are blocks to build and a fault only from the table. */
function derive(blobs: readonly Uint8Array[], forced: boolean, offset = 0): DecodedSource {
  const proposal = createProposal({ forced: [forced], offset })
  const [source] = proposal.sources
  const blobHashes = blobs.map(() => `0x01${'33'.repeat(31)}` as const)
  const own = { ...proposal, sources: [{ ...source!, blobSlice: { ...source!.blobSlice, blobHashes } }] }
  const decoded = shasta.decodeSource({ spec, proposal: own, sourceIndex: 0, blobs })
  const checked = shasta.checkSource({ spec, proposal: own, sourceIndex: 0, decoded, parent: createParent() })
  expect(checked.blocks.length).toBeGreaterThan(0)
  if (checked.fault !== undefined) expect(Object.keys(FAULT_RULES)).toContain(checked.fault.name)
  for (const block of checked.blocks) expect(block.timestamp).toBeGreaterThan(createParent().timestamp)
  return checked
}

const goodManifest = encodeManifest([
  createBlock({ transactions: TRANSACTIONS.map(([, raw]) => raw) }),
  createBlock({ timestamp: PROPOSED_AT, transactions: [LEGACY_TRANSACTION] }),
])

const edits = fc.array(fc.record({ where: fc.nat(), value: fc.nat(255) }), { minLength: 1, maxLength: 4 })

function edit(bytes: Uint8Array, changes: readonly { where: number; value: number }[]): Uint8Array {
  const copy = bytes.slice()
  for (const { where, value } of changes) copy[where % copy.length] = value
  return copy
}

describe('total on', () => {
  test('the good manifest itself', () => {
    expect(derive(encodeBlobs(goodManifest), false).fault).toBeUndefined()
  })

  test('random beginnings of a blob', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, forced) => {
        const blob = new Uint8Array(BYTES_PER_BLOB)
        blob.set(bytes)
        derive([blob], forced)
      }),
      { numRuns: 300 },
    )
  })

  test('blobs of random field elements', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(130_044), (seed, length) => {
        const blob = new Uint8Array(BYTES_PER_BLOB)
        let state = seed | 1
        for (let i = 0; i < blob.length; i++) {
          state = (Math.imul(state, 1_103_515_245) + 12_345) | 0
          blob[i] = i % 32 === 0 ? (state >>> 16) & 0x3f : (state >>> 16) & 0xff
        }
        blob.set([0, length >> 16, (length >> 8) & 0xff, length & 0xff], 1)
        derive([blob], false)
      }),
      { numRuns: 30 },
    )
  })

  test('a good blob with a few bytes changed', () => {
    const blob = encodeBlob(goodManifest)
    const used = Math.ceil((goodManifest.length + 4) / 127) * 128
    fc.assert(
      fc.property(edits, fc.boolean(), (changes, forced) => {
        derive([concatBytes(edit(blob.subarray(0, used), changes), blob.subarray(used))], forced)
      }),
      { numRuns: 1000 },
    )
  })

  test('a good manifest with a few bytes of its RLP changed', () => {
    const item = [
      [[1, 2, 3].map((n) => [Uint8Array.of(n), new Uint8Array(20), Uint8Array.of(n), Uint8Array.of(n), []])],
    ].flat()
    const rlp = encodeRlp(item)
    const rich = RLP.encode([
      [
        [
          Uint8Array.of(1),
          new Uint8Array(20),
          Uint8Array.of(1),
          Uint8Array.of(1),
          TRANSACTIONS.map(([, raw]) => (raw[0]! >= 0xc0 ? RLP.decode(raw) : raw)),
        ],
      ],
    ] as never)
    fc.assert(
      fc.property(edits, fc.constantFrom(rlp, rich), (changes, base) => {
        const manifest = decodeManifest(wrapManifest(edit(base, changes), true), 0, LIMITS)
        if (manifest.type === 'ok')
          for (const block of manifest.value)
            for (const { raw } of block.transactions) expect(isListableTransaction(raw)).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })

  test('any payload and any offset', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(0xffffff), (payload, offset) => {
        derive([encodeBlob(payload)], false, offset)
        decodeManifest(payload, offset % 300, LIMITS)
      }),
      { numRuns: 300 },
    )
  })

  test('any list of Ontake and Pacaya', () => {
    const list = deflateSync(encodeRlp(TRANSACTIONS.map(([, raw]) => raw).filter((raw) => raw[0]! < 0xc0)))
    fc.assert(
      fc.property(edits, fc.nat(2 ** 32 - 1), fc.nat(2 ** 32 - 1), (changes, offset, size) => {
        const calldata = edit(list, changes)
        for (const slice of [
          { offset: 0, size: list.length },
          { offset, size },
        ])
          decodeTransactionList(
            { isForcedInclusion: false, blobSlice: { blobHashes: [], timestamp: 0n, ...slice }, calldata },
            [],
            PACAYA_LIST_RULES,
          )
      }),
      { numRuns: 500 },
    )
  })
})

describe('length fields at their extremes (F02)', () => {
  const EXTREMES = [
    0n,
    1n,
    2n ** 31n - 1n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 53n,
    2n ** 63n,
    2n ** 64n - 1n,
    2n ** 256n - 1n,
  ]
  test.each(EXTREMES)('size word %s', (size) => {
    const payload = concatBytes(toWord(1n), toWord(size), goodManifest.subarray(64))
    const manifest = decodeManifest(payload, 0, LIMITS)
    expect(manifest.type).toBe('fault')
  })

  test('blob length field', () => {
    for (const length of [0, 1, 130_043, 130_044, 130_045, 0xffffff]) {
      const blob = encodeBlob(goodManifest)
      blob.set([length >> 16, (length >> 8) & 0xff, length & 0xff], 2)
      expect(decodeBlob(blob).type === 'ok').toBe(length >= goodManifest.length && length <= 130_044)
    }
  })

  test('RLP lengths with nothing behind them are refused without allocating (F04)', () => {
    for (const header of [
      'ff7fffffffffffffff',
      'ffffffffffffffffff',
      'fb80000000',
      'fbffffffff',
      'f90100',
      'bfffffffffffffffff',
    ]) {
      const manifest = decodeManifest(
        wrapManifest(Uint8Array.from(Buffer.from(header, 'hex')), true),
        0,
        LIMITS,
      )
      expect(manifest).toMatchObject({ type: 'fault', fault: { name: 'manifestRlp' } })
    }
  })
})

describe('bombs and depth (F01, F08)', () => {
  /** Memory outside the heap too, where zlib's buffers are. */
  const memory = () => process.memoryUsage.rss()

  test.each([
    ['zeros', new Uint8Array(120_000_000)],
    ['repeated empty lists', new Uint8Array(120_000_000).fill(0xc0)],
  ])('%s stop at the end of the first item', (_, bytes) => {
    const compressed = deflateSync(bytes, { level: 9 })
    expect(compressed.length).toBeLessThan(130_044 - 64)
    const payload = concatBytes(toWord(1n), toWord(BigInt(compressed.length)), compressed)
    const before = memory()
    const manifest = decodeManifest(payload, 0, LIMITS)
    expect(memory() - before).toBeLessThan(64_000_000)
    expect(manifest).toMatchObject({ fault: { name: 'manifestTrailingBytes' } })
  })

  test('a bomb that is a valid manifest is one: other clients derive it too', () => {
    const data = RLP.decode(LEGACY_TRANSACTION) as Uint8Array[]
    data[5] = new Uint8Array(30_000_000)
    const block = createBlock({ transactions: [RLP.encode(data), LEGACY_TRANSACTION] })
    const manifest = decodeManifest(encodeManifest([block]), 0, LIMITS)
    if (manifest.type === 'fault') throw new Error(manifest.fault.detail)
    expect(manifest.value[0]!.transactions.map(({ raw }) => raw.length)).toEqual([
      block.transactions[0]!.length,
      LEGACY_TRANSACTION.length,
    ])
  })

  test.each([5000, 10_000, 60_000])('%i nested lists are a fault, at any size of the stack', (depth) => {
    // Each level is a list of the rest: lengths grow from the inside out.
    let bytes: Uint8Array = Uint8Array.of(0xc0)
    const headers: Uint8Array[] = []
    let length = 1
    for (let i = 0; i < depth; i++) {
      const header =
        length < 56
          ? [0xc0 + length]
          : length < 256
            ? [0xf8, length]
            : length < 65_536
              ? [0xf9, length >> 8, length & 255]
              : [0xfa, length >> 16, (length >> 8) & 255, length & 255]
      headers.push(Uint8Array.from(header))
      length += header.length
    }
    bytes = concatBytes(...headers.reverse(), bytes)
    const manifest = decodeManifest(wrapManifest(bytes, true), 0, LIMITS)
    expect(manifest).toMatchObject({ type: 'fault' })
    const calldata = deflateSync(bytes)
    const blobSlice = { blobHashes: [], offset: 0, size: calldata.length, timestamp: 0n }
    expect(
      decodeTransactionList({ isForcedInclusion: false, blobSlice, calldata }, [], PACAYA_LIST_RULES),
    ).toMatchObject({
      transactions: [],
      fault: { name: depth < 60_000 ? 'listTransaction' : 'calldataSize' },
    })
  })
})

describe('trailing bytes (F06, F07)', () => {
  const rlp = encodeRlp([[[Uint8Array.of(1), new Uint8Array(20), Uint8Array.of(1), Uint8Array.of(1), []]]])

  test('after the RLP: a fault, from 1 byte to 64', () => {
    for (let extra = 1; extra <= 64; extra++) {
      const manifest = decodeManifest(wrapManifest(concatBytes(rlp, new Uint8Array(extra)), true), 0, LIMITS)
      expect(manifest).toMatchObject({ fault: { name: 'manifestTrailingBytes' } })
    }
  })

  test('after the zlib stream, inside the slice: ignored', () => {
    const compressed = concatBytes(deflateSync(rlp), deflateSync(rlp), Uint8Array.of(1, 2, 3))
    const payload = concatBytes(toWord(1n), toWord(BigInt(compressed.length)), compressed)
    expect(decodeManifest(payload, 0, LIMITS).type).toBe('ok')
  })

  test('after the slice: ignored', () => {
    expect(decodeManifest(concatBytes(wrapManifest(rlp, true), new Uint8Array(40)), 0, LIMITS).type).toBe(
      'ok',
    )
  })

  test('a zlib stream cut anywhere: a fault', () => {
    const compressed = deflateSync(rlp)
    for (let length = 0; length < compressed.length; length++) {
      const payload = concatBytes(toWord(1n), toWord(BigInt(length)), compressed.subarray(0, length))
      expect(decodeManifest(payload, 0, LIMITS)).toMatchObject({ fault: { name: 'manifestInflate' } })
    }
  })

  test('string for list and list for string, at every position', () => {
    const good = [Uint8Array.of(1), new Uint8Array(20), Uint8Array.of(1), Uint8Array.of(1), []] as const
    const wrong = good.map((_, i) =>
      good.map((item, j) => (i === j ? (Array.isArray(item) ? new Uint8Array(3) : []) : item)),
    )
    for (const block of wrong)
      expect(decodeManifest(wrapManifest([[block]]), 0, LIMITS)).toMatchObject({
        fault: { name: 'manifestBlock' },
      })
    for (const item of [new Uint8Array(3), [new Uint8Array(3)], [[new Uint8Array(3)]], [], [[], []]])
      expect(decodeManifest(wrapManifest(item), 0, LIMITS).type).toBe('fault')
  })
})

test('what we encode we can read back (F05, F09)', () => {
  const transaction = fc.constantFrom(...TRANSACTIONS.map(([, raw]) => raw))
  const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const block = fc.record({
    timestamp: uint64,
    coinbase: fc
      .uint8Array({ minLength: 20, maxLength: 20 })
      .map((bytes) => `0x${Buffer.from(bytes).toString('hex')}` as const),
    anchorBlockNumber: uint64,
    gasLimit: uint64,
    transactions: fc.array(transaction, { maxLength: 5 }),
  })
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 192 }), (blocks) => {
      const manifest = decodeManifest(encodeManifest(blocks), 0, LIMITS)
      if (manifest.type === 'fault') throw new Error(manifest.fault.detail)
      const read = manifest.value.map((each) => ({
        ...each,
        transactions: each.transactions.map(({ raw }) => raw),
      }))
      expect(read).toEqual(blocks)
    }),
    { numRuns: 50 },
  )
})
