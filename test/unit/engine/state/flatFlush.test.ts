/** Branches that are in memory only: whoever opens the database finds them again, and nobody can tell when they were flushed. INV-3, INV-6. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFlatState } from '../../../../src/engine/state/flatStateOnStore.ts'
import { STATE_LOGICAL_TABLES } from '../../../../src/engine/state/schema.ts'
import { EMPTY_TRIE_ROOT } from '../../../../src/primitives/keccak.ts'
import type { Store } from '../../../../src/store/store.ts'
import { addressOf, type BlockShape, createRandom, modelRoot, slotOf } from '../../../support/stateBlocks.ts'
import { commit, createTestChain, dumpOf, SMALL_CACHE, type TestChain } from '../../../support/stateChain.ts'

const SEED = 71
const SHAPE: BlockShape = { accounts: 120, slots: 40, touches: 15, deletes: 25 }
const NEVER = { flushBlocks: 1_000_000 }
const NOTHING = { accounts: new Map(), storage: new Map(), code: new Map() }

let chain: TestChain
/** The same blocks, every step flushed. */
let flushed: TestChain

beforeEach(async () => {
  chain = await createTestChain({ seed: SEED, shape: SHAPE, state: NEVER })
  flushed = await createTestChain({ seed: SEED, shape: SHAPE, state: { flushBlocks: 1 } })
})
afterEach(async () => {
  await chain.close()
  await flushed.close()
})

const grow = async (count: number) => {
  await chain.grow(count)
  await flushed.grow(count)
}
/** What the next process finds. */
const reopen = async (recovers: 'atOnce' | 'onDemand' = 'atOnce') => ({
  store: chain.store,
  state: await createFlatState({
    store: chain.store,
    options: { ...NEVER, cache: SMALL_CACHE, recovers },
  }),
})
const flushedAt = async (store: Store) => (await store.get('SELECT number FROM state_unflushed'))?.number
const expectSameDump = async (one: Pick<TestChain, 'store' | 'state'>) =>
  expect(await dumpOf(one, STATE_LOGICAL_TABLES)).toEqual(await dumpOf(flushed, STATE_LOGICAL_TABLES))

test('keeps branches back and recovers every one, through growth, deletions and destroyed contracts', async () => {
  const { nodes } = (await chain.store.get('SELECT count(*) AS nodes FROM state_nodes')) ?? {}
  for (let round = 0; round < 5; round++) {
    await grow(15)
    expect(await flushedAt(chain.store)).toBe(0)
    expect(await chain.store.get('SELECT count(*) AS nodes FROM state_nodes')).toEqual({ nodes })
    const { state } = await reopen()
    expect(await state.stage(state.head.blockNumber + 1n, NOTHING)).toBe(
      await modelRoot(chain.models.at(-1)!),
    )
  }
  await expectSameDump(await reopen())
  expect(await flushedAt(chain.store)).toBeUndefined()
})

test('a process that goes on from what it recovered makes what one that never ended makes', async () => {
  await grow(20)
  const next = await createTestChain({
    seed: SEED,
    shape: SHAPE,
    state: { flushBlocks: 7 },
    store: chain.store,
  })
  await next.grow(40)
  await flushed.grow(40)
  await expectSameDump(next)
})

test('flushes by the number of blocks and by the number of branches, but not while somebody waits', async () => {
  const open = (options: object) =>
    createFlatState({ store: chain.store, options: { cache: SMALL_CACHE, ...options } })
  const grown = async (options: object, mayFlush: boolean) => {
    const state = await open(options)
    const account = {
      ...chain.models.at(-1)!.get(ACCOUNT)!,
      storageRoot: EMPTY_TRIE_ROOT,
      nonce: state.head.blockNumber,
    }
    const accounts = new Map([[ACCOUNT, account]])
    await state.stage(state.head.blockNumber + 1n, { ...NOTHING, accounts })
    await chain.store.transaction((transaction) => state.write(transaction, { mayFlush }))
    state.settle()
    return (await flushedAt(chain.store)) === undefined
  }
  await chain.grow(2)
  const [ACCOUNT] = [...chain.models.at(-1)!.keys()] as [`0x${string}`]
  expect(await grown({ flushBlocks: 10 }, true)).toBe(false)
  expect(await grown({ flushBlocks: 4 }, false)).toBe(false)
  expect(await grown({ flushBlocks: 4 }, true)).toBe(true)
  expect(await grown({ flushNodesMax: 1 }, true)).toBe(true)
  expect(await grown({ flushNodesMax: 100 }, false)).toBe(false)
  expect(await grown({ flushNodesMax: 0 }, false)).toBe(true)
})

test('rewinds to before, to and after the block of the last flush, then grown again, leave the same rows', async () => {
  for (const depth of [3, 18, 6, 25]) {
    await grow(30)
    await commitFlush()
    await grow(20)
    const target = chain.models.length - 1 - depth
    await chain.rewind(target)
    await flushed.rewind(target)
    expect(await flushedAt(chain.store)).toBeUndefined()
    await expectSameDump(chain)
  }
})
const commitFlush = async () => {
  await chain.store.transaction((transaction) => chain.state.flush(transaction))
  chain.state.settle()
}

test('so does a rewind past the window of kept branches', async () => {
  const options = { nodeWindowBlocks: 5 }
  const kept = await createTestChain({ seed: 72, shape: SHAPE, state: { ...NEVER, ...options } })
  const other = await createTestChain({ seed: 72, shape: SHAPE, state: { flushBlocks: 1, ...options } })
  for (const each of [kept, other]) {
    await each.grow(40)
    await each.rewind(20)
  }
  expect(await dumpOf(kept, STATE_LOGICAL_TABLES)).toEqual(await dumpOf(other, STATE_LOGICAL_TABLES))
  await kept.close()
  await other.close()
})

test('proofs of every block, the newest too, are those of flushed branches, here and in another process', async () => {
  await grow(15)
  await commitFlush()
  await grow(25)
  const random = createRandom(SEED)
  const reader = await reopen('onDemand')
  for (let number = 0; number < chain.models.length; number++) {
    const address = addressOf(1 + random(SHAPE.accounts))
    const slots = [slotOf(random(SHAPE.slots)), slotOf(random(SHAPE.slots))]
    const expected = await flushed.state.proof(address, slots, BigInt(number))
    expect(await chain.state.proof(address, slots, BigInt(number))).toEqual(expected)
    expect(await reader.state.proof(address, slots, BigInt(number))).toEqual(expected)
    const changes = { ...NOTHING, accounts: new Map([[address, null]]) }
    const root = await (await flushed.state.at(BigInt(number))).rootAfter(changes)
    expect(await (await reader.state.at(BigInt(number))).rootAfter(changes)).toBe(root)
  }
})

test('a call needs no branches, so another process recovers none for it', async () => {
  await grow(10)
  await chain.store.transaction((transaction) => transaction.run('DELETE FROM state_nodes'))
  const { state } = await reopen('onDemand')
  for (const [address, { nonce }] of chain.models.at(-1)!)
    expect((await state.source().account(address))?.nonce).toBe(nonce)
  await expect(state.proof(addressOf(1), [], state.head.blockNumber)).rejects.toThrow('is missing')
})

test('a reverse diff, a leaf or a branch that is wrong is found when branches are recovered', async () => {
  await grow(12)
  const damages = [
    `DELETE FROM state_history WHERE k = (SELECT k FROM state_history LIMIT 1 OFFSET 40)`,
    `UPDATE state_nodes SET v = (SELECT v FROM state_nodes ORDER BY length(v) LIMIT 1) WHERE k = (SELECT k FROM state_nodes LIMIT 1)`,
    `DELETE FROM state_nodes WHERE k = (SELECT k FROM state_nodes LIMIT 1)`,
    `UPDATE state_blocks SET root = zeroblob(32) WHERE number = (SELECT max(number) FROM state_blocks)`,
  ]
  for (const damage of damages) {
    await chain.store
      .transaction(async (transaction) => {
        await transaction.run(damage)
        await expect(createFlatState({ store: { ...chain.store, ...transaction } })).rejects.toThrow(
          /is missing|another state root|another storage root/,
        )
        throw new Error('as it was')
      })
      .catch((error: Error) => expect(error.message).toBe('as it was'))
  }
  await reopen()
})

test('a write that fails leaves what waits to be flushed as it was', async () => {
  await grow(10)
  await chain.state.stage(chain.state.head.blockNumber + 1n, NOTHING)
  const failing = chain.store.transaction(async (transaction) => {
    await chain.state.write(transaction)
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  chain.state.discard()
  await expect(
    chain.store.transaction(async (transaction) => {
      await chain.state.flush(transaction)
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  chain.state.discard()
  await grow(5)
  await expectSameDump(chain)
})

test('what is read ahead changes nothing, whatever is asked for and whenever', async () => {
  const random = createRandom(5)
  const touched = () =>
    new Map(
      Array.from({ length: 30 }, () => [
        addressOf(1 + random(2 * SHAPE.accounts)),
        [slotOf(random(2 * SHAPE.slots)), slotOf(random(SHAPE.slots))],
      ]),
    )
  for (let round = 0; round < 20; round++) {
    const reading = chain.state.readAhead(touched())
    await grow(2)
    await reading
    await chain.state.readAhead(touched())
    if (round % 6 === 5) await chain.rewind(chain.models.length - 3)
    if (round % 6 === 5) await flushed.rewind(flushed.models.length - 3)
  }
  await expectSameDump(chain)
})

test('what was read ahead is staged without asking the database', async () => {
  await grow(20)
  let reads = 0
  const store: Store = {
    ...chain.store,
    readPacked: (...input) => {
      reads++
      return chain.store.readPacked(...input)
    },
    all: (...input) => {
      reads++
      return chain.store.all(...input)
    },
  }
  const state = await createFlatState({ store, options: NEVER })
  const model = chain.models.at(-1)!
  const [address] = [...model].find(([, { storage }]) => storage.size > 2)!
  const slots = [slotOf(1), slotOf(1_000), slotOf(1_001)]
  await state.readAhead(new Map([[address, slots]]))
  reads = 0
  const account = { ...model.get(address)!, storageRoot: EMPTY_TRIE_ROOT } as const
  const written = new Map(slots.map((slot) => [slot, Uint8Array.of(9)]))
  await state.stage(state.head.blockNumber + 1n, {
    accounts: new Map([[address, account]]),
    storage: new Map([[address, { cleared: false, slots: written }]]),
    code: new Map(),
  })
  expect(reads).toBe(0)
  state.discard()
  await commit(chain.store, chain.state)
})
