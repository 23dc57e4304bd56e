/** When transactions were pooled, as the disk has it. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PROMISES_SCHEMA } from '../../../src/preconf/promises/book.ts'
import { createFirstSeen, type FirstSeen } from '../../../src/preconf/promises/firstSeen.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import type { PooledTransaction } from '../../../src/propose/pool/transaction.ts'
import { firstSeen as readFirstSeen } from '../../../src/research/collect/promiseRows.ts'
import { openStore } from '../../../src/store/openStore.ts'
import type { Store } from '../../../src/store/store.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'

const hash = (byte: string): Hash => `0x${byte.repeat(32)}`
let store: Store
let now = 0
let add: (of: Hash) => void

beforeEach(async () => {
  store = await openStore({ path: ':memory:', schemas: { promises: PROMISES_SCHEMA } })
})
afterEach(() => store.close())

function open(writtenMax?: number): FirstSeen {
  const pool = {
    onAdded(listener: (transaction: PooledTransaction) => void) {
      add = (of) => listener({ hash: of } as PooledTransaction)
      return () => {}
    },
  }
  const deps = { pool, store, logger: silentLogger, now: () => now }
  return createFirstSeen({ ...deps, ...(writtenMax !== undefined && { writtenMax }) })
}

test('outlives the node, and the first time counts', async () => {
  const first = open()
  now = 1_000.7
  add(hash('a1'))
  now = 2_000
  add(hash('a2'))
  add(hash('a1'))
  expect(first.pooledAt(hash('a1'))).toBe(1_000)
  await first.close()
  const second = open()
  now = 9_000
  add(hash('a1'))
  add(hash('a3'))
  await second.close()
  expect(await readFirstSeen(store, ['a1', 'a2', 'a3', 'a4'].map(hash))).toEqual(
    new Map([
      [hash('a1'), 1_000],
      [hash('a2'), 2_000],
      [hash('a3'), 9_000],
    ]),
  )
})

test('keeps so many of the latest', async () => {
  const seen = open(2)
  for (const byte of ['a1', 'a2', 'a3']) add(hash(byte))
  await seen.close()
  expect([...(await readFirstSeen(store, ['a1', 'a2', 'a3'].map(hash))).keys()]).toEqual([
    hash('a2'),
    hash('a3'),
  ])
})
