import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toSafeNumber } from '../../../src/primitives/bigint.ts'
import {
  bigintToBytes,
  bigintToFixedBytes,
  bytesToBigint,
  concatBytes,
  equalBytes,
  toWord,
  trimLeadingZeros,
} from '../../../src/primitives/bytes.ts'
import { bytesToHex, hexToBytes, toQuantity } from '../../../src/primitives/hex.ts'

describe('integers in bytes', () => {
  test('come back from their bytes, minimal and fixed', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (value) => {
        expect(bytesToBigint(bigintToBytes(value))).toBe(value)
        expect(bigintToBytes(value)[0]).not.toBe(0)
        expect(toWord(value)).toHaveLength(32)
        expect(bytesToBigint(toWord(value))).toBe(value)
        expect(bytesToHex(trimLeadingZeros(toWord(value)))).toBe(bytesToHex(bigintToBytes(value)))
      }),
    )
  })

  test('that do not fit are refused, never cut', () => {
    expect(() => bigintToFixedBytes(256n, 1)).toThrow(RangeError)
    expect(() => bigintToFixedBytes(-1n, 8)).toThrow(RangeError)
    expect(() => bigintToBytes(-1n)).toThrow(RangeError)
    expect(() => toWord(2n ** 256n)).toThrow(RangeError)
  })

  test('a view of a larger buffer is read from its own start', () => {
    const view = Uint8Array.of(9, 1, 2, 9).subarray(1, 3)
    expect(bytesToBigint(view)).toBe(0x102n)
    expect(bytesToHex(view)).toBe('0x0102')
  })

  test('become numbers only while they are exact', () => {
    expect(toSafeNumber(2n ** 53n - 1n)).toBe(Number.MAX_SAFE_INTEGER)
    for (const value of [2n ** 53n, -1n]) expect(() => toSafeNumber(value)).toThrow(RangeError)
  })
})

describe('hex', () => {
  test('comes back from its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(hexToBytes(bytesToHex(bytes))).toEqual(bytes)
      }),
    )
  })

  test('that is none is refused', () => {
    for (const text of ['', '00', '0x0', '0xzz', '0x00 ', '0x00\n'])
      expect(() => hexToBytes(text)).toThrow(RangeError)
  })

  test('bytes from hex have a buffer of their own', () => {
    expect(hexToBytes('0x0102').buffer.byteLength).toBe(2)
  })

  test('quantities are minimal', () => {
    expect([toQuantity(0n), toQuantity(31), toQuantity(256n)]).toEqual(['0x0', '0x1f', '0x100'])
  })
})

test('byte strings are equal by content and joined in order', () => {
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3))).toBe(false)
  expect(concatBytes(Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2, 3))).toEqual(Uint8Array.of(1, 2, 3))
  expect(concatBytes()).toEqual(new Uint8Array(0))
})
