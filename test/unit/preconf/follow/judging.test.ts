/** What a follower believes of a message, each fault by its name, and what it does when it cannot know yet. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { parseEvidenceFile } from '../../../../src/preconf/evidence/file.ts'
import { envOfHeader, sealOf } from '../../../../src/preconf/stream/env.ts'
import { messageJson, type SealedMessage } from '../../../../src/preconf/stream/message.ts'
import { ZERO_HASH } from '../../../../src/primitives/hex.ts'
import type { BlockCommitment } from '../../../../src/promise/blockCommitment.ts'
import type { SealedBlock } from '../../../../src/propose/sequencer/events.ts'
import {
  type Author,
  createStreamWorld,
  record,
  type StreamNode,
  type StreamWorld,
  sealedOf,
} from '../../../support/preconfStream.ts'

let world: StreamWorld
let sequencer: StreamNode
let follower: StreamNode
let author: Author

async function start(seed: string): Promise<void> {
  world = await createStreamWorld({ seed })
  const key = world.keyNow()
  sequencer = await world.openNode('sequencer', { key })
  follower = await world.openNode('follower')
  author = world.createAuthor(sequencer, key)
}
afterEach(() => world?.close())

/** As the stream would bring it. */
function messageOf(block: SealedBlock, key = author.key, totalFrags = 0): SealedMessage {
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
const take = (message: SealedMessage, node = follower) => node.follower.take(messageJson(message), 'test')
/** The block with another promise about it. */
const promise = (block: SealedBlock, change: Partial<BlockCommitment>, key = author.key): SealedBlock => ({
  ...block,
  ...world.signCommitment({ ...block.commitment, ...change }, key),
})
const executed = (options: Parameters<Author['build']>[0] = {}) =>
  author.build({ ...options, until: 'executed' })

describe('refuses, and holds the source to account for', () => {
  test('wrongSigner: a promise by a key whose window it is not', async () => {
    await start('wrong-signer')
    const block = await executed()
    const other = world.keyAt(block.header.timestamp + 48n)
    const message = messageOf(promise(block, {}, other), other)
    expect(await take(message)).toMatchObject({ type: 'invalid', fault: 'wrongSigner' })
  })

  test('wrongEnvSigner: metadata that the committer did not sign', async () => {
    await start('wrong-env')
    const message = messageOf(await executed())
    const changed: SealedMessage = {
      ...message,
      block: { ...message.block, metadata: { ...message.block.metadata, isForcedInclusion: true } },
    }
    expect(await take(changed)).toMatchObject({ type: 'invalid', fault: 'wrongEnvSigner' })
  })

  test('wrongSealSigner: a hash that the committer did not sign', async () => {
    await start('wrong-seal')
    const message = messageOf(await executed())
    const header = { ...message.block.header, stateRoot: `0x${'11'.repeat(32)}` as const }
    expect(await take({ ...message, block: { ...message.block, header } })).toMatchObject({
      type: 'invalid',
      fault: 'wrongSealSigner',
    })
  })

  test('notAWindow: a promise for a time at which no window ends', async () => {
    await start('not-a-window')
    const block = await executed()
    for (const windowEnd of [block.commitment.windowEnd + 12n, block.commitment.windowEnd + 1n])
      expect(await take(messageOf(promise(block, { windowEnd })))).toMatchObject({
        type: 'invalid',
        fault: 'notAWindow',
      })
  })

  test('outsideWindow: a block before the window of its promise', async () => {
    await start('outside')
    await take(messageOf(await author.build({})))
    const block = await executed()
    const windowEnd = block.commitment.windowEnd + 2n * 48n
    expect(await take(messageOf(promise(block, { windowEnd })))).toMatchObject({
      type: 'invalid',
      fault: 'outsideWindow',
    })
  })

  test('a block before its window is taken behind the marked end of the window before, and only there', async () => {
    for (const isEndOfWindow of [true, false]) {
      await start(`early-${isEndOfWindow}`)
      expect(await take(messageOf(await author.build({ isEndOfWindow })))).toEqual({ type: 'good' })
      const block = await executed()
      const other = world.keyAt(block.header.timestamp + 48n)
      const early = promise(block, { windowEnd: block.commitment.windowEnd + 48n }, other)
      expect(await take(messageOf(early, other))).toMatchObject(
        isEndOfWindow ? { type: 'good' } : { type: 'invalid', fault: 'outsideWindow' },
      )
    }
  })

  test('wrongParentCommitment: a promise that links to another one than that about its parent', async () => {
    await start('wrong-link')
    const first = await author.build({})
    expect(await take(messageOf(first))).toEqual({ type: 'good' })
    for (const parentCommitmentHash of [ZERO_HASH, `0x${'22'.repeat(32)}` as const]) {
      const block = await executed({ commitment: { parentCommitmentHash } })
      expect(await take(messageOf(block))).toMatchObject({ type: 'invalid', fault: 'wrongParentCommitment' })
    }
    expect(follower.chain.heads().latest.hash).toBe(first.hash)
  })

  test('behindEndOfWindow: a block behind the one that was said to be the last, which is evidence too', async () => {
    await start('behind-end')
    expect(await take(messageOf(await author.build({ isEndOfWindow: true })))).toEqual({ type: 'good' })
    expect(await take(messageOf(await executed()))).toMatchObject({
      type: 'invalid',
      fault: 'behindEndOfWindow',
    })
    const [found] = await follower.evidence.list(10)
    expect(found).toMatchObject({ kind: 'promisedBehindEnd', committer: author.address, blockNumber: 1n })
  })

  test('inconsistent, wrongDomain, malformed and tooLarge: what contradicts itself or cannot be read', async () => {
    await start('unreadable')
    const block = await executed()
    const json = messageJson(messageOf(block)) as Record<string, unknown>
    const expectFault = async (change: Record<string, unknown>, fault: string) =>
      expect(await follower.follower.take({ ...json, ...change }, 'test')).toMatchObject({
        type: 'invalid',
        fault,
      })
    const other = (change: Partial<BlockCommitment>) => messageJson(messageOf(promise(block, change)))
    await expectFault(other({ blockNumber: 7n }) as Record<string, unknown>, 'inconsistent')
    await expectFault(
      other({ transactionsRoot: `0x${'11'.repeat(32)}` }) as Record<string, unknown>,
      'inconsistent',
    )
    await expectFault(other({ l2ChainId: 1n }) as Record<string, unknown>, 'wrongDomain')
    await expectFault({ header: '0xc0' }, 'malformed')
    await expectFault({ commitment: `0x${'00'.repeat(256)}` }, 'malformed')
    await expectFault({ signature: '0x12' }, 'malformed')
    await expectFault({ type: 'other' }, 'malformed')
    const large = `0x${'00'.repeat(1_100_000)}`
    await expectFault({ transactions: [large, large] }, 'tooLarge')
  })
})

test('what is not executed as it was signed does not become the chain', async () => {
  await start('other-hash')
  const block = await executed({ transactions: [world.transfers[0]!] })
  // Signed whole, but these transactions make another block.
  const message = messageOf({ ...block, transactions: [world.transfers[1]!] })
  expect(await take(message)).toEqual({ type: 'later' })
  expect(follower.chain.heads().latest.number).toBe(0n)
  expect(await take(messageOf({ ...block, transactions: [] }))).toEqual({ type: 'later' })
  expect(follower.chain.heads().latest.number).toBe(0n)
})

test('keeps what is executed when two promises compete for a parent, and writes the two down as evidence', async () => {
  await start('compete')
  const rival = await executed({ transactions: [world.transfers[0]!] })
  const block = await author.build({})
  expect(await take(messageOf(block))).toEqual({ type: 'good' })
  expect(await take(messageOf(rival, author.key, 1))).toEqual({ type: 'known' })
  expect(await take(messageOf(rival, author.key, 1))).toEqual({ type: 'known' })
  expect(follower.chain.heads().latest.hash).toBe(block.hash)
  const found = await follower.evidence.list(10)
  expect(found).toMatchObject([{ kind: 'blockEquivocation', committer: author.address, blockNumber: 1n }])
  const [file] = readdirSync(follower.evidenceDirectory)
  const read = parseEvidenceFile(readFileSync(join(follower.evidenceDirectory, file!), 'utf8'))
  expect(read.domain).toEqual(world.domain)
  expect(read.proof).toMatchObject({ kind: 'blockEquivocation', committer: author.address })
})

test('a block whose time has not come is looked at again when it has', async () => {
  await start('early')
  const block = await executed({ timestamp: world.sim.head().header.timestamp + 16n })
  expect(await take(messageOf(block))).toEqual({ type: 'later' })
  world.setClockOffset(10n)
  await vi.waitFor(() => expect(follower.chain.heads().latest.hash).toBe(block.hash), 5_000)
})

test('a forged copy that comes first does not keep the block out while nobody can judge either', async () => {
  await start('forged-first')
  const block = await executed()
  world.setHorizon(0n)
  const forged = { ...messageOf(block), envSignature: block.signature }
  expect(await follower.follower.take(messageJson(forged), 'liar')).toEqual({ type: 'later' })
  expect(await take(messageOf(block))).toEqual({ type: 'later' })
  expect(await follower.follower.take(messageJson(forged), 'liar')).toEqual({ type: 'later' })
  world.setHorizon(1_000n)
  await vi.waitFor(() => expect(follower.chain.heads().latest.hash).toBe(block.hash), 5_000)
})

test('nobody is blamed while the schedule is not known, and what came is taken when it is', async () => {
  await start('horizon')
  const block = await executed()
  world.setHorizon(0n)
  expect(await take(messageOf(block))).toEqual({ type: 'later' })
  expect(follower.chain.heads().latest.number).toBe(0n)
  world.setHorizon(1_000n)
  await vi.waitFor(() => expect(follower.chain.heads().latest.hash).toBe(block.hash), 5_000)
})

test('blocks that come before their parents are executed in order when the first has come', async () => {
  await start('order')
  const blocks = [await author.build({}), await author.build({}), await author.build({})]
  const messages = record(follower)
  for (const block of [blocks[2]!, blocks[1]!])
    expect(await take(messageOf(block))).toEqual({ type: 'later' })
  expect(await take(messageOf(blocks[0]!))).toEqual({ type: 'good' })
  await vi.waitFor(() => expect(follower.chain.heads().latest.hash).toBe(blocks[2]!.hash))
  await vi.waitFor(() =>
    expect(sealedOf(messages).map(({ block }) => block.hash)).toEqual(blocks.map(({ hash }) => hash)),
  )
})

test('a window goes to the next committer, who builds on the first one’s promises', async () => {
  await start('handover')
  const first = await author.build({ isEndOfWindow: true })
  expect(await take(messageOf(first))).toEqual({ type: 'good' })
  for (let slots = 0; slots < 4; slots++) world.sim.mine({})
  await sequencer.node.sync()
  await follower.node.sync()
  const next = world.createAuthor(sequencer, world.keyNow())
  expect(next.address).not.toBe(author.address)
  const second = await next.build({ until: 'executed' })
  expect(second.commitment.parentCommitmentHash).toBe(first.commitmentHash)
  expect(await take(messageOf(second, next.key))).toEqual({ type: 'good' })
  expect(follower.chain.heads().latest.hash).toBe(second.hash)
})
