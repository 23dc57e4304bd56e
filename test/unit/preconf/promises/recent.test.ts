/** What memory knows of promises: it may say too much, never too little. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PROMISES_SCHEMA } from '../../../../src/preconf/promises/book.ts'
import { createRecentPromises, SLOTS_AHEAD } from '../../../../src/preconf/promises/recent.ts'
import type { Hash } from '../../../../src/primitives/hex.ts'
import { openStore } from '../../../../src/store/openStore.ts'
import type { Store } from '../../../../src/store/store.ts'

const SPEC = { l1: { genesisTime: 1_000n, secondsPerSlot: 12n } }
const NOW_SLOT = 100n

const hashOf = (index: number): Hash => `0x${index.toString(16).padStart(64, '0')}`
const requestedAt = (slot: bigint) => Number(SPEC.l1.genesisTime + slot * SPEC.l1.secondsPerSlot) * 1000

async function withStore(work: (store: Store) => Promise<void>): Promise<void> {
  const store = await openStore({ path: ':memory:', schemas: { promises: PROMISES_SCHEMA } })
  try {
    await work(store)
  } finally {
    await store.close()
  }
}

async function keep(store: Store, index: number, slot: bigint, asked = NOW_SLOT): Promise<void> {
  await store.transaction((transaction) =>
    transaction.run(
      `INSERT INTO promises (hash, type, payload, request_hash, slasher, signer, is_ours, requested_at, slot, deadline,
       window_end, transaction_hash) VALUES (?, 4, x'', '', '', '', 1, ?, ?, 0, 0, ?)`,
      [`promise ${index}`, requestedAt(asked), slot, hashOf(index)],
    ),
  )
}

test('nothing is known before the book has been read', async () => {
  const recent = createRecentPromises(SPEC)
  expect(recent.mayHave({ transactionHash: hashOf(1), slot: 5n })).toBe(true)
  await withStore((store) => recent.load(store))
  expect(recent.mayHave({ transactionHash: hashOf(1), slot: 5n })).toBe(false)
})

test('a young book is known whole, what was kept before it was read, too', async () => {
  await withStore(async (store) => {
    await keep(store, 1, 90n)
    const recent = createRecentPromises(SPEC)
    recent.add({ transactionHash: hashOf(2), slot: 110n })
    await recent.load(store)
    for (const index of [1, 2])
      expect(recent.mayHave({ transactionHash: hashOf(index), slot: 1n })).toBe(true)
    expect(recent.mayHave({ transactionHash: hashOf(3), slot: 1n })).toBe(false)
  })
})

test('of an old book it is known what slots the rest can be about at most', async () => {
  await withStore(async (store) => {
    for (const index of [1, 2, 3, 4]) await keep(store, index, NOW_SLOT + BigInt(index))
    const recent = createRecentPromises(SPEC, 3)
    await recent.load(store)
    const last = NOW_SLOT + SLOTS_AHEAD
    expect(recent.mayHave({ transactionHash: hashOf(9), slot: last })).toBe(true)
    expect(recent.mayHave({ transactionHash: hashOf(9), slot: last + 1n })).toBe(false)
    expect(recent.mayHave({ transactionHash: hashOf(4), slot: last + 1n })).toBe(true)
  })
})

test('what is forgotten is asked of the book: no promise for a slot is ever denied', async () => {
  await withStore(async (store) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.bigInt({ min: 50n, max: 70n })), {
          maxLength: 60,
        }),
        async (promises) => {
          const recent = createRecentPromises(SPEC, 4)
          await recent.load(store)
          for (const [index, slot] of promises) recent.add({ transactionHash: hashOf(index), slot })
          for (const [index, slot] of promises)
            expect(recent.mayHave({ transactionHash: hashOf(index), slot })).toBe(true)
        },
      ),
    )
  })
})

test('the oldest slots are forgotten first, and a transaction that is in a later one is not', async () => {
  await withStore(async (store) => {
    const recent = createRecentPromises(SPEC, 2)
    await recent.load(store)
    for (const [index, slot] of [
      [1, 60n],
      [1, 62n],
      [2, 61n],
      [3, 63n],
    ] as const)
      recent.add({ transactionHash: hashOf(index), slot })
    expect(recent.mayHave({ transactionHash: hashOf(1), slot: 70n })).toBe(true)
    expect(recent.mayHave({ transactionHash: hashOf(3), slot: 70n })).toBe(true)
    expect(recent.mayHave({ transactionHash: hashOf(2), slot: 70n })).toBe(false)
    expect(recent.mayHave({ transactionHash: hashOf(2), slot: 61n })).toBe(true)
  })
})
