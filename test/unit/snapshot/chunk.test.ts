/** Chunks as files, and records in them. */
import { expect, test } from 'vitest'
import { joinRecords, packChunk, sha256, splitRecords, unpackChunk } from '../../../src/snapshot/chunk.ts'
import type { ChunkEntry } from '../../../src/snapshot/manifest.ts'

test('as many records as a chunk can hold come back as they were', async () => {
  // The smallest slot: four bytes of its storage, and a value of one byte in slot 0.
  const records = Array.from({ length: 500_000 }, (_, i) => Uint8Array.of(i >> 24, i >> 16, i >> 8, i, 1, 1))
  const raw = joinRecords(records)
  const packed = await packChunk(raw)
  const entry: ChunkEntry = {
    ...{ section: 'storage', file: 'storage-00000.gz', count: records.length, rawBytes: raw.length },
    ...{ bytes: packed.length, sha256: sha256(packed), first: '0x', last: '0x' },
  }
  const found = splitRecords(entry, await unpackChunk(entry, packed))
  expect(found).toHaveLength(records.length)
  expect(found.every((record, i) => Buffer.compare(record, records[i]!) === 0)).toBe(true)
})

test.each([0, 65_536])('a record of %i bytes is none', (length) => {
  expect(() => joinRecords([new Uint8Array(length)])).toThrow(RangeError)
})
