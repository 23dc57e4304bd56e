/** The check of a batch before it is sent: derivation makes the very blocks of the chain from it, or it says where it does not. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TemporaryError } from '../../../src/primitives/errors.ts'
import { type CheckInput, checkBatch } from '../../../src/propose/sequencer/checkBatch.ts'
import { createGroupReader, type Group, refOf } from '../../../src/propose/sequencer/groups.ts'
import { decodeBlobs } from '../../../src/protocol/blobCodec.ts'
import { decodeManifest } from '../../../src/protocol/shasta/manifest.ts'
import { createWorld, type RunningSequencer, type World } from '../../support/sequencerWorld.ts'

let world: World
let sequencer: RunningSequencer
let groups: readonly Group[]

/** Two batches that have not landed, the second with a forced block. */
beforeAll(async () => {
  world = await createWorld({
    ...{ seed: 'check', operators: [1, 2], slotsPerEpoch: 8 },
    l1: { forcedInclusionDelay: 60n },
  })
  const first = world.sim.head().beacon.slot + 2
  world.withholdPosts(true)
  sequencer = await world.start(1)
  await world.until(first, 1000)
  for (let i = 0; i < 3; i++) await world.pool.add(await world.transfer(2))
  world.queueForced([await world.transfer(3, { nonce: 9 }), await world.transfer(3, { nonce: 0 })])
  await world.until(first + 3)
  await sequencer.stop()
  groups = await createGroupReader(world.chain)()
})
afterAll(() => world?.close())

const check = async (group: Group, changes: Partial<CheckInput> = {}, chain = world.node.chain) => {
  const { spec, engine, state } = world.node
  const head = world.sim.head().header
  const { inclusions } = await world.schedule.forcedInclusions()
  const forcedCount = group.blocks.filter(({ origin }) => origin.isForcedInclusion).length
  return checkBatch(
    { spec, engine, chain, state, l1: world.l1 },
    {
      ...{ group, proposer: sequencer.address, basefeeSharingPctg: 75, blobsMax: 6, secondsPerSlot: 12n },
      l1Head: { number: head.number, hash: world.sim.head().hash },
      earliest: head.timestamp + 12n,
      latest: head.timestamp + 60n,
      forced: inclusions.slice(0, forcedCount),
      ...changes,
    },
  )
}
const forcedGroup = () => groups.find(({ blocks }) => blocks[0]!.origin.isForcedInclusion)!
const plainGroup = () => groups.find(({ blocks }) => !blocks[0]!.origin.isForcedInclusion)!

test('batches of blocks of the chain are confirmed, and their blobs hold these blocks', async () => {
  expect(groups.length).toBeGreaterThan(1)
  for (const group of groups) {
    const checked = await check(group)
    if (checked.type === 'refused') throw new Error(checked.reason)
    const payload = decodeBlobs(checked.blobs)
    if (payload.type === 'fault') throw new Error(payload.fault.detail)
    const decoded = decodeManifest(payload.value, 0, { blocksMax: 192, isForcedInclusion: false })
    if (decoded.type === 'fault') throw new Error(decoded.fault.detail)
    const own = group.blocks.filter(({ origin }) => !origin.isForcedInclusion)
    expect(decoded.value.map(({ timestamp }) => timestamp)).toEqual(own.map(({ header }) => header.timestamp))
  }
})

test('the blocks are all in one piece', async () => {
  const group = plainGroup()
  const [first, , ...rest] = group.blocks
  expect(await check({ ...group, blocks: [first!, ...rest] })).toMatchObject({ type: 'refused' })
})

test('another share of the base fee, another proposal id, another proposer of forced blocks', async () => {
  const group = plainGroup()
  const block = refOf(group.blocks[0]!)
  expect(await check(group, { basefeeSharingPctg: 50 })).toMatchObject({ type: 'refused', block })
  expect(await check({ ...group, proposalId: group.proposalId + 1n })).toMatchObject({
    type: 'refused',
    block,
  })
  expect(await check(group, { proposer: `0x${'99'.repeat(20)}` })).toMatchObject({ type: 'batch' })
  expect(await check(forcedGroup(), { proposer: `0x${'99'.repeat(20)}` })).toMatchObject({
    ...{ type: 'refused', block: refOf(forcedGroup().blocks[0]!) },
    reason: expect.stringContaining('coinbase'),
  })
})

test('another queue than the one the forced blocks are of', async () => {
  const group = forcedGroup()
  expect(await check(group, { forced: [] })).toMatchObject({
    ...{ type: 'refused', reason: 'it takes 1 forced inclusions, and the queue holds 0' },
  })
})

test('landing before its own last block, or too late for it', async () => {
  const group = plainGroup()
  const last = group.blocks.at(-1)!.header.timestamp
  expect(await check(group, { earliest: last - 1n })).toMatchObject({
    ...{ type: 'refused', reason: expect.stringContaining('timestampTooHigh (D-43)') },
  })
  expect(await check(group, { latest: last + 12n * 129n })).toMatchObject({ type: 'refused' })
})

test('more blobs than it may fill', async () => {
  expect(await check(plainGroup(), { blobsMax: 0 })).toMatchObject({
    ...{ type: 'refused', reason: 'it fills 1 blobs, and a batch may fill 0' },
  })
})

test('blocks that are dropped meanwhile are no error of ours: it is asked for again', async () => {
  for (const group of groups)
    for (const from of [group.blocks.at(-1)!.header.number, group.blocks[0]!.header.number - 1n])
      expect(await dropDuring(group, from)).toBeInstanceOf(TemporaryError)
})

/** What a check says when the chain loses its blocks from a number on while it runs. */
async function dropDuring(group: Group, from: bigint): Promise<unknown> {
  const gone = async () => undefined
  const real = world.node.chain
  const chain: typeof real = {
    ...real,
    blockByHash: async (hash) => {
      const block = await real.blockByHash(hash)
      return block !== undefined && block.header.number >= from ? undefined : block
    },
    headerByNumber: (number) => (number >= from ? gone() : real.headerByNumber(number)),
    hashes: async (first, last) => (await real.hashes(first, last)).filter(({ number }) => number < from),
  }
  return check(group, {}, chain).catch((error: unknown) => error)
}
