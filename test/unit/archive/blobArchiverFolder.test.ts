/** A folder as base-org/blob-archiver writes it, as the only place that has an L1's blobs. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBlobArchiverFolder } from '../../../src/archive/blobArchiverFolder.ts'
import { checkArchive } from '../../../src/archive/checkArchive.ts'
import { fetchArchive } from '../../../src/archive/fetchArchive.ts'
import { bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { connectL1, specOf } from '../../support/derive/harness.ts'
import type { SimulatedL1 } from '../../support/l1/simulatedL1.ts'
import { buildHistory } from '../../support/recordedL1.ts'

const base = mkdtempSync(join(tmpdir(), 'plumbline-archiver-'))
afterAll(() => rmSync(base, { recursive: true }))
let sim: SimulatedL1
beforeAll(async () => {
  sim = await buildHistory()
})

/** One JSON file a beacon block, its sidecars whole; every other one compressed, as its S3 store has them. */
function writeFolder(name: string, alter: (blob: Uint8Array) => Uint8Array = (blob) => blob): string {
  const dir = join(base, name)
  mkdirSync(dir)
  // What the archiver keeps of its own work.
  writeFileSync(join(dir, 'backfill_processes'), '{}')
  for (let number = 1; number <= Number(sim.head().header.number); number++) {
    const { beacon, blobs } = sim.blockAt(number)
    if (blobs.length === 0) continue
    const data = blobs.map(({ bytes, commitment }, index) => ({
      index: String(index),
      blob: bytesToHex(alter(bytes)),
      kzg_commitment: commitment,
      kzg_proof: `0x${'c0'.padEnd(96, '0')}`,
      signed_block_header: { message: { slot: String(beacon.slot) }, signature: `0x${'00'.repeat(96)}` },
      kzg_commitment_inclusion_proof: Array(17).fill(`0x${'00'.repeat(32)}`),
    }))
    const text = JSON.stringify({ header: { beacon_block_hash: beacon.root }, blob_sidecars: { data } })
    writeFileSync(join(dir, beacon.root), number % 2 === 0 ? gzipSync(text) : text)
  }
  return dir
}

async function fetchFrom(folder: string, into: string) {
  const sources = new Map<Hash, string>()
  const l1 = await connectL1(sim, {
    beacons: [],
    blobSources: [createBlobArchiverFolder(folder)],
    onBlob: (hash, source) => sources.set(hash, source),
  })
  const to = Number(sim.view.finalized().header.number)
  const deps = { spec: specOf(sim), l1, signal: new AbortController().signal }
  const told = { sourceOf: (hash: Hash) => sources.get(hash), onProgress: () => {}, onRetry: () => {} }
  return fetchArchive({ ...deps, ...told }, { dir: join(base, into), from: 1, to }).finally(() => l1.close())
}

test('is read as it is, compressed or not, and named as where each blob was had', async () => {
  const folder = writeFolder('whole')
  const { missingBlobs, blobs } = await fetchFrom(folder, 'of-whole')
  expect([missingBlobs, blobs]).toEqual([0, 7])
  const named: (string | null)[] = []
  const report = await checkArchive(
    join(base, 'of-whole'),
    () => {},
    ({ from }) => named.push(from),
  )
  expect(report).toMatchObject({ blobsBySource: { [folder]: blobs }, missing: [], damage: [] })
  expect(named).toEqual(Array(blobs).fill(folder))
})

test('is not believed: a blob that is not what its commitment says is missing', async () => {
  const folder = writeFolder('altered', (bytes) =>
    Uint8Array.from(bytes, (byte, at) => (at === 40 ? byte ^ 1 : byte)),
  )
  const { missingBlobs, blobs } = await fetchFrom(folder, 'of-altered')
  expect([missingBlobs, blobs]).toEqual([7, 0])
  const { missing } = await checkArchive(join(base, 'of-altered'), () => {})
  expect(missing.map(({ from }) => from)).toEqual(Array(7).fill(null))
}, 60_000)

test('with a file that is none of the archiver’s is refused, by its name', async () => {
  const dir = join(base, 'other')
  mkdirSync(dir)
  const file = join(dir, `0x${'ab'.repeat(32)}`)
  writeFileSync(file, '{"blob_sidecars":{}}')
  const find = () => createBlobArchiverFolder(dir).find(0n, [`0x01${'00'.repeat(31)}`])
  await expect(find()).rejects.toThrow(`${file} is no file of the blob archiver`)
  await expect(createBlobArchiverFolder(join(base, 'nowhere')).find(0n, [])).rejects.toThrow('cannot be read')
})
