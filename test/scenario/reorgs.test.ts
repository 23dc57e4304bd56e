/** Three hundred reorgs of depth 1 to 40, some of them while the process is down: the content is that of a fresh derivation. INV-3, INV-9. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { L1 } from '../../src/l1/l1.ts'
import { connectL1, type Harness, openHarness } from '../support/derive/harness.ts'
import { signTransfer } from '../support/derive/payload.ts'
import { happen } from '../support/derive/randomChain.ts'
import { expectSameContent } from '../support/derive/sameContent.ts'
import { createSimulatedL1, type SimulatedL1 } from '../support/l1/simulatedL1.ts'

const CHAINS = 10
const REORGS_PER_CHAIN = 30
const DEPTH_MAX = 40
/** Comparing every time would derive the same blocks again and again; a difference does not heal by itself. */
const COMPARE_EVERY = 6
/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 900_000

let directory: string
let transactions: readonly Uint8Array[]

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'plumbline-reorgs-'))
  transactions = await Promise.all(Array.from({ length: 20 }, (_, nonce) => signTransfer(nonce)))
})
afterAll(() => rmSync(directory, { recursive: true }))

async function freshDump(sim: SimulatedL1, l1: L1): Promise<string> {
  const fresh = await openHarness({ sim, l1, path: ':memory:' })
  await fresh.sync()
  const content = await fresh.dump()
  await fresh.close()
  return content
}

test.each(Array.from({ length: CHAINS }, (_, seed) => seed))(
  'follows chain %i through its reorgs',
  async (seed) => {
    // A short delay lets forced inclusions fall due, and be overtaken by a reorg, within a few blocks.
    const sim = createSimulatedL1({ seed: `reorgs-${seed}`, forcedInclusionDelay: 36n })
    const { random } = sim
    const l1 = await connectL1(sim)
    const path = join(directory, `${seed}.db`)
    for (let i = 0; i < DEPTH_MAX; i++) happen(sim, transactions)
    let node: Harness = await openHarness({ sim, l1, path })
    await node.sync()
    const depths: number[] = []
    for (let reorg = 1; reorg <= REORGS_PER_CHAIN; reorg++) {
      for (let i = random.below(4); i > 0; i--) happen(sim, transactions)
      if (random.chance(0.7)) await node.sync()
      const isDown = random.chance(0.25)
      if (isDown) await node.close()
      const finalizedNumber = Number(sim.view.finalized().header.number)
      const depth = Math.min(1 + random.below(DEPTH_MAX), Number(sim.head().header.number) - finalizedNumber)
      depths.push(depth)
      sim.reorg({
        depth,
        transactions: random.pick(['keep', 'delay', 'shuffle', 'drop']),
        missedSlots: random.below(3),
      })
      if (random.chance(0.3)) happen(sim, transactions)
      if (isDown) node = await openHarness({ sim, l1, path })
      await node.sync()
      expect(node.chain.heads().safe.number).toBeGreaterThanOrEqual(node.chain.heads().finalized.number)
      // Leave room for the deepest reorg above what is final.
      const final = Number(sim.head().header.number) - DEPTH_MAX
      if (reorg % 10 === 0 && final > finalizedNumber) sim.setFinalized(final)
      if (reorg % COMPARE_EVERY === 0) {
        await node.sync()
        expectSameContent(await node.dump(), await freshDump(sim, l1), `reorg ${reorg}, depths ${depths}`)
      }
    }
    await node.close()
    await l1.close()
  },
  TIMEOUT_MS,
)
