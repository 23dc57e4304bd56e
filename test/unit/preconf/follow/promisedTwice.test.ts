/** What a block is promised as, beside its content: two ways are evidence, and none is signed when it can no longer be kept. */
import { afterEach, expect, test, vi } from 'vitest'
import { envOfHeader, sealOf } from '../../../../src/preconf/stream/env.ts'
import { messageJson } from '../../../../src/preconf/stream/message.ts'
import type { SealedBlock } from '../../../../src/propose/sequencer/events.ts'
import { createStreamWorld, type StreamWorld } from '../../../support/preconfStream.ts'

let world: StreamWorld
afterEach(() => world?.close())

test('one block promised in two ways is evidence, though its hash is signed but once', async () => {
  world = await createStreamWorld({ seed: 'two-ways' })
  const key = world.keyNow()
  const sequencer = await world.openNode('sequencer', { key })
  const author = world.createAuthor(sequencer, key)
  const follower = await world.openNode('follower')
  const take = ({ header, hash, metadata, commitment, ...block }: SealedBlock) => {
    const env = envOfHeader(header, { ...metadata, anchorBlockNumber: commitment.anchorBlockNumber })
    const message = {
      type: 'sealed',
      block: { ...block, header, hash, metadata, commitment },
      totalFrags: 0,
      envSignature: world.signStream({ type: 'env', env }, key),
      sealSignature: world.signStream({ type: 'seal', seal: sealOf(hash, header, 0) }, key),
    } as const
    return follower.follower.take(messageJson(message), 'test')
  }
  const block = await author.build({ until: 'executed' })
  expect(await take(block)).toEqual({ type: 'good' })
  const asLast = world.signCommitment({ ...block.commitment, isEndOfWindow: true }, key)
  expect(await take({ ...block, ...asLast })).toEqual({ type: 'known' })
  expect(await follower.evidence.list(10)).toMatchObject([
    { kind: 'blockEquivocation', committer: author.address, blockNumber: 1n },
  ])
})

test('a draft whose window is over at the next start is not signed any more', async () => {
  world = await createStreamWorld({ seed: 'late-draft' })
  const key = world.keyNow()
  const before = await world.openNode('before', { key, files: 'sequencer' })
  const draft = await world.createAuthor(before, key).build({ until: 'drafted' })
  await before.close()
  world.setClockOffset(draft.commitment.windowEnd - world.sim.head().header.timestamp)
  const after = await world.openNode('after', { key, files: 'sequencer' })
  await vi.waitFor(() => expect(after.follower.isSettled()).toBe(true))
  expect(after.chain.heads().latest.number).toBe(0n)
  expect(await after.journal.blocksOf(draft.hash)).toEqual([])
})
