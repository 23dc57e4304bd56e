/** Sequencers on the simulated L1: what they make, when they stop, what lands, and that a fresh node derives the same. */
import { afterEach, expect, test } from 'vitest'
import { bytesToHex, type Hash, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { createMemoryJournal } from '../../../src/propose/journal.ts'
import { openHarness } from '../../support/derive/harness.ts'
import { expectSameContent } from '../../support/derive/sameContent.ts'
import { createMemoryBuildJournal } from '../../support/sequencerJournal.ts'
import { createWorld, type RunningSequencer, type World } from '../../support/sequencerWorld.ts'

const SLOTS_PER_EPOCH = 4

let world: World
let running: RunningSequencer[] = []
const start: World['start'] = async (...input) => {
  const started = await world.start(...input)
  running.push(started)
  return started
}
const stop = async (sequencer: RunningSequencer) => {
  running = running.filter((other) => other !== sequencer)
  await sequencer.stop()
}
const open = async (seed: string, options: Partial<Parameters<typeof createWorld>[0]> = {}) => {
  world = await createWorld({ seed, operators: [1, 2], slotsPerEpoch: SLOTS_PER_EPOCH, ...options })
  // Of operator 1, whose window begins in the slot after next.
  return world.sim.head().beacon.slot + 2
}
afterEach(async () => {
  for (const sequencer of [...running]) await stop(sequencer)
  await world?.close()
})

const end = (first: number) => BigInt(world.timeOf(first + SLOTS_PER_EPOCH - 1) / 1000)
const expectFresh = async (when: string) => {
  const { latest, safe } = world.chain.heads()
  expect(latest, when).toEqual(safe)
  const fresh = await openHarness({ sim: world.sim, l1: world.l1, path: ':memory:' })
  await fresh.sync()
  expectSameContent(await world.node.dump(), await fresh.dump(), when)
  await fresh.close()
}
const landed = async () => {
  const { safe } = world.chain.heads()
  const blocks = []
  for (let number = 2n; number <= safe.number; number++) {
    const block = (await world.chain.blockByNumber(number))!
    blocks.push({ ...block, origin: (await world.chain.origin(number))! })
  }
  return blocks
}
const reverts = () => {
  const all: string[] = []
  for (let number = 1; number <= Number(world.sim.head().header.number); number++)
    all.push(...world.sim.blockAt(number).reverts.values())
  return all
}

test('makes blocks from the pool, ends its window with a marked block, and lands all of it before the window ends', async () => {
  const first = await open('window')
  const { sealed, sequencer, journal, events } = await start(1)
  await world.until(first, 1000)
  const hashes: Hash[] = []
  for (let i = 0; i < 3; i++) hashes.push(await world.pool.add(await world.transfer()))
  hashes.push(await world.pool.add(await world.transfer(2)))
  expect(sequencer.status()).toMatchObject({
    ...{ type: 'building', canShutdown: false, until: end(first) + 12n },
    window: { firstSlot: BigInt(first), end: end(first) },
    unlanded: { batches: 1 },
  })
  await world.until(first + SLOTS_PER_EPOCH - 1, 1000)
  const blocks = sealed()
  expect(blocks.length).toBeGreaterThan(8)
  expect(blocks.map(({ commitment }) => commitment.isEndOfWindow)).toEqual(
    blocks.map((_, i) => i === blocks.length - 1),
  )
  for (const [i, { header, commitment, metadata }] of blocks.entries()) {
    const parent = blocks[i - 1]
    expect(commitment).toMatchObject({
      blockNumber: header.number,
      parentBlockHash: header.parentHash,
      transactionsRoot: header.transactionsRoot,
      anchorBlockNumber: metadata.anchorBlockNumber,
      windowEnd: end(first),
      parentCommitmentHash: parent?.commitmentHash ?? ZERO_HASH,
    })
    if (parent) expect(header.timestamp).toBeGreaterThan(parent.header.timestamp)
  }
  // 24 seconds before the end, which is half of the window.
  expect(blocks.at(-1)!.header.timestamp).toBe(end(first) - 26n)
  const positions = await Promise.all(hashes.map((hash) => world.chain.transactionPosition(hash)))
  expect(positions.every((position) => position !== undefined)).toBe(true)
  expect(world.proposals()).toHaveLength(1)
  expect(world.proposals()[0]!.timestamp).toBeLessThanOrEqual(end(first))
  expect(reverts()).toEqual([])
  expect(sequencer.status()).toMatchObject({ canShutdown: true, unlanded: { blocks: 0 } })
  await expectFresh('after the window')
  // What is published was kept before, and what is signed was drafted before.
  const { number } = blocks.find(({ transactions }) => transactions.length === 4)!.header
  expect(journal.log.filter((line) => line.split(' ')[1] === `${number}`)).toEqual([
    `opened ${number}`,
    `frag ${number} 0`,
    `closed ${number}`,
    `draft ${number}`,
    `sealed ${number}`,
  ])
  expect(events.filter(({ type }) => type === 'frag')).not.toEqual([])
  expect(events.filter(({ type }) => type === 'abandoned')).toEqual([])
})

test('what comes in goes out with the next frag, one every 200 ms', async () => {
  const first = await open('frags')
  const { events } = await start(1)
  const ofBlocks = new Map<bigint, { readonly atMs: number; readonly transactions: number }[]>()
  let seen = 0
  const stepMs = 50
  for (let atMs = 1000; atMs < 7000; atMs += stepMs) {
    await world.until(first, atMs)
    for (const event of events.slice(seen))
      if (event.type === 'frag') {
        const frag = { atMs, transactions: event.transactions.length }
        ofBlocks.set(event.number, [...(ofBlocks.get(event.number) ?? []), frag])
      }
    seen = events.length
    await world.pool.add(await world.transfer())
  }
  // The first and the last were not seen whole.
  const whole = [...ofBlocks.values()].slice(1, -1)
  expect(whole.length).toBeGreaterThan(1)
  for (const block of whole) {
    expect(block.length).toBe(2000 / 200)
    expect(block.slice(1).map(({ atMs }, i) => atMs - block[i]!.atMs)).toEqual(Array(9).fill(200))
    expect(block.slice(1).map(({ transactions }) => transactions)).toEqual(Array(9).fill(200 / stepMs))
  }
})

test('the next sequencer goes on behind the marked block, and nothing is undone', async () => {
  const first = await open('handover')
  const removed: bigint[] = []
  world.chain.onChange((change) => removed.push(...change.removed.map(({ number }) => number)))
  const one = await start(1)
  await world.until(first + 1)
  const two = await start(2)
  const hash = await world.pool.add(await world.transfer())
  await world.until(first + 2 * SLOTS_PER_EPOCH - 1, 1000)
  expect(removed).toEqual([])
  expect(reverts()).toEqual([])
  const last = one.sealed().findLast(({ commitment }) => commitment.windowEnd === end(first))
  const [next] = two.sealed()
  expect(next!.header.parentHash).toBe(last!.hash)
  // It did not wait for the predecessor's own slot.
  expect(next!.header.timestamp).toBe(last!.header.timestamp + 2n)
  expect(next!.commitment.parentCommitmentHash).toBe(last!.commitmentHash)
  const early = two.sealed().filter(({ header }) => header.timestamp < end(first))
  expect(early.length).toBeGreaterThan(10)
  expect(await world.chain.transactionPosition(hash)).toBeDefined()
  const proposers = world.proposals().map(({ proposer }) => proposer)
  const count = proposers.indexOf(two.address)
  expect(count).toBeGreaterThan(0)
  expect(proposers).toEqual(proposers.map((_, i) => (i < count ? one.address : two.address)))
  expect((await landed()).length).toBeGreaterThan(two.sealed().length + 8)
})

test('what a predecessor published and did not land is posted first, as it is', async () => {
  const first = await open('vanished')
  world.withholdPosts(true)
  const one = await start(1)
  await world.until(first, 1000)
  const hash = await world.pool.add(await world.transfer())
  await world.until(first + SLOTS_PER_EPOCH - 1, 1000)
  expect(world.proposals()).toEqual([])
  await stop(one)
  world.withholdPosts(false)
  const two = await start(2)
  await world.until(first + 2 * SLOTS_PER_EPOCH - 1, 1000)
  const published = one.sealed()
  const blocks = await landed()
  expect(blocks.slice(0, published.length).map((block) => block.hash)).toEqual(
    published.map((block) => block.hash),
  )
  expect(blocks[0]!.header.coinbase).toBe(one.address)
  expect(world.proposals()[0]!.proposer).toBe(two.address)
  expect(two.sealed().length).toBeGreaterThan(2)
  expect(await world.chain.transactionPosition(hash)).toBeDefined()
  await expectFresh('after the takeover')
})

test('a forced inclusion that falls due comes first in the next batch, its invalid transactions left out', async () => {
  const first = await open('forced', { slotsPerEpoch: 8, l1: { forcedInclusionDelay: 60n } })
  const one = await start(1)
  await world.until(first, 1000)
  const early = await world.pool.add(await world.transfer(2))
  const [valid, gapped] = [await world.transfer(3), await world.transfer(3, { nonce: 7 })]
  world.queueForced([gapped, valid])
  await world.until(first + 7, 1000)
  const forced = one.sealed().filter(({ metadata }) => metadata.isForcedInclusion)
  expect(forced).toHaveLength(1)
  expect(forced[0]!.transactions).toEqual([valid])
  expect(forced[0]!.metadata).toMatchObject({ coinbase: one.address })
  const blocks = await landed()
  const block = blocks.find(({ hash }) => hash === forced[0]!.hash)
  expect(block?.origin).toMatchObject({ isForcedInclusion: true, sourceIndex: 0 })
  expect(block?.origin.dropped).toMatchObject([{ listedIndex: 0, rule: 'D-83' }])
  expect(blocks.map(({ hash }) => hash)).toEqual(one.sealed().map(({ hash }) => hash))
  // What was promised before the entry was there has landed before it.
  expect((await world.chain.transactionPosition(early))!.blockNumber).toBeLessThan(forced[0]!.header.number)
  expect(world.sim.head().inbox.forcedInclusions).toEqual([])
  expect(reverts()).toEqual([])
  await expectFresh('after a forced inclusion')
})

test('a forced block of a predecessor that did not land is given up and made again', async () => {
  const first = await open('foreign', { l1: { forcedInclusionDelay: 60n } })
  const forced = await world.transfer(3)
  world.queueForced([forced])
  await world.until(first - 1, 1000)
  world.withholdPosts(true)
  const one = await start(1)
  await world.until(first, 1000)
  const hash = await world.pool.add(await world.transfer(2))
  await world.until(first + SLOTS_PER_EPOCH - 1, -1000)
  await stop(one)
  const published = one.sealed()
  expect(published[0]!.metadata).toMatchObject({ isForcedInclusion: true, coinbase: one.address })
  expect(await world.chain.transactionPosition(hash)).toBeDefined()
  const two = await start(2)
  await world.until(first + SLOTS_PER_EPOCH, 1000)
  world.withholdPosts(false)
  await world.until(first + 2 * SLOTS_PER_EPOCH - 1, 1000)
  const blocks = await landed()
  expect(blocks[0]).toMatchObject({ header: { coinbase: two.address }, origin: { isForcedInclusion: true } })
  expect(two.sealed()[0]!.header.parentHash).toBe(published[0]!.header.parentHash)
  // Its other transactions are sequenced again.
  expect(await world.chain.transactionPosition(hash)).toBeDefined()
  expect(blocks.some(({ hash: block }) => block === published[1]!.hash)).toBe(false)
  await expectFresh('after a forced block was made again')
})

test('stopped in its window and started again, it goes on with the same block and posts each batch once', async () => {
  const first = await open('restart', { slotsPerEpoch: 8 })
  const [journal, posts] = [createMemoryBuildJournal(), createMemoryJournal()]
  const one = await start(1, { journal, posts })
  await world.until(first + 1, 300)
  const raws = [await world.transfer(), await world.transfer(2), await world.transfer()]
  for (const raw of raws) {
    const result = await one.sequencer.include(raw)
    expect(result).toMatchObject({ type: 'included', windowEnd: end(first + 4) })
    if (result.type === 'included') await result.kept
  }
  const position = one.sequencer.pending()!.attributes
  await stop(one)
  const before = one.events.filter((event) => event.type === 'frag' && event.number === position.number)
  await world.until(first + 1, 3000)
  const again = await start(1, { journal, posts })
  await world.until(first + 7, 1000)
  const [resumed] = again.sealed()
  expect(resumed).toMatchObject({
    header: { number: position.number, parentHash: position.parentHash, timestamp: position.timestamp },
  })
  expect(resumed!.transactions.slice(0, 3)).toEqual(raws)
  const after = again.events.filter((event) => event.type === 'frag' && event.number === position.number)
  expect(after.slice(0, before.length)).toEqual(before)
  const blocks = [...one.sealed(), ...again.sealed()]
  expect((await landed()).map(({ hash }) => hash)).toEqual(blocks.map(({ hash }) => hash))
  expect(blocks.map(({ commitment }) => commitment.isEndOfWindow)).toEqual(
    blocks.map((_, i) => i === blocks.length - 1),
  )
  expect(world.proposals().length).toBeGreaterThan(1)
  expect(reverts()).toEqual([])
  await expectFresh('after the restart')
})

test('a batch that was sent before a stop is not sent again after it', async () => {
  const first = await open('once', { slotsPerEpoch: 8 })
  const [journal, posts] = [createMemoryBuildJournal(), createMemoryJournal()]
  world.withholdPosts(true)
  const one = await start(1, { journal, posts })
  await world.until(first + 2, 1000)
  expect(await posts.list()).toHaveLength(1)
  const sent = world.sim.mempool.pending()
  expect(sent).toHaveLength(1)
  await stop(one)
  const again = await start(1, { journal, posts })
  await world.until(first + 3, 1000)
  expect(world.sim.mempool.pending()).toEqual(sent)
  world.withholdPosts(false)
  await world.until(first + 7, 1000)
  expect(again.sealed().length).toBeGreaterThan(3)
  expect((await landed()).map(({ hash }) => hash)).toEqual(
    [...one.sealed(), ...again.sealed()].map(({ hash }) => hash),
  )
  expect(world.proposals().map(({ id }) => id)).toEqual(world.proposals().map((_, i) => BigInt(i + 2)))
  expect(reverts()).toEqual([])
  await expectFresh('after the second start')
})

test('missed L1 slots: no batch lands in a block older than its own blocks', async () => {
  const first = await open('missed', { slotsPerEpoch: 8 })
  for (const slot of [first + 1, first + 2, first + 4, first + 6]) world.missed.add(slot)
  const one = await start(1)
  await world.until(first + 7, 1000)
  expect(one.sealed().at(-1)!.commitment.isEndOfWindow).toBe(true)
  expect((await landed()).map(({ hash }) => hash)).toEqual(one.sealed().map(({ hash }) => hash))
  expect(reverts()).toEqual([])
  await expectFresh('after missed slots')
})

test('an answer to a request says what was executed, and that it is on disk', async () => {
  const first = await open('include')
  const journal = createMemoryBuildJournal()
  const one = await start(1, { journal })
  const raw = await world.transfer()
  expect(await one.sequencer.include(raw)).toMatchObject({ type: 'later' })
  await world.until(first, 300)
  const again = await world.transfer(2)
  const late = await world.transfer(2, { nonce: 5 })
  const [included, other, gapped, poor, same] = await Promise.all([
    one.sequencer.include(raw),
    one.sequencer.include(again),
    one.sequencer.include(late),
    one.sequencer.include(await world.transfer(0, { value: 10n ** 30n })),
    one.sequencer.include(raw),
  ])
  expect(included).toMatchObject({ type: 'included', index: 1, windowEnd: end(first) })
  expect(other).toMatchObject({ type: 'included', index: 2 })
  expect(same).toMatchObject({ type: 'included', index: 1 })
  expect(gapped).toMatchObject({ type: 'later', reason: expect.stringContaining('D-83') })
  expect(poor).toMatchObject({ type: 'refused', reason: expect.stringContaining('D-84') })
  if (included!.type !== 'included') throw new Error('not included')
  expect(included!.transaction).toMatchObject({ raw, receipt: { succeeded: true } })
  await included!.kept
  expect(journal.log.filter((line) => line.startsWith(`added ${included!.number}`))).not.toEqual([])
  const { number, parentHash } = included!
  await world.until(first, 4000)
  const block = one.sealed().find(({ header }) => header.number === number)!
  expect(block.header.parentHash).toBe(parentHash)
  expect(block.transactions.slice(0, 2)).toEqual([raw, again])
  expect(await world.chain.transactionPosition(included!.transaction.hash)).toEqual({
    blockNumber: number,
    index: 1,
  })
})

test('what the guard refuses is neither extended nor published, and nothing is built in its place', async () => {
  const first = await open('refused')
  let asked = 0
  const one = await start(1, {
    deps: {
      async sign() {
        asked++
        return { type: 'refused', reason: 'otherContent', needsLanding: false }
      },
    },
  })
  await world.until(first, 1000)
  const { latest, safe } = world.chain.heads()
  expect(latest).toEqual(safe)
  expect(one.sealed()).toEqual([])
  expect(asked).toBe(1)
  expect(one.events.at(-1)).toMatchObject({ type: 'abandoned', number: 2n })
  expect(one.sequencer.status()).toMatchObject({
    type: 'waiting',
    detail: expect.stringContaining('the guard refused to sign it: otherContent'),
    canShutdown: false,
  })
})

test('a signer that cannot be reached is asked again for the same block', async () => {
  const first = await open('unreachable')
  const roots = new Set<string>()
  let failures = 3
  const signer = world.createSigner(1)
  const one = await start(1, {
    deps: {
      async sign(commitment) {
        roots.add(commitment.transactionsRoot)
        if (failures-- > 0) throw new Error('connection refused')
        return signer(commitment)
      },
    },
  })
  await world.until(first, 1000)
  expect(one.sealed().length).toBeGreaterThan(0)
  expect(one.events.filter(({ type }) => type === 'abandoned')).toEqual([])
  expect(one.sealed()[0]!.header.transactionsRoot).toBe([...roots][0])
})

test('promises nothing while the node is not ready, nor once L1 has fallen silent', async () => {
  const first = await open('silent', { slotsPerEpoch: 16 })
  let isReady = false
  const one = await start(1, {
    deps: { ready: () => ({ isReady, reason: 'the node follows L1 from afar' }) },
    options: { l1StaleMs: 30_000 },
  })
  await world.until(first, 1000)
  expect(one.sealed()).toEqual([])
  expect(one.sequencer.status()).toMatchObject({ type: 'waiting', detail: 'the node follows L1 from afar' })
  isReady = true
  await world.until(first + 2)
  const count = one.sealed().length
  expect(count).toBeGreaterThan(3)
  for (let slot = first + 2; slot < first + 6; slot++) world.missed.add(slot)
  await world.until(first + 5, 11_000)
  expect(one.sequencer.status().detail).toMatch(/the newest L1 block is \d+ s old/)
  const last = one.sealed().at(-1)!
  expect(Number(last.header.timestamp) * 1000).toBeLessThan(world.timeOf(first + 1) + 32_000)
  await world.until(first + 15, 1000)
  expect(one.sealed().at(-1)!.commitment.isEndOfWindow).toBe(true)
  expect(reverts()).toEqual([])
  await expectFresh('after the silence')
})

test('transactions of the inclusion list come first, and are tried until they are in', async () => {
  const first = await open('listed')
  const [paid, late] = [await world.transfer(2), await world.transfer(3, { nonce: 1 })]
  const one = await start(1, { deps: { listed: () => [late, paid] } })
  await world.until(first, 300)
  const filler = await world.transfer(3, { nonce: 0 })
  await world.pool.add(filler)
  await world.until(first + 1, 1000)
  const blocks = one.sealed()
  expect(blocks[0]!.transactions).toEqual([paid])
  const later = blocks.find(({ transactions }) => transactions.length > 0 && transactions[0] !== paid)!
  expect(later.transactions).toEqual([filler, late])
})

test('a batch ends where its blobs are full, and everything lands', async () => {
  const first = await open('full', { slotsPerEpoch: 12 })
  const one = await start(1, { options: { blobsMax: 1, gasLimitTarget: 45_000_000n } })
  await world.until(first, 300)
  // 100,000 bytes that no compression makes smaller: one to a blob.
  const hashes: Hash[] = []
  for (let i = 0; i < 4; i++) {
    const data = bytesToHex(world.sim.random.bytes(100_000))
    hashes.push(await world.pool.add(await world.transfer(1 + (i % 3), { data, gas: 5_000_000n })))
  }
  await world.until(first + 11, 1000)
  const positions = await Promise.all(hashes.map((hash) => world.chain.transactionPosition(hash)))
  const ids = await Promise.all(
    positions.map(async (position) => (await world.chain.origin(position!.blockNumber))?.proposalId),
  )
  expect(new Set(ids).size).toBe(4)
  for (const proposal of world.proposals())
    expect(proposal.sources.at(-1)!.blobSlice.blobHashes).toHaveLength(1)
  expect((await landed()).map(({ hash }) => hash)).toEqual(one.sealed().map(({ hash }) => hash))
  expect(reverts()).toEqual([])
  await expectFresh('after full batches')
})

test('begins no batch that the inbox would have no place for', async () => {
  const first = await open('ring', { slotsPerEpoch: 12, l1: { ringBufferSize: 5n } })
  const one = await start(1)
  await world.until(first + 10)
  expect(new Set(one.sealed().map(({ metadata }) => metadata.proposalId))).toEqual(new Set([2n]))
  expect(one.sequencer.status()).toMatchObject({
    type: 'waiting',
    detail: '3 proposals would wait for a proof, and the inbox holds 4',
  })
  expect(reverts()).toEqual([])
})

test('an L1 reorg that takes a batch away: what is on its parent is given up, and ordering goes on', async () => {
  const first = await open('reorg', { slotsPerEpoch: 12 })
  const one = await start(1)
  await world.until(first, 1000)
  const hash = await world.pool.add(await world.transfer())
  await world.until(first + 3, 1000)
  expect(world.proposals().length).toBeGreaterThan(0)
  const before = world.proposals()
  const depth = Number(world.sim.head().header.number - before[0]!.originBlockNumber)
  world.sim.reorg({ depth, length: depth, transactions: 'drop' })
  await world.node.sync()
  await world.until(first + 11, 1000)
  expect(one.events.filter(({ type }) => type === 'abandoned').length).toBeGreaterThan(0)
  expect(await world.chain.transactionPosition(hash)).toBeDefined()
  await expectFresh('after the reorg')
})

test('what a predecessor left and nobody can land any more is given up before anything is promised on it', async () => {
  const first = await open('stale')
  world.withholdPosts(true)
  const one = await start(1)
  await world.until(first, 1000)
  const hash = await world.pool.add(await world.transfer(3))
  await world.until(first + 1, 1000)
  await stop(one)
  world.sim.mempool.forget(world.sim.mempool.pending().map((transaction) => transaction.hash))
  world.withholdPosts(false)
  expect(world.chain.heads().latest.number).toBeGreaterThan(4n)
  // Devnet blocks may lag their proposal by 128 slots.
  const later = first + SLOTS_PER_EPOCH + 136
  await world.until(later - 2)
  const two = await start(2)
  await world.until(later + SLOTS_PER_EPOCH - 1, 1000)
  expect(two.sealed()[0]!.header.number).toBe(2n)
  expect(await world.chain.transactionPosition(hash)).toBeDefined()
  expect((await landed()).map((block) => block.hash)).toEqual(two.sealed().map((block) => block.hash))
  expect(reverts()).toEqual([])
  await expectFresh('after old blocks were given up')
})

test('a batch of ours that our own derivation does not confirm is never sent, and nothing more is promised on it', async () => {
  const first = await open('unconfirmed', { slotsPerEpoch: 8 })
  // From some moment on the inbox would share base fees otherwise than in the blocks that were made.
  let share = 75
  const { inbox } = world
  const one = await start(1, {
    deps: {
      inbox: { ...inbox, config: async () => ({ ...(await inbox.config()), basefeeSharingPctg: share }) },
    },
  })
  await world.until(first, 1000)
  share = 74
  await world.until(first + 4)
  expect(world.sim.mempool.pending()).toEqual([])
  expect(world.proposals()).toEqual([])
  const status = one.sequencer.status()
  expect(status.posting).toMatch(
    /^batch 2 is not sent, because our own derivation does not confirm it: block 2 /,
  )
  expect(status).toMatchObject({ type: 'waiting', detail: status.posting.replace(/\. Nothing.*/, '') })
  const count = one.sealed().length
  await world.until(first + 7, 1000)
  expect(one.sealed()).toHaveLength(count)
})

test('where anyone may propose it goes on from epoch to epoch, each with its marked end', async () => {
  const first = await open('open', { slotsPerEpoch: 32, l1: { schedule: { type: 'open' } } })
  const one = await start(1, { options: { takesOpenWindows: true, stopBeforeMs: 4000 } })
  await world.until(first + 2)
  await world.pool.add(await world.transfer())
  await world.until(first + 4, 1000)
  const blocks = one.sealed()
  const ends = blocks.filter(({ commitment }) => commitment.isEndOfWindow)
  // The world begins two slots before an epoch ends: its window is half over, and ends within it.
  expect(ends.map(({ commitment }) => commitment.windowEnd)).toEqual([BigInt(world.timeOf(first - 1) / 1000)])
  const next = blocks[blocks.indexOf(ends[0]!) + 1]!
  expect(next.commitment.windowEnd).toBe(BigInt(world.timeOf(first + 31) / 1000))
  // As soon as L1 gives it an anchor above the one before.
  expect(next.header.timestamp).toBeLessThanOrEqual(ends[0]!.commitment.windowEnd)
  expect(world.proposals().length).toBeGreaterThan(0)
  expect(reverts()).toEqual([])
})

test.each([1, 2, 3])(
  'through random windows: nothing signed twice, nothing promised lost, chain %i',
  async (seed) => {
    await open(`random-${seed}`, { slotsPerEpoch: 6, l1: { forcedInclusionDelay: 96n } })
    const random = world.sim.random.fork('sequencers')
    const kept = [1, 2].map((index) => ({
      index,
      journal: createMemoryBuildJournal(),
      posts: createMemoryJournal(),
      sign: world.createSigner(index),
      isDown: false,
    }))
    const refusals: string[] = []
    const startOne = ({ index, journal, posts, sign }: (typeof kept)[number]) =>
      start(index, {
        ...{ journal, posts },
        deps: {
          async sign(commitment) {
            const answer = await sign(commitment)
            if (answer.type === 'refused') refusals.push(`${index}: block ${commitment.blockNumber}`)
            return answer
          },
        },
      })
    const all: RunningSequencer[] = []
    const current = new Map<number, RunningSequencer>()
    for (const one of kept) current.set(one.index, await startOne(one))
    all.push(...current.values())
    const from = world.slotNow() + 1
    const [forcedNonces, senders] = [{ next: 0 }, [2, 1]]
    for (let slot = from; slot < from + 24; slot++) {
      // Never the last two slots of a window: who owns them is there.
      if (slot % 6 < 4 && random.chance(0.2)) world.missed.add(slot)
      if (random.chance(0.2)) world.queueForced([await world.transfer(3, { nonce: forcedNonces.next++ })])
      if (random.chance(0.7)) await world.pool.add(await world.transfer(random.pick(senders)))
      await world.until(slot, 100 + random.below(11_000))
      const victim = random.pick(kept)
      if (random.chance(0.25)) {
        await stop(current.get(victim.index)!)
        await world.clock.wait(random.below(3000))
        const again = await startOne(victim)
        current.set(victim.index, again)
        all.push(again)
      }
    }
    // To the end of the window that runs then.
    const end = from + 24 + (5 - ((from + 24) % 6))
    await world.until(end, 600)
    for (const sequencer of current.values()) await stop(sequencer)
    expect(refusals).toEqual([])
    expect(reverts()).toEqual([])
    const windowEnd = BigInt(world.timeOf(end) / 1000)
    const promised = all
      .flatMap((one) => one.sealed())
      .filter(({ commitment }) => commitment.windowEnd <= windowEnd)
    const hashes = new Set((await landed()).map(({ hash }) => hash))
    expect(promised.length).toBeGreaterThan(60)
    expect(promised.filter(({ hash }) => !hashes.has(hash)).map(({ header }) => header.number)).toEqual([])
    const places = promised.map(({ header }) => `${header.number} ${header.parentHash}`)
    expect(new Set(places).size).toBe(places.length)
    await world.node.dropUnsafe()
    await expectFresh('after random windows')
  },
)

test('refuses options that it could not keep', async () => {
  await open('options')
  await expect(start(1, { options: { blockMs: 999 } })).rejects.toThrow(/blockMs is at least 1000/)
  await expect(start(1, { options: { fragMs: 2001 } })).rejects.toThrow(/at most blockMs/)
})
