/** viem is the oracle: what it decodes from any bytes, and what it refuses. */
import fc from 'fast-check'
import { decodeErrorResult, encodeErrorResult, parseAbi } from 'viem'
import { expect, test } from 'vitest'
import { revertReason } from '../../../src/engine/trace/revertReason.ts'
import { bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'

const ERRORS = parseAbi(['error Error(string)', 'error Panic(uint256)'])

function byViem(data: Uint8Array): string | bigint | undefined {
  try {
    return decodeErrorResult({ abi: ERRORS, data: bytesToHex(data) }).args[0]
  } catch {
    return undefined
  }
}

const error = (text: string) =>
  hexToBytes(encodeErrorResult({ abi: ERRORS, errorName: 'Error', args: [text] }))
const panic = (code: bigint) =>
  hexToBytes(encodeErrorResult({ abi: ERRORS, errorName: 'Panic', args: [code] }))

test('is what a contract says', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(revertReason(error(text))).toBe(text)
    }),
  )
  expect(revertReason(panic(0x11n))).toBe('arithmetic underflow or overflow')
  expect(revertReason(panic(0x99n))).toBe('unknown panic code: 0x99')
  for (const data of ['0x', '0x08c379', '0x12345678', '0x08c379a0', '0x4e487b71'] as const)
    expect(revertReason(hexToBytes(data))).toBeUndefined()
})

test('is nothing where bytes are missing, or numbers point past them', () => {
  const changed = fc.record({
    data: fc.oneof(fc.string().map(error), fc.bigInt(0n, 2n ** 256n - 1n).map(panic)),
    end: fc.nat(300),
    at: fc.nat(70),
    byte: fc.nat(255),
  })
  fc.assert(
    fc.property(changed, ({ data, end, at, byte }) => {
      const bytes = Uint8Array.from(data.subarray(0, end))
      if (at < bytes.length) bytes[at] = byte
      const expected = byViem(bytes)
      if (typeof expected === 'bigint') expect(revertReason(bytes)).toBeDefined()
      else expect(revertReason(bytes)).toBe(expected)
    }),
    { numRuns: 2_000 },
  )
})
