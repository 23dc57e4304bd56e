import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bigintToBytes, concatBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { decodeRlp, encodeRlp, RlpError, type RlpItem } from '../../../src/primitives/rlp.ts'
import { fixturePath, hasFixture, type Json, readJsonFixture } from '../../support/protocolFixtures.ts'

const SUITE = 'suites/ethereum-tests/RLPTests'
/** Deeper than anything in the suite. */
const DEPTH = 16

type Case = { readonly name: string; readonly input: Json; readonly bytes: Uint8Array }

function readSuite(): Case[] {
  return readdirSync(fixturePath(SUITE), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .flatMap((file) => Object.entries<Json>(readJsonFixture(join(SUITE, file))))
    .map(([name, test]) => ({
      name,
      input: test.in,
      bytes: hexToBytes(test.out.startsWith('0x') ? test.out : `0x${test.out}`),
    }))
}

/** The suite writes big integers as `#123`, others as numbers, byte strings as text. */
function toItem(input: Json): RlpItem {
  if (Array.isArray(input)) return input.map(toItem)
  if (typeof input === 'number') return bigintToBytes(BigInt(input))
  if (input.startsWith('#')) return bigintToBytes(BigInt(input.slice(1)))
  return new Uint8Array(Buffer.from(input, 'latin1'))
}

const suite = hasFixture(SUITE) ? readSuite() : []

describe.skipIf(!hasFixture(SUITE))('ethereum/tests RLPTests', () => {
  const valid = suite.filter(({ input }) => input !== 'INVALID')
  const invalid = suite.filter(({ input }) => input === 'INVALID')

  test('the suite is there', () => {
    expect([valid.length, invalid.length]).toEqual([29, 26])
  })

  test.each(valid)('$name', ({ input, bytes }) => {
    const item = decodeRlp(bytes, DEPTH)
    expect(bytesToHex(encodeRlp(item))).toBe(bytesToHex(bytes))
    if (input !== 'VALID') expect(bytesToHex(encodeRlp(toItem(input)))).toBe(bytesToHex(bytes))
  })

  test.each(invalid)('$name is refused', ({ bytes }) => {
    expect(() => decodeRlp(bytes, DEPTH)).toThrow(RlpError)
  })
})

/** `depth` lists, each holding the next. */
function nest(depth: number): Uint8Array {
  const headers: Uint8Array[] = []
  let length = 0
  for (let i = 0; i < depth; i++) {
    const size = bigintToBytes(BigInt(length))
    const header =
      length < 56 ? Uint8Array.of(0xc0 + length) : concatBytes(Uint8Array.of(0xf7 + size.length), size)
    headers.push(header)
    length += header.length
  }
  return concatBytes(...headers.reverse())
}

describe('depth', () => {
  test('is counted from a byte string at 0', () => {
    expect(decodeRlp(Uint8Array.of(5), 0)).toEqual(Uint8Array.of(5))
    expect(decodeRlp(nest(1), 1)).toEqual([])
    expect(() => decodeRlp(nest(1), 0)).toThrow(/deeper than 0/)
    expect(decodeRlp(nest(8), 8)).toEqual([[[[[[[[]]]]]]]])
    expect(() => decodeRlp(nest(9), 8)).toThrow(RlpError)
  })

  test('of siblings is not added up', () => {
    const wide = encodeRlp(Array.from({ length: 1000 }, () => [[], [Uint8Array.of(1)]]))
    expect(decodeRlp(wide, 3)).toHaveLength(1000)
    expect(() => decodeRlp(wide, 2)).toThrow(RlpError)
  })

  test.each([5000, 60_000])('%i levels are refused before any recursion', (depth) => {
    expect(() => decodeRlp(nest(depth), DEPTH)).toThrow(/deeper than 16/)
  })

  test('the verdict does not depend on the stack left', () => {
    const bytes = nest(5000)
    const atDepth = (frames: number): unknown => {
      if (frames > 0) return atDepth(frames - 1)
      try {
        return decodeRlp(bytes, DEPTH)
      } catch (error) {
        return error instanceof RlpError
      }
    }
    expect(atDepth(0)).toBe(true)
    expect(atDepth(3000)).toBe(true)
  })
})

describe('refusals', () => {
  test('no bytes, trailing bytes, and headers without their bytes', () => {
    for (const hex of [
      '0x',
      '0x8000',
      '0xc000',
      '0xb8',
      '0xf8',
      '0xbfffffffffffffffff',
      '0xffffffffffffffffff',
      '0x8100',
    ])
      expect(() => decodeRlp(hexToBytes(hex), DEPTH)).toThrow(RlpError)
  })

  test('random bytes decode to what encodes to them, or are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
        let item: RlpItem
        try {
          item = decodeRlp(bytes, DEPTH)
        } catch (error) {
          expect(error).toBeInstanceOf(RlpError)
          return
        }
        expect(bytesToHex(encodeRlp(item))).toBe(bytesToHex(bytes))
      }),
      { numRuns: 20_000 },
    )
  })
})
