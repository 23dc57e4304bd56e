import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { BlobUnavailableError } from '../../../src/l1/blobs.ts'
import { createKzgPool } from '../../../src/l1/kzgPool.ts'
import { slotOf } from '../../../src/l1/slot.ts'
import { CriticalError, TemporaryError } from '../../../src/primitives/errors.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import { bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { workerUrl } from '../../../src/primitives/worker.ts'
import { hasSharedFixture, readSharedText } from '../../support/fixtures.ts'
import { createSimulatedL1 } from '../../support/l1/simulatedL1.ts'
import { connect, endpointOf, specOf } from '../../support/l1Room.ts'

const chain = createSimulatedL1({ seed: 'blob reader' })
chain.mine({ missedSlots: 5 })
const { proposal, block } = chain.propose({ payload: new Uint8Array(200_000).fill(3), missedSlots: 2 })
const slice = proposal.sources[0]!.blobSlice
const truth = block.blobs.map(({ bytes }) => keccak256Hex(bytes))
const digests = (blobs: readonly Uint8Array[]) => blobs.map(keccak256Hex)

/** The chain's beacon node, counting what it is asked, and able to be told to have nothing. */
function countingBeacon() {
  const asked: string[] = []
  const state = { empty: false }
  const fetch: typeof chain.fetch = async (input, init) => {
    const { pathname } = new URL(String(input))
    if (/blob|blocks/.test(pathname)) asked.push(pathname)
    if (pathname.includes('blob')) {
      if (state.empty) return Response.json({ data: [] })
    }
    return chain.fetch(input, init)
  }
  return { asked, state, source: endpointOf('beacon', { ...chain, fetch }) }
}

test('slots follow from timestamps exactly, missed ones included', () => {
  const { l1 } = specOf(chain)
  expect(slotOf(l1, block.header.timestamp)).toBe(BigInt(block.beacon.slot))
  expect(block.beacon.slot).toBe(10)
  expect(slotOf(l1, l1.genesisTime)).toBe(0n)
  expect(() => slotOf(l1, l1.genesisTime + 13n)).toThrow(CriticalError)
  expect(() => slotOf(l1, l1.genesisTime - 12n)).toThrow(/no L1 slot begins at/)
})

test('an empty answer is "not yet": temporary, with its data, and never remembered', async () => {
  const beacon = countingBeacon()
  beacon.state.empty = true
  const l1 = await connect(chain, { beacons: [beacon.source] })
  const error = await l1.blobs(slice).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(BlobUnavailableError)
  expect(error).toBeInstanceOf(TemporaryError)
  expect(error).toMatchObject({
    slot: BigInt(block.beacon.slot),
    versionedHashes: slice.blobHashes,
    sources: [{ name: 'beacon', reason: 'not there' }],
  })
  beacon.state.empty = false
  expect(digests(await l1.blobs(slice))).toEqual(truth)
  await l1.close()
})

test('reading ahead and reading cost one request; what is verified is kept', async () => {
  const beacon = countingBeacon()
  const l1 = await connect(chain, { beacons: [beacon.source] })
  const [ahead, now] = await Promise.all([l1.blobs(slice), l1.blobs(slice)])
  expect(digests(ahead)).toEqual(truth)
  expect(digests(now)).toEqual(truth)
  const [first] = slice.blobHashes
  const repeated = { ...slice, blobHashes: [first!, first!] }
  expect(digests(await l1.blobs(repeated))).toEqual([truth[0], truth[0]])
  const { slot } = block.beacon
  expect(beacon.asked).toEqual([
    `/eth/v1/beacon/blobs/${slot}`,
    // The commitments of its block, which make checking many blobs as cheap as one.
    `/eth/v1/beacon/blinded_blocks/${slot}`,
    `/eth/v2/beacon/blocks/${slot}`,
  ])
  await l1.close()
})

test('the cache is bounded in bytes', async () => {
  const beacon = countingBeacon()
  const l1 = await connect(chain, { beacons: [beacon.source], blobCacheBytesMax: 131_072 })
  await l1.blobs(slice)
  await l1.blobs(slice)
  expect(beacon.asked.filter((path) => path.includes('/blobs/')).length).toBe(2)
  await l1.close()
})

test('what one source lacks comes from the next', async () => {
  const half: typeof chain.fetch = async (input, init) => {
    const url = new URL(String(input))
    const wanted = url.searchParams.get('versioned_hashes')?.split(',')[0]
    if (wanted) url.searchParams.set('versioned_hashes', wanted)
    return url.pathname.includes('sidecars') ? new Response('', { status: 404 }) : chain.fetch(url, init)
  }
  const l1 = await connect(chain, {
    beacons: [endpointOf('half', { ...chain, fetch: half })],
    blobServers: [endpointOf('archive', chain)],
  })
  expect(digests(await l1.blobs(slice))).toEqual(truth)
  expect(l1.status().providers.map(({ demotions }) => demotions)).toEqual([0, 0, 0])
  await l1.close()
})

test("one caller's leaving does not take the blobs from another", async () => {
  const l1 = await connect(chain)
  const ending = new AbortController()
  const leaving = l1.blobs(slice, ending.signal)
  const staying = l1.blobs(slice)
  const reason = new Error('gone')
  ending.abort(reason)
  await expect(leaving).rejects.toBe(reason)
  expect(digests(await staying)).toEqual(truth)
  await l1.close()
})

const GOERLI = 'op/eth_v1_beacon_blob_sidecars_7422094_goerli.json'
const goerliReason = hasSharedFixture(GOERLI) ? '' : ` (skipped: ../shared/fixtures/${GOERLI} is absent)`

describe.skipIf(!hasSharedFixture(GOERLI))(`the sidecars of Goerli slot 7422094${goerliReason}`, () => {
  type Sidecar = { blob: string; kzg_commitment: string }
  const read = (): { data: Sidecar[] } => JSON.parse(readSharedText(GOERLI))
  const SLOT = 7_422_094n

  async function readFrom(sidecars: { data: Sidecar[] }, hashes: readonly Hash[]) {
    const fetch = async (url: string) =>
      url.includes(`/blob_sidecars/${SLOT}`) ? Response.json(sidecars) : new Response('', { status: 404 })
    const l1 = await connect(chain, { beacons: [{ ...endpointOf('goerli', chain), fetch }] })
    const { genesisTime, secondsPerSlot } = chain.config
    const timestamp = genesisTime + SLOT * secondsPerSlot
    try {
      return await l1.blobs({ blobHashes: hashes, offset: 0, timestamp })
    } finally {
      await l1.close()
    }
  }
  const hashOf = async ({ blob }: Sidecar) => {
    const pool = createKzgPool(0)
    return (await pool.identify([{ blob: hexToBytes(blob) }]))[0]!
  }

  test('are read from the older route, and a flipped bit is caught', async () => {
    const { data } = read()
    const hashes = await Promise.all(data.map(hashOf))
    const blobs = await readFrom({ data }, hashes)
    expect(digests(blobs)).toEqual(data.map(({ blob }) => keccak256Hex(hexToBytes(blob))))

    const flipped = hexToBytes(data[2]!.blob)
    flipped[1000] = flipped[1000]! ^ 4
    const bad = data.map((sidecar, i) => (i === 2 ? { ...sidecar, blob: bytesToHex(flipped) } : sidecar))
    await expect(readFrom({ data: bad }, hashes)).rejects.toMatchObject({
      name: 'BlobUnavailableError',
      cause: { name: 'LyingProviderError', provider: 'goerli' },
    })
  })
})

const compiled = fileURLToPath(
  workerUrl(new URL('../../../src/l1/kzgPool.ts', import.meta.url).href, './kzgWorker.ts'),
)
const isBuilt = existsSync(compiled)

describe.skipIf(!isBuilt)(
  `the pool of threads${isBuilt ? '' : ' (skipped: run `npm run build` first)'}`,
  () => {
    const bytes = block.blobs.map((blob) => blob.bytes)
    const hashes = block.blobs.map((blob) => blob.versionedHash)

    test('identifies blobs, with claims true, false and none', async () => {
      const pool = createKzgPool(2)
      const commitment = hexToBytes(block.blobs[0]!.commitment)
      const claims = [
        { blob: bytes[0]!, commitment },
        { blob: bytes[1]!, commitment },
        { blob: bytes[1]! },
        { blob: bytes[0]!.slice(1) },
      ]
      const twice = await Promise.all([pool.identify(claims), pool.identify(claims)])
      expect(twice).toEqual([0, 1].map(() => [hashes[0], hashes[1], hashes[1], null]))
      await pool.close()
    })

    test('closes while it works, and takes no work afterwards', async () => {
      const pool = createKzgPool(1)
      const working = pool.identify([{ blob: bytes[0]! }])
      const outcome = expect(working).rejects.toBeInstanceOf(TemporaryError)
      await pool.close()
      await outcome
      await expect(pool.identify([{ blob: bytes[0]! }])).rejects.toBeInstanceOf(CriticalError)
    })
  },
)
