/** A process that stops at any point goes on as if it had not: whole steps, and in the end the content of a fresh derivation. INV-2, INV-3. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { L1 } from '../../src/l1/l1.ts'
import type { Store } from '../../src/store/store.ts'
import { connectL1, type Harness, openHarness } from '../support/derive/harness.ts'
import { signTransfer } from '../support/derive/payload.ts'
import { happen } from '../support/derive/randomChain.ts'
import { expectSameContent } from '../support/derive/sameContent.ts'
import { Stop, stopAtCall, stopAtCommit } from '../support/derive/stops.ts'
import { createRandom } from '../support/l1/random.ts'
import { createSimulatedL1, type SimulatedL1 } from '../support/l1/simulatedL1.ts'

const COMMIT_POINTS = 200
const MOMENTS = 100
const STEPS = 240
/** So that some of the commits flush branches and most find some waiting. */
const FLUSH_OFTEN = { flushBlocks: 5 }
/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 900_000

let sim: SimulatedL1
let l1: L1
let directory: string
let expected: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'plumbline-stops-'))
  sim = createSimulatedL1({ seed: 'stops', forcedInclusionDelay: 60n })
  const transactions = await Promise.all(Array.from({ length: 40 }, (_, nonce) => signTransfer(nonce)))
  for (let i = 0; i < STEPS; i++) happen(sim, transactions, i % 10 !== 0)
  sim.setFinalized(100)
  l1 = await connectL1(sim)
  const fresh = await openHarness({ sim, l1, path: ':memory:' })
  await fresh.sync()
  expected = await fresh.dump()
  await fresh.close()
}, TIMEOUT_MS)

afterAll(async () => {
  await l1.close()
  rmSync(directory, { recursive: true })
})

/** One life of the process: opens the database, derives, and is gone at the stop. True when it reached the head instead. */
async function live(path: string, wrapStore: (store: Store) => Store): Promise<boolean> {
  let node: Harness | undefined
  try {
    node = await openHarness({ sim, l1, path, wrapStore, state: FLUSH_OFTEN })
    await node.sync()
    return true
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    return false
  } finally {
    await node?.close()
  }
}

async function contentOf(path: string): Promise<string> {
  const node = await openHarness({ sim, l1, path })
  await node.sync()
  const content = await node.dump()
  await node.close()
  return content
}

test(
  'goes on after a stop before and after each of the first 200 commits',
  async () => {
    const path = join(directory, 'commits.db')
    let reached = false
    for (let point = 0; point < COMMIT_POINTS; point++) {
      expect(reached, `the head is reached before commit ${point}`).toBe(false)
      await live(path, (store) => stopAtCommit(store, { commit: 1, when: 'before' }))
      reached = await live(path, (store) => stopAtCommit(store, { commit: 1, when: 'after' }))
    }
    expectSameContent(await contentOf(path), expected, 'after the last stop')
  },
  TIMEOUT_MS,
)

test(
  'goes on after a stop at each of 100 seeded moments',
  async () => {
    const path = join(directory, 'moments.db')
    const random = createRandom('moments')
    let stops = 0
    for (let moment = 0; moment < MOMENTS; moment++) {
      // Some lives end before they commit anything, most get a few steps further.
      const reached = await live(path, (store) => stopAtCall(store, 1 + random.below(120)))
      if (reached) rmSync(path)
      else stops++
    }
    expect(stops).toBeGreaterThan(MOMENTS - 10)
    expectSameContent(await contentOf(path), expected, 'after the last stop')
  },
  TIMEOUT_MS,
)
