import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTipPrice } from '../../../../src/preconf/commitments/tipPrice.ts'
import { PROMISES_SCHEMA } from '../../../../src/preconf/promises/book.ts'
import { openStore } from '../../../../src/store/openStore.ts'
import type { Store } from '../../../../src/store/store.ts'

let store: Store
let nowMs: number
beforeEach(async () => {
  store = await openStore({ path: ':memory:', schemas: { promises: PROMISES_SCHEMA } })
  nowMs = 1_700_000_000_400
})
afterEach(() => store.close())

const OPTIONS = { tipMin: 1000n, quoteSeconds: 12 }
const open = (options = OPTIONS, layer: 'l1' | 'l2' = 'l2') =>
  createTipPrice({ store, now: () => nowMs, layer }, options)
const FULL = [30n, 30n] as const
const EMPTY = [0n, 30n] as const

test('the price moves by an eighth a block, up when it is more than half full, and down to its floor', async () => {
  const price = await open()
  expect(price.current()).toBe(1000n)
  await price.noteBlock(...FULL)
  expect(price.current()).toBe(1125n)
  await price.noteBlock(...FULL)
  expect(price.current()).toBe(1265n)
  await price.noteBlock(15n, 30n)
  expect(price.current()).toBe(1107n)
  await price.noteBlock(...EMPTY)
  expect(price.current()).toBe(1000n)
})

test('a quote holds for its seconds, after a restart too, and no longer', async () => {
  const price = await open()
  const quotedAt = nowMs
  nowMs += 2000
  await price.noteBlock(...FULL)
  expect(price.current()).toBe(1125n)
  const validUntil = (Math.floor(quotedAt / 1000) + OPTIONS.quoteSeconds) * 1000
  expect(price.honouredAt(validUntil)).toBe(1000n)
  const again = await open()
  expect(again.current()).toBe(1125n)
  expect(again.honouredAt(validUntil)).toBe(1000n)
  // The lower price was told until it changed.
  expect(again.honouredAt(nowMs + 12_000)).toBe(1000n)
  expect(again.honouredAt(nowMs + 14_000)).toBe(1125n)
})

test('an operator who raises the floor keeps the quotes of before', async () => {
  await open()
  nowMs += 1000
  const price = await open({ ...OPTIONS, tipMin: 5000n })
  expect(price.current()).toBe(5000n)
  expect(price.honouredAt(nowMs)).toBe(1000n)
})

test("L1's price is what the operator says, and keeps the quotes of before; the two know nothing of each other", async () => {
  await open({ ...OPTIONS, tipMin: 10n })
  await open(OPTIONS, 'l1')
  nowMs += 1000
  const raised = await open({ ...OPTIONS, tipMin: 5000n }, 'l1')
  expect([raised.current(), raised.honouredAt(nowMs + 12_000)]).toEqual([5000n, 1000n])
  nowMs += 14_000
  expect(raised.honouredAt(nowMs)).toBe(5000n)
  const lowered = await open({ ...OPTIONS, tipMin: 2000n }, 'l1')
  expect([lowered.current(), lowered.honouredAt(nowMs)]).toEqual([2000n, 2000n])
})

test('a book from before L1 prices were kept keeps the quotes of L2', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'plumbline-prices-'))
  const path = join(directory, 'preconf.db')
  const older = await openStore({ path, schemas: { promises: PROMISES_SCHEMA.slice(0, 3) } })
  await older.write(() => [['INSERT INTO tip_prices VALUES (?, ?)', [nowMs, Uint8Array.of(2, 0)]]])
  await older.close()
  const newer = await openStore({ path, schemas: { promises: PROMISES_SCHEMA } })
  const price = await createTipPrice({ store: newer, now: () => nowMs + 1000, layer: 'l2' }, OPTIONS)
  expect([price.current(), price.honouredAt(nowMs + 1000)]).toEqual([1000n, 512n])
  await newer.close()
  rmSync(directory, { recursive: true })
})

test('whoever was quoted a price and comes in time is honoured, whatever happens in between', async () => {
  const step = fc.record({
    wait: fc.integer({ min: 0, max: 6000 }),
    isFull: fc.boolean(),
    restarts: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      await store.transaction((transaction) => transaction.run('DELETE FROM tip_prices'))
      let price = await open()
      const quotes: { tip: bigint; validUntilMs: number }[] = []
      for (const { wait, isFull, restarts } of steps) {
        quotes.push({
          tip: price.current(),
          validUntilMs: (Math.floor(nowMs / 1000) + OPTIONS.quoteSeconds) * 1000,
        })
        nowMs += wait
        await price.noteBlock(isFull ? 30n : 0n, 30n)
        if (restarts) price = await open()
        for (const { tip, validUntilMs } of quotes)
          if (nowMs <= validUntilMs) expect(price.honouredAt(nowMs)).toBeLessThanOrEqual(tip)
      }
      expect((await store.all('SELECT * FROM tip_prices')).length).toBeLessThan(40)
    }),
    { numRuns: 50 },
  )
})
