/** A window that begins before its time, behind the marked end of the one before: what a follower does that has not heard of the end. */
import { afterEach, expect, test, vi } from 'vitest'
import { envOfHeader, sealOf } from '../../../../src/preconf/stream/env.ts'
import { messageJson } from '../../../../src/preconf/stream/message.ts'
import type { SealedBlock } from '../../../../src/propose/sequencer/events.ts'
import { encodeManifest } from '../../../../src/protocol/shasta/encodeManifest.ts'
import { createStreamWorld, type StreamNode, type StreamWorld } from '../../../support/preconfStream.ts'

const WINDOW_SECONDS = 48n

let world: StreamWorld
let key: Uint8Array
let sequencer: StreamNode
afterEach(() => world?.close())

/** The last block of a window, and one of the next window on it. */
async function start(seed: string) {
  world = await createStreamWorld({ seed, turns: ['one'] })
  key = world.keyNow()
  sequencer = await world.openNode('sequencer', { key })
  const author = world.createAuthor(sequencer, key)
  const last = await author.build({ isEndOfWindow: true })
  const { anchorBlockNumber } = last.metadata
  const windowEnd = last.commitment.windowEnd + WINDOW_SECONDS
  return {
    last,
    buildNext: () => author.build({ anchorBlockNumber, commitment: { windowEnd }, until: 'executed' }),
  }
}

const envOf = ({ header, metadata, commitment }: SealedBlock) =>
  envOfHeader(header, { ...metadata, anchorBlockNumber: commitment.anchorBlockNumber })
const takeSealed = (node: StreamNode, block: SealedBlock) => {
  const envSignature = world.signStream({ type: 'env', env: envOf(block) }, key)
  const seal = sealOf(block.hash, block.header, 0)
  const sealSignature = world.signStream({ type: 'seal', seal }, key)
  const message = { type: 'sealed', block, totalFrags: 0, envSignature, sealSignature } as const
  return node.follower.take(messageJson(message), 'test')
}

test('an env that overtakes the marked block is not held against its source', async () => {
  const { last, buildNext } = await start('early-env')
  const next = await buildNext()
  const follower = await world.openNode('follower')
  await vi.waitUntil(() => follower.follower.isSettled())
  const env = envOf(next)
  const { windowEnd } = next.commitment
  const signature = world.signStream({ type: 'env', env }, key)
  const message = { type: 'env', env, windowEnd, signature } as const
  expect(await follower.follower.take(messageJson(message), 'test')).toMatchObject({ type: 'later' })
  expect(await takeSealed(follower, last)).toEqual({ type: 'good' })
  expect(await follower.follower.take(messageJson(message), 'test')).toEqual({ type: 'good' })
})

test('behind a landed block whose promise is not known it waits for its window, and no source is blamed', async () => {
  const { last, buildNext } = await start('early-landed')
  const next = await buildNext()
  world.sim.propose({ payload: encodeManifest([{ ...last.metadata, transactions: [] }]) })
  const follower = await world.openNode('follower')
  expect(follower.chain.heads().safe.hash).toBe(last.hash)
  expect(await takeSealed(follower, next)).toEqual({ type: 'later' })
  expect(follower.chain.heads().latest.hash).toBe(last.hash)
  world.setClockOffset(last.commitment.windowEnd - world.sim.head().header.timestamp)
  await vi.waitFor(() => expect(follower.chain.heads().latest.hash).toBe(next.hash), { timeout: 10_000 })
})
