import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { CriticalError } from '../../../src/primitives/errors.ts'
import { encodeRlp } from '../../../src/primitives/rlp.ts'
import { InflateLimitError, inflateRlpItem } from '../../../src/protocol/inflate.ts'

const NAMES = { inflate: 'manifestInflate', trailingBytes: 'manifestTrailingBytes' } as const
/** Compresses badly, so that the prefix shows only a part of it. */
const noise = (length: number) =>
  Uint8Array.from({ length }, (_, i) => Math.imul(i + 1, 2_654_435_761) >>> 24)
const inflate = (bytes: Uint8Array, bytesMax?: number) => inflateRlpItem(deflateSync(bytes), NAMES, bytesMax)

describe('gives exactly one item', () => {
  test.each([0, 1, 5, 55, 56, 1000, 70_000, 3_000_000])('of %i bytes', (length) => {
    const item = encodeRlp(noise(length))
    const inflated = inflate(item)
    if (inflated.type === 'fault') throw new Error(inflated.fault.detail)
    expect(Buffer.compare(inflated.value, item)).toBe(0)
  })

  test('stops after it, however the rest goes on, and also where the rest is not zlib', () => {
    const item = encodeRlp(noise(5000))
    expect(inflate(concatBytes(item, Uint8Array.of(1)))).toMatchObject({
      fault: { name: 'manifestTrailingBytes' },
    })
    const long = deflateSync(concatBytes(item, noise(500_000)))
    const broken = long.subarray(0, 20_000)
    expect(inflateRlpItem(broken, NAMES)).toMatchObject({
      type: 'fault',
      fault: { name: 'manifestTrailingBytes' },
    })
  })

  test('leaves an item that is too short to its decoder', () => {
    const cut = encodeRlp(noise(5000)).subarray(0, 4000)
    expect(inflate(cut)).toMatchObject({ type: 'ok' })
    expect(inflate(new Uint8Array(0))).toEqual({ type: 'ok', value: new Uint8Array(0) })
  })

  test('refuses what is not zlib', () => {
    for (const bytes of [[], [0x78], [0x78, 0x9c], [1, 2, 3], [0x78, 0xbb, 0, 0, 0, 1, 0]])
      expect(inflateRlpItem(Uint8Array.from(bytes), NAMES)).toMatchObject({
        fault: { name: 'manifestInflate' },
      })
    const checksum = deflateSync(encodeRlp(noise(100)))
    checksum[checksum.length - 1] = (checksum[checksum.length - 1] as number) ^ 1
    expect(inflateRlpItem(checksum, NAMES)).toMatchObject({ fault: { name: 'manifestInflate' } })
  })
})

describe('past the guard', () => {
  test('an item that declares more, and has more, stops the node with a sentence', () => {
    const item = encodeRlp(noise(5000))
    expect(inflate(item, item.length)).toMatchObject({ type: 'ok' })
    expect(() => inflate(item, item.length - 1)).toThrow(InflateLimitError)
    expect(() => inflate(item, item.length - 1)).toThrow(CriticalError)
    expect(() => inflate(item, item.length - 1)).toThrow(/so it stops/)
  })

  test('one that declares less is a fault as ever', () => {
    const item = encodeRlp(noise(100))
    expect(inflate(concatBytes(item, noise(9000)), 5000)).toMatchObject({
      fault: { name: 'manifestTrailingBytes' },
    })
  })
})
