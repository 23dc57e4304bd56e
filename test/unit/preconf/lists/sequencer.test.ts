/** From a signed list through a sequencer, its batch and L1 to the verdict; and what a sequencer that leaves it out has to hear. */
import { afterEach, expect, test } from 'vitest'
import { readCursor } from '../../../../src/derive/steps.ts'
import { createLists, LISTS_SCHEMA, type Lists } from '../../../../src/preconf/lists/lists.ts'
import { keccak256Hex } from '../../../../src/primitives/keccak.ts'
import { openStore } from '../../../../src/store/openStore.ts'
import { silentLogger } from '../../../../src/telemetry/log.ts'
import { ACCOUNTS } from '../../../support/l1/accounts.ts'
import { DOMAIN, signList } from '../../../support/preconfLists.ts'
import { createWorld, type World } from '../../../support/sequencerWorld.ts'

const EPOCH = 6
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(seed: string) {
  const world = await createWorld({ seed, operators: [1, 2], slotsPerEpoch: EPOCH })
  closing.push(world.close)
  const { node, schedule, spec, chain, l1 } = world
  const store = await openStore({ path: ':memory:', schemas: { lists: LISTS_SCHEMA } })
  closing.push(store.close)
  let cursor = await readCursor(node.store)
  const lists = await createLists({
    ...{ spec, store, chain, state: node.state, engine: node.engine, l1, schedule, domain: DOMAIN },
    ...{ cursor: () => cursor, committers: [], now: world.clock.now, logger: silentLogger },
    checkpointFrom: async () => undefined,
  })
  closing.push(lists.close)
  const judge = async () => {
    cursor = await readCursor(node.store)
    lists.refresh()
    await lists.settled()
  }
  // The next epoch's window, which begins soon; its operator is the other one of the two.
  const firstSlot = (Math.floor(world.slotNow() / EPOCH) + 1) * EPOCH
  const turn = await schedule.at(BigInt(firstSlot))
  const operator = turn?.window.turn.type === 'operator' ? turn.window.turn.operator : undefined
  const index = ACCOUNTS.findIndex(({ address }) => address === operator)
  const lastSlot = firstSlot + EPOCH - 1
  const windowEnd = BigInt(world.timeOf(lastSlot)) / 1000n
  return { world, lists, judge, firstSlot, lastSlot, windowEnd, index }
}

/** Pays well, from two senders, neither of whom is known to the pool. */
async function receive(world: World, lists: Lists, windowEnd: bigint, index: number) {
  const transactions = [await world.transfer(2), await world.transfer(3)]
  const { privateKey } = ACCOUNTS[index]!
  expect(await lists.receive(signList(windowEnd, transactions, { key: privateKey }))).toMatchObject({
    type: 'taken',
  })
  return transactions
}

test('a sequencer honours the list of its window: promised at once, landed in time, satisfied', async () => {
  const { world, lists, judge, firstSlot, lastSlot, windowEnd, index } = await start('honoured')
  const transactions = await receive(world, lists, windowEnd, index)
  const sequencer = await world.start(index, { deps: { listed: lists.listed } })
  closing.push(sequencer.stop)
  await world.until(firstSlot + 1)
  expect(sequencer.sealed().flatMap((block) => block.transactions)).toEqual(transactions)
  await world.until(lastSlot + 2, 1000)
  await judge()
  const [record] = await lists.ofSlot(BigInt(lastSlot))
  expect(record?.verdict).toMatchObject({
    type: 'satisfied',
    finality: 'landed',
    outcomes: transactions.map((raw) => ({ transaction: keccak256Hex(raw), outcome: { type: 'included' } })),
  })
})

test('one that leaves it out is found out by the blocks it lands', async () => {
  const { world, lists, judge, firstSlot, lastSlot, windowEnd, index } = await start('left out')
  const transactions = await receive(world, lists, windowEnd, index)
  const sequencer = await world.start(index)
  closing.push(sequencer.stop)
  await world.until(firstSlot, 300)
  await world.pool.add(transactions[0]!)
  await world.until(lastSlot + 2, 1000)
  await judge()
  const [record] = await lists.ofSlot(BigInt(lastSlot))
  expect(record?.verdict).toMatchObject({
    type: 'violated',
    outcomes: [{ outcome: { type: 'included' } }, { outcome: { type: 'violated' } }],
  })
})
