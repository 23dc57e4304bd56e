/** The walk must call canonical exactly what the library's decoder does: two decoders, one verdict. */
import { RLP } from '@ethereumjs/rlp'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import type { RlpItem } from '../../../src/primitives/rlp.ts'
import {
  bool,
  fixedBytes,
  listOf,
  type RlpSpan,
  readRlpItem,
  struct,
  uint,
} from '../../../src/protocol/rlpGrammar.ts'

/** Walks everything, to any depth: what a grammar that allows anything would accept. */
function isCanonical(bytes: Uint8Array): boolean {
  const item = readRlpItem(bytes, 0, bytes.length)
  return item !== undefined && item.end === bytes.length && isCanonicalInside(bytes, item)
}

function isCanonicalInside(bytes: Uint8Array, item: RlpSpan): boolean {
  if (!item.isList) return true
  for (let at = item.start; at < item.end; ) {
    const child = readRlpItem(bytes, at, item.end)
    if (child === undefined || !isCanonicalInside(bytes, child)) return false
    at = child.end
  }
  return true
}

function libraryAccepts(bytes: Uint8Array): boolean {
  try {
    RLP.decode(bytes)
    return true
  } catch {
    return false
  }
}

const { item: anyItem } = fc.letrec<{ item: RlpItem }>((tie) => ({
  item: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.uint8Array({ maxLength: 70 }),
    fc.array(tie('item'), { maxLength: 6 }),
  ),
}))

describe('agrees with @ethereumjs/rlp', () => {
  test('on every encoding the library makes', () => {
    fc.assert(
      fc.property(anyItem, (item) => {
        expect(isCanonical(RLP.encode(item as Uint8Array))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
        expect([bytesToHex(bytes), isCanonical(bytes)]).toEqual([bytesToHex(bytes), libraryAccepts(bytes)])
      }),
      { numRuns: 20_000 },
    )
  })

  test('on encodings with one byte changed, cut or added', () => {
    fc.assert(
      fc.property(anyItem, fc.nat(), fc.nat(255), fc.nat(2), (item, where, value, kind) => {
        const encoded = RLP.encode(item as Uint8Array)
        const at = where % encoded.length
        const parts =
          kind === 0
            ? [encoded.subarray(0, at), [value], encoded.subarray(at + 1)]
            : kind === 1
              ? [encoded.subarray(0, at)]
              : [encoded, [value]]
        const bytes = Uint8Array.from(parts.flatMap((part) => [...part]))
        if (bytes.length === 0) return
        expect([bytesToHex(bytes), isCanonical(bytes)]).toEqual([bytesToHex(bytes), libraryAccepts(bytes)])
      }),
      { numRuns: 5000 },
    )
  })
})

describe('forms', () => {
  const matches = (form: ReturnType<typeof uint>, hex: string) => {
    const bytes = hexToBytes(hex)
    const item = readRlpItem(bytes, 0, bytes.length)
    return item !== undefined && item.end === bytes.length && form(bytes, item)
  }

  test('an integer has no leading zeros and no more bits than allowed', () => {
    expect(matches(uint(64), '0x80')).toBe(true)
    expect(matches(uint(64), '0x7f')).toBe(true)
    expect(matches(uint(64), '0x88ffffffffffffffff')).toBe(true)
    expect(matches(uint(64), '0x89010000000000000000')).toBe(false)
    expect(matches(uint(64), '0x00')).toBe(false)
    expect(matches(uint(64), '0x820001')).toBe(false)
    expect(matches(uint(64), '0xc0')).toBe(false)
  })

  test('a boolean is no bytes or a one', () => {
    expect(matches(bool, '0x80')).toBe(true)
    expect(matches(bool, '0x01')).toBe(true)
    expect(matches(bool, '0x02')).toBe(false)
    expect(matches(bool, '0x00')).toBe(false)
  })

  test('a struct has exactly its fields', () => {
    const pair = struct(uint(8), fixedBytes(2))
    expect(matches(pair, '0xc401820102')).toBe(true)
    expect(matches(pair, '0xc101')).toBe(false)
    expect(matches(pair, '0xc50182010201')).toBe(false)
    expect(matches(pair, '0x83010203')).toBe(false)
    expect(matches(listOf(pair), '0xc5c401820102')).toBe(true)
    expect(matches(listOf(pair), '0xc0')).toBe(true)
  })

  test('nesting of any depth costs no stack', () => {
    // 60,000 lists, each holding the next: the grammar looks only as deep as itself.
    let depth = RLP.encode([])
    for (let i = 0; i < 12; i++) depth = RLP.encode([depth])
    const deep = new Uint8Array(60_000).fill(0xc1)
    expect(matches(struct(uint(8)), bytesToHex(deep))).toBe(false)
    expect(readRlpItem(deep, 0, deep.length)).toEqual({ isList: true, start: 1, end: 2 })
  })
})
