/** What is read ahead is what the blocks then touch: a wrong hint would cost time and tell nobody. */
import { expect, test } from 'vitest'
import type { PreparedProposal } from '../../../src/derive/prepare.ts'
import { touchedBy } from '../../../src/derive/readAhead.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { GOLDEN_TOUCH_ADDRESS } from '../../../src/protocol/goldenTouch.ts'
import { connectL1, openHarness } from '../../support/derive/harness.ts'
import { payloadAfter } from '../../support/derive/payload.ts'
import { createSimulatedL1 } from '../../support/l1/simulatedL1.ts'

const COINBASE = '0x00000000000000000000000000000000c01bbace'

const source = (blocks: number): PreparedProposal['sources'][number] => ({
  blocks: Array.from({ length: blocks }, () => ({
    timestamp: 0n,
    coinbase: COINBASE,
    anchorBlockNumber: 0n,
    gasLimit: 0n,
    transactions: [],
  })),
})

test('names the parties, the golden touch and the coinbases, and a slot of the anchor contract for each block', () => {
  const anchor = `0x${'a1'.repeat(20)}` as const
  const party = `0x${'b2'.repeat(20)}` as const
  const spec = { l2: { chainId: 1n, anchor } }
  const touched = touchedBy(spec, { sources: [source(3), source(2)], parties: [party] }, 7n)
  expect([...touched.keys()].sort()).toEqual([GOLDEN_TOUCH_ADDRESS, COINBASE, anchor, party].sort())
  expect(new Set(touched.get(anchor))).toHaveProperty('size', 5)
})

test('in each of these slots the anchor contract keeps the hash of a parent once the blocks are derived', async () => {
  const sim = createSimulatedL1({ seed: 'read-ahead' })
  sim.propose({ payload: payloadAfter(sim, { blocks: 3 }) })
  const l1 = await connectL1(sim)
  const node = await openHarness({ sim, l1, path: ':memory:' })
  await node.sync()
  const { anchor } = node.spec.l2
  const slots = [...(touchedBy(node.spec, { sources: [source(3)], parties: [] }, 0n).get(anchor) ?? [])]
  const kept = await Promise.all(slots.map((slot) => node.state.source().storage(anchor, slot)))
  const parents = await node.chain.hashes(0n, 2n)
  expect(kept.map(bytesToHex)).toEqual(parents.map(({ hash }) => hash))
  await node.close()
  await l1.close()
})
