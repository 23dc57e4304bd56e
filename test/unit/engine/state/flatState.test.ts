/** The flat state: roots, steps, caches, discard. INV-7. */
import { describe, expect, test } from 'vitest'
import { type FlatState, StaleStateError } from '../../../../src/engine/state/flatState.ts'
import { createFlatState } from '../../../../src/engine/state/flatStateOnStore.ts'
import { STATE_LOGICAL_TABLES } from '../../../../src/engine/state/schema.ts'
import type { AccountState, StateChanges, StorageChanges } from '../../../../src/engine/state/source.ts'
import type { Address } from '../../../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256Hex } from '../../../../src/primitives/keccak.ts'
import { openStore } from '../../../../src/store/openStore.ts'
import type { Store } from '../../../../src/store/store.ts'
import {
  addressOf,
  createRandom,
  type ModelState,
  modelRoot,
  randomBlock,
  slotOf,
} from '../../../support/stateBlocks.ts'
import { commit, createTestChain, dumpOf, SMALL_CACHE, STATE_SCHEMAS } from '../../../support/stateChain.ts'

const SHAPE = { accounts: 50, slots: 30, touches: 10, deletes: 30 }
const [A, B, C] = [addressOf(0xa), addressOf(0xb), addressOf(0xc)]

const account = (nonce: bigint): AccountState => ({
  nonce,
  balance: 1n,
  storageRoot: EMPTY_TRIE_ROOT,
  codeHash: EMPTY_CODE_HASH,
})

function changesOf(
  accounts: readonly (readonly [Address, AccountState | null])[],
  storage: readonly (readonly [Address, StorageChanges])[] = [],
): StateChanges {
  return { accounts: new Map(accounts), storage: new Map(storage), code: new Map() }
}

const slots = (values: Readonly<Record<number, number>>, cleared = false): StorageChanges => ({
  cleared,
  slots: new Map(
    Object.entries(values).map(([slot, value]) => [
      slotOf(Number(slot)),
      value === 0 ? new Uint8Array(0) : Uint8Array.of(value),
    ]),
  ),
})

/** A state with A (slots 1 to 3), B (no slots) and C (slot 1). */
async function small(): Promise<{ store: Store; state: FlatState }> {
  const store = await openStore({ path: ':memory:', schemas: STATE_SCHEMAS })
  const state = await createFlatState({ store, options: { cache: SMALL_CACHE } })
  const genesis = changesOf(
    [
      [A, account(1n)],
      [B, account(1n)],
      [C, account(1n)],
    ],
    [
      [A, slots({ 1: 11, 2: 12, 3: 13 })],
      [C, slots({ 1: 31 })],
    ],
  )
  await store.transaction((transaction) => state.writeGenesis(transaction, genesis))
  state.settle()
  return { store, state }
}

/** Root of A, B and C with these nonces and slots, computed by the oracle. */
function rootOf(content: readonly (readonly [Address, bigint, Readonly<Record<number, number>>])[]) {
  const model: ModelState = new Map(
    content.map(([address, nonce, values]) => [
      address,
      { nonce, balance: 1n, codeHash: EMPTY_CODE_HASH, storage: new Map(slots(values).slots) },
    ]),
  )
  return modelRoot(model)
}

describe('roots', () => {
  for (const seed of [1, 2, 3]) {
    test(`block after block as @ethereumjs/mpt computes them, committed at random, seed ${seed}`, async () => {
      const chain = await createTestChain({ seed, shape: SHAPE })
      for (let i = 0; i < 60; i++) {
        await chain.grow(1)
        expect(chain.state.head.stateRoot).toBe(await modelRoot(chain.models.at(-1)!))
      }
      await chain.close()
    })
  }

  test('of a step of 300 blocks staged in memory, with caches too small for any of it', async () => {
    const store = await openStore({ path: ':memory:', schemas: STATE_SCHEMAS })
    const cache = { hashedKeys: 5, accounts: 5, slots: 5, nodes: 5, codeBytes: 50 }
    const state = await createFlatState({ store, options: { cache } })
    const model: ModelState = new Map()
    const random = createRandom(8)
    const genesis = randomBlock(random, model, SHAPE)
    await store.transaction((transaction) => state.writeGenesis(transaction, genesis))
    state.settle()
    for (let number = 1; number <= 300; number++) {
      const root = await state.stage(BigInt(number), randomBlock(random, model, SHAPE))
      if (number % 10 === 0) expect(root).toBe(await modelRoot(model))
    }
    await commit(store, state)
    expect((await createFlatState({ store, options: { cache: SMALL_CACHE } })).head).toEqual({
      blockNumber: 300n,
      stateRoot: await modelRoot(model),
    })
    await store.close()
  })

  test('how blocks are grouped into steps leaves no trace', async () => {
    const dumps: string[][] = []
    for (const every of [1, 7, 40]) {
      const store = await openStore({ path: ':memory:', schemas: STATE_SCHEMAS })
      const state = await createFlatState({ store, options: { cache: SMALL_CACHE } })
      const model: ModelState = new Map()
      const random = createRandom(9)
      const genesis = randomBlock(random, model, SHAPE)
      await store.transaction((transaction) => state.writeGenesis(transaction, genesis))
      state.settle()
      for (let number = 1; number <= 40; number++) {
        await state.stage(BigInt(number), randomBlock(random, model, SHAPE))
        if (number % every === 0 || number === 40) await commit(store, state)
      }
      dumps.push(await dumpOf({ store, state }, [...STATE_LOGICAL_TABLES, 'state_node_history']))
      await store.close()
    }
    expect(dumps[1]).toEqual(dumps[0])
    expect(dumps[2]).toEqual(dumps[0])
  })

  test('an empty block keeps the root', async () => {
    const { store, state } = await small()
    const { stateRoot } = state.head
    expect(await state.stage(1n, changesOf([]))).toBe(stateRoot)
    await commit(store, state)
    expect((await createFlatState({ store, options: { cache: SMALL_CACHE } })).head).toEqual({
      blockNumber: 1n,
      stateRoot,
    })
    await store.close()
  })

  test('an account that came out unchanged beside one that was deleted', async () => {
    const { store, state } = await small()
    const root = await state.stage(
      1n,
      changesOf([
        [A, account(1n)],
        [B, null],
        [C, account(1n)],
      ]),
    )
    expect(root).toBe(
      await rootOf([
        [A, 1n, { 1: 11, 2: 12, 3: 13 }],
        [C, 1n, { 1: 31 }],
      ]),
    )
    await store.close()
  })

  test('of an emptied state', async () => {
    const { store, state } = await small()
    expect(
      await state.stage(
        1n,
        changesOf([
          [A, null],
          [B, null],
          [C, null],
        ]),
      ),
    ).toBe(EMPTY_TRIE_ROOT)
    await commit(store, state)
    expect(await dumpOf({ store, state }, ['state_flat'])).toHaveLength(1 + 4)
    const root = await state.stage(2n, changesOf([[A, account(5n)]]))
    expect(root).toBe(await rootOf([[A, 5n, {}]]))
    await store.close()
  })
})

describe('storage of a destroyed account', () => {
  test('is gone, also when the account comes back in the same block with slots of its own', async () => {
    const { store, state } = await small()
    const changes = changesOf([[A, account(0n)]], [[A, slots({ 2: 99, 7: 77 }, true)]])
    expect(await state.stage(1n, changes)).toBe(
      await rootOf([
        [A, 0n, { 2: 99, 7: 77 }],
        [B, 1n, {}],
        [C, 1n, { 1: 31 }],
      ]),
    )
    const source = state.source()
    expect(await source.storage(A, slotOf(1))).toEqual(new Uint8Array(0))
    expect(await source.storage(A, slotOf(2))).toEqual(Uint8Array.of(99))
    await commit(store, state)
    const reopened = (await createFlatState({ store, options: { cache: SMALL_CACHE } })).source()
    expect(await reopened.storage(A, slotOf(1))).toEqual(new Uint8Array(0))
    expect(await reopened.storage(A, slotOf(7))).toEqual(Uint8Array.of(77))
    await store.close()
  })

  test('stays readable at the blocks before, and returns with a rewind', async () => {
    const { store, state } = await small()
    const before = state.head.stateRoot
    await state.stage(1n, changesOf([[A, null]]))
    await state.stage(2n, changesOf([[A, account(0n)]], [[A, slots({ 1: 1 }, true)]]))
    await commit(store, state)
    const past = await state.at(0n)
    expect(await past.storage(A, slotOf(3))).toEqual(Uint8Array.of(13))
    expect(await (await state.at(1n)).storage(A, slotOf(3))).toEqual(new Uint8Array(0))
    await store.transaction((transaction) => state.rewind(transaction, 0n))
    state.settle()
    expect(state.head.stateRoot).toBe(before)
    expect(await state.source().storage(A, slotOf(3))).toEqual(Uint8Array.of(13))
    await store.close()
  })

  test('cleared slots that are written with their old values give the old storage root', async () => {
    const { store, state } = await small()
    const { stateRoot } = state.head
    const same = slots({ 1: 11, 2: 12, 3: 13 }, true)
    expect(await state.stage(1n, changesOf([[A, account(1n)]], [[A, same]]))).toBe(stateRoot)
    await store.close()
  })

  test('slots zeroed one by one leave the account without storage', async () => {
    const { store, state } = await small()
    const root = await state.stage(1n, changesOf([], [[A, slots({ 1: 0, 2: 0, 3: 0, 9: 0 })]]))
    expect(root).toBe(
      await rootOf([
        [A, 1n, {}],
        [B, 1n, {}],
        [C, 1n, { 1: 31 }],
      ]),
    )
    expect((await state.source().account(A))?.storageRoot).toBe(EMPTY_TRIE_ROOT)
    await store.close()
  })

  test('slots of an account that does not exist are a bug of the caller', async () => {
    const { store, state } = await small()
    const nobody = addressOf(0xd)
    await expect(state.stage(1n, changesOf([], [[nobody, slots({ 1: 1 })]]))).rejects.toThrow(
      /does not exist/,
    )
    await store.close()
  })
})

describe('reading', () => {
  test('answers at once when in memory, with a promise when not', async () => {
    const { store } = await small()
    const fresh = await createFlatState({ store, options: { cache: SMALL_CACHE } })
    const source = fresh.source()
    const first = source.account(A)
    expect(first).toBeInstanceOf(Promise)
    expect(await first).toEqual({ ...account(1n), storageRoot: expect.not.stringMatching(EMPTY_TRIE_ROOT) })
    expect(source.account(A)).toEqual(await first)
    expect(source.storage(A, slotOf(2))).toBeInstanceOf(Promise)
    expect(await source.storage(A, slotOf(2))).toEqual(Uint8Array.of(12))
    await source.storage(A, slotOf(55))
    expect(source.storage(A, slotOf(55))).toEqual(new Uint8Array(0))
    const nobody = addressOf(0xd)
    expect(await source.account(nobody)).toBe(null)
    expect(source.account(nobody)).toBe(null)
    expect(source.storage(nobody, slotOf(1))).toEqual(new Uint8Array(0))
    await store.close()
  })

  test('sees staged blocks, and again what was there before once they are discarded', async () => {
    const { store, state } = await small()
    const before = state.head
    await state.stage(
      1n,
      changesOf(
        [
          [B, account(9n)],
          [C, null],
        ],
        [[A, slots({ 2: 0, 3: 33 })]],
      ),
    )
    const source = state.source()
    expect((await source.account(B))?.nonce).toBe(9n)
    expect(await source.account(C)).toBe(null)
    expect(await source.storage(A, slotOf(2))).toEqual(new Uint8Array(0))
    expect(await source.storage(A, slotOf(3))).toEqual(Uint8Array.of(33))
    state.discard()
    expect(state.head).toEqual(before)
    expect((await state.source().account(B))?.nonce).toBe(1n)
    expect(await state.source().storage(A, slotOf(3))).toEqual(Uint8Array.of(13))
    await store.close()
  })

  test('code is kept by hash, and one that is not there is missing, not empty', async () => {
    const { store, state } = await small()
    const code = Uint8Array.of(0x60, 0x00)
    const codeHash = keccak256Hex(code)
    const changes: StateChanges = {
      ...changesOf([[B, { ...account(1n), codeHash }]]),
      code: new Map([[codeHash, code]]),
    }
    await state.stage(1n, changes)
    expect(await state.source().code(codeHash)).toEqual(code)
    await commit(store, state)
    const fresh = await createFlatState({ store, options: { cache: SMALL_CACHE } })
    expect(await fresh.source().code(codeHash)).toEqual(code)
    expect(await fresh.source().code(EMPTY_CODE_HASH)).toEqual(new Uint8Array(0))
    await expect(fresh.source().code(keccak256Hex(Uint8Array.of(1)))).rejects.toThrow(
      /the code with hash .* is missing/,
    )
    await store.close()
  })

  test('a read that began before a commit does not bring the old value back', async () => {
    const { store } = await small()
    const state = await createFlatState({ store, options: { cache: SMALL_CACHE } })
    const early = state.source().account(B) as Promise<unknown>
    const settled = Promise.allSettled([early])
    await state.stage(1n, changesOf([[B, account(9n)]]))
    await commit(store, state)
    await settled
    expect((await state.source().account(B))?.nonce).toBe(9n)
    await store.close()
  })
})

describe('a source', () => {
  test('computes a root and keeps nothing', async () => {
    const { store, state } = await small()
    const changes = changesOf([[B, account(7n)]], [[C, slots({ 1: 0, 2: 2 })]])
    const source = state.source()
    const root = await source.rootAfter(changes)
    expect(root).toBe(
      await rootOf([
        [A, 1n, { 1: 11, 2: 12, 3: 13 }],
        [B, 7n, {}],
        [C, 1n, { 2: 2 }],
      ]),
    )
    expect((await source.account(B))?.nonce).toBe(1n)
    expect(await source.storage(C, slotOf(1))).toEqual(Uint8Array.of(31))
    expect(await source.rootAfter(changesOf([]))).toBe(source.stateRoot)
    expect(await state.stage(1n, changes)).toBe(root)
    await store.close()
  })

  test('of an earlier block is stale after a stage, but not after its own commit', async () => {
    const { store, state } = await small()
    const source = state.source()
    await state.stage(1n, changesOf([[B, account(2n)]]))
    expect(() => source.account(B)).toThrow(StaleStateError)
    await expect(source.rootAfter(changesOf([]))).rejects.toThrow(StaleStateError)
    const staged = state.source()
    await commit(store, state)
    expect((await staged.account(B))?.nonce).toBe(2n)
    await store.close()
  })

  test('a root asked for while the head moves on is refused, not mixed', async () => {
    const { store } = await small()
    const state = await createFlatState({ store, options: { cache: SMALL_CACHE } })
    const root = state.source().rootAfter(changesOf([[B, account(7n)]]))
    const settled = Promise.allSettled([root])
    await state.stage(1n, changesOf([[A, account(7n)]]))
    const [result] = await settled
    // Whichever came first: the root on genesis, or none.
    if (result!.status === 'fulfilled')
      expect(result.value).toBe(
        await rootOf([
          [A, 1n, { 1: 11, 2: 12, 3: 13 }],
          [B, 7n, {}],
          [C, 1n, { 1: 31 }],
        ]),
      )
    else expect(result!.reason).toBeInstanceOf(StaleStateError)
    await store.close()
  })
})

describe('staging', () => {
  test('blocks follow one another', async () => {
    const { store, state } = await small()
    await expect(state.stage(2n, changesOf([]))).rejects.toThrow(/block 2 is staged on 0/)
    await store.close()
  })

  test('a failed transaction leaves the database and, after discard, the state as they were', async () => {
    const { store, state } = await small()
    const before = await dumpOf({ store, state }, STATE_LOGICAL_TABLES)
    await state.stage(1n, changesOf([[A, null]]))
    const failing = store.transaction(async (transaction) => {
      await state.write(transaction)
      throw new Error('on purpose')
    })
    await expect(failing).rejects.toThrow('on purpose')
    state.discard()
    expect(await dumpOf({ store, state }, STATE_LOGICAL_TABLES)).toEqual(before)
    expect(state.head.blockNumber).toBe(0n)
    await state.stage(1n, changesOf([[A, null]]))
    await commit(store, state)
    expect(state.head.blockNumber).toBe(1n)
    await store.close()
  })

  test('settle without a write keeps what is staged', async () => {
    const { store, state } = await small()
    await state.stage(1n, changesOf([[A, account(2n)]]))
    state.settle()
    await commit(store, state)
    expect(
      (await (await createFlatState({ store, options: { cache: SMALL_CACHE } })).source().account(A))?.nonce,
    ).toBe(2n)
    await store.close()
  })

  test('before genesis there is an empty state, and there is one genesis', async () => {
    const store = await openStore({ path: ':memory:', schemas: STATE_SCHEMAS })
    const state = await createFlatState({ store, options: { cache: SMALL_CACHE } })
    expect(state.head).toEqual({ blockNumber: -1n, stateRoot: EMPTY_TRIE_ROOT })
    expect(await state.source().account(A)).toBe(null)
    const genesis = changesOf([[A, account(1n)]])
    await store.transaction((transaction) => state.writeGenesis(transaction, genesis))
    state.settle()
    await expect(
      store.transaction((transaction) => state.writeGenesis(transaction, genesis)),
    ).rejects.toThrow(/genesis on a state that is there/)
    await store.close()
  })
})
