/** The disk is full while the node derives: it waits with a sentence, serves what it has, and goes on from there. INV-2, INV-3. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { L1 } from '../../src/l1/l1.ts'
import { CriticalError } from '../../src/primitives/errors.ts'
import type { Store } from '../../src/store/store.ts'
import { connectL1, type Harness, openHarness } from '../support/derive/harness.ts'
import { payloadAfter, signTransfer } from '../support/derive/payload.ts'
import { expectSameContent } from '../support/derive/sameContent.ts'
import { createSimulatedL1, type SimulatedL1 } from '../support/l1/simulatedL1.ts'

let sim: SimulatedL1
let l1: L1
let node: Harness

beforeEach(async () => {
  sim = createSimulatedL1({ seed: 'disk' })
  sim.mine()
  sim.propose({ payload: payloadAfter(sim, { transactions: [await signTransfer(0)] }) })
  l1 = await connectL1(sim)
})
afterEach(async () => {
  await node.close()
  await l1.close()
})

/** As many pages as the database has now, and no more. */
async function fillDisk(store: Store): Promise<void> {
  const count = (await store.get('PRAGMA page_count'))?.page_count
  await store.transaction((transaction) => transaction.all(`PRAGMA max_page_count = ${Number(count)}`))
}

async function makeRoom(store: Store): Promise<void> {
  await store.transaction((transaction) => transaction.all('PRAGMA max_page_count = 1000000'))
}

test('waits at the head while the disk is full, and goes on without a new L1 block', async () => {
  node = await openHarness({ sim, l1, path: ':memory:' })
  await node.sync()
  const before = await node.dump()
  await fillDisk(node.store)
  // More blocks than free pages can hold.
  for (let i = 0; i < 2; i++) sim.propose({ payload: payloadAfter(sim, { blocks: 10 }) })
  await node.syncUntilStuck(3)
  const retry = node.progress.findLast(({ type }) => type === 'retry')
  expect(retry).toMatchObject({
    error: {
      name: 'DiskFullError',
      message: expect.stringMatching(/^the disk is full: .* make room, nothing was lost$/),
    },
  })
  // What is served is what was committed last.
  expect(node.chain.heads().latest.number).toBeGreaterThanOrEqual(1n)
  expect(before.split('\n').length).toBeLessThanOrEqual((await node.dump()).split('\n').length)

  await makeRoom(node.store)
  await node.sync()
  const fresh = await openHarness({ sim, l1, path: ':memory:' })
  await fresh.sync()
  expectSameContent(await node.dump(), await fresh.dump(), 'after there was room again')
  await fresh.close()
})

test('stops at once on a failure only an operator can mend, though L1 is silent', async () => {
  let isBroken = false
  node = await openHarness({
    sim,
    l1,
    path: ':memory:',
    wrapStore: (store) => ({
      ...store,
      transaction: (work) =>
        isBroken ? Promise.reject(new CriticalError('the disk is gone')) : store.transaction(work),
    }),
  })
  await node.sync()
  isBroken = true
  sim.mine()
  await expect(node.sync()).rejects.toThrow('the disk is gone')
})
