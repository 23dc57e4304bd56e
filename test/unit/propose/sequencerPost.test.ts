/** Which batch posting takes up, while blocks are being made beside it. */
import { expect, test } from 'vitest'
import type { Hash } from '../../../src/primitives/hex.ts'
import { groupBlocks } from '../../../src/propose/sequencer/groups.ts'
import { createPostStep, type PostDeps } from '../../../src/propose/sequencer/post.ts'
import { close, createShared } from '../../../src/propose/sequencer/shared.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'

const END = 1120n
const OPERATOR = `0x${'0a'.repeat(20)}` as const
const hashOf = (number: number): Hash => `0x${number.toString(16).padStart(64, '0')}`
/** Blocks 1 to `count` of proposal 7. */
const batchOf = (count: number) =>
  groupBlocks(
    Array.from(
      { length: count },
      (_, i) =>
        ({
          hash: hashOf(i + 1),
          header: { number: BigInt(i + 1), timestamp: 1018n, parentHash: hashOf(i), coinbase: OPERATOR },
          origin: { proposalId: 7n, isForcedInclusion: false },
        }) as never,
    ),
  )

test('a batch whose last block comes while posting looks is not sent without it', async () => {
  const shared = createShared()
  let blocks = 5
  let asked: Hash | undefined
  const head = { number: 50n, hash: hashOf(50), timestamp: 1012n }
  const deps: Partial<Record<keyof PostDeps, unknown>> = {
    spec: { l1: { secondsPerSlot: 12n, genesisTime: 0n } },
    chain: { heads: () => ({ latest: { hash: hashOf(blocks) }, safe: { hash: hashOf(0) } }) },
    l1: { status: () => ({ head }) },
    poster: { poll: async () => ({ head, events: [] }) },
    schedule: { currentSlot: async () => 1n },
    ready: () => ({ isReady: true }),
    windows: { running: async () => ({ end: END }) },
    readView: async () => ({
      type: 'view',
      view: { head, inbox: { nextProposalId: 7n }, queue: [], config: {} },
    }),
    readGroups: async () => batchOf(blocks),
    commitmentOf: async (hash: Hash) => {
      // The sequencer makes the batch's last block just now, and begins the next batch.
      if (blocks === 5) close(shared, batchOf(++blocks)[0])
      asked = hash
      return { commitment: { windowEnd: END } }
    },
    turn: async () => ({ type: 'wait', reason: `posting up to ${asked}` }),
    ...{ shared, logger: silentLogger },
  }
  const step = createPostStep(deps as PostDeps, { proposer: OPERATOR })
  const { signal } = new AbortController()
  expect(await step(signal)).toBe('the batch under way is not closed yet')
  expect(await step(signal)).toBe(`posting up to ${hashOf(6)}`)
})
