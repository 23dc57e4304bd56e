/** L1 proves another block than was derived: both interpreters run the proposal again, and the sentence that stops the node says what they found. */
import { expect, test, vi } from 'vitest'
import { createSecondLook } from '../../src/derive/secondLook.ts'
import { connectL1, openHarness } from '../support/derive/harness.ts'
import { payloadAfter, signTransfer } from '../support/derive/payload.ts'
import { createSimulatedL1 } from '../support/l1/simulatedL1.ts'

/** What is wrong with our loop from now on. */
const broken = vi.hoisted(() => ({ push: false }))
vi.mock('../../src/engine/evm/word.ts', async (load) => {
  const word = await load<typeof import('../../src/engine/evm/word.ts')>()
  const shiftRight: typeof word.shiftRight = (by, value) =>
    broken.push ? word.add(word.shiftRight(by, value), 1) : word.shiftRight(by, value)
  return { ...word, shiftRight }
})

test('what was executed rightly is said to be, and what was not is found', async () => {
  const sim = createSimulatedL1({ seed: 'second look' })
  const l1 = await connectL1(sim)
  const node = await openHarness({ sim, l1, path: ':memory:' })
  for (let i = 0; i < 3; i++) sim.mine({})
  sim.propose({ payload: payloadAfter(sim, { blocks: 3, transactions: [await signTransfer(0)] }) })
  sim.mine({})
  await node.sync()
  const look = createSecondLook(node)
  const proposal = (await node.chain.proposal(1n))!
  expect(await look(proposal)).toBe(
    'Both interpreters make of L2 blocks 1 to 3 what is stored here, so how they were executed is not in question',
  )
  expect(await look({ firstBlock: 4n, lastBlock: 4n })).toMatch(/^L2 block 4 is not written yet/)
  broken.push = true
  expect(await look(proposal)).toMatch(
    /^block 1: this version's interpreter and EthereumJS's disagree\. .* Transaction 0 .* the first step to differ is SHR at pc \d+ of 0x1670042/,
  )
  await node.close()
})
