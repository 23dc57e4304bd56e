/** A block under way and the room its batch has: what is kept when, what goes in, and what is turned away. */
import { expect, test } from 'vitest'
import { bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { keccak256, keccak256Hex } from '../../../src/primitives/keccak.ts'
import { createBuilding } from '../../../src/propose/sequencer/building.ts'
import type { BuildEvent } from '../../../src/propose/sequencer/events.ts'
import { createPayloadMeter } from '../../../src/propose/sequencer/payload.ts'
import { PAYLOAD_BYTES_PER_BLOB } from '../../../src/protocol/blobCodec.ts'
import { encodeManifest } from '../../../src/protocol/shasta/encodeManifest.ts'
import { createMemoryBuildJournal } from '../../support/sequencerJournal.ts'

const noise = (label: string, length: number) => {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 32)
    bytes.set(keccak256(Buffer.from(`${label} ${at}`)).subarray(0, Math.min(32, length - at)), at)
  bytes[0] = 2
  return bytes
}
const METADATA = {
  timestamp: 1_700_000_000n,
  coinbase: `0x${'0c'.repeat(20)}`,
  anchorBlockNumber: 77n,
  gasLimit: 30_000_000n,
} as const

/** Adds whatever it is given; gas 21,000 each. A raw that begins with 0xff is refused by the rule in its second byte; with a third, no block can take it. */
function fakeBlock(gasLimit = 1_000_000n) {
  const transactions: { raw: Uint8Array; hash: string; gasUsed: bigint; receipt: { logs: unknown[] } }[] = [
    { raw: Uint8Array.of(0), hash: 'anchor', gasUsed: 50_000n, receipt: { logs: [1, 2] } },
  ]
  return {
    attributes: { number: 5n, gasLimit },
    transactions,
    get gasUsed() {
      return transactions.reduce((sum, { gasUsed }) => sum + gasUsed, 0n)
    },
    async add(raw: Uint8Array) {
      if (raw[0] === 0xff)
        return { type: 'refused', reason: 'no', rule: `D-${raw[1]}`, ...(raw[2] && { fitsNoBlock: true }) }
      // As many logs as its second byte says.
      const receipt = { logs: new Array(raw[1] ?? 0).fill(1) }
      const transaction = { raw, hash: keccak256Hex(raw), gasUsed: 21_000n, receipt }
      transactions.push(transaction)
      return { type: 'added', transaction }
    },
  }
}

function begin(options: { gasLimit?: bigint; bytesMax?: number } = {}) {
  const journal = createMemoryBuildJournal()
  const events: BuildEvent[] = []
  const meter = createPayloadMeter(options.bytesMax ?? PAYLOAD_BYTES_PER_BLOB, [])
  meter.begin(METADATA)
  const forgotten: { readonly hash: Hash; readonly reason: string }[] = []
  const forget = (hash: Hash, reason: string) => void forgotten.push({ hash, reason })
  const building = createBuilding(
    { journal, meter, emit: (event) => events.push(event), forget },
    {
      block: fakeBlock(options.gasLimit) as never,
      position: { number: 5n, parentHash: `0x${'0e'.repeat(32)}` },
      metadata: { ...METADATA, proposalId: 3n, basefeeSharingPctg: 75, isForcedInclusion: false },
      windowEnd: 1_700_000_100n,
      isEndOfWindow: false,
    },
  )
  return { building, journal, events, forgotten }
}
const candidate = (raw: Uint8Array, sender: string) => ({
  raw,
  hash: keccak256Hex(raw),
  sender: sender as never,
})
const never = () => false

test('logs are numbered after those of the transactions before', async () => {
  const { building } = begin()
  const [three, none, two] = [Uint8Array.of(2, 3, 0), Uint8Array.of(2, 0, 1), Uint8Array.of(2, 2, 2)]
  const found = [await building.include(three), await building.include(none), await building.include(two)]
  expect(found.map((each) => each.type === 'included' && each.firstLogIndex)).toEqual([2, 0, 5])
})

test('that a block is closed is kept with its last frag, which goes out after it', async () => {
  const { building, journal, events } = begin()
  await building.include(Uint8Array.of(2, 0, 0))
  await building.close()
  expect(await building.include(Uint8Array.of(2, 0, 1))).toMatchObject({ type: 'later' })
  const closing = building.keepClosed()
  expect(events).toEqual([])
  await closing
  expect(journal.log.slice(-2)).toEqual(['frag 5 0', 'closed 5'])
  expect(events).toMatchObject([{ type: 'frag', sequence: 0 }])
  await building.keepClosed()
  expect(events.length).toBe(1)
  expect(building.frags()).toBe(1)
})

test('what is in a block that could not be kept as begun is not kept', async () => {
  const { building, journal } = begin()
  const failure = new Error('the disk is full')
  journal.opened = async () => {
    throw failure
  }
  const opening = building.keepOpened()
  const result = await building.include(noise('a', 100))
  await expect(opening).rejects.toBe(failure)
  expect(result.type).toBe('included')
  if (result.type === 'included') await expect(result.kept).rejects.toBe(failure)
})

test('what comes while a write is under way goes into the next one, together', async () => {
  const { building, journal } = begin()
  let release = () => {}
  const { added } = journal
  let writes = 0
  journal.added = async (block) => {
    if (writes++ === 0)
      await new Promise<void>((resolve) => {
        release = resolve
      })
    await added(block)
  }
  const results = []
  for (let i = 0; i < 5; i++) results.push(await building.include(noise(`a${i}`, 100)))
  let kept = 0
  for (const result of results) if (result.type === 'included') void result.kept.then(() => kept++)
  await new Promise((resolve) => setImmediate(resolve))
  expect(kept).toBe(0)
  release()
  await Promise.all(results.map((result) => result.type === 'included' && result.kept))
  expect(kept).toBe(5)
  expect(journal.log).toEqual(['added 5 0+1', 'added 5 1+4'])
})

test('a request has the next turn while the block is filled from the pool', async () => {
  const { building } = begin({ gasLimit: 10_000_000n })
  const candidates = Array.from({ length: 50 }, (_, i) => candidate(noise(`p${i}`, 100), `s${i}`))
  const filling = building.fill(candidates, never)
  const asked = noise('asked', 100)
  // As whatever comes by the network: not before the loop of events has its turn.
  const result = await new Promise<Awaited<ReturnType<typeof building.include>>>((resolve) =>
    setImmediate(() => resolve(building.include(asked))),
  )
  expect(result).toMatchObject({ type: 'included' })
  if (result.type === 'included') expect(result.index).toBeLessThan(5)
  await filling
  expect(building.transactions()).toHaveLength(51)
})

test('a promise that cannot be kept on disk says so', async () => {
  const { building, journal } = begin()
  journal.added = async () => {
    throw new Error('disk full')
  }
  const result = await building.include(noise('a', 100))
  if (result.type !== 'included') throw new Error('not included')
  await expect(result.kept).rejects.toThrow('disk full')
})

test('a frag is kept before it goes out, and holds what came since the last one', async () => {
  const { building, journal, events } = begin()
  await building.fill([candidate(noise('a', 100), 'x'), candidate(noise('b', 100), 'y')], never)
  journal.frag = async ({ sequence }) => {
    expect(events).toHaveLength(sequence)
  }
  await building.publishFrag()
  await building.publishFrag()
  await building.include(noise('c', 100))
  await building.publishFrag()
  expect(events.map((event) => event.type === 'frag' && [event.sequence, event.transactions.length])).toEqual(
    [
      [0, 2],
      [1, 1],
    ],
  )
  expect(building.frags()).toBe(2)
})

test('who is refused is passed over with his later nonces, and others go on', async () => {
  const { building } = begin()
  const refused = Uint8Array.of(0xff, 84)
  const [later, other] = [noise('later', 50), noise('other', 50)]
  await building.fill([candidate(refused, 'x'), candidate(later, 'x'), candidate(other, 'y')], never)
  expect(building.transactions().map(({ raw }) => raw)).toEqual([other])
})

test('stops when the time is up, and when no gas is left', async () => {
  const { building } = begin({ gasLimit: 50_000n + 2n * 21_000n + 20_999n })
  const all = ['a', 'b', 'c'].map((label) => candidate(noise(label, 50), label))
  let asked = 0
  await building.fill(all, () => asked++ === 1)
  expect(building.transactions()).toHaveLength(1)
  await building.fill(all, never)
  expect(building.transactions()).toHaveLength(2)
  expect(building.isFull()).toBe(true)
})

test('answers by the rule whether another block may take it', async () => {
  const { building } = begin()
  const answers = await Promise.all(
    [78, 80, 83, 82, 84, 86].map((rule) => building.include(Uint8Array.of(0xff, rule))),
  )
  expect(answers.map(({ type }) => type)).toEqual([
    'later',
    'later',
    'later',
    'refused',
    'refused',
    'refused',
  ])
  await building.close()
  expect(await building.include(noise('a', 50))).toMatchObject({ type: 'later' })
})

test('what exceeds the zk gas that is left may fit another block, and what no block has enough for is let go of', async () => {
  const { building, forgotten } = begin()
  const [later, never] = [Uint8Array.of(0xff, 92), Uint8Array.of(0xff, 92, 1)]
  expect(await building.include(later)).toEqual({ type: 'later', reason: 'no (D-92)' })
  expect(forgotten).toEqual([])
  expect(await building.include(never)).toEqual({ type: 'refused', reason: 'no (D-92)' })
  expect(forgotten).toEqual([{ hash: keccak256Hex(never), reason: 'no' }])
})

test('turns away what its batch has no room for, and refuses what no batch has', async () => {
  const { building } = begin()
  expect(await building.include(noise('a', 100_000))).toMatchObject({ type: 'included' })
  expect(building.hasTurnedAway()).toBe(false)
  expect(await building.include(noise('b', 130_000))).toMatchObject({ type: 'refused' })
  expect(building.hasTurnedAway()).toBe(false)
  expect(await building.include(noise('c', 100_000))).toMatchObject({ type: 'later' })
  expect(building.hasTurnedAway()).toBe(true)
})

test('a restored block publishes the frags it published, and no others', async () => {
  const raws = ['a', 'b', 'c', 'd'].map((label) => noise(label, 60))
  const { building, events } = begin()
  await building.restore(raws, [2, 1])
  expect(events.map((event) => event.type === 'frag' && event.transactions.map(({ raw }) => raw))).toEqual([
    raws.slice(0, 2),
    raws.slice(2, 3),
  ])
  await building.publishFrag()
  expect(events.at(-1)).toMatchObject({ sequence: 2, transactions: [{ raw: raws[3] }] })
  await expect(building.restore([Uint8Array.of(0xff, 82)], [])).rejects.toThrow(
    'no longer goes in: no (D-82)',
  )
})

test.each([
  ['noise', (i: number) => noise(`n${i}`, 180)],
  ['a mixture', (i: number) => (i % 50 < 25 ? noise(`m${i}`, 300) : new Uint8Array(300).fill(2))],
])('a meter lets in as much as fits and never more: %s', (_, make) => {
  const bytesMax = 60_000
  const meter = createPayloadMeter(bytesMax, [])
  const blocks: { transactions: Uint8Array[] }[] = []
  const size = () => encodeManifest(blocks.map((block) => ({ ...METADATA, ...block }))).length
  for (let i = 0; i < 100_000; i++) {
    if (i % 100 === 0) {
      if (!meter.hasRoom()) break
      meter.begin(METADATA)
      blocks.push({ transactions: [] })
    }
    const raw = make(i)
    if (!meter.fits(raw)) break
    meter.add(raw)
    blocks.at(-1)!.transactions.push(raw)
  }
  expect(size()).toBeLessThanOrEqual(bytesMax)
  expect(size()).toBeGreaterThan(bytesMax * 0.9)
})

test('what compresses well fills a batch by its bytes before compression', () => {
  const meter = createPayloadMeter(60_000, [])
  meter.begin(METADATA)
  let count = 0
  for (; count < 10_000 && meter.fits(new Uint8Array(1000)); count++) meter.add(new Uint8Array(1000))
  expect(count).toBe(Math.floor((4 * 60_000 - 64) / 1005))
})

test('a block that is given up leaves its room', () => {
  const meter = createPayloadMeter(20_000, [])
  meter.begin(METADATA)
  const raw = noise('big', 15_000)
  expect(meter.fits(raw)).toBe(true)
  meter.add(raw)
  expect(meter.fits(raw)).toBe(false)
  meter.abandon()
  meter.begin(METADATA)
  expect(meter.fits(raw)).toBe(true)
  expect(bytesToHex(raw)).toHaveLength(30_002)
})
