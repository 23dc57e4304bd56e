/** An archive of a simulated L1: whole, resumable, the same bytes every time, and proven again when it is read. */
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { openArchiveL1 } from '../../../src/archive/archiveL1.ts'
import { checkArchive } from '../../../src/archive/checkArchive.ts'
import { fetchArchive } from '../../../src/archive/fetchArchive.ts'
import type { ArchivedBlock, Manifest } from '../../../src/archive/format.ts'
import { createL1 } from '../../../src/l1/createL1.ts'
import type { L1, L1Event } from '../../../src/l1/l1.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import type { SimulatedL1 } from '../../support/l1/simulatedL1.ts'
import { buildLongChain, endpointOf, QUICK, specOf } from '../../support/l1Room.ts'

const sim = buildLongChain('archive')
const spec = specOf(sim)
const last = Number(sim.head().header.number)
sim.setFinalized(last - 3)
const TO = last - 3

const dirs: string[] = []
const newDir = () => {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-archive-'))
  dirs.push(dir)
  return dir
}
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true })
})

type Fetch = {
  readonly from?: number
  readonly to?: number
  readonly stopAt?: number
  readonly face?: SimulatedL1
}

async function fetchInto(dir: string, { from = 1, to = TO, stopAt, face = sim }: Fetch = {}) {
  const sources = new Map<Hash, string>()
  const ending = new AbortController()
  const honest = endpointOf('honest', face)
  const l1 = await createL1({
    ...{ spec, endpoints: [honest], beacons: [honest], ...QUICK },
    onBlob: (hash, source) => sources.set(hash, source),
  })
  try {
    return await fetchArchive(
      {
        ...{ spec, l1, signal: ending.signal, onRetry: () => {} },
        sourceOf: (hash) => sources.get(hash),
        onProgress: ({ block }) => block === stopAt && ending.abort(),
      },
      { dir, from, to },
    )
  } finally {
    await l1.close()
  }
}

const filesOf = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path.slice(dir.length), createHash('sha256').update(readFileSync(path)).digest('hex')]),
  )

const manifestOf = (dir: string): Manifest => JSON.parse(readFileSync(join(dir, 'archive.json'), 'utf8'))
const chunkOf = (dir: string): string => join(dir, 'l1', readdirSync(join(dir, 'l1'))[0]!)

/** Everything a stream says up to its head. */
async function readAll(l1: L1): Promise<readonly L1Event[]> {
  const ending = new AbortController()
  const events: L1Event[] = []
  const cursor = await l1.start()
  for await (const event of l1.follow({ cursor, knownAncestors: async () => [], signal: ending.signal })) {
    events.push(event)
    if (event.type === 'caughtUp') break
  }
  ending.abort()
  return events
}

describe('an archive', () => {
  test('says of every block what the providers said', async () => {
    const dir = newDir()
    expect(await fetchInto(dir)).toMatchObject({ blocks: TO, missingBlobs: 0, isWhole: true })
    const archive = await openArchiveL1({ dir, spec, kzgThreads: 0 })
    const events = (await readAll(archive)).flatMap((event) => (event.type === 'block' ? [event] : []))
    expect(events.map(({ block }) => block.hash)).toEqual(
      Array.from({ length: TO }, (_, i) => sim.blockAt(i + 1).hash),
    )
    const honest = endpointOf('honest', sim)
    const live = await createL1({ spec, endpoints: [honest], beacons: [honest], ...QUICK })
    const truth = (await readAll(live)).flatMap((event) => (event.type === 'block' ? [event.logs] : []))
    expect(events.map(({ logs }) => logs)).toEqual(truth.slice(0, TO))
    expect(events.flatMap(({ logs }) => logs).length).toBeGreaterThan(24)
    await live.close()
    await archive.close()
  })

  test('has the blobs and the transactions, each by its hash', async () => {
    const dir = newDir()
    await fetchInto(dir)
    const archive = await openArchiveL1({ dir, spec, kzgThreads: 0 })
    const [proposal] = sim.proposals()
    const { blobSlice } = proposal!.sources.at(-1)!
    const blobs = await archive.blobs({ ...blobSlice, timestamp: BigInt(blobSlice.timestamp) })
    expect(blobs).toHaveLength(blobSlice.blobHashes.length)
    await expect(archive.blobs({ ...blobSlice, blobHashes: [`0x01${'22'.repeat(31)}`] })).rejects.toThrow(
      /cannot be gone on with/,
    )
    await archive.close()
  })

  test('is the same bytes after one run, two runs, and a run that was stopped', async () => {
    const [once, twice, stopped] = [newDir(), newDir(), newDir()]
    await fetchInto(once)
    await fetchInto(twice)
    expect(await fetchInto(stopped, { stopAt: 90 })).toMatchObject({ isWhole: false })
    // The last line as a power cut leaves it.
    appendFileSync(join(stopped, 'under-way.ndjson'), '{"header":"0x')
    const { blocks, isWhole } = await fetchInto(stopped)
    expect([blocks <= TO - 90, isWhole]).toEqual([true, true])
    expect(filesOf(twice)).toEqual(filesOf(once))
    expect(filesOf(stopped)).toEqual(filesOf(once))
  })

  test('what was under way is fetched again from where it does not link, or lacks a blob', async () => {
    const [once, stopped] = [newDir(), newDir()]
    await fetchInto(once)
    await fetchInto(stopped, { stopAt: 90 })
    const linesOf = () => readFileSync(join(stopped, 'under-way.ndjson'), 'utf8').split('\n').slice(0, -1)
    const lines = [...linesOf().slice(0, 40), ...linesOf().slice(41)]
    writeFileSync(join(stopped, 'under-way.ndjson'), lines.map((line) => `${line}\n`).join(''))
    const { blocks } = await fetchInto(stopped, { stopAt: 90 })
    expect(40 + blocks).toBe(linesOf().length)
    const [blob] = Object.keys(filesOf(stopped)).filter((file) => file.startsWith('/blobs'))
    unlinkSync(join(stopped, blob!))
    const kept = linesOf().findIndex((line) => line.includes(blob!.slice(-69, -3)))
    expect((await fetchInto(stopped)).blocks).toBe(TO - kept)
    expect(filesOf(stopped)).toEqual(filesOf(once))
  })

  test('is extended at its end, and fetches nothing twice', async () => {
    const dir = newDir()
    await fetchInto(dir, { to: 100 })
    expect(await fetchInto(dir, { to: 100 })).toMatchObject({ blocks: 0 })
    expect(await fetchInto(dir, { to: 150 })).toMatchObject({ blocks: 50 })
    expect(manifestOf(dir).chunks.map(({ from, to }) => [from, to])).toEqual([
      [1, 100],
      [101, 150],
    ])
    await expect(fetchInto(dir, { from: 160 })).rejects.toThrow('an archive has no gaps')
  })

  test('begins with the headers that its first blocks may refer to', async () => {
    const dir = newDir()
    await fetchInto(dir, { from: 200 })
    const archive = await openArchiveL1({ dir, spec, kzgThreads: 0 })
    const head = await archive.newest()
    expect((await archive.ancestor(head, 199n)).hash).toBe(sim.blockAt(199).hash)
    expect((await archive.ancestor(head, 0n)).hash).toBe(sim.blockAt(0).hash)
    expect(await archive.start()).toEqual({ number: 199n, hash: sim.blockAt(199).hash })
    await expect(archive.start(undefined, 100n)).rejects.toThrow('has the events of L1 blocks from 200 on')
    await archive.close()
  })

  test('that holds nothing yet begins where it is asked to, with what that needs', async () => {
    const [once, later, sooner] = [newDir(), newDir(), newDir()]
    await fetchInto(once, { from: 120 })
    // Both begin with the headers from block 1 on.
    await fetchInto(later, { from: 1, stopAt: 60 })
    await fetchInto(later, { from: 120 })
    expect(manifestOf(later)).toEqual(manifestOf(once))
    await fetchInto(sooner, { from: 120, stopAt: 60 })
    await fetchInto(sooner, { from: 1 })
    await expect(fetchInto(once, { from: 1 })).rejects.toThrow('begins at L1 block 120')
    const whole = newDir()
    await fetchInto(whole, { from: 1 })
    expect(filesOf(sooner)).toEqual(filesOf(whole))
  })

  test('takes nothing that is not final', async () => {
    await expect(fetchInto(newDir(), { to: last })).rejects.toThrow(`L1 is final up to block ${TO}`)
  })
})

describe('damage', () => {
  const read = async (dir: string) => {
    const archive = await openArchiveL1({ dir, spec, kzgThreads: 0 })
    try {
      return await readAll(archive)
    } finally {
      await archive.close()
    }
  }
  /** Rewrites the chunk as an attacker would who also rewrites its hash in the manifest and its name. */
  const forge = (dir: string, change: (blocks: ArchivedBlock[]) => void) => {
    const path = chunkOf(dir)
    const lines = gunzipSync(readFileSync(path)).toString().trim().split('\n')
    const blocks = lines.map((line) => JSON.parse(line) as ArchivedBlock)
    change(blocks)
    const bytes = gzipSync(blocks.map((block) => `${JSON.stringify(block)}\n`).join(''))
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const manifest = manifestOf(dir)
    const [entry] = manifest.chunks
    unlinkSync(path)
    writeFileSync(path.replace(entry!.sha256.slice(0, 16), sha256.slice(0, 16)), bytes)
    const forged = { ...manifest, chunks: [{ ...entry!, sha256, size: bytes.length }] }
    writeFileSync(join(dir, 'archive.json'), JSON.stringify(forged))
  }
  const withEvents = (blocks: ArchivedBlock[]) =>
    blocks.flatMap((block, index) => (block.receipts ? [index] : []))

  test('bytes changed on the disk are found by the chunk’s hash', async () => {
    const dir = newDir()
    await fetchInto(dir)
    const bytes = readFileSync(chunkOf(dir))
    bytes[bytes.length >> 1]! ^= 1
    writeFileSync(chunkOf(dir), bytes)
    await expect(read(dir)).rejects.toThrow('its bytes are not those that were written')
    expect((await checkArchive(dir, () => {})).damage).toEqual([
      expect.objectContaining({ what: 'its bytes are not those that were written' }),
    ])
  })

  test.each([
    [
      'a header altered',
      /does not follow the one before it/,
      (blocks: ArchivedBlock[]) => {
        const { header } = blocks[5]!
        blocks[5] = { ...blocks[5]!, header: `${header.slice(0, -2)}00` as never }
      },
    ],
    [
      'a receipt of another block',
      /does not lead to its root/,
      (blocks: ArchivedBlock[]) => {
        const [a, b] = withEvents(blocks)
        blocks[a!] = { ...blocks[a!]!, receipts: blocks[b!]!.receipts! }
      },
    ],
    [
      'a transaction of another block',
      /does not lead to its root|lacks receipt/,
      (blocks: ArchivedBlock[]) => {
        const [a, b] = withEvents(blocks)
        blocks[a!] = { ...blocks[a!]!, transactions: blocks[b!]!.transactions! }
      },
    ],
    [
      'a proposal left out',
      /does not follow proposal \d+: one was left out/,
      (blocks: ArchivedBlock[]) => {
        const at = blocks.findLastIndex(({ blobs }, index) => blobs && index < blocks.length - 30)
        blocks[at] = { header: blocks[at]!.header }
      },
    ],
  ])('%s is refused, however well it is hashed', async (_what, reason, change) => {
    const dir = newDir()
    await fetchInto(dir)
    forge(dir, change)
    await expect(read(dir)).rejects.toThrow(reason)
  })

  test('a file that is gone is fetched again, as is a blob', async () => {
    const dir = newDir()
    await fetchInto(dir)
    const whole = filesOf(dir)
    unlinkSync(chunkOf(dir))
    await expect(read(dir)).rejects.toThrow('it cannot be read')
    await fetchInto(dir)
    expect(filesOf(dir)).toEqual(whole)
    const blob = Object.keys(whole).find((path) => path.startsWith('/blobs'))!
    unlinkSync(join(dir, blob))
    expect((await checkArchive(dir, () => {})).missing).toMatchObject([{ from: 'honest' }])
    await fetchInto(dir)
    expect(filesOf(dir)).toEqual(whole)
    const report = await checkArchive(dir, () => {})
    expect(report).toMatchObject({ from: 1, to: TO, blocks: TO, missing: [], damage: [] })
    expect(report.blobsBySource).toEqual({ honest: report.blobs })
  })
})
