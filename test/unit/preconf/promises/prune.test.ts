/** The book forgets what is old, and the scorecard stays as it was. */
import { afterEach, expect, test } from 'vitest'
import { prunePromises } from '../../../../src/preconf/promises/prune.ts'
import { PROMISES_SCHEMA } from '../../../../src/preconf/promises/schema.ts'
import { readScores } from '../../../../src/preconf/promises/score.ts'
import { openStore } from '../../../../src/store/openStore.ts'
import type { Store } from '../../../../src/store/store.ts'

const SCORED_MAX = 10

let store: Store
afterEach(() => store.close())

/** A promise for each window end, in their order. */
async function open(promises: readonly { readonly windowEnd: number; readonly outcome?: string }[]) {
  store = await openStore({ path: ':memory:', schemas: { promises: PROMISES_SCHEMA } })
  await store.transaction(async (transaction) => {
    for (const [i, { windowEnd, outcome = 'kept' }] of promises.entries())
      await transaction.run(
        `INSERT INTO promises (hash, type, payload, request_hash, slasher, signer, is_ours, requested_at, answered_at,
           signature, slot, deadline, window_end, outcome, is_final)
         VALUES (?, ?, x'', ?, '0x', ?, 1, ?, ?, '0x', 0, 0, ?, ?, ?)`,
        [
          ...[`0x${i}`, i % 2 === 0 ? 4 : 5, `0x${i}`, i % 3 === 0 ? '0xaa' : '0xbb', i, i + (i % 7)],
          ...[windowEnd, outcome, outcome === 'broken' ? 0 : 1],
        ],
      )
  })
}

const ends = async () =>
  (await store.all('SELECT window_end FROM promises ORDER BY id')).map((row) => row.window_end)

test('what is old and no longer counted goes, whatever is counted stays as it was', async () => {
  await open(Array.from({ length: 25 }, (_, i) => ({ windowEnd: 100 + i })))
  const before = await readScores(store, SCORED_MAX)
  expect(before.map(({ latency }) => latency?.samples)).toEqual([4, 6])
  await prunePromises(store, 107n, SCORED_MAX)
  expect(await ends()).toEqual(Array.from({ length: 18 }, (_, i) => 107 + i))
  expect(await readScores(store, SCORED_MAX)).toEqual(before)
  // Of the latest ten none goes, however old.
  await prunePromises(store, 1000n, SCORED_MAX)
  expect(await ends()).toEqual(Array.from({ length: 10 }, (_, i) => 115 + i))
  expect(await readScores(store, SCORED_MAX)).toEqual(before)
})

test('an outcome that can still change stays; one that nobody could tell goes', async () => {
  const counted = Array.from({ length: SCORED_MAX }, () => ({ windowEnd: 500 }))
  await open([{ windowEnd: 1, outcome: 'broken' }, { windowEnd: 2, outcome: 'pending' }, ...counted])
  await prunePromises(store, 100n, SCORED_MAX)
  expect(await ends()).toEqual([1, ...counted.map(() => 500)])
})

test('many go in one call', async () => {
  await open(Array.from({ length: 2500 }, (_, i) => ({ windowEnd: i })))
  await prunePromises(store, 2300n, SCORED_MAX)
  expect(await ends()).toEqual(Array.from({ length: 200 }, (_, i) => 2300 + i))
})
