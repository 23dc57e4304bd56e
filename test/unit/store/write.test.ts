import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openStore } from '../../../src/store/openStore.ts'
import type { SqlValue, Statement, Store } from '../../../src/store/store.ts'

const SCHEMAS = { t: ['CREATE TABLE t (n INTEGER PRIMARY KEY, v)'] }

let store: Store
beforeEach(async () => {
  store = await openStore({ path: ':memory:', schemas: SCHEMAS })
})
afterEach(() => store.close())

const insert = (n: number, v: SqlValue = null): Statement => ['INSERT INTO t VALUES (?, ?)', [n, v]]
const rows = async () => (await store.all('SELECT n FROM t ORDER BY n')).map(({ n }) => n)

describe('values come back as a bound statement has them', () => {
  const values: readonly SqlValue[] = [
    null,
    0,
    -1,
    1.5,
    2 ** 40,
    123_456_789_012n,
    -(2n ** 53n) + 1n,
    '',
    "it's",
    "'; DROP TABLE t; --",
    'a question?',
    'NUL \0 within',
    'ünï¢ödé 🪡',
    new Uint8Array(),
    Uint8Array.of(0, 39, 255),
    Buffer.from('part of a larger one').subarray(3, 7),
  ]
  test.each(values.map((value) => [value]))('%#: %s', async (value) => {
    await store.write(() => [insert(1, value)])
    await store.transaction((transaction) =>
      transaction.run("INSERT INTO t VALUES (2, iif(?2, x'', ?1))", [
        value,
        value instanceof Uint8Array && value.length === 0 ? 1 : 0,
      ]),
    )
    const [written, bound] = await store.all('SELECT typeof(v) AS type, hex(v) AS hex, v FROM t ORDER BY n')
    // A large integer is bound as a REAL, which an INTEGER column would turn back.
    const isLarge = typeof value === 'bigint' || value === 2 ** 40
    expect(isLarge ? written?.v : written).toEqual(isLarge ? Number(value) : bound)
  })
})

test.each([[Number.NaN], [Number.POSITIVE_INFINITY], [2n ** 53n]])('%s is no value', async (value) => {
  await expect(store.write(() => [insert(1), insert(2, value)])).rejects.toThrow('no number for a column')
  expect(await rows()).toEqual([])
})

test('as many values as places', async () => {
  await expect(store.write(() => [['INSERT INTO t VALUES (?, ?)', [1]]])).rejects.toThrow('2 places, not 1')
  await expect(store.write(() => [['DELETE FROM t', [1]]])).rejects.toThrow('0 places, not 1')
})

test('all of it or nothing, and the next one begins anew', async () => {
  await expect(store.write(() => [insert(1), insert(1), insert(2)])).rejects.toThrow('UNIQUE')
  expect(await rows()).toEqual([])
  await store.write(() => [insert(3)])
  expect(await rows()).toEqual([3])
})

test('waits for its turn, and asks for what it writes not sooner', async () => {
  const order: string[] = []
  const first = store.transaction(async (transaction) => {
    await transaction.run('INSERT INTO t VALUES (1, NULL)')
    order.push('transaction')
  })
  const second = store.write(() => {
    order.push('write')
    return [insert(2)]
  })
  await Promise.all([first, second])
  expect(order).toEqual(['transaction', 'write'])
  expect(await rows()).toEqual([1, 2])
})
