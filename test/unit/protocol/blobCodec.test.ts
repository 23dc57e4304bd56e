/** The blob codec against the OP stack's own vectors and blobs of real chains. */
import { inflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import {
  BYTES_PER_BLOB,
  decodeBlob,
  decodeBlobs,
  encodeBlob,
  encodeBlobs,
  PAYLOAD_BYTES_PER_BLOB,
} from '../../../src/protocol/blobCodec.ts'
import type { FaultName } from '../../../src/protocol/faults.ts'
import { hasFixture, type Json, readFixture, readJsonFixture } from '../../support/protocolFixtures.ts'

function payloadOf(blob: Uint8Array): Uint8Array {
  const decoded = decodeBlob(blob)
  if (decoded.type === 'fault') throw new Error(`${decoded.fault.name}: ${decoded.fault.detail}`)
  return decoded.value
}

function faultOf(blob: Uint8Array): string | undefined {
  const decoded = decodeBlob(blob)
  return decoded.type === 'fault' ? decoded.fault.name : undefined
}

const fromUnprefixed = (hex: string) => hexToBytes(`0x${hex.trim().replace(/^0x/, '')}`)

function blobBeginning(prefix: string): Uint8Array {
  const blob = new Uint8Array(BYTES_PER_BLOB)
  blob.set(fromUnprefixed(prefix))
  return blob
}

/** Byte equality; vitest's own takes a second for a blob. */
function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).toBe(expected.length)
  expect(Buffer.compare(actual, expected)).toBe(0)
}

const VECTORS = 'op/op_blob_codec_vectors.json'

describe.skipIf(!hasFixture(VECTORS))('vectors of op-service/eth/blob_test.go', () => {
  const vectors = hasFixture(VECTORS)
    ? readJsonFixture(VECTORS)
    : { decode: [], mutations: [], roundTripHex: [], roundTripUtf8: [], encodeTooLong: [] }
  const FAULT: Readonly<Record<string, FaultName>> = {
    version: 'blobVersion',
    length: 'blobLength',
    'field element': 'blobFieldElement',
  }

  test.each<Json>(vectors.decode)('decode %#', ({ blobPrefix, output, outputZeros, error }: Json) => {
    const blob = blobBeginning(blobPrefix)
    if (error !== undefined) expect(faultOf(blob)).toBe(FAULT[error])
    else
      expectBytes(
        payloadOf(blob),
        outputZeros === undefined ? fromUnprefixed(output) : new Uint8Array(outputZeros),
      )
  })

  test.each<Json>(vectors.mutations)('mutation %#', ({ base, byte, value, error }: Json) => {
    const blob = encodeBlob(new TextEncoder().encode(base))
    blob[byte] = value
    expect(faultOf(blob)).toBe(FAULT[error])
  })

  test('round trips', () => {
    const payloads = [
      ...vectors.roundTripHex.map(fromUnprefixed),
      ...vectors.roundTripUtf8.map((text: string) => new TextEncoder().encode(text)),
    ]
    expect(payloads.length).toBeGreaterThan(10)
    for (const payload of payloads) expectBytes(payloadOf(encodeBlob(payload)), payload)
  })

  test.each<number>(vectors.encodeTooLong)('%i bytes do not fit one blob', (length: number) => {
    expect(() => encodeBlob(new Uint8Array(length))).toThrow(RangeError)
  })
})

describe.skipIf(!hasFixture('op/hildr/blob1.txt'))('blobs of OP Sepolia and Mainnet (hildr)', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])('blob %i decodes, and encodes to itself', (index) => {
    const blob = fromUnprefixed(readFixture(`op/hildr/blob${index}.txt`))
    const payload = payloadOf(blob)
    expectBytes(encodeBlob(payload), blob)
  })

  test('blob 9 is what hildr decoded', () => {
    const blob = fromUnprefixed(readFixture('op/hildr/blob9.txt'))
    expect(bytesToHex(payloadOf(blob))).toBe(
      bytesToHex(fromUnprefixed(readFixture('op/hildr/blob9_decode.txt'))),
    )
  })
})

const GOERLI = 'op/eth_v1_beacon_blob_sidecars_7422094_goerli.json'
test.skipIf(!hasFixture(GOERLI))('blobs of another encoding are faults, never exceptions', () => {
  const blobs = readJsonFixture(GOERLI).data.map(({ blob }: { blob: string }) => hexToBytes(blob))
  expect(blobs).toHaveLength(5)
  for (const blob of blobs) {
    const decoded = decodeBlob(blob)
    if (decoded.type === 'ok') expectBytes(encodeBlob(decoded.value), blob)
    else expect(decoded.fault.rule).toMatch(/^D-1[0-4]$/)
  }
})

const CHANNEL = 'op/kona/batch.hex'
test.skipIf(!hasFixture(CHANNEL))('a real channel over several blobs comes back whole', () => {
  const channel = fromUnprefixed(readFixture(CHANNEL))
  const blobs = encodeBlobs(channel)
  expect(blobs).toHaveLength(Math.ceil(channel.length / PAYLOAD_BYTES_PER_BLOB))
  const decoded = decodeBlobs(blobs)
  if (decoded.type === 'fault') throw new Error(decoded.fault.detail)
  expectBytes(decoded.value, channel)
  expect(inflateSync(decoded.value)).toHaveLength(1_409_463)
})

describe('edges', () => {
  test('the first element keeps its two high bits unchecked, as in every reference decoder', () => {
    const payload = Uint8Array.from({ length: 300 }, (_, i) => i & 0xff)
    const blob = encodeBlob(payload)
    blob[0] = (blob[0] as number) | 0xc0
    expectBytes(payloadOf(blob), payload)
    // The first element of any later round is checked.
    blob[128] = (blob[128] as number) | 0x40
    expect(faultOf(blob)).toBe('blobFieldElement')
  })

  test('only rounds that are read are checked for high bits; beyond them any byte is a fault', () => {
    const blob = encodeBlob(new Uint8Array(5))
    blob[32 * 4] = 0x40
    expect(faultOf(blob)).toBe('blobTrailingBytes')
  })

  test('every length that ends at a round boundary', () => {
    for (const length of [
      0,
      1,
      27,
      28,
      122,
      123,
      124,
      250,
      251,
      PAYLOAD_BYTES_PER_BLOB - 1,
      PAYLOAD_BYTES_PER_BLOB,
    ]) {
      const payload = new Uint8Array(length).fill(0xff)
      expectBytes(payloadOf(encodeBlob(payload)), payload)
    }
  })

  test('an all-zero blob is an empty payload (F21)', () => {
    expectBytes(payloadOf(new Uint8Array(BYTES_PER_BLOB)), new Uint8Array(0))
  })

  test('a payload is split at 130,044 bytes, and an empty one still has a blob', () => {
    expect(PAYLOAD_BYTES_PER_BLOB).toBe(130_044)
    expect(encodeBlobs(new Uint8Array(0))).toHaveLength(1)
    expect(encodeBlobs(new Uint8Array(130_044))).toHaveLength(1)
    expect(encodeBlobs(new Uint8Array(130_045))).toHaveLength(2)
  })

  test('a blob of another size is a bug of ours', () => {
    expect(() => decodeBlob(new Uint8Array(131_071))).toThrow(/bug/)
  })

  test('one faulty blob faults all blobs of its source', () => {
    const bad = new Uint8Array(BYTES_PER_BLOB)
    bad[1] = 1
    expect(decodeBlobs([encodeBlob(new Uint8Array(9)), bad])).toMatchObject({
      fault: { name: 'blobVersion' },
    })
  })
})
