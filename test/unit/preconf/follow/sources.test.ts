/** Sources: partial blocks, gaps, sources that lie or stall, clients that do not read, and what the node says about itself. */
import { connect } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { createSource } from '../../../../src/preconf/follow/source.ts'
import { envOfHeader, sealOf } from '../../../../src/preconf/stream/env.ts'
import { BLOCKS_MAX } from '../../../../src/preconf/stream/feed.ts'
import type { SealedMessage } from '../../../../src/preconf/stream/message.ts'
import type { SealedBlock } from '../../../../src/propose/sequencer/events.ts'
import {
  createStreamWorld,
  keyOf,
  record,
  type StreamNode,
  type StreamWorld,
} from '../../../support/preconfStream.ts'

let world: StreamWorld
afterEach(() => world?.close())

async function start(seed: string, windowSlots?: bigint) {
  world = await createStreamWorld({ seed, ...(windowSlots && { windowSlots }) })
  const key = world.keyNow()
  const sequencer = await world.openNode('sequencer', { key })
  return { key, sequencer, author: world.createAuthor(sequencer, key) }
}
const waitFor = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 20_000, interval: 10 })
const expectLatest = (node: StreamNode, hash: string) =>
  waitFor(() => expect(node.chain.heads().latest.hash).toBe(hash))
const expectConnected = (node: StreamNode, count = 1) =>
  waitFor(() =>
    expect(node.follower.status().sources.filter(({ state }) => state === 'connected')).toHaveLength(count),
  )
const pendingHashes = (node: StreamNode) => node.follower.pending()?.transactions.map(({ hash }) => hash)

function messageOf(block: SealedBlock, key: Uint8Array, totalFrags = 0): SealedMessage {
  const { header, hash, metadata, commitment } = block
  const env = envOfHeader(header, { ...metadata, anchorBlockNumber: commitment.anchorBlockNumber })
  return {
    type: 'sealed',
    block,
    totalFrags,
    envSignature: world.signStream({ type: 'env', env }, key),
    sealSignature: world.signStream({ type: 'seal', seal: sealOf(hash, header, totalFrags) }, key),
  }
}

test.each(['url', 'wsUrl'] as const)(
  'frags are pending before the block is sealed, and are not executed twice (%s)',
  async (how) => {
    const { author, sequencer } = await start(`frags-${how}`)
    const follower = await world.openNode('follower', { sources: [sequencer[how]] })
    const second = await world.openNode('second', { sources: [follower[how]] })
    await expectConnected(second)
    await expectConnected(follower)
    const open = vi.spyOn(second.builder, 'open')
    const [a, b, c] = world.transfers as [Uint8Array, Uint8Array, Uint8Array]
    const block = await author.build({ frags: [[a], [b, c]], until: 'extended' })
    await sequencer.publisher.settled()
    const expected = (await sequencer.chain.blockByNumber(1n))!.transactions.map(({ hash }) => hash)
    await waitFor(() => expect(pendingHashes(second)).toEqual(expected))
    expect(second.chain.heads().latest.number).toBe(0n)
    // Who comes late is given the block under way.
    const late = await world.openNode('late', { sources: [sequencer[how]] })
    await waitFor(() => expect(pendingHashes(late)).toEqual(expected))

    sequencer.publisher.note({ type: 'sealed', block, frags: 2 })
    for (const node of [follower, second, late]) await expectLatest(node, block.hash)
    expect(open).toHaveBeenCalledTimes(1)
    expect(second.follower.pending()).toBeUndefined()
  },
)

test('a block under way is let go when its frags cannot be right, and the sealed one is taken all the same', async () => {
  const { author, sequencer, key } = await start('bad-frags')
  const follower = await world.openNode('follower', { sources: [sequencer.url] })
  await expectConnected(follower)
  const block = await author.build({ transactions: [world.transfers[0]!], until: 'extended' })
  await waitFor(() => expect(pendingHashes(follower)).toHaveLength(2))
  // The wrong nonce: it was not executed where it was signed.
  const frag = { blockNumber: 1n, seq: 1n, isLast: false, txs: [world.transfers[9]!] }
  const signature = world.signStream({ type: 'frag', frag }, key)
  sequencer.hub.publish({ type: 'frag', parentHash: block.header.parentHash, frag, signature })
  await waitFor(() => expect(follower.follower.pending()).toBeUndefined())
  sequencer.publisher.note({ type: 'sealed', block, frags: 1 })
  await expectLatest(follower, block.hash)
})

test('who comes late gets every block, and a gap is asked for', async () => {
  const { author, sequencer, key } = await start('gap')
  for (let i = 0; i < 3; i++) await author.build({})
  const follower = await world.openNode('follower', { sources: [sequencer.url] })
  await waitFor(() => expect(follower.chain.heads().latest.number).toBe(3n))
  // Two blocks are kept, but never told.
  for (let i = 0; i < 2; i++) {
    const block = await author.build({ until: 'extended' })
    await sequencer.journal.keepPublished(messageOf(block, key))
  }
  const last = await author.build({})
  await expectLatest(follower, last.hash)
  expect(sequencer.requests).toContain('/preconf/v0/blocks?from=4&count=64')
})

test('blocks are asked for one page at a time over WebSocket', async () => {
  const { author, sequencer } = await start('pages', 16n)
  world.setClockOffset(100n)
  for (let i = 0; i < BLOCKS_MAX + 3; i++) await author.build({})
  const { latest } = sequencer.chain.heads()
  const follower = await world.openNode('follower', { sources: [sequencer.wsUrl] })
  await expectLatest(follower, latest.hash)
})

test('a source that lies is let go for a while, and does not keep a good one from being heard', async () => {
  const { author, sequencer } = await start('liar')
  const liar = await world.openNode('liar', { key: keyOf('nobody') })
  const follower = await world.openNode('follower', { sources: [liar.url, sequencer.url] })
  await expectConnected(follower, 2)
  const lies = world.createAuthor(liar, keyOf('nobody'))
  for (let i = 0n; i < 8n; i++) {
    const timestamp = world.sim.head().header.timestamp - 7n + i
    const block = await lies.build({ timestamp, until: 'executed' })
    liar.hub.publish(messageOf(block, lies.key))
  }
  const block = await author.build({})
  await expectLatest(follower, block.hash)
  const [bad, good] = await waitFor(() => {
    const { sources } = follower.follower.status()
    expect(sources[0]?.state).toBe('banned')
    return sources
  })
  expect(bad).toMatchObject({ invalid: 4, received: 4, detail: expect.stringContaining('wrongSigner') })
  expect(good).toMatchObject({ state: 'connected', invalid: 0 })
  const next = await author.build({})
  await expectLatest(follower, next.hash)
})

test('a source that is gone is connected again', async () => {
  const { author, sequencer, key } = await start('again')
  const follower = await world.openNode('follower', { sources: ['ws://127.0.0.1:1', sequencer.wsUrl] })
  await expectConnected(follower)
  expect(follower.follower.status().sources[0]).toMatchObject({ state: 'waiting', name: 'ws://127.0.0.1:1/' })
  const first = await author.build({})
  await expectLatest(follower, first.hash)
  sequencer.dropClients()
  const block = await author.build({})
  await expectLatest(follower, block.hash)
  expect(key).toBeDefined()
})

test('a client that does not read is let go, and the others go on', async () => {
  const { sequencer } = await start('slow')
  const { port } = new URL(sequencer.url)
  const messages = record(sequencer)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(`GET /preconf/v0/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
  await waitFor(() => expect(sequencer.hub.subscribers).toBe(2))
  socket.pause()
  const txs = [new Uint8Array(1_000_000)]
  for (let seq = 0n; seq < 24n; seq++)
    sequencer.hub.publish({
      type: 'frag',
      parentHash: `0x${'11'.repeat(32)}`,
      frag: { blockNumber: 1n, seq, isLast: false, txs },
      signature: `0x${seq.toString(16).padStart(130, '0')}`,
    })
  await waitFor(() => expect(sequencer.hub.subscribers).toBe(1))
  expect(messages).toHaveLength(24)
  socket.destroy()
})

test('says how far it is, and never that it is at the tip when it is not', async () => {
  const { author, sequencer } = await start('status')
  let isDerived = false
  const follower = await world.openNode('follower', {
    sources: [sequencer.url],
    isDerived: () => isDerived,
  })
  const status = () => follower.follower.status()
  expect(status()).toMatchObject({ isAtTip: false, detail: 'catching up with L1: derived up to block 0' })
  isDerived = true
  await expectConnected(follower)
  const block = await author.build({})
  await expectLatest(follower, block.hash)
  expect(status()).toMatchObject({
    isAtTip: true,
    detail: "at block 1, the stream's newest, 1 block ahead of what is derived from L1",
    executed: { number: 1n, hash: block.hash },
    received: { number: 1n, hash: block.hash },
    derived: { number: 0n },
    canShutdown: true,
  })
  // A block that cannot be placed yet was received, but is not executed.
  await author.build({ until: 'extended' })
  const third = await author.build({ until: 'extended' })
  sequencer.hub.publish(messageOf(third, author.key))
  await waitFor(() =>
    expect(status()).toMatchObject({
      isAtTip: false,
      detail: 'at block 1, 2 blocks behind the stream',
      received: { number: 3n },
      executed: { number: 1n },
    }),
  )
  const answer = await follower.methods.based_preconfStatus.call([], { signal: AbortSignal.timeout(1000) })
  expect(answer).toMatchObject({
    isAtTip: false,
    executed: { number: '0x1' },
    received: { number: '0x3' },
    sources: [{ state: 'connected', invalid: 0 }],
  })
  await sequencer.close()
  await waitFor(() => expect(status().sources[0]?.state).toBe('waiting'))
  expect(status().isAtTip).toBe(false)
})

test('without a source it says so', async () => {
  const { sequencer } = await start('alone')
  expect(sequencer.follower.status()).toMatchObject({
    isAtTip: false,
    detail: 'at block 0, 0 blocks ahead of what is derived from L1; no stream is followed',
    sources: [],
  })
})

test('names sources without what may be secret in them, and refuses what is no source', () => {
  expect(createSource('wss://user:pass@node.example:8546/path?key=secret').name).toBe(
    'wss://node.example:8546/path',
  )
  expect(() => createSource('ftp://node.example')).toThrow(/http, https, ws or wss/)
  expect(() => createSource('node.example')).toThrow(/no URL/)
})
