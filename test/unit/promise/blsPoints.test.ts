import { SecretKey } from '@chainsafe/blst'
import { expect, test } from 'vitest'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { decodePublicKey, decodeSignature } from '../../../src/promise/blsPoints.ts'

const key = SecretKey.fromKeygen(new Uint8Array(32).fill(7))

/** blst's uncompressed form: field elements of 48 bytes in a row. */
function pad(uncompressed: Uint8Array): string {
  let hex = ''
  for (let i = 0; i < uncompressed.length; i += 48)
    hex += '00'.repeat(16) + bytesToHex(uncompressed.subarray(i, i + 48)).slice(2)
  return `0x${hex}`
}

test('gives the coordinates that blst gives', () => {
  const publicKey = key.toPublicKey()
  const point = decodePublicKey(bytesToHex(publicKey.toBytes()))
  expect(
    `0x${Object.values(point)
      .map((word) => word.slice(2))
      .join('')}`,
  ).toBe(pad(publicKey.toBytes(false)))

  const signature = key.sign(new Uint8Array(32))
  const words = decodeSignature(bytesToHex(signature.toBytes()))
  const bytes = signature.toBytes(false)
  // ZCash's uncompressed form has the imaginary part first.
  const swapped = Uint8Array.from([
    ...bytes.subarray(48, 96),
    ...bytes.subarray(0, 48),
    ...bytes.subarray(144, 192),
    ...bytes.subarray(96, 144),
  ])
  expect(
    `0x${Object.values(words)
      .map((word) => word.slice(2))
      .join('')}`,
  ).toBe(pad(swapped))
})

test('refuses bytes that are no point, a point outside the group, and zero', () => {
  expect(() => decodePublicKey(`0x${'11'.repeat(48)}`)).toThrow(RangeError)
  expect(() => decodePublicKey(`0x${'00'.repeat(47)}`)).toThrow(RangeError)
  // x = 4 is on the curve, but not in the subgroup.
  expect(() => decodePublicKey(`0x80${'00'.repeat(46)}04`)).toThrow(RangeError)
  expect(() => decodePublicKey(`0xc0${'00'.repeat(47)}`)).toThrow(RangeError)
  expect(() => decodeSignature(`0xc0${'00'.repeat(95)}`)).toThrow(RangeError)
})
