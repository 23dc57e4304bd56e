/** A node follows L1: proposals become blocks, faults become defaults, finality and reorgs move the heads. INV-1, INV-3. */
import { afterEach, expect, test } from 'vitest'
import { connectL1, type Harness, openHarness } from '../support/derive/harness.ts'
import { payloadAfter, signTransfer } from '../support/derive/payload.ts'
import { createSimulatedL1 } from '../support/l1/simulatedL1.ts'

const open: Harness[] = []
afterEach(async () => {
  for (const node of open.splice(0)) await node.close()
})

async function startNode(sim: ReturnType<typeof createSimulatedL1>): Promise<Harness> {
  const node = await openHarness({ sim, l1: await connectL1(sim), path: ':memory:' })
  open.push(node)
  return node
}

test('derives the blocks a proposal asks for, with its transactions', async () => {
  const sim = createSimulatedL1({ seed: 1 })
  sim.mine()
  sim.propose({ payload: payloadAfter(sim, { blocks: 3, transactions: [await signTransfer(0)] }) })
  const node = await startNode(sim)
  await node.sync()
  const { latest } = node.chain.heads()
  expect(latest.number).toBe(3n)
  const first = await node.chain.blockByNumber(1n)
  expect(first?.transactions).toHaveLength(2)
  expect(first?.transactions.every(({ receipt }) => receipt.succeeded)).toBe(true)
  const proposal = await node.chain.proposal(1n)
  expect(proposal).toMatchObject({ firstBlock: 1n, lastBlock: 3n })
  expect(proposal?.sources.map(({ fault }) => fault)).toEqual([undefined])
})

test('replaces a payload that is no manifest by the default block, and says why', async () => {
  const sim = createSimulatedL1({ seed: 2 })
  sim.mine()
  sim.propose({ payload: Uint8Array.of(1, 2, 3) })
  const node = await startNode(sim)
  await node.sync()
  expect(node.chain.heads().latest.number).toBe(1n)
  const proposal = await node.chain.proposal(1n)
  expect(proposal?.sources[0]?.fault?.rule).toMatch(/^D-\d+$/)
})
