/** What L1 and restarts do to a preconfirmed chain: L1 wins, what it displaces is evidence, and what it took away comes back. */
import { afterEach, expect, test, vi } from 'vitest'
import type { SealedBlock } from '../../../../src/propose/sequencer/events.ts'
import { encodeManifest, type ManifestBlockInput } from '../../../../src/protocol/shasta/encodeManifest.ts'
import { createStreamWorld, type StreamNode, type StreamWorld } from '../../../support/preconfStream.ts'

let world: StreamWorld
afterEach(() => world?.close())

const manifestOf = ({ metadata, transactions }: SealedBlock): ManifestBlockInput => ({
  ...metadata,
  transactions,
})
const expectLatest = (node: StreamNode, hash: string) =>
  vi.waitFor(() => expect(node.chain.heads().latest.hash).toBe(hash), { timeout: 20_000, interval: 10 })

async function start(seed: string, options: { readonly files?: string } = {}) {
  world = await createStreamWorld({ seed })
  const key = world.keyNow()
  const sequencer = await world.openNode('sequencer', { key, ...options })
  const follower = await world.openNode('follower', {
    sources: [sequencer.url],
    ...(options.files && { files: `${options.files}-follower` }),
  })
  return { key, sequencer, follower, author: world.createAuthor(sequencer, key) }
}

test('what lands as it was promised is settled, and nothing is held against anybody', async () => {
  const { author, follower, sequencer } = await start('landed')
  const first = await author.build({ transactions: [world.transfers[0]!] })
  const second = await author.build({ transactions: [world.transfers[1]!] })
  await expectLatest(follower, second.hash)
  world.sim.propose({ payload: encodeManifest([first, second].map(manifestOf)) })
  await follower.node.sync()
  expect(follower.chain.heads()).toMatchObject({ safe: { hash: second.hash }, latest: { hash: second.hash } })
  expect(follower.follower.status()).toMatchObject({ derived: { number: 2n }, executed: { number: 2n } })
  // The next one is displaced, and the only one.
  await sequencer.node.sync()
  const third = await author.build({ transactions: [world.transfers[2]!] })
  await expectLatest(follower, third.hash)
  world.sim.propose({ payload: encodeManifest([{ ...manifestOf(third), transactions: [] }]) })
  await follower.node.sync()
  await vi.waitFor(async () => expect(await follower.evidence.list(10)).toMatchObject([{ blockNumber: 3n }]))
})

test('L1 wins: the displaced promises are evidence, by what came in their place and how', async () => {
  const { author, follower, sequencer } = await start('displaced')
  const blocks = [
    await author.build({ transactions: [world.transfers[0]!] }),
    await author.build({ transactions: [world.transfers[1]!] }),
  ]
  await expectLatest(follower, blocks[1]!.hash)
  const [first] = blocks.map(manifestOf)
  world.sim.propose({ payload: encodeManifest([{ ...first!, transactions: [] }]) })
  await follower.node.sync()
  await sequencer.node.sync()
  const { safe, latest } = follower.chain.heads()
  expect(safe.number).toBe(1n)
  expect(latest).toEqual(safe)
  const found = await vi.waitFor(async () => {
    const records = await follower.evidence.list(10)
    expect(records).toHaveLength(1)
    return records
  })
  expect(found).toMatchObject([
    {
      kind: 'displaced',
      committer: author.address,
      blockNumber: 1n,
      promisedBlockHash: blocks[0]!.hash,
      landed: { blockHash: safe.hash, proposalId: 1n },
      // An open inbox names no window.
      judgement: 'otherWindow',
    },
  ])
  // The second promise had a parent that never came to be.
  world.sim.propose({
    payload: encodeManifest([{ ...first!, timestamp: first!.timestamp + 2n, transactions: [] }]),
  })
  await follower.node.sync()
  await vi.waitFor(async () =>
    expect(await follower.evidence.list(10)).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ blockNumber: 2n, judgement: 'otherParent' })]),
    ),
  )
})

test('an L1 reorg that drops a batch: its blocks come back from the journal, and what it displaced is no evidence any more', async () => {
  const { author, follower, sequencer } = await start('reorg')
  const first = await author.build({ transactions: [world.transfers[0]!] })
  const second = await author.build({ transactions: [world.transfers[1]!] })
  await expectLatest(follower, second.hash)
  world.sim.propose({ payload: encodeManifest([{ ...manifestOf(first), transactions: [] }]) })
  for (const { node } of [sequencer, follower]) await node.sync()
  await vi.waitFor(async () => expect(await follower.evidence.list(10)).toHaveLength(1))
  expect(follower.chain.heads().latest.hash).not.toBe(first.hash)

  world.sim.reorg({ depth: 1, transactions: 'drop' })
  world.sim.mine({})
  for (const { node } of [sequencer, follower]) await node.sync()
  await expectLatest(follower, second.hash)
  await expectLatest(sequencer, second.hash)
  expect(follower.chain.heads().safe.number).toBe(0n)

  world.sim.propose({ payload: encodeManifest([first, second].map(manifestOf)) })
  await follower.node.sync()
  expect(follower.chain.heads().safe.hash).toBe(second.hash)
  await vi.waitFor(async () => expect(await follower.evidence.list(10)).toEqual([]))
})

test('a follower that was stopped goes on from what it kept, without a source', async () => {
  const { author, follower } = await start('restart', { files: 'restart' })
  const first = await author.build({ transactions: [world.transfers[0]!] })
  const second = await author.build({})
  await expectLatest(follower, second.hash)
  await follower.close()
  // While it is down, L1 takes the chain's head away and gives it back to nobody.
  world.sim.propose({ payload: encodeManifest([manifestOf(first)]) })
  world.sim.reorg({ depth: 1, transactions: 'drop' })
  world.sim.mine({})
  const again = await world.openNode('again', { files: 'restart-follower' })
  await expectLatest(again, second.hash)
  expect(await again.journal.commitmentOf(second.hash)).toMatchObject({ hash: second.commitmentHash })
})

test.each(['drafted', 'sealed', 'extended'] as const)(
  'a sequencer that stopped when its block was %s signs, applies and publishes it when it starts again',
  async (until) => {
    const { author, sequencer, follower, key } = await start(`stop-${until}`, { files: `stop-${until}` })
    const first = await author.build({})
    await expectLatest(follower, first.hash)
    const frags = [[world.transfers[0]!], [world.transfers[1]!]]
    const block = await author.build({ frags, until })
    await sequencer.publisher.settled()
    await sequencer.close()

    const again = await world.openNode('again', { key, files: `stop-${until}` })
    await expectLatest(again, block.hash)
    const [kept] = await vi.waitFor(async () => {
      const published = await again.journal.blocksFrom(2n, 10)
      expect(published).toHaveLength(1)
      return published
    })
    expect(kept).toMatchObject({ block: { hash: block.hash, signature: block.signature }, totalFrags: 2 })
    // Who follows it now has the block too.
    const late = await world.openNode('late', { sources: [again.wsUrl] })
    await expectLatest(late, block.hash)
  },
)

test('what was not signed before a stop is not signed when it could no longer land', async () => {
  const { author, sequencer, key } = await start('stop-late', { files: 'stop-late' })
  const first = await author.build({})
  const block = await author.build({ until: 'drafted' })
  await sequencer.publisher.settled()
  await sequencer.close()
  const landMs = Number(block.commitment.windowEnd) * 1000 - world.now()
  const again = await world.openNode('again', { key, files: 'stop-late', landMs })
  await vi.waitFor(() => expect(again.follower.isSettled()).toBe(true))
  expect(again.chain.heads().latest.hash).toBe(first.hash)
  expect(await again.journal.blocksOf(block.hash)).toEqual([])
})

test('a block that was under way is there to be resumed, in its order, and once it is drafted it is not', async () => {
  const { author, sequencer } = await start('resume', { files: 'resume' })
  const [a, b, c] = world.transfers as [Uint8Array, Uint8Array, Uint8Array]
  const first = await author.build({})
  const position = { number: 2n, parentHash: first.hash }
  const { metadata, commitment } = first
  const block = { ...position, metadata, windowEnd: commitment.windowEnd, isEndOfWindow: false }
  await sequencer.journal.opened(block)
  await sequencer.journal.added({ ...position, from: 0, transactions: [a] })
  await sequencer.journal.frag({ ...position, sequence: 0, from: 0, transactions: [a, b] })
  await sequencer.journal.added({ ...position, from: 2, transactions: [c] })
  // Said twice with the same content: harmless.
  await sequencer.journal.added({ ...position, from: 2, transactions: [c] })
  await sequencer.close()
  const again = await world.openNode('again', { files: 'resume' })
  const { windowEnd } = commitment
  expect(await again.journal.resume(first.hash)).toEqual({
    metadata,
    windowEnd,
    isEndOfWindow: false,
    isClosed: false,
    transactions: [a, b, c],
    frags: [2],
  })
  await again.journal.closed({
    ...{ ...position, isEndOfWindow: true },
    lastFrag: { sequence: 1, from: 2, transactions: [c] },
  })
  expect(await again.journal.resume(first.hash)).toMatchObject({
    ...{ isEndOfWindow: true, isClosed: true, transactions: [a, b, c], frags: [2, 1] },
  })
  // Its frags go out again, with the same signatures.
  expect(again.journal.windowEndOf(position)).toBe(windowEnd)
  expect(await again.journal.resume(`0x${'11'.repeat(32)}`)).toBeUndefined()
  const draft = await world.createAuthor(again, author.key).build({ transactions: [a], until: 'drafted' })
  expect(draft.header.parentHash).toBe(first.hash)
  expect(await again.journal.resume(first.hash)).toBeUndefined()
  // Opened anew at the same place: what was kept there is replaced, the draft that nobody signed too.
  await again.journal.opened(block)
  expect(await again.journal.resume(first.hash)).toMatchObject({
    ...{ isClosed: false, transactions: [], frags: [] },
  })
})

test('a journal is new until a key has noted it, also when it is opened again', async () => {
  const { sequencer } = await start('noted', { files: 'noted' })
  expect(await sequencer.journal.isNew()).toBe(true)
  await sequencer.close()
  const again = await world.openNode('again', { files: 'noted' })
  expect(await again.journal.isNew()).toBe(true)
  await again.journal.note()
  await again.journal.note()
  expect(await again.journal.isNew()).toBe(false)
  await again.close()
  const last = await world.openNode('last', { files: 'noted' })
  expect(await last.journal.isNew()).toBe(false)
})

test('what our sequencer gives up is not put back, until L1 takes back what it had brought', async () => {
  const { author, sequencer } = await start('forgone')
  const landed = await author.build({})
  world.sim.propose({ payload: encodeManifest([manifestOf(landed)]) })
  await sequencer.node.sync()
  // Anchored where the reorg does not reach.
  const { anchorBlockNumber } = landed.metadata
  const block = await author.build({ transactions: [world.transfers[0]!], anchorBlockNumber })
  await sequencer.follower.forgo({ number: 2n, hash: block.hash })
  await sequencer.node.driver.drop({ number: 2n, hash: block.hash })
  await vi.waitFor(() => expect(sequencer.follower.isSettled()).toBe(true))
  expect(sequencer.chain.heads().latest.hash).toBe(landed.hash)
  world.sim.reorg({ depth: 1, transactions: 'drop' })
  world.sim.mine({})
  await sequencer.node.sync()
  await expectLatest(sequencer, block.hash)
})
